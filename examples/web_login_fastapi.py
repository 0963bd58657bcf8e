"""A web application whose users log in to Zoho CRM, with FastAPI: ``uvicorn web_login_fastapi:app``.

Beside it lies a zcrm.toml with client_id, client_secret, redirect_uri = "http://localhost:8000/callback", and
where the tokens are kept. It names no user, for whoever logs in is one. The functions are no coroutines:
zcrm waits for the network, and FastAPI runs plain functions in threads.
"""

from __future__ import annotations

import secrets

from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, RedirectResponse, Response
from starlette.middleware.sessions import SessionMiddleware

from zcrm_core import AuthError, Client, ReauthorizationRequired
from zcrm_core.oauth import new_code_verifier

SCOPES = ["ZohoCRM.org.READ", "ZohoCRM.modules.ALL", "AaaServer.profile.READ"]

app = FastAPI()
# With several processes: one secret for all of them, from your own secrets.
app.add_middleware(SessionMiddleware, secret_key=secrets.token_hex(32))
client = Client.from_file("zcrm.toml")


@app.get("/login")
def login(request: Request) -> Response:
    """Send the user to Zoho, and keep in the session what the answer has to fit; each tab has a login."""
    state, verifier = secrets.token_urlsafe(), new_code_verifier()
    latest = list(request.session.get("logins", {}).items())[-4:]  # a cookie is small
    request.session["logins"] = {**dict(latest), state: verifier}
    return RedirectResponse(
        client.oauth.authorization_url(SCOPES, state=state, code_verifier=verifier), status_code=302
    )


@app.get("/callback")
def callback(request: Request) -> Response:
    """Take the user back: check the answer, and exchange its code where it was issued."""
    logins, state = dict(request.session.get("logins", {})), request.query_params.get("state", "")
    verifier = logins.pop(state, None)
    request.session["logins"] = logins
    expected = state if verifier is not None else secrets.token_urlsafe()  # which no answer has
    try:
        token = client.oauth.handle_redirect(str(request.url), state=expected, code_verifier=verifier)
    except AuthError as error:
        return PlainTextResponse(f"You are not logged in. {error.what}", status_code=400)
    request.session["user"] = token.user_identifier
    return RedirectResponse("/", status_code=302)


@app.get("/")
def home(request: Request) -> Response:
    """Show something of the user's own CRM."""
    user = request.session.get("user")
    if user is None:
        return RedirectResponse("/login", status_code=302)
    try:
        name = client.as_user(user).org.get().company_name
    except ReauthorizationRequired:  # the user has logged out elsewhere
        del request.session["user"]
        return RedirectResponse("/login", status_code=302)
    return PlainTextResponse(f"{user} works for {name}.")
