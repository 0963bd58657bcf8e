"""Do the web applications in the examples log people in, and keep everybody else out?"""

from __future__ import annotations

import runpy
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from werkzeug.serving import make_server

from zcrm_core import Client
from zcrm_simulator import Simulator, Switches

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@dataclass(frozen=True)
class Page:
    """What a browser gets."""

    status: int
    text: str
    location: str


Browser = Callable[[str], Page]
"""A browser with cookies of its own: it goes to a path of the application."""


@contextmanager
def served_by_werkzeug(app: Any) -> Iterator[int]:
    """Serve a WSGI application, and give the port."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def served_by_uvicorn(app: Any) -> Iterator[int]:
    """Serve an ASGI application, and give the port."""
    import uvicorn  # noqa: PLC0415 - it may be absent

    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join()
    listener.close()


KINDS = {"web_login_flask.py": served_by_werkzeug, "web_login_fastapi.py": served_by_uvicorn}


@pytest.fixture(params=KINDS)
def open_browser(
    request: pytest.FixtureRequest,
    real: Any,
    zcrm_simulator: Simulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[[], Browser]]:
    """Run the example beside its configuration, and open browsers at it."""
    real.packages("flask", "fastapi", "uvicorn", "itsdangerous")
    keys = {**zcrm_simulator.config(), "token_persistence_path": "tokens"}
    del keys["region"]  # a login tells it
    lines = "".join(f'{key} = "{value}"\n' for key, value in keys.items())
    (tmp_path / "zcrm.toml").write_text(lines, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    names = runpy.run_path(str(EXAMPLES / request.param))
    with names["client"], KINDS[request.param](names["app"]) as port, ExitStack() as opened:

        def open_browser() -> Browser:
            session = opened.enter_context(requests.Session())

            def go(path: str) -> Page:
                answer = session.get(f"http://localhost:{port}{path}", allow_redirects=False, timeout=10)
                return Page(answer.status_code, answer.text, answer.headers.get("Location", ""))

            return go

        yield open_browser


FORGED = "This answer does not belong to a login that was begun here."


def sent_back(address: str) -> str:
    """Go to Zoho, which answers by itself, and give the path that it sends the browser back to."""
    back = urlsplit(requests.get(address, allow_redirects=False, timeout=10).headers["Location"])
    return f"{back.path}?{back.query}"


def test_users_log_in_and_see_their_own(
    open_browser: Callable[[], Browser], zcrm_simulator: Simulator
) -> None:
    """Two people in two browsers, one of them in Europe, log in and each sees the own name."""
    for number, data_center in ((0, None), (3, "eu")):
        user = zcrm_simulator.users[number].email
        zcrm_simulator.switches = Switches(approve_user=user, approve_data_center=data_center)
        browser = open_browser()
        assert browser("/").location == "/login"

        done = browser(sent_back(browser("/login").location))

        assert (done.status, done.location) == (302, "/")
        assert browser("/").text == f"{user} works for {zcrm_simulator.organization.company_name}."


def test_an_answer_to_somebody_else_is_refused(
    open_browser: Callable[[], Browser], zcrm_simulator: Simulator
) -> None:
    """An answer in another browser, one used twice, a forged state and a refusal log nobody in."""
    browser, other = open_browser(), open_browser()
    path = sent_back(browser("/login").location)

    stranger = other(path)
    assert (stranger.status, stranger.text) == (400, f"You are not logged in. {FORGED}")
    assert browser(path.replace("state=", "state=x")).status == 400
    assert browser("/callback?error=access_denied&state=x").status == 400
    assert browser(path).status == 302, "what is forged ends no login"
    assert browser(path).status == 400
    browser = open_browser()
    browser("/login")
    refused = browser("/callback?error=access_denied")
    assert (refused.status, refused.text) == (400, "You are not logged in. The user refused.")
    assert browser("/").location == "/login"
    assert zcrm_simulator.counters.exchanges == 1


def test_two_tabs_log_in(open_browser: Callable[[], Browser], zcrm_simulator: Simulator) -> None:
    """Somebody begins a login in two tabs of one browser, and answers in both, the first one last."""
    browser = open_browser()
    first, second = (sent_back(browser("/login").location) for _ in range(2))

    assert browser(second).status == 302
    assert browser(first).status == 302
    assert zcrm_simulator.counters.exchanges == 2


def test_who_has_logged_out_elsewhere_logs_in_again(
    open_browser: Callable[[], Browser], zcrm_simulator: Simulator
) -> None:
    """After a logout with the command, or in another application, the page leads to a new login."""
    browser = open_browser()
    browser(sent_back(browser("/login").location))
    with Client.from_file("zcrm.toml") as elsewhere:
        assert elsewhere.as_user(zcrm_simulator.users[0].email).oauth.revoke()

    page = browser("/")

    assert (page.status, page.location) == (302, "/login")
    assert browser(sent_back(browser("/login").location)).status == 302
    assert zcrm_simulator.users[0].email in browser("/").text
