"""Do the threads of several processes refresh a token once between them, whatever happens to one of them?"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from zcrm_core import Client, Token
from zcrm_simulator import Limits, Simulator

STORES = ["file"] if os.environ.get("ZCRM_TEST_BRIEF") else ["file", "mysql"]
ROUNDS = int(os.environ.get("ZCRM_TEST_ROUNDS", "5"))
PROCESSES, THREADS = 8, 4
ENDPOINT = "/oauth/v2/token"
LATE = 20
"""How late Zoho answers, in seconds, unless the test lets it answer earlier."""
SCOPES = ["ZohoCRM.org.ALL", "AaaServer.profile.READ"]
MANY = Limits(refreshes=10_000, concurrency=100, credits=10**9)
PROGRAM = Path(__file__).with_name("refresh_worker.py")


class Process:
    """A worker process."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(PROGRAM), json.dumps(config)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def tell(self, do: str, **order: object) -> None:
        """Give an order, and do not wait for its answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, **order}) + "\n")
        self._process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """Wait for the answer to the oldest order that has none yet."""
        assert self._process.stdout is not None
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def ask(self, do: str, **order: object) -> dict[str, Any]:
        """Give an order and wait for its answer."""
        self.tell(do, **order)
        return self.answer()

    def signal(self, number: int) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    def end(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()


class Site:
    """A simulated Zoho, a store that processes share, and a client that is logged in.

    ``lease`` is for how many seconds a worker that was killed keeps the others waiting.
    """

    def __init__(self, zoho: Simulator, keys: dict[str, Any], lease: float) -> None:
        self.zoho = zoho
        self.lease = lease
        user = zoho.users[0].email
        self.config = {**zoho.config(), "current_user_email": user, "max_retries": 0, **keys}
        self.client = Client(self.config)
        self.client.oauth.generate_access_token(zoho.grant_token(SCOPES))
        self.processes: list[Process] = []

    def start(self, number: int, **keys: object) -> list[Process]:
        """Start worker processes; give them when each is ready."""
        started = [Process({**self.config, **keys}) for _ in range(number)]
        self.processes += started
        for process in started:
            process.answer()
        return started

    def expire(self, left: int = -1_000) -> Token:
        """Let the stored token be one that ends in ``left`` ms."""
        token = replace(self.stored(), expiry_time=time.time_ns() // 1_000_000 + left)
        self.client.tokens.save(token)
        return token

    def stored(self) -> Token:
        """The stored token."""
        token = self.client.tokens.fetch()
        assert token is not None
        return token

    def close(self) -> None:
        """End all processes."""
        for process in self.processes:
            process.end()
        self.client.close()


@pytest.fixture
def file_site(zcrm_simulator: Simulator, file_keys: dict[str, Any]) -> Iterator[Site]:
    """A site whose store is a token file."""
    site = Site(zcrm_simulator, file_keys, lease=0)
    yield site
    site.close()


@pytest.fixture
def mysql_site(zcrm_simulator: Simulator, mysql_keys: dict[str, Any]) -> Iterator[Site]:
    """A site whose store is a database of its own at a real server."""
    site = Site(zcrm_simulator, mysql_keys, lease=9)
    yield site
    site.close()


@pytest.fixture(params=STORES)
def site(request: pytest.FixtureRequest) -> Site:
    """A site with each store that processes can share."""
    site: Site = request.getfixturevalue(f"{request.param}_site")
    return site


def called(processes: list[Process], threads: int = THREADS) -> tuple[int, list[str]]:
    """Let all threads of all processes call at one moment; give the number of answers, and the errors."""
    start = time.monotonic() + 0.2
    for process in processes:
        process.tell("call", threads=threads, start=start)
    answers = [process.answer() for process in processes]
    return sum(one["answers"] for one in answers), [text for one in answers for text in one["errors"]]


def login_elsewhere(site: Site) -> Token:
    """Log in once more, and give the token, which is in no store yet."""
    issued = site.client._parts.accounts.exchange(site.zoho.grant_token(SCOPES), site.client.region)
    return issued.of(site.config["current_user_email"], time.time_ns() // 1_000_000)


def until(happened: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait until something has happened."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


@pytest.mark.timeout(300)
def test_many_workers_refresh_one_expired_token_once(site: Site) -> None:
    """Eight new processes with four threads each find one expired token: one refresh, no error, each time."""
    site.zoho.limits = MANY
    processes = site.start(PROCESSES)
    for number in range(ROUNDS):
        site.expire()
        for process in processes:
            process.ask("renew")
        before = site.zoho.counters.refreshes

        answers, errors = called(processes)

        assert (number, errors, answers) == (number, [], PROCESSES * THREADS)
        assert site.zoho.counters.refreshes - before == 1, number


@pytest.mark.timeout(300)
def test_a_token_that_zoho_ends_under_all_workers_is_refreshed_once(site: Site) -> None:
    """While every thread of every process is at work the token dies at Zoho, again and again."""
    site.zoho.limits = MANY
    processes = site.start(PROCESSES)
    called(processes)
    before = site.zoho.counters.refreshes
    for process in processes:
        process.ask("begin", threads=THREADS)
    for number in range(ROUNDS):
        time.sleep(0.8)
        for process in processes:
            process.tell("settle")  # a call that met two dead tokens would rightly fail
        for process in processes:
            process.answer()
        site.zoho.clock.advance(seconds=3_601)
        until(lambda: site.zoho.counters.refreshes == before + number + 1)  # noqa: B023 - called at once
    time.sleep(0.8)
    told = [process.ask("end") for process in processes]

    assert [error for one in told for error in one["errors"]] == []
    assert all(one["answers"] > ROUNDS for one in told)
    assert site.zoho.counters.refreshes == before + ROUNDS


@pytest.mark.timeout(120)
def test_ten_expiries_cost_ten_refreshes_and_the_eleventh_one_question(site: Site) -> None:
    """With Zoho's limit of ten in ten minutes no worker meets it; past it one is refused, and all wait."""
    processes = site.start(4)
    for _ in range(10):
        site.expire()
        for process in processes:
            process.ask("renew")
        assert called(processes) == (4 * THREADS, [])
    assert (site.zoho.counters.refreshes, site.zoho.counters.throttled) == (10, 0)
    last = site.expire()
    for process in processes:
        process.ask("renew")

    answers, errors = called(processes)

    assert answers == 0
    assert {error[:16] for error in errors} == {"[ZCRM-AUTH-004] "}
    assert all(" UTC. " in error for error in errors)
    assert called(site.start(1) + processes)[0] == 0
    assert site.zoho.counters.throttled == 1
    assert site.stored() == last
    assert site.client.tokens.list() == [site.config["current_user_email"]]


