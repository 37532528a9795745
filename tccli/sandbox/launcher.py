"""
Starts a sandbox from its configuration: the server, and optionally a worker and a publisher.
"""

from __future__ import annotations

import errno
import importlib.util
import os
import sqlite3
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from tccli.errors import ConfigurationError, LocalFileError, UsageError
from tccli.sandbox.server import Server
from tccli.sandbox.worker.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tccli.sandbox.config import SandboxConfig
    from tccli.sandbox.messages import Message


@contextmanager
def launch(config: SandboxConfig) -> Iterator[Server]:
    """
    Run a sandbox while the context is open.

    Raises:
        UsageError: The port is in use.
        LocalFileError: The directory cannot be used.
        ConfigurationError: The broker's URL is not valid, the broker denies access, or pika is not installed.
        NoAnswerError: The broker cannot be reached.
    """
    with _publish(config.amqp) as on_message:
        server = _create_server(config)
        server.sandbox.fault_injector = config.fault_injector
        for spec in config.storage_faults:
            server.storage.faults.add(spec)
        server.sandbox.state.on_message = on_message
        server.sandbox.state.providers.update(config.providers)
        server.sandbox.state.websocktunnel_secret = os.environ.get("WEBSOCKTUNNEL_SECRET", "")
        with server, nullcontext() if config.worker is None else Worker(server, config.worker):
            yield server


def _create_server(config: SandboxConfig) -> Server:
    try:
        return Server(host=config.host, port=config.port, directory=config.directory)
    except sqlite3.Error as error:
        hint = "give another directory, or stop the sandbox that uses it"
        raise LocalFileError(f"cannot store state in {config.directory}: {error}", hint=hint) from error
    except OSError as error:
        # An error of the socket has no file name.
        if error.filename is None:
            message = f"cannot listen on {config.host}:{config.port}: {error.strerror}"
            is_foreign = error.errno == errno.EADDRNOTAVAIL
            hint = "give an address of this machine" if is_foreign else "--port 0 selects a free port"
            raise UsageError(message, hint=hint) from error
        raise LocalFileError(f"cannot store state in {config.directory}: {error.strerror}") from error


@contextmanager
def _publish(url: str | None) -> Iterator[Callable[[Message], object] | None]:
    if url is None:
        yield None
        return
    if importlib.util.find_spec("pika") is None:
        raise ConfigurationError("cannot use --amqp: pika not installed", hint="pip install 'taskcluster-cli[pulse]'")
    from tccli.sandbox.pulse import Publisher

    with Publisher(url) as publisher:
        yield publisher.put
