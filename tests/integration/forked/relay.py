"""Which connections are passed on to another host? Those to the addresses in the arguments.

Started with ``LISTEN:PORT=TARGET:PORT`` for each; says "ready" when it listens, and runs until it is ended.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what comes, until there is no more."""
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    with suppress(OSError):
        writer.close()


async def listen(here: str, there: str) -> None:
    """Pass the connections to one address on to another."""
    host, _, port = there.rpartition(":")

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            far_reader, far_writer = await asyncio.open_connection(host, int(port))
            await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))
        writer.close()

    listen_host, _, listen_port = here.rpartition(":")
    await asyncio.start_server(connected, listen_host, int(listen_port))


async def main() -> None:
    """Listen everywhere."""
    for argument in sys.argv[1:]:
        await listen(*argument.split("="))
    print("ready", flush=True)  # noqa: T201 - how it answers
    await asyncio.Event().wait()


asyncio.run(main())
