"""What does a person see of Zoho Accounts? Plain pages that need no mouse, no style sheet and no script."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Final

from werkzeug.wrappers import Response

from zcrm_simulator.data.organization import COMPANY_NAME
from zcrm_simulator.oauth.scope_words import in_words
from zcrm_simulator.places import ENVIRONMENTS

_STYLE: Final = """
body { font: 100%/1.5 system-ui, sans-serif; color: #1b1b1b; background: #f3f4f6; margin: 0; }
main { max-width: 34rem; margin: 2rem auto; padding: 1.5rem 2rem; background: #fff; }
main, fieldset { border: 1px solid #c9ccd1; }
h1 { font-size: 1.4rem; margin: 0 0 1rem; }
code { color: #4a4f57; overflow-wrap: anywhere; }
li { margin: .4rem 0; }
label, legend { font-weight: 600; }
fieldset { margin: 1rem 0; }
fieldset label { font-weight: 400; display: block; padding: .2rem 0; }
select, input[type=text] { font: inherit; width: 100%; padding: .4rem; margin: .2rem 0 1rem; }
select, input { box-sizing: border-box; }
button { font: inherit; padding: .6rem 1.4rem; margin: .5rem .5rem 0 0; border: 1px solid #12508c; }
button { background: #12508c; color: #fff; cursor: pointer; }
button[value=refuse] { background: #fff; color: #12508c; }
:focus-visible { outline: 3px solid #b45309; outline-offset: 2px; }
.note { color: #4a4f57; font-size: .9rem; }
"""


def page(title: str, text: str, status: int = 200) -> Response:
    """Return a page; the text must already be escaped."""
    document = (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title} - Zoho Accounts (simulator)</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{title}</h1>{text}"
        '<p class="note">This is a simulated Zoho on this machine. No real account is used.</p>'
        "</main></body></html>\n"
    )
    return Response(document.encode(), status, content_type="text/html;charset=UTF-8")


def error_page(label: str) -> Response:
    """Return the page for a wrong request; the user stays here, for nobody knows whose the address is."""
    return page("This login cannot go on", f"<p>Zoho says: <code>ERROR_{escape(label)}</code></p>", 400)


def consent_page(
    client_id: str,
    scopes: Iterable[str],
    *,
    data_centers: Iterable[str],
    data_center: str,
    users: Iterable[str],
    hidden: Mapping[str, str],
    then: str,
) -> Response:
    """Return the page on which a user says yes or no.

    Args:
        client_id: which application asks.
        scopes: what for.
        data_centers: where the user can have an organization.
        data_center: the one that is chosen at first.
        users: the e-mail addresses to choose from.
        hidden: the request, passed on with the answer.
        then: what happens after the choice, as a sentence.
    """
    fields = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in hidden.items()
    )
    wanted = "".join(f"<li>{escape(in_words(one))}<br><code>{escape(one)}</code></li>" for one in scopes)
    organizations = "".join(
        f'<option value="{name}"{" selected" if name == data_center else ""}>'
        f"{escape(COMPANY_NAME)}, data centre {name}</option>"
        for name in data_centers
    )
    people = "".join(f"<option>{escape(user)}</option>" for user in users)
    environments = "".join(
        f'<label><input type="radio" name="environment" value="{name}"{" checked" if not number else ""}> '
        f"{name.capitalize()}</label>"
        for number, name in enumerate(ENVIRONMENTS)
    )
    text = (
        f"<p>The application <code>{escape(client_id)}</code> asks to:</p><ul>{wanted}</ul>"
        f'<form method="post">{fields}'
        f'<label for="user">You are</label><select id="user" name="user">{people}</select>'
        f'<label for="organization">Organisation</label>'
        f'<select id="organization" name="organization">{organizations}</select>'
        f"<fieldset><legend>Environment</legend>{environments}</fieldset>"
        f'<p class="note">{escape(then)}</p>'
        '<button type="submit" name="decision" value="accept">Accept</button>'
        '<button type="submit" name="decision" value="refuse">Refuse</button></form>'
    )
    return page("Give access to your CRM data?", text)


def code_page(note: str = "") -> Response:
    """Return the page on which a person types in the code that a device shows."""
    said = f'<p role="alert">{escape(note)}</p>' if note else ""
    text = (
        f'{said}<form method="get"><label for="user_code">The code that your device shows</label>'
        '<input type="text" id="user_code" name="user_code" autocomplete="off" required>'
        '<button type="submit" value="accept">Go on</button></form>'
    )
    return page("Connect a device", text, 400 if note else 200)
