"""
A deployment on a loopback port, in a thread of this process.
"""

from __future__ import annotations

import socket
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

import uvicorn

from tccli.sandbox import registry, state
from tccli.sandbox.app import Sandbox, application
from tccli.sandbox.auth.accounts import ROOT_CLIENT, TABLES, Accounts
from tccli.sandbox.clock import Clock
from tccli.sandbox.http.connection import Protocol
from tccli.sandbox.storage.host import Storage
from tccli.sandbox.store import Store

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

HOST = "127.0.0.1"
STORAGE = "storage"


class Server:
    """
    A running deployment; leaving the context stops it.

    ::

        with Server() as sandbox:
            subprocess.run(command, env={**os.environ, **sandbox.environment})

    Args:
        host: The address to listen on, which stands in all URLs.
        port: 0 lets the system choose.
        folder: Where the state is kept; None keeps it in memory.
        checks_answers: Whether answers are held against their schemas: for tests.

    Raises:
        OSError: The port is taken, or the folder cannot be used.
        sqlite3.Error: The folder holds something else, or another sandbox uses it.

    Attributes:
        root_url: Where clients find it, without a trailing slash.
        credentials: Of the root client, as the official clients take them: ``clientId`` and ``accessToken``.
        sandbox: The application: its state, and who is told of requests.
        storage: Where the bytes of objects and artifacts are: ``storage.faults`` makes it fail, ``storage.counters``
            tells what went over its wire.
    """

    def __init__(
        self, *, host: str = HOST, port: int = 0, folder: Path | None = None, checks_answers: bool = False
    ) -> None:
        self._folder = folder
        self._checks_answers = checks_answers
        self._socket = _listen(host, port)
        self.root_url = f"http://{host}:{self._socket.getsockname()[1]}"
        with ExitStack() as undo:
            undo.callback(self._socket.close)
            # First of all the store, which only one sandbox can have: the bytes beside it are ours then too.
            store = self._store()
            undo.callback(store.close)
            self.storage = Storage(Clock(), None if folder is None else folder / STORAGE, host)
            undo.callback(self.storage.close)
            self.sandbox = Sandbox(self._found(store))
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
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), name="sandbox", daemon=True)

    def _store(self) -> Store:
        registry.load()
        return Store(self._folder, [TABLES, state.TABLES, *registry.all_tables()])

    def _found(self, store: Store) -> state.State:
        clock = self.storage.clock
        accounts = Accounts(store, clock)
        found = state.State(store, clock, accounts, self.storage, self.root_url, self._checks_answers)
        found.recall_offset()
        self.credentials = {"clientId": ROOT_CLIENT, "accessToken": accounts.found()}
        return found

    def renew(self) -> None:
        """
        Forget everything, also the root client, and begin anew on the same port; only for a state in memory.
        """
        self.storage.renew(Clock())
        with self.sandbox.passing.lock:
            before, self.sandbox.state = self.sandbox.state, self._found(self._store())
            before.store.close()

    @property
    def storage_url(self) -> str:
        """
        Where the storage host is, without a trailing slash.
        """
        return self.storage.url

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
        # The socket listens already: whoever connects before the thread is up waits in its queue.
        self._thread.start()
        self.storage.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()
        self.storage.close()
        self.sandbox.state.store.close()


def _listen(host: str, port: int) -> socket.socket:
    # The protocol is named so that asyncio knows it for TCP and sends answers without delay.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(128)
    except OSError:
        listening.close()
        raise
    return listening
