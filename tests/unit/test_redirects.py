"""Is each login answered once, by whom it was begun, in whichever thread or forked process?"""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from zcrm_core.errors import AuthError
from zcrm_core.redirects import Logins, read_redirect


class Slow(str):
    """A state at which whoever looks it up stands still until he may go on."""

    __slots__ = ()
    reached, go_on = threading.Event(), threading.Event()

    def __hash__(self) -> int:
        self.reached.set()
        self.go_on.wait(30)
        return super().__hash__()

    __eq__ = str.__eq__


def test_a_state_of_the_applications_needs_the_application() -> None:
    """An answer of a login that somebody else began here is not taken where the state is not passed."""
    logins = Logins()
    logins.begin("of somebody's session", "verifier")

    assert logins.end("of somebody's session", None) == (False, None)
    assert logins.end("of somebody's session", "of another session") == (False, None)
    assert logins.end("of somebody's session", "of somebody's session") == (True, "verifier")


@pytest.mark.parametrize("begun", [True, False], ids=["begun here", "begun in another process"])
def test_a_state_is_good_for_one_answer(begun: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Of many threads that bring one answer a single one is right, until the state is asked anew."""
    logins = Logins()
    if begun:
        logins.begin("s", None)

    with ThreadPoolExecutor(8) as pool:
        assert [right for right, _ in pool.map(lambda _: logins.end("s", "s"), range(64))].count(True) == 1

    logins.begin("s", None)
    assert logins.end("s", "s") == (True, None)
    assert logins.end("s", "s") == (False, None)


def test_a_login_ends_after_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    """A state that was made here an hour ago is not taken."""
    logins = Logins()
    state = logins.begin(None, None)
    now = time.monotonic()
    monkeypatch.setattr("zcrm_core.redirects.time.monotonic", lambda: now + 3_601)

    assert logins.end(state, None) == (False, None)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_while_a_login_begins_stops_no_other() -> None:
    """A thread is in the middle of beginning a login when the process forks; the child logs in too."""
    logins = Logins()
    thread = threading.Thread(target=logins.begin, args=(Slow("s"), None))
    thread.start()
    Slow.reached.wait(10)
    child = os.fork()
    if child == 0:
        signal.alarm(20)  # ends a child that waits for a lock
        os._exit(0 if logins.end(logins.begin(None, "v"), None) == (True, "v") else 1)

    assert os.waitpid(child, 0)[1] == 0
    Slow.go_on.set()
    thread.join()


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("state=s&state=s&code=1000.a", "ZCRM-AUTH-015"),
        ("state=s&state=forged&code=1000.a", "ZCRM-AUTH-015"),
        ("state=s&code=1000.a&code=1000.b", "ZCRM-AUTH-016"),
        ("state=s&code=", "ZCRM-AUTH-016"),
        ("state=s", "ZCRM-AUTH-016"),
    ],
)
def test_what_stands_twice_counts_as_not_there(query: str, code: str) -> None:
    """Nobody chooses between two states or two codes: such an answer is refused, and nothing is sent."""
    with pytest.raises(AuthError) as caught:
        read_redirect(f"http://localhost/callback?{query}", "s", Logins(), None)

    assert caught.value.code == code


def test_two_servers_in_one_answer_are_none() -> None:
    """Which of two named servers gets the code is not chosen: neither of them does."""
    query = "state=s&code=1000.a&location=eu&location=in&accounts-server=https://a&accounts-server=https://b"

    answer = read_redirect(f"http://localhost/callback?{query}", "s", Logins(), None)

    assert (answer.location, answer.accounts_server) == (None, None)
