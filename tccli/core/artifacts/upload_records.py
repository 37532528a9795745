"""
Records of unfinished uploads of objects and object artifacts, from which the next run resumes.

The object service reserves a name for the upload id that it was given first. Without the id, a client cannot upload an
object of this name for a day. For an artifact, the queue chooses the id, and creates no second one. So the id is in a
file of the cache directory from before the first request, or from the queue's response, until the upload is finished.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from tccli.core.transfer.resume import SAFE_OPEN, is_private
from tccli.strict_json import loads_leniently

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_RECORD_BYTES = 64 << 10


class UploadRecord:
    """
    The record of one upload, locked for this process.

    Attributes:
        content: ``uploadId``, ``expires``, ``version`` of the file, and ``hashes`` once all bytes are stored; for an
            artifact also ``created``, the queue's response with its credentials. Empty if there is no earlier run.
    """

    def __init__(self, path: str, fd: int) -> None:
        self._path = path
        self._fd = fd
        self.content: Mapping[str, Any] = self._read()

    def update(self, **fields: Any) -> None:
        """
        Set fields of the record.
        """
        self.content = {**self.content, **fields}
        line = json.dumps(self.content).encode() + b"\n"
        # In this order, a killed process leaves a whole first line.
        with suppress(OSError):
            os.pwrite(self._fd, line, 0)
            os.ftruncate(self._fd, len(line))

    def delete(self) -> None:
        """
        Delete the record of an upload that is finished or was never begun.
        """
        self.content = {}
        with suppress(OSError):
            os.unlink(self._path)

    def _read(self) -> Mapping[str, Any]:
        try:
            content = loads_leniently(os.pread(self._fd, MAX_RECORD_BYTES, 0).partition(b"\n")[0])
        except (ValueError, OSError):
            return {}
        if not isinstance(content, dict) or not all(
            isinstance(content.get(key), str) for key in ("uploadId", "expires")
        ):
            return {}
        return content


@contextmanager
def open_record(directory: str, *identity: str) -> Iterator[UploadRecord | None]:
    """
    Open the record of an upload.

    Args:
        directory: Created if it does not exist.
        identity: The root URL, and what distinguishes the upload from all others there.

    Returns:
        None if there can be no record: another process uploads the same object, or the directory is not ours.
    """
    import fcntl

    name = hashlib.sha256(json.dumps(identity).encode("utf-8", "surrogatepass")).hexdigest()
    path = os.path.join(directory, f"{name}.json")
    fd = -1
    try:
        os.makedirs(directory, 0o700, exist_ok=True)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | SAFE_OPEN, 0o600)
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Another process may have finished the upload, and deleted the file, meanwhile.
        status = os.fstat(fd)
        is_usable = is_private(status) and os.stat(path).st_ino == status.st_ino
    except OSError:
        is_usable = False
    try:
        yield UploadRecord(path, fd) if is_usable else None
    finally:
        if fd >= 0:
            with suppress(OSError):
                if is_usable and not os.fstat(fd).st_size and os.stat(path).st_ino == os.fstat(fd).st_ino:
                    os.unlink(path)
            os.close(fd)
