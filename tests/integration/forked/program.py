"""A program that forks while one of its threads refreshes, and says what parent and children got."""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import threading
import time

from zcrm_core import Client, ZcrmError

client = Client.from_env()


def call(_: int = 0) -> str:
    """Make one call."""
    try:
        client.request("GET", "org")
    except ZcrmError as error:
        return str(error)
    return "answered"


def main() -> None:
    """Refresh in a thread, fork four times meanwhile with a pool and once by hand, and call everywhere."""
    answers: list[str] = []
    thread = threading.Thread(target=lambda: answers.append(call()))
    thread.start()
    time.sleep(float(sys.argv[1]))
    shares = {_jitter()}
    with multiprocessing.get_context("fork").Pool(4) as pool:
        answers += pool.map(call, range(16))
        shares |= set(pool.map(_jitter, range(16)))
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.write(writing, call().encode())
        os._exit(0)
    os.wait()
    answers.append(os.read(reading, 1000).decode())
    thread.join()
    print(json.dumps({"answers": answers, "jitters": len(shares)}))  # noqa: T201 - how it answers


def _jitter(_: int = 0) -> float:
    from zcrm_core.flight import soft_window  # noqa: PLC0415 - this process's own

    time.sleep(0.05)  # so that each process of the pool gets some
    return soft_window(None)


if __name__ == "__main__":
    main()
