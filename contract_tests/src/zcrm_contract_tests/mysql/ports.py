"""Which port is free, and stays so while its server is down?"""

from __future__ import annotations

import random
import socket
from contextlib import closing
from typing import Final

__all__ = ["free_port"]

# Below the range from which systems take the ports of outgoing connections: one of those could get it
# otherwise while the server is down, and the server could not come back.
_FIRST: Final = 20_000
_LAST: Final = 32_000
_CHANCE: Final = random.SystemRandom()


def free_port() -> int:
    """A port of the loopback address that nobody listens on."""
    while True:
        port = _CHANCE.randrange(_FIRST, _LAST)
        with closing(socket.socket()) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
