"""
Logs of tasks as remote files, and their ends without the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli.core.artifacts.sources import ArtifactSource
from tccli.core.http.decompress import DecompressingReader
from tccli.core.transfer.reader import Reader
from tccli.core.transfer.remote import (
    NotResumableError,
    RemoteChangedError,
    RemoteFile,
    TransientError,
    UrlExpiredError,
)
from tccli.errors import BrokenAnswerError, NoAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tccli.core.client import Client
    from tccli.core.transfer.context import TransferContext

BUFFER_BYTES = 64 * 1024


def open_log(client: Client, context: TransferContext, task_id: str, run_id: int | None, name: str) -> RemoteFile:
    """
    Return the log of a run; without *run_id*, of the latest. Its name is that in the task's definition.

    It ends with the calls of the client.
    """
    run = None if run_id is None else str(run_id)
    remote = RemoteFile(ArtifactSource(client, task_id, run, name, is_from_service=True), context)
    if client.cancellation is not None:
        client.cancellation.add(remote)
    return remote


def find_live_log(client: Client, task_id: str, run: str | None) -> str | None:
    """
    Return the name of a run's log if the run has not ended; without *run*, of the latest.
    """
    from tccli.core.tasks.members import RESOLVED_STATES
    from tccli.core.tasks.queue import fetch_definition, fetch_status, find_log_name, find_run

    state = find_run(fetch_status(client, task_id), None if run is None else int(run)).get("state")
    return None if state in RESOLVED_STATES else find_log_name(fetch_definition(client, task_id))


def read_tail(remote: RemoteFile, max_bytes: int) -> bytearray:
    """
    Return the last bytes of a log: by a range where the storage has ranges, else of all that is read.

    Raises:
        TcError: The log cannot be downloaded.
    """
    try:
        length = fetch_length(remote)
        start = 0 if length is None else max(0, length - max_bytes)
        reader = Reader(remote, start, length)
        try:
            metadata = reader.open().metadata
            read = reader.readinto
            if metadata.encoding == "gzip":
                read = DecompressingReader(read, remote.source.name, is_empty=metadata.length == 0).readinto
            return _read_last(read, max_bytes)
        finally:
            reader.close()
    except NotResumableError as error:
        raise error.error from None
    except RemoteChangedError as error:
        raise BrokenAnswerError(str(error)) from None


def read_last_lines(remote: RemoteFile, max_bytes: int) -> tuple[list[str], bool]:
    """
    Return the whole lines among the last bytes of a log, and whether these are not all; the errors are those of
    `read_tail`.
    """
    tail = read_tail(remote, max_bytes)
    is_cut = len(tail) >= max_bytes
    text = tail.decode("utf-8", "replace")
    del tail
    lines = text.split("\n")
    # The first line of a tail is the rest of one.
    return lines[1:] if is_cut and len(lines) > 1 else lines, is_cut


def fetch_length(remote: RemoteFile) -> int | None:
    """
    Return the length of a log that can be read from any byte on; None if it must be read from the first one on.
    """
    try:
        response = remote.open(remote.locate(), 0, 1)
    except (TransientError, UrlExpiredError, RemoteChangedError, NoAnswerError):
        # The reader tries again, and raises the error if it comes again.
        return None
    try:
        return response.metadata.length if response.is_range and not response.metadata.encoding else None
    finally:
        remote.close(response)


def _read_last(read: Callable[[memoryview], int], max_bytes: int) -> bytearray:
    kept = bytearray()
    buffer = memoryview(bytearray(BUFFER_BYTES))
    while count := read(buffer):
        kept += buffer[:count]
        # Seldom, since what is left may be moved.
        if len(kept) > max_bytes + max(max_bytes // 4, BUFFER_BYTES):
            del kept[:-max_bytes]
    del kept[:-max_bytes]
    return kept