def test_a_crm_that_refuses_every_token_costs_a_whole_fleet_one_refresh(site: Site) -> None:
    """All workers, and those that start later, get the CRM's error; when it is well again all go on."""
    site.zoho.limits = MANY
    processes = site.start(PROCESSES)
    site.zoho.faults.add("/crm/", kind="status", status=401, times=10_000)

    for _ in range(3):
        answers, errors = called(processes)
        assert (answers, {error[:14] for error in errors}) == (0, {"[ZCRM-API-005]"})
        for process in processes[::2]:
            process.ask("renew")
    assert site.zoho.counters.refreshes == 1

    site.zoho.faults.clear()
    assert called(processes) == (PROCESSES * THREADS, [])
    assert site.zoho.counters.refreshes == 1
    site.zoho.clock.advance(seconds=3_601)
    assert called(processes) == (PROCESSES * THREADS, [])
    assert site.zoho.counters.refreshes == 2


def test_while_zoho_throttles_a_living_token_is_used(site: Site) -> None:
    """In the last minute of a token's life no refresh is had, and every worker goes on using it."""
    site.zoho.limits = Limits(refreshes=0)
    processes = site.start(2)
    site.expire(left=30_000)

    for _ in range(3):
        assert called(processes) == (2 * THREADS, [])
    assert site.zoho.counters.throttled == 1


def test_the_wait_ends_when_zoho_said(site: Site) -> None:
    """When the time that Zoho stated is over, the workers refresh again, once."""
    processes = site.start(2)
    site.expire()
    site.zoho.faults.add(
        ENDPOINT, kind="status", status=400, body='{"error": "Access Denied"}', headers={"Retry-After": "4"}
    )
    assert called(processes)[0] == 0
    assert called(processes)[0] == 0
    assert site.zoho.counters.requests[f"POST {ENDPOINT}"] == 2  # the login, and the one that was refused
    time.sleep(4.1)

    assert called(processes) == (2 * THREADS, [])
    assert site.zoho.counters.refreshes == 1


def test_a_new_login_ends_the_wait(site: Site) -> None:
    """Zoho counts for each refresh token, so who logs in anew need not wait, in whichever process."""
    processes = site.start(2)
    site.expire()
    site.zoho.limits = Limits(refreshes=0)
    assert called(processes)[0] == 0

    site.client.oauth.generate_access_token(site.zoho.grant_token(SCOPES))

    assert called(processes) == (2 * THREADS, [])


