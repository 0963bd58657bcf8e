"""Do sessions, pools and locks survive a fork: under a real gunicorn, a real Celery, and multiprocessing?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from zcrm_core import Client
from zcrm_simulator import Simulator

FORKED = Path(__file__).with_name("forked")
SCOPES = ["ZohoCRM.org.ALL", "AaaServer.profile.READ"]
WORKERS = 4


@pytest.fixture
def environment(zcrm_simulator: Simulator, tmp_path: Path) -> dict[str, str]:
    """The variables of a process whose user is logged in; the tokens are in a file."""
    keys = {
        **zcrm_simulator.config(),
        "current_user_email": zcrm_simulator.users[0].email,
        "token_persistence_path": str(tmp_path),
        "max_retries": "0",
    }
    with Client(keys) as client:
        client.oauth.generate_access_token(zcrm_simulator.grant_token(SCOPES))
    return {**os.environ, **{f"ZCRM_{key.upper()}": value for key, value in keys.items()}}


@contextmanager
def running(command: list[str], environment: dict[str, str], folder: Path) -> Iterator[None]:
    """Run a server until the end of the block; show what it wrote if the block fails."""
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, cwd=FORKED, stdout=output, stderr=output)
    try:
        yield
    except BaseException:
        print(log.read_text(encoding="utf-8", errors="replace")[-3000:])  # noqa: T201 - pytest shows it
        raise
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def answers(url: str) -> bool:
    """Tell whether a server is there and answers."""
    try:
        return requests.get(url, timeout=5).ok
    except (requests.ConnectionError, requests.Timeout):
        return False


def test_gunicorn_with_a_client_made_before_the_fork(
    environment: dict[str, str], zcrm_simulator: Simulator, tmp_path: Path, free_port: int, real: Any
) -> None:
    """Four preloaded workers with four threads each: a token that ends costs one refresh, unnoticed."""
    real.packages("gunicorn")
    command = [sys.executable, "-m", "gunicorn", "--preload", "--workers", str(WORKERS), "--threads", "4",
               "--bind", f"127.0.0.1:{free_port}", "gunicorn_app:app"]  # fmt: skip
    url = f"http://127.0.0.1:{free_port}/"

    def visit(_: int) -> tuple[int, str]:
        answer = requests.get(url, timeout=60)
        return answer.status_code, answer.text

    with running(command, environment, tmp_path), ThreadPoolExecutor(32) as visitors:
        while not answers(url):
            time.sleep(0.05)
        for number in range(3):
            zcrm_simulator.clock.advance(seconds=3_601)
            got = list(visitors.map(visit, range(96)))

            assert {status for status, _ in got} == {200}, got[:3]
            assert zcrm_simulator.counters.refreshes == number + 1
            assert len({process for _, process in got}) > 1


def test_celery_with_a_client_made_before_the_fork(
    environment: dict[str, str], zcrm_simulator: Simulator, tmp_path: Path, free_port: int, real: Any
) -> None:
    """Four forked workers and a real Redis: a token that ends costs one refresh, and no task fails."""
    real.packages("celery", "redis")
    redis_server = real.program("redis-server", "redis-server")
    environment = {**environment, "BROKER": f"redis://127.0.0.1:{free_port}/0"}
    broker = [
        redis_server,
        "--port",
        str(free_port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--dir",
        str(tmp_path),
    ]
    quiet = ["--loglevel", "WARNING", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    pool = ["--pool", "prefork", "--concurrency", str(WORKERS)]
    worker = [sys.executable, "-m", "celery", "-A", "celery_app", "worker", *pool, *quiet]
    asker = (
        "from celery import group; from celery_app import call; import json;"
        "print(json.dumps(group(call.s(n) for n in range(80))().get(timeout=100)))"
    )

    def ask() -> list[int]:
        done = subprocess.run(
            [sys.executable, "-c", asker],
            env=environment,
            cwd=FORKED,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        processes: list[int] = json.loads(done.stdout)
        return processes

    (tmp_path / "redis").mkdir()
    with (
        running(broker, environment, tmp_path / "redis"),
        running(worker, {**environment, "FORKING": "1"}, tmp_path),
    ):
        assert len(set(ask())) > 1
        zcrm_simulator.clock.advance(seconds=3_601)

        assert len(ask()) == 80
        assert zcrm_simulator.counters.refreshes == 1


@pytest.mark.parametrize("moment", [0.005, 0.03, 0.3], ids=["at once", "in an import", "waiting for Zoho"])
def test_forks_in_the_middle_of_a_refresh(
    moment: float, environment: dict[str, str], zcrm_simulator: Simulator
) -> None:
    """A pool and a child forked while a thread refreshes get the token that this thread is given."""
    with Client.from_env(environment) as client:
        token = client.tokens.fetch()
        assert token is not None
        client.tokens.save(replace(token, expiry_time=1))
    zcrm_simulator.faults.add("/oauth/v2/token", kind="delay", seconds=1)

    done = subprocess.run(
        [sys.executable, str(FORKED / "program.py"), str(moment)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout)
    assert set(told["answers"]) == {"answered"}
    assert len(told["answers"]) == 18
    assert zcrm_simulator.counters.refreshes == 1
    assert told["jitters"] > 2, "forked processes would all refresh early in the same second"
