"""What does one call with a valid token cost, beside the same call with a bare requests.Session?

Both ask a simulator in another process for the organisation and read the JSON; the processor time of this
process is counted, in rounds that take turns. Run: ``python benchmarks/calls.py``
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection

import requests

from zcrm_core import Client
from zcrm_simulator import Limits, Simulator

SCOPES = ["ZohoCRM.org.ALL", "AaaServer.profile.READ"]
MOST = 1.25
"""What one call may cost, beside the same call with a bare requests.Session."""


def serve(pipe: Connection) -> None:
    """Run a simulator until the other end says so."""
    with Simulator(limits=Limits(credits=10_000_000)) as simulator:
        pipe.send((simulator.config(), simulator.grant_token(scopes=SCOPES)))
        while pipe.recv() == "connections":
            pipe.send(simulator.counters.connections)


def cost(call: Callable[[], object], times: int) -> float:
    """Give the processor time of one call, in µs."""
    started = time.process_time()
    for _ in range(times):
        call()
    return (time.process_time() - started) / times * 1e6


def main() -> int:
    """Print the medians and their ratio; the result is 1 when it is above its bound."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=50, help="calls in a round (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=40, help="rounds (default: %(default)s)")
    options = parser.parse_args()
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=serve, args=(theirs,))
    server.start()
    config, grant = ours.recv()
    with (
        tempfile.TemporaryDirectory() as folder,
        Client({**config, "token_persistence_path": folder}) as anybody,
    ):
        token = anybody.oauth.generate_access_token(grant)
        client = anybody.as_user(token.user_identifier)
        session = requests.Session()
        url = f"{config['simulator_url']}/crm/v2/org"
        headers = {"Authorization": f"Zoho-oauthtoken {token.access_token}"}

        def bare() -> object:
            return session.get(url, headers=headers, timeout=30).json()

        calls: dict[str, Callable[[], object]] = {
            "requests.Session().get(...).json()": bare,
            'client.request("GET", "org").json()': lambda: client.request("GET", "org").json(),
            "client.org.get()": client.org.get,
        }
        times: dict[str, list[float]] = {name: [] for name in calls}
        for call in calls.values():
            cost(call, 20)
        ours.send("connections")
        before = ours.recv()
        for _ in range(options.rounds):
            for name, call in calls.items():
                times[name].append(cost(call, options.calls))
        ours.send("connections")
        opened = ours.recv() - before
        base = statistics.median(next(iter(times.values())))
        print(f"{'processor time of one call':40} {'median':>9} {'ratio':>6}")
        for name, rounds in times.items():
            print(f"{name:40} {statistics.median(rounds):6.0f} µs {statistics.median(rounds) / base:6.2f}")
        worst = max(statistics.median(rounds) / base for rounds in times.values())
        number = options.rounds * options.calls * len(calls)
        print(f"connections: {before} for the first calls, {opened} more for {number:,} others")
        print(f"ratio {worst:.2f}, at most {MOST:.2f}: {'kept' if worst <= MOST else 'BROKEN'}")
    ours.send("stop")
    server.join()
    return int(worst > MOST or opened > 0)


if __name__ == "__main__":
    raise SystemExit(main())
