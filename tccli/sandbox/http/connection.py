"""
Access to uvicorn's connections, so that one can be closed without a response; ASGI has no message for that.
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
    Passes the connection's transport to the application.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """
        Add the transport to the state of each request.
        """
        super().connection_made(transport)
        self.app_state = {**self.app_state, TRANSPORT: transport}


def abort(connection: asyncio.Protocol) -> None:
    """
    Close a connection of uvicorn at once.
    """
    assert isinstance(connection, Protocol)
    connection.transport.abort()


async def hang_up(scope: Scope) -> None:
    """
    Close the connection of a request without a response.
    """
    scope["state"][TRANSPORT].abort()
    # uvicorn learns of it in the next iteration of the loop; until then it would send a 500.
    await asyncio.sleep(0)
    await asyncio.sleep(0)
