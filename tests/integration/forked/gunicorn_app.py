"""A WSGI application whose client is made, and used, before gunicorn forks its workers."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable

from zcrm_core import Client, ZcrmError

client = Client.from_env()
client.request("GET", "org")


def _hold() -> None:
    """Be in the middle of a refresh, as far as this process's threads know, while the workers are forked."""
    refresher = client._parts.refresher
    with refresher._flight(client._identity.key()).turn.held(0):
        held.set()
        threading.Event().wait()


held = threading.Event()
threading.Thread(target=_hold, daemon=True).start()
held.wait()


def app(
    _environ: dict[str, object], start_response: Callable[[str, list[tuple[str, str]]], object]
) -> Iterable[bytes]:
    """Make one call, and say which process made it."""
    try:
        client.request("GET", "org")
    except ZcrmError as error:
        start_response("500 Error", [("Content-Type", "text/plain")])
        return [str(error).encode()]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]
