"""
A deployment on loopback ports, in threads of this process.
"""

from __future__ import annotations

import socket
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

import uvicorn

from tccli.sandbox import state
from tccli.sandbox.app import Sandbox, application
from tccli.sandbox.auth.accounts import ROOT_CLIENT, TABLES, Accounts
from tccli.sandbox.clock import Clock
from tccli.sandbox.http.connection import Protocol
from tccli.sandbox.services.all import create_registry
from tccli.sandbox.storage.connection import IDLE_SECONDS
from tccli.sandbox.storage.host import DEFAULT_HOST, Storage
from tccli.sandbox.store import Store

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

STORAGE_DIRECTORY = "storage"
SHUTDOWN_TIMEOUT_SECONDS = 1.0
"""For requests that have no response yet."""


class Server:
    """
    A deployment that runs until the context is left.

    ::

        with Server() as server:
            subprocess.run(command, env={**os.environ, **server.environment})

    Args:
        host: The address to listen on; it appears in all URLs.
        port: 0 lets the system choose.
        directory: For the state; None keeps it in memory.
        checks_responses: Whether responses are validated against their schemas.

    Raises:
        OSError: The port is in use, or the directory cannot be used.
        sqlite3.Error: The directory contains something else, or another sandbox uses it.

    Attributes:
        root_url: Without a trailing slash.
        credentials: The root client's ``clientId`` and ``accessToken``, as the official clients take them.
        sandbox: The application.
        storage: The bytes of objects and artifacts: ``storage.faults`` makes it fail, ``storage.counters`` counts
            its traffic.
    """

    def __init__(
        self, *, host: str = DEFAULT_HOST, port: int = 0, directory: Path | None = None, checks_responses: bool = False
    ) -> None:
        self._directory = directory
        self._checks_responses = checks_responses
        self._registry = create_registry()
        self._socket = _listen(host, port)
        self.root_url = f"http://{host}:{self._socket.getsockname()[1]}"
        with ExitStack() as undo:
            undo.callback(self._socket.close)
            # The store first: it locks the directory, and the storage may use it then.
            store = self._create_store()
            undo.callback(store.close)
            self.storage = Storage(Clock(), None if directory is None else directory / STORAGE_DIRECTORY, host)
            undo.callback(self.storage.close)
            self.sandbox = Sandbox(self._create_state(store))
            undo.pop_all()
        config = uvicorn.Config(
            application(self.sandbox),
            loop="asyncio",
            http=Protocol,
            ws="none",
            lifespan="on",
            proxy_headers=False,
            access_log=False,
            log_level="error",
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=10,
            # As long as the storage host: a client that does not retry may be slow between two calls.
            timeout_keep_alive=IDLE_SECONDS,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), name="sandbox", daemon=True)

    def _create_store(self) -> Store:
        return Store(self._directory, [TABLES, state.TABLES, *self._registry.tables])

    def _create_state(self, store: Store) -> state.State:
        clock = self.storage.clock
        accounts = Accounts(store, clock)
        created = state.State(
            self._registry, store, clock, accounts, self.storage, self.root_url, self._checks_responses
        )
        created.restore_offset()
        self.credentials = {"clientId": ROOT_CLIENT, "accessToken": accounts.bootstrap()}
        return created

    def reset(self) -> None:
        """
        Replace the deployment by an empty one on the same port, with new credentials. The state must be in memory.

        Clients are disconnected: requests of a client that was killed do not reach the new deployment.
        """
        self.sandbox.disconnect(self._server.server_state.connections)
        self.storage.reset(Clock())
        with self.sandbox.scheduler.lock:
            before, self.sandbox.state = self.sandbox.state, self._create_state(self._create_store())
            before.store.close()

    @property
    def environment(self) -> dict[str, str]:
        """
        The variables that a client needs.
        """
        return {
            "TASKCLUSTER_ROOT_URL": self.root_url,
            "TASKCLUSTER_CLIENT_ID": self.credentials["clientId"],
            "TASKCLUSTER_ACCESS_TOKEN": self.credentials["accessToken"],
        }

    def __enter__(self) -> Self:
        # The socket listens already, so clients that connect before the thread runs wait in its queue.
        self._thread.start()
        self.storage.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(SHUTDOWN_TIMEOUT_SECONDS)
        # Requests that wait for work, or because of --latency, may take long, and their clients may be gone.
        self.sandbox.abort_requests()
        self._thread.join()
        self._socket.close()
        self.storage.close()
        self.sandbox.state.store.close()


def _listen(host: str, port: int) -> socket.socket:
    # With the protocol given, asyncio recognizes TCP and disables Nagle's algorithm.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(128)
    except OSError:
        listening.close()
        raise
    return listening
