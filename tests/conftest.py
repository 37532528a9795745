"""
What all tests share: a deployment to talk to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tccli.sandbox.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tccli.sandbox.clock import Clock


@dataclass(frozen=True)
class RunningSandbox:
    """
    A fresh deployment on a loopback port.

    Attributes:
        root_url: Without a trailing slash.
        credentials: Of the root client: ``clientId`` and ``accessToken``.
        environment: The variables that a client needs to be the root client.
        requests: Verb and target (path and query as sent) of each request so far.
        clock: Its ``offset`` in milliseconds moves the deployment's time.
    """

    root_url: str
    credentials: dict[str, str]
    environment: dict[str, str]
    requests: list[tuple[str, str]]
    clock: Clock


@pytest.fixture(scope="session")
def sandbox_server() -> Iterator[Server]:
    """
    The server that all deployments of a test process run on, one after the other.
    """
    with Server(checks_answers=True) as server:
        yield server


@pytest.fixture
def sandbox(sandbox_server: Server) -> RunningSandbox:
    """
    A fresh deployment, which holds its own answers against their schemas.
    """
    requests: list[tuple[str, str]] = []
    sandbox_server.renew()
    sandbox_server.sandbox.observe = lambda verb, target: requests.append((verb, target))
    return RunningSandbox(
        root_url=sandbox_server.root_url,
        credentials=sandbox_server.credentials,
        environment=sandbox_server.environment,
        requests=requests,
        clock=sandbox_server.sandbox.state.clock,
    )
