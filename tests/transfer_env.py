"""
Fixtures of transfer tests: a sandbox with objects and artifacts, and measurements of transfers.
"""

from __future__ import annotations

import hashlib
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from unittest import mock
from urllib.parse import urlsplit

import pytest
import slugid

from tccli import references
from tccli.core.account import Account
from tccli.core.artifacts.objects import ObjectSource
from tccli.core.artifacts.sources import ArtifactSource
from tccli.core.client import Client
from tccli.core.hawk import Credentials
from tccli.core.http.retry import RetryPolicy
from tccli.core.http.transport import HttpTransport
from tccli.core.payload import encode
from tccli.core.times import format_timestamp
from tccli.core.transfer.context import TransferContext
from tccli.core.transfer.remote import RemoteFile
from tccli.core.transfer.source import Location
from tccli.sandbox.storage.counters import Counters, RequestRecord
from tests.sandbox.conftest import fetch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tccli.core.http.deadline import Cancellation
    from tccli.core.transfer.source import Source
    from tests.conftest import RunningSandbox

QUEUE = "proj/transfers"
QUICK = RetryPolicy(delay_factor=0.001)
MEBIBYTE = 1 << 20
_OPEN: list[HttpTransport] = []


def random_bytes(size: int, seed: int = 0) -> bytes:
    """
    Return bytes without repetitions, the same for the same *seed*.
    """
    return random.Random(seed).randbytes(size)


def later(**offset: float) -> str:
    """
    Return a timestamp relative to now.
    """
    return format_timestamp(datetime.now(UTC) + timedelta(**offset))


def transport() -> HttpTransport:
    """
    Return a transport that is closed at the end of the test.
    """
    _OPEN.append(HttpTransport(60, {}))
    return _OPEN[-1]


@pytest.fixture(autouse=True)
def close_transports() -> Iterator[None]:
    """
    Close all connections at the end of a test.
    """
    yield
    while _OPEN:
        _OPEN.pop().close()


def transfer_context(policy: RetryPolicy = QUICK, log: list[str] | None = None) -> TransferContext:
    """
    Return a context with short waits before retries; *log* receives its messages.
    """
    return TransferContext(transport(), policy, (lambda _line: None) if log is None else log.append)


def files_in(directory: Path) -> list[str]:
    """
    Return the names in a directory, hidden ones included, without those that other fixtures create.
    """
    return sorted(path.name for path in directory.iterdir() if path.name not in {"home", "streams"})


def wait_until(
    condition: Callable[[], bool], process: subprocess.Popen[bytes] | None = None, *, pause: float = 0.002
) -> None:
    """
    Wait for a condition; the process must not end before.

    Args:
        pause: Seconds between two looks: longer if each is a call of the deployment, which the test itself runs.
    """
    ends = time.monotonic() + 60
    while not condition():
        # It may become true, and the process may end, in between.
        assert process is None or process.poll() is None or condition(), process.communicate()
        assert time.monotonic() < ends
        time.sleep(pause)


def count_recorded(target: Path) -> int:
    """
    Return how many bytes of a download are in its journal, from which the next run resumes.
    """
    try:
        lines = target.with_name(f".{target.name}.tc-partial.log").read_text().splitlines()
    except FileNotFoundError:
        return 0
    return sum(int(line.split()[2]) for line in lines if re.fullmatch("w [0-9]+ [0-9]+", line))


def stop_and_count(process: subprocess.Popen[bytes]) -> int:
    """
    Stop a process, and return how many bytes it has written so far; 0 where the system does not count them.
    """
    process.send_signal(signal.SIGSTOP)
    os.waitpid(process.pid, os.WUNTRACED)
    try:
        counts = Path(f"/proc/{process.pid}/io").read_text()
    except OSError:
        return 0
    return int(counts.partition("wchar: ")[2].split()[0])


def run_in_threads(function: Callable[[], object], count: int) -> None:
    """
    Call a function in several threads at the same time; raise what one of them raises.
    """
    failures: list[Exception] = []

    def run() -> None:
        try:
            function()
        except Exception as error:  # noqa: BLE001 - raised in the thread of the test
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def peak_memory(
    argv: list[str],
    env: Mapping[str, str],
    *,
    exit_code: int = 0,
    output: str = os.devnull,
    stdin: IO[Any] | None = None,
    module: str = "tccli",
) -> int:
    """
    Run ``tc``, which must end with *exit_code* and writes to the file *output*; return its peak memory in bytes.

    Args:
        module: That of ``tc``, or one that runs it in another way.
    """
    # A child process starts with the peak of its parent, so a small process starts it.
    script = (
        "import os, subprocess, sys; process = subprocess.Popen([sys.executable, '-m', *sys.argv[2:]], "
        "stdout=open(sys.argv[1], 'wb')); _, status, usage = os.wait4(process.pid, 0); process.returncode = status; "
        "print(os.waitstatus_to_exitcode(status), usage.ru_maxrss)"
    )
    command = [sys.executable, "-c", script, output, module, *argv]
    done = subprocess.run(command, env=env, stdin=stdin, stdout=subprocess.PIPE, check=True)
    status, peak = map(int, done.stdout.split())
    assert exit_code == status
    # macOS counts bytes, Linux kibibytes.
    return peak if sys.platform == "darwin" else peak << 10


