"""
Ports that nothing else takes while a test uses them.
"""

from __future__ import annotations

import random
import socket
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Below those that Linux and macOS give to connections and to servers that ask for any port.
MIN_PORT, MAX_PORT = 10_000, 30_000


@contextmanager
def refuse_connections() -> Iterator[int]:
    """
    Yield a port that refuses connections.

    A port that was merely free a moment ago may be that of another test's server by now.
    """
    with socket.socket() as taken:
        # It does not listen.
        taken.bind(("127.0.0.1", 0))
        yield int(taken.getsockname()[1])


def find_free_ports(count: int) -> list[int]:
    """
    Return ports for servers that cannot choose one themselves.

    The system gives none of them to other processes before the server is there.
    """
    draw = random.SystemRandom()
    found: set[int] = set()
    while len(found) < count:
        port = draw.randrange(MIN_PORT, MAX_PORT)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            found.add(port)
    return list(found)
