"""What do records cost, beside the same pages with a bare requests.Session and json.loads?

The simulator runs in another process and holds the leads. Four things are measured, in rounds that take
turns:

- listing 10,000 leads of 25 fields: the processor time of this process, and its ratio;
- the memory that those leads take, for each, beside plain dictionaries;
- the memory at its highest while 1,000,000 leads are listed, and while 10,000 are;
- the connections that were opened.

Run: ``python benchmarks/records.py``
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection

import requests

from zcrm_core import Client
from zcrm_core.crm.record import Record
from zcrm_simulator import Limits, Simulator

SCOPES = ["ZohoCRM.modules.ALL", "AaaServer.profile.READ"]
FIELDS = [
    "id",
    "Owner",
    "Created_By",
    "Modified_By",
    "Created_Time",
    "Modified_Time",
    "First_Name",
    "Last_Name",
    "Full_Name",
    "Company",
    "Designation",
    "Email",
    "Phone",
    "Mobile",
    "Website",
    "Lead_Source",
    "Lead_Status",
    "Industry",
    "Rating",
    "No_of_Employees",
    "Annual_Revenue",
    "Street",
    "City",
    "Country",
    "Tag",
]
MOST = {"listing": 1.25, "memory": 1.2, "stream": 1.5}


def serve(pipe: Connection, leads: int) -> None:
    """Run a simulator with so many leads until the other end says so, and tell what it counted."""
    limits = Limits(credits=10**9, token_records=10**9)
    with Simulator(limits=limits) as simulator:
        simulator.fill("Leads", leads - 532)
        pipe.send((simulator.config(), simulator.grant_token(scopes=SCOPES)))
        while pipe.recv() == "connections":
            pipe.send(simulator.counters.connections)


def bare(session: requests.Session, url: str, token: str, most: int) -> Iterator[dict[str, object]]:
    """List leads with requests and json alone."""
    headers = {"Authorization": f"Zoho-oauthtoken {token}"}
    place: dict[str, object] = {"page": 1}
    seen = 0
    while seen < most:
        query = {"per_page": 200, "fields": ",".join(FIELDS), "converted": "both", **place}
        answer = json.loads(session.get(url, params=query, headers=headers, timeout=60).content)
        yield from answer["data"]
        seen += len(answer["data"])
        if not answer["info"]["more_records"]:
            return
        place = {"page_token": answer["info"]["next_page_token"]}


def ours(client: Client, most: int, fields: list[str]) -> Iterator[Record]:
    """List leads with zcrm."""
    for seen, lead in enumerate(client.module("Leads").list(fields=fields, params={"converted": "both"}), 1):
        yield lead
        if seen == most:
            return


def cpu(work: Callable[[], object]) -> float:
    """Give the processor time of some work, in seconds."""
    gc.collect()
    started = time.process_time()
    work()
    return time.process_time() - started


def held(work: Callable[[], list[object]]) -> float:
    """Give the memory that what some work returns takes for each of it, in bytes."""
    gc.collect()
    tracemalloc.start()
    kept = work()
    gc.collect()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size / len(kept)


def peak(work: Callable[[], object]) -> float:
    """Give the memory at its highest during some work, in MB."""
    gc.collect()
    tracemalloc.start()
    work()
    _, size = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size / 2**20


def main() -> int:
    """Print the medians and the ratios; the result is 1 when a ratio is above its bound."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=10_000, help="leads in a listing (default: %(default)s)")
    parser.add_argument(
        "--stream", type=int, default=1_000_000, help="leads to stream (default: %(default)s)"
    )
    parser.add_argument("--rounds", type=int, default=5, help="rounds (default: %(default)s)")
    options = parser.parse_args()
    context = get_context("spawn")
    mine, theirs = context.Pipe()
    server = context.Process(target=serve, args=(theirs, max(options.leads, options.stream)))
    server.start()
    config, grant = mine.recv()
    ratios: dict[str, float] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        Client({**config, "token_persistence_path": folder, "api_version": "v8"}) as anybody,
        requests.Session() as session,
    ):
        token = anybody.oauth.generate_access_token(grant)
        client = anybody.as_user(token.user_identifier)
        url = f"{config['simulator_url']}/crm/v8/Leads"
        ways: dict[str, Callable[[], list[object]]] = {
            "requests and json.loads": lambda: list(bare(session, url, token.access_token, options.leads)),
            'client.module("Leads").list': lambda: list(ours(client, options.leads, FIELDS)),
        }
        for work in ways.values():
            work()
        times: dict[str, list[float]] = {name: [] for name in ways}
        sizes: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(options.rounds):
            for name, work in ways.items():
                times[name].append(cpu(work))
            for name, work in ways.items():
                sizes[name].append(held(work))
        first, second = ways
        print(f"{f'{options.leads:,} leads of {len(FIELDS)} fields':30} {'CPU':>10} {'memory each':>14}")
        for name in ways:
            spent, size = statistics.median(times[name]), statistics.median(sizes[name])
            print(f"{name:30} {spent:8.2f} s {size:8.0f} bytes")
        ratios["listing"] = statistics.median(times[second]) / statistics.median(times[first])
        ratios["memory"] = statistics.median(sizes[second]) / statistics.median(sizes[first])
        mine.send("connections")
        before = mine.recv()
        small = peak(lambda: sum(1 for _ in ours(client, options.leads, ["Last_Name"])))
        large = peak(lambda: sum(1 for _ in ours(client, options.stream, ["Last_Name"])))
        mine.send("connections")
        after = mine.recv()
        ratios["stream"] = large / small
        print(f"highest memory: {small:.2f} MB for {options.leads:,}, {large:.2f} MB for {options.stream:,}")
        print(f"new connections for {options.leads + options.stream:,} leads: {after - before}")
    mine.send("stop")
    server.join()
    for name, ratio in ratios.items():
        kept = "kept" if ratio <= MOST[name] else "BROKEN"
        print(f"{name:8} ratio {ratio:5.2f}, at most {MOST[name]:.2f}: {kept}")
    return int(after > before or any(ratio > MOST[name] for name, ratio in ratios.items()))


if __name__ == "__main__":
    raise SystemExit(main())