@dataclass
class UrlSource:
    """
    A source at a URL.

    Attributes:
        located: How often its location was requested.
    """

    url: str
    hashes: Mapping[str, str] = field(default_factory=dict)
    name: str = "the thing"
    follow: bool = False
    located: int = 0

    def __post_init__(self) -> None:
        self.identity: Mapping[str, Any] = {"at": urlsplit(self.url).path}

    def locate(self, cancellation: Cancellation) -> Location:  # noqa: ARG002 - the protocol
        """
        Return the URL.
        """
        self.located += 1
        return Location(self.url, self.hashes, follow=self.follow)


@dataclass(frozen=True)
class TransferEnv:
    """
    A sandbox, and a client with all scopes.
    """

    sandbox: RunningSandbox
    client: Client

    def put_object(self, name: str, data: bytes, hashes: Mapping[str, str] | None = None) -> ObjectSource:
        """
        Create an object without the code under test, and return it as a source.
        """
        upload = {"projectId": "transfers", "uploadId": slug()}
        proposed = {"putUrl": {"contentType": "text/x", "contentLength": len(data)}}
        self._call(
            "object.createUpload", [name], {**upload, "expires": later(days=1), "proposedUploadMethods": proposed}
        )
        self.sandbox.storage.store("objects", name, data, "text/x")
        if hashes is None:
            hashes = {algorithm: hashlib.new(algorithm, data).hexdigest() for algorithm in ("sha256", "sha512")}
        self._call("object.finishUpload", [name], {**upload, "hashes": hashes})
        return ObjectSource(self.client, name)

    def sent(self) -> int:
        """
        Return how many bytes the storage has sent in this test, or since its counters were reset.

        Bytes to processes that were killed count only if they left the storage.
        """
        with self.sandbox.storage.counters.lock:
            return sum(exchange.sent for exchange in self.sandbox.storage.counters.records)

    def received(self) -> int:
        """
        Return how many bytes the storage has received.
        """
        with self.sandbox.storage.counters.lock:
            return sum(exchange.received for exchange in self.sandbox.storage.counters.records)

    @contextmanager
    def strike_at(
        self, size: int, count: Callable[[], int], strike: Callable[[], object]
    ) -> Iterator[Callable[[], bool]]:
        """
        Call *strike* once, when *count* returns at least *size*, before any further byte moves.

        Args:
            count: `sent`, `received`, or another function that returns bytes.

        Returns:
            A function that waits for it, and returns whether it was called.
        """
        lock, is_struck = threading.Lock(), threading.Event()
        original = Counters.count

        def watch(counters: Counters, record: RequestRecord, *, sent: int = 0, received: int = 0) -> None:
            original(counters, record, sent=sent, received=received)
            # The other connections wait.
            with lock:
                if not is_struck.is_set() and count() >= size:
                    strike()
                    is_struck.set()

        with mock.patch.object(Counters, "count", watch):
            yield lambda: is_struck.wait(60)

    def task(self, *, claimed: bool = True) -> str:
        """
        Create a task, with or without a run, and return its id.
        """
        task_id = slug()
        metadata = {"name": "n", "description": "d", "owner": "o@example.com", "source": "https://example.com"}
        definition = {
            "taskQueueId": QUEUE,
            "created": later(),
            "deadline": later(hours=1),
            "expires": later(days=1),
            "payload": {},
            "metadata": metadata,
            **({} if claimed else {"dependencies": [self.task()]}),
        }
        self._call("queue.createTask", [task_id], definition)
        if claimed:
            self._call("queue.claimTask", [task_id, "0"], {"workerGroup": "g", "workerId": "w"})
        return task_id

    def create(self, task_id: str, name: str, *, run_id: str = "0", **content: Any) -> Any:
        """
        Create an artifact, and return the response.
        """
        typed = {"contentType": "text/x"} if content["storageType"] in {"s3", "object", "reference"} else {}
        given = {"expires": later(hours=1), **typed, **content}
        return self._call("queue.createArtifact", [task_id, run_id, name], given)

    def artifact(
        self, task_id: str, name: str, data: bytes, encoding: str = "", *, run_id: str = "0"
    ) -> ArtifactSource:
        """
        Create an artifact in s3, and return it as a source.
        """
        headers = {"Content_Type": "text/x", **({"Content_Encoding": encoding} if encoding else {})}
        assert (
            200 == fetch(self.create(task_id, name, run_id=run_id, storageType="s3")["putUrl"], data, **headers).status
        )
        return ArtifactSource(self.client, task_id, None, name)

    def _call(self, method: str, args: list[str], payload: Mapping[str, Any]) -> Any:
        service, _, name = method.partition(".")
        return self.client.call_json(references.method(service, name), args, payload=encode(dict(payload)))


def slug() -> str:
    """
    Return a new slugid.
    """
    made = slugid.nice()
    return made.decode() if isinstance(made, bytes) else str(made)


@pytest.fixture
def transfer_env(sandbox: RunningSandbox) -> TransferEnv:
    """
    A fresh sandbox.
    """
    credentials = Credentials(sandbox.credentials["clientId"], sandbox.credentials["accessToken"])
    account = Account(root_url=sandbox.root_url, proxy_url=None, credentials=credentials)
    return TransferEnv(sandbox, Client(account, transport(), QUICK))


def remote_file(source: Source, policy: RetryPolicy = QUICK, log: list[str] | None = None) -> RemoteFile:
    """
    Return a remote file with short waits before retries.
    """
    return RemoteFile(source, transfer_context(policy, log))
