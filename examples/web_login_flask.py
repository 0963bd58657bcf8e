"""A web application whose users log in to Zoho CRM, with Flask: ``flask --app web_login_flask run -p 8000``.

Beside it lies a zcrm.toml with client_id, client_secret, redirect_uri = "http://localhost:8000/callback", and
where the tokens are kept. It names no user, for each one that logs in is one.
"""

from __future__ import annotations

import secrets

from flask import Flask, redirect, request, session
from werkzeug.wrappers import Response

from zcrm_core import AuthError, Client, ReauthorizationRequired
from zcrm_core.oauth import new_code_verifier

SCOPES = ["ZohoCRM.org.READ", "ZohoCRM.modules.ALL", "AaaServer.profile.READ"]

app = Flask(__name__)
app.secret_key = secrets.token_bytes(32)  # with several processes: one for all of them, from your own secrets
client = Client.from_file("zcrm.toml")


@app.get("/login")
def login() -> Response:
    """Send the user to Zoho, and keep in the session what the answer has to fit; each tab has a login."""
    state, verifier = secrets.token_urlsafe(), new_code_verifier()
    latest = list(session.get("logins", {}).items())[-4:]  # a cookie is small
    session["logins"] = {**dict(latest), state: verifier}
    return redirect(client.oauth.authorization_url(SCOPES, state=state, code_verifier=verifier))


@app.get("/callback")
def callback() -> Response | tuple[str, int]:
    """Take the user back: check the answer, and exchange its code where it was issued."""
    logins, state = dict(session.get("logins", {})), request.args.get("state", "")
    verifier = logins.pop(state, None)
    session["logins"] = logins
    expected = state if verifier is not None else secrets.token_urlsafe()  # which no answer has
    try:
        token = client.oauth.handle_redirect(request.url, state=expected, code_verifier=verifier)
    except AuthError as error:
        return f"You are not logged in. {error.what}", 400
    session["user"] = token.user_identifier
    return redirect("/")


@app.get("/")
def home() -> Response | str:
    """Show something of the user's own CRM."""
    if "user" not in session:
        return redirect("/login")
    try:
        name = client.as_user(session["user"]).org.get().company_name
    except ReauthorizationRequired:  # the user has logged out elsewhere
        del session["user"]
        return redirect("/login")
    return f"{session['user']} works for {name}."
