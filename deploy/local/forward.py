"""Forwards TCP ports: `python -m deploy.local.forward LISTEN_ADDRESS TARGET_ADDRESS PORT…`.

The services listen on loopback only. This makes them reachable under one more address of this
machine, or the other way round: run inside a network namespace it makes a far address look like
loopback there, so that addresses in settings and certificates hold everywhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from functools import partial

_CHUNK = 1 << 16


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError, RuntimeError):
        if writer.can_write_eof():
            writer.write_eof()


async def _serve(
    target: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """One connection; a target that is down closes it."""
    with contextlib.suppress(OSError):
        far_reader, far_writer = await asyncio.open_connection(target, port)
        await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
        far_writer.close()
    writer.close()


async def forward(listen: str, target: str, ports: list[int]) -> None:
    """Forward until cancelled.

    Raises:
        OSError: an address or port cannot be bound.
    """
    servers = [
        await asyncio.start_server(partial(_serve, target, port), listen, port) for port in ports
    ]
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    asyncio.run(forward(sys.argv[1], sys.argv[2], [int(port) for port in sys.argv[3:]]))