@pytest.mark.parametrize("where", ["in the lock", "while Zoho answers"])
def test_a_killed_holder_stops_nobody(where: str, site: Site) -> None:
    """When the one who refreshes is killed the others go on at once, with one refresh of their own."""
    holder, *others = site.start(3)
    site.expire()
    if where == "in the lock":
        holder.ask("lock")
    else:
        site.zoho.faults.add(ENDPOINT, kind="hang", seconds=20)
        holder.tell("call")
        until(lambda: site.zoho.counters.in_flight == 1)
    for process in others:
        process.tell("call", threads=THREADS)
    time.sleep(0.3)
    began = time.monotonic()
    holder.signal(signal.SIGKILL)

    told = [process.answer() for process in others]

    assert time.monotonic() - began < site.lease + 20
    assert [one["errors"] for one in told] == [[], []]
    assert site.zoho.counters.refreshes == 1
    site.zoho.faults.clear()


def test_a_holder_that_stood_still_overwrites_nothing(site: Site) -> None:
    """A worker is stopped while Zoho answers its refresh; what was stored meanwhile stays."""
    [holder] = site.start(1)
    site.expire()
    site.zoho.faults.add(ENDPOINT, kind="delay", seconds=LATE)
    holder.tell("call")
    until(lambda: site.zoho.counters.in_flight == 1)
    holder.signal(signal.SIGSTOP)
    site.zoho.faults.clear()
    until(lambda: site.zoho.counters.refreshes == 1)
    token = login_elsewhere(site)
    site.client.tokens.save(token)
    holder.signal(signal.SIGCONT)

    told = holder.answer()

    assert (told["answers"], told["errors"]) == (1, [])
    assert site.stored() == token
    assert "token_saved" not in told["events"]


@pytest.mark.parametrize("site", STORES[1:], indirect=True)
def test_a_holder_that_stands_still_loses_its_lease(site: Site) -> None:
    """The others go on when its lease is over; when it goes on with its own answer, it adopts theirs."""
    holder, *others = site.start(3)
    site.expire()
    site.zoho.faults.add(ENDPOINT, kind="delay", seconds=LATE)
    holder.tell("call")
    until(lambda: site.zoho.counters.in_flight == 1)
    holder.signal(signal.SIGSTOP)
    site.zoho.faults.clear()
    began = time.monotonic()

    assert called(others) == (2 * THREADS, [])
    assert time.monotonic() - began < site.lease + 20
    theirs = site.stored()
    holder.signal(signal.SIGCONT)
    told = holder.answer()

    assert (told["answers"], told["errors"]) == (1, [])
    assert site.zoho.counters.refreshes == 2
    assert site.stored() == theirs
    assert "token_saved" not in told["events"]


def test_a_holder_that_stands_still_is_named(file_site: Site) -> None:
    """Who waits in vain for a worker that stands still gets an error that names it."""
    site = file_site
    holder, other = site.start(2)
    site.expire()
    holder.ask("lock")
    holder.signal(signal.SIGSTOP)
    other.ask("patience", seconds=0.5)

    [error] = other.ask("call")["errors"]

    assert error.startswith("[ZCRM-AUTH-005]")
    assert f"process {holder.pid}" in error
    assert " since 20" in error
    holder.signal(signal.SIGKILL)
    assert other.ask("call")["errors"] == []


def test_a_user_deleted_during_a_refresh_is_logged_out_everywhere(site: Site) -> None:
    """While one process refreshes another deletes the token: it stays deleted, all ask for a new login."""
    processes = site.start(2)
    site.expire()
    site.zoho.faults.add(ENDPOINT, kind="delay", seconds=LATE)
    processes[0].tell("call")
    until(lambda: site.zoho.counters.in_flight == 1)
    assert site.client.tokens.delete()
    site.zoho.faults.clear()

    errors = [*processes[0].answer()["errors"], *processes[1].ask("call")["errors"]]

    assert [error[:15] for error in errors] == ["[ZCRM-AUTH-011]"] * 2
    assert site.client.tokens.fetch() is None
    assert site.client.tokens.list() == []


def test_a_token_that_lives_two_seconds_is_refreshed_once_each_time(site: Site) -> None:
    """Workers that did not see the answer of Zoho still know that a token lives shorter than an hour."""
    site.zoho.limits = replace(MANY, access_token_lifetime=2)
    processes = site.start(4)
    site.expire()
    began = time.monotonic()
    for process in processes:
        process.ask("begin", threads=2)
    time.sleep(5)
    told = [process.ask("end") for process in processes]
    took = time.monotonic() - began

    assert [error for one in told for error in one["errors"]] == []
    # At the earliest, a token is refreshed in the last sixth of its life.
    assert 1 <= site.zoho.counters.refreshes <= 1 + took / (2 * 5 / 6)


def test_a_worker_that_starts_later_knows_that_a_token_lives_shorter(site: Site) -> None:
    """A token that lives half a minute is no old one in its last minute, for a new process either."""
    site.zoho.limits = replace(MANY, access_token_lifetime=30)
    site.expire()
    called(site.start(1))

    for process in site.start(2):
        assert called([process]) == (THREADS, [])
    assert site.zoho.counters.refreshes == 1
