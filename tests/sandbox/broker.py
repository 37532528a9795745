"""
RabbitMQ, on free ports and with all its files in one directory.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from tests.ports import find_free_ports

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

# Not the one on the PATH, where Debian has a wrapper that becomes another user.
FOLDERS = ("/usr/lib/rabbitmq/bin", "/opt/homebrew/sbin", "/usr/local/sbin")
TIMEOUT_SECONDS = 60
"""Seconds that it has to start, or to end."""


def find_missing_program() -> str:
    """
    Return why there can be no broker, or an empty string.
    """
    if _program() is None:
        return "RabbitMQ is not installed"
    return "" if shutil.which("epmd") else "Erlang's epmd is not installed"


class Broker:
    """
    Runs while the context is open. It may be stopped and started in between, and keeps durable queues.

    Attributes:
        url: With the credentials of its default user.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._output = folder, folder / "output"
        self._ports = find_free_ports(3)
        self._processes: list[subprocess.Popen[bytes]] = []
        self.url = f"amqp://guest:guest@127.0.0.1:{self._ports[0]}/%2F"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """
        Start, and wait until clients can connect.
        """
        program, epmd = _program(), shutil.which("epmd")
        assert program is not None
        assert epmd is not None
        self._run(epmd, "-address", "127.0.0.1", "-port", str(self._ports[2]))
        server, until = self._run(program), time.monotonic() + TIMEOUT_SECONDS
        # Asking the port would not do: who connects to a free port again and again is connected to itself one day.
        while "Server startup complete" not in (said := self._output.read_text()):
            assert server.poll() is None, said[-2000:]
            assert time.monotonic() < until, said[-2000:]
            time.sleep(0.1)

    def stop(self) -> None:
        """
        Stop the server, then epmd.
        """
        while self._processes:
            process = self._processes.pop()
            for number in (signal.SIGTERM, signal.SIGKILL):
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, number)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(TIMEOUT_SECONDS)
                    break

    def _run(self, *command: str) -> subprocess.Popen[bytes]:
        environment = self._environment()
        with self._output.open("wb") as output:
            process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._processes.append(process)
        return process

    def _environment(self) -> dict[str, str]:
        folders = {"HOME": "home", "RABBITMQ_MNESIA_BASE": "state", "RABBITMQ_LOG_BASE": "log"}
        for name in folders.values():
            (self._folder / name).mkdir(exist_ok=True)
        files = {
            "RABBITMQ_CONF_ENV_FILE": "environment",
            "ERL_CRASH_DUMP": "crash.dump",
            "RABBITMQ_CONFIG_FILE": "configuration",
            "RABBITMQ_ENABLED_PLUGINS_FILE": "plugins",
            "RABBITMQ_PID_FILE": "pid",
        }
        port, erlang_port, epmd_port = map(str, self._ports)
        return {
            "PATH": os.environ["PATH"],
            **{name: str(self._folder / path) for name, path in {**folders, **files}.items()},
            "RABBITMQ_NODENAME": f"tc-{port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": port,
            "RABBITMQ_DIST_PORT": erlang_port,
            "RABBITMQ_LOGS": "-",
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": epmd_port,
        }


def _program() -> str | None:
    return shutil.which("rabbitmq-server", path=os.pathsep.join(FOLDERS))
