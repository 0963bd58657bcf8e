"""What does the end of a token cost, with many workers at one store: refreshes, errors, and time?

Every process has four threads. In each round all of them hold nothing in memory and find one expired token in
the store; each makes a call at the same moment, and the time until its answer is taken. The simulator answers
a refresh after 200 ms. The MySQL store takes part where the tests of that store find a server.

Run: ``python benchmarks/refresh.py``
"""

from __future__ import annotations

import argparse
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection

from zcrm_contract_tests import mysql
from zcrm_core import Client, ZcrmError
from zcrm_simulator import Limits, Simulator

THREADS = 4
ANSWER_SECONDS = 0.2
SCOPES = ["ZohoCRM.org.ALL", "AaaServer.profile.READ"]

Keys = dict[str, object]


def work(pipe: Connection, keys: Keys) -> None:
    """Be a worker: for each moment that comes in, make a call with each thread, and send times and errors."""
    while (start := pipe.recv()) is not None:
        with Client(keys) as client, ThreadPoolExecutor(THREADS) as pool:

            def call(_: int, client: Client = client, start: float = start) -> tuple[float, str | None]:
                time.sleep(max(0.0, start - time.monotonic()))
                try:
                    client.request("GET", "org")
                except ZcrmError as error:
                    return time.monotonic() - start, error.code
                return time.monotonic() - start, None

            pipe.send(list(pool.map(call, range(THREADS))))


def measure(zoho: Simulator, keys: Keys, processes: int, rounds: int) -> tuple[int, int, list[float]]:
    """Give the number of refreshes and of errors, and the times until an answer, in seconds."""
    context = get_context("spawn")
    refreshes, errors, times = 0, 0, list[float]()
    with ExitStack() as opened:
        client = opened.enter_context(Client(keys))
        client.oauth.generate_access_token(zoho.grant_token(SCOPES))
        pipes = []
        for _ in range(processes):
            ours, theirs = context.Pipe()
            process = context.Process(target=work, args=(theirs, keys), daemon=True)
            process.start()
            opened.callback(process.join)
            opened.callback(ours.send, None)
            pipes.append(ours)
        for number in range(rounds + 1):
            token = client.tokens.fetch()
            if token is None:
                raise SystemExit("the store lost the token")
            client.tokens.save(replace(token, expiry_time=1))
            before = zoho.counters.refreshes
            start = time.monotonic() + 1.0  # the round 0, which starts the processes, does not count
            for pipe in pipes:
                pipe.send(start)
            told = [one for pipe in pipes for one in pipe.recv()]
            if number:
                refreshes += zoho.counters.refreshes - before
                errors += sum(error is not None for _, error in told)
                times += [seconds for seconds, _ in told]
    return refreshes, errors, sorted(times)


@contextmanager
def file_store() -> Iterator[Keys]:
    """Give the keys of a token file."""
    with tempfile.TemporaryDirectory() as folder:
        yield {"token_persistence_path": folder}


@contextmanager
def mysql_store(server: mysql.Server) -> Iterator[Keys]:
    """Give the keys of a database of its own at a server."""
    name = f"zcrm_bench_{secrets.token_hex(4)}"
    yield {
        "db_host": server.host,
        "db_port": server.port,
        "db_username": server.user,
        "db_password": server.password,
        "db_name": name,
    }
    server.sql(f"DROP DATABASE IF EXISTS `{name}`")


def main() -> None:
    """Measure, and print the table."""
    arguments = argparse.ArgumentParser(description="What does the end of a token cost?")
    arguments.add_argument("--rounds", type=int, default=10, help="how often the token ends, for each row")
    arguments.add_argument("--processes", type=int, nargs="+", default=[1, 4, 8])
    chosen = arguments.parse_args()
    stores: dict[str, Callable[[], AbstractContextManager[Keys]]] = {"file": file_store}
    with ExitStack() as opened:
        try:
            stores["mysql"] = partial(mysql_store, opened.enter_context(mysql.start_server()))
        except mysql.Unavailable as error:
            print(f"mysql is not measured: {error}")
        print(
            f"{chosen.rounds} expiries a row; Zoho answers a refresh after {ANSWER_SECONDS * 1000:.0f} ms\n\n"
            "| workers | store | refreshes | errors | p50 of the first call | p99 of the first call |\n"
            "|---|---|---|---|---|---|"
        )
        for name, open_store in stores.items():
            for processes in chosen.processes:
                print(
                    f"| {processes} x {THREADS} | {name} | {row(open_store, processes, chosen.rounds)} |",
                    flush=True,
                )


def row(open_store: Callable[[], AbstractContextManager[Keys]], processes: int, rounds: int) -> str:
    """Measure one number of workers at one store, and give what the table says of them."""
    with Simulator(limits=Limits(refreshes=10**6, concurrency=1_000)) as zoho, open_store() as keys:
        zoho.faults.add("/oauth/v2/token", kind="delay", seconds=ANSWER_SECONDS, times=rounds + 2)
        config = {**zoho.config(), "current_user_email": zoho.users[0].email, **keys}
        refreshes, errors, times = measure(zoho, config, processes, rounds)
    p50, p99 = (times[min(len(times) - 1, int(len(times) * share))] * 1000 for share in (0.5, 0.99))
    return f"{refreshes} | {errors} | {p50:.0f} ms | {p99:.0f} ms"


if __name__ == "__main__":
    main()
