"""A Celery application whose client is made, and used, before Celery forks its workers."""

from __future__ import annotations

import os
import threading

from celery import Celery

from zcrm_core import Client

app = Celery("celery_app", broker=os.environ["BROKER"], backend=os.environ["BROKER"])
client = Client.from_env()
held = threading.Event()


def _hold() -> None:
    """Be in the middle of a refresh, as far as this process's threads know, while the workers are forked."""
    with client._parts.refresher._flight(client._identity.key()).turn.held(0):
        held.set()
        threading.Event().wait()


if os.environ.get("FORKING"):
    client.request("GET", "org")
    threading.Thread(target=_hold, daemon=True).start()
    held.wait()


@app.task  # type: ignore[untyped-decorator] # Celery has no types
def call(_: int) -> int:
    """Make one call, and say which process made it."""
    client.request("GET", "org")
    return os.getpid()
