"""
HTTP as uvicorn speaks it, and hanging up, which ASGI has no word for.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from starlette.types import Scope

TRANSPORT = "tccli.transport"


class Protocol(H11Protocol):
    """
    Lets the application see the connection.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """
        Keep a connection with what the application sees of each request.
        """
        super().connection_made(transport)
        self.app_state = {**self.app_state, TRANSPORT: transport}


async def hang_up(scope: Scope) -> None:
    """
    End the connection of a request without an answer.
    """
    scope["state"][TRANSPORT].abort()
    # The server is told of it in the next round of the loop; until then it would answer for us.
    await asyncio.sleep(0)
    await asyncio.sleep(0)
