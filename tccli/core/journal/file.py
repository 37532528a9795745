"""
The file of a journal: it is locked, read, appended to and synced to the disk.

A call that is not idempotent is *started* before it is sent, and the line is synced to the disk first, so that not even
a power cut makes it be sent twice. The other lines survive the end of the process by any signal. After a power cut some
may be missing: then a call that is idempotent is sent again, and one that is not is uncertain. The last line may be cut
off; what was written of it is removed.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, Self

from tccli.core.journal.digests import SALT_BYTES, JournalCall, digest_document, digest_parts, find_different_parts
from tccli.core.journal.lines import (
    MAX_HEADER_BYTES,
    CallLine,
    State,
    encode_call,
    encode_header,
    explain_other_file,
    is_header_cut_off,
    parse_call,
    read_salt,
)
from tccli.core.journal.table import Entry, EntryTable
from tccli.core.transfer.resume import SAFE_OPEN, is_private
from tccli.errors import LocalFileError, UsageError
from tccli.reasons import explain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType


class Difference(NamedTuple):
    """
    How a call differs from the one that a journal has in its place.

    Attributes:
        parts: What differs, such as ``payload.expires`` or ``args[0]``; nothing if that is not known.
        other_key: Under which the journal has this very call, or None.
    """

    parts: Sequence[str] = ()
    other_key: str | None = None


class Journal:
    """
    The journal in a file, which this process alone uses until `close`. Threads may share it.

    Args:
        path: A file, which is created if it does not exist.
        root_url: Of the deployment that the calls go to.
        read_only: Whether the file is only read, and need not exist.

    Raises:
        UsageError: The file is something else than a journal, is damaged, or is that of another deployment.
        LocalFileError: It cannot be used, or another process uses it.
    """

    def __init__(self, path: str, root_url: str, *, read_only: bool = False) -> None:
        self._path = path
        self._table = EntryTable()
        self._lock = threading.Lock()
        self._fd: int | None = None
        self._length = 0
        self._salt = os.urandom(SALT_BYTES)
        self._names_by_id: bool | None = None
        if read_only and not os.path.lexists(path):
            return
        fd = _open(path, read_only=read_only)
        try:
            if not read_only:
                _lock(fd, path)
            self._length = self._load(fd, root_url)
            if not read_only:
                self._fd = fd
                self._begin(root_url)
        except BaseException:
            self._fd = None
            os.close(fd)
            raise
        if read_only:
            os.close(fd)

    def digest(self, call: JournalCall) -> tuple[int, str]:
        """
        Return the digest of a call, and those of its parts as they are recorded.
        """
        whole = digest_document(call, self._salt)
        return whole, digest_parts(call, self._salt) if self._salt else ""

    def compare(self, key: str, call: JournalCall) -> Difference:
        """
        Return how a call differs from the one that the file has under *key*. The file is read again for that.
        """
        found, other_key = "", None
        whole, parts = self.digest(call)
        with suppress(OSError), open(self._path, "rb") as file:
            for line in file:
                # The first line is not about a call, and the last one may have been cut off.
                with suppress(ValueError):
                    each = parse_call(line)
                    if each.key == key:
                        found = each.parts
                    elif each.digest == whole:
                        other_key = each.key
        return Difference(find_different_parts(call, parts, found) if found else (), other_key)

    @property
    def names_by_id(self) -> bool | None:
        """
        Whether the first call of earlier runs is named by an id, not by the number of its line; None without any.
        """
        return self._names_by_id

    def claim(self, key: str, call_digest: int) -> Entry | None:
        """
        Return what an earlier run has recorded about a call, or None; from now on, the call is one of this run.

        Args:
            key: Names the call; the same in each run.
        """
        with self._lock:
            found = self._table.get(key)
            claimed = Entry(call_digest, None, is_of_this_run=True)
            self._table.set(key, claimed if found is None else found._replace(is_of_this_run=True))
            return found

    def record(self, key: str, call_digest: int, state: State, parts: str = "") -> None:
        """
        Append what is known about a call. Before one that is started is sent, call `sync`.

        Args:
            parts: The digests of its parts, as `digest` returns them.

        Raises:
            LocalFileError: The file cannot be written.
        """
        with self._lock:
            self._append(encode_call(CallLine(key, call_digest, state, parts)))

    def sync(self) -> None:
        """
        Write to the disk what was recorded.

        Raises:
            LocalFileError: The file cannot be written.
        """
        with self._lock:
            fd = self._fd
        if fd is not None:
            try:
                getattr(os, "fdatasync", os.fsync)(fd)
            except OSError as error:
                raise LocalFileError(f"cannot write the journal {self._path}: {explain(error)}") from None

    def close(self) -> None:
        """
        Close the file, which another process may use then.
        """
        with self._lock:
            if self._fd is not None:
                os.close(self._fd)
                self._fd = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _load(self, fd: int, root_url: str) -> int:
        """
        Read the calls, and return the length of the whole lines.
        """
        with open(fd, "rb", closefd=False) as file:
            file.seek(0)
            line = file.readline(MAX_HEADER_BYTES)
            if not line.endswith(b"\n"):
                if not is_header_cut_off(line):
                    raise explain_other_file(self._path)
                return 0
            self._salt = read_salt(self._path, line, root_url)
            length = len(line)
            for number, line in enumerate(file, 2):
                # The last line may have been cut off.
                if line.endswith(b"\n"):
                    self._load_line(line, number)
                    length += len(line)
        return length

    def _load_line(self, line: bytes, number: int) -> None:
        try:
            call = parse_call(line)
        except ValueError:
            raise UsageError(
                f"cannot use the journal {self._path}: line {number} is damaged",
                hint="what is done and what is not cannot be known; name a new file to start again",
            ) from None
        self._table.set(call.key, Entry(call.digest, call.state, is_of_this_run=False))
        if self._names_by_id is None:
            self._names_by_id = call.key.startswith("id ")

    def _begin(self, root_url: str) -> None:
        """
        Remove a line that was cut off, and write the first line if there is none.
        """
        assert self._fd is not None
        try:
            os.ftruncate(self._fd, self._length)
            if not self._length and hasattr(os, "fchmod"):
                # The umask may have taken even the owner's rights; an empty file may have those of others.
                os.fchmod(self._fd, 0o600)
        except OSError as error:
            raise LocalFileError(f"cannot write the journal {self._path}: {explain(error)}") from None
        if not self._length:
            self._append(encode_header(root_url, self._salt))
            # The name of a new file is lost in a power cut, unless its directory is synced.
            with suppress(OSError):
                directory = os.open(os.path.dirname(self._path) or ".", os.O_RDONLY)
                try:
                    os.fsync(directory)
                finally:
                    os.close(directory)

    def _append(self, line: bytes) -> None:
        if self._fd is None:
            return
        try:
            written = os.write(self._fd, line)
            while written < len(line):
                written += os.write(self._fd, line[written:])
        except OSError as error:
            # The disk may be full in the middle of a line.
            with suppress(OSError):
                os.ftruncate(self._fd, self._length)
            raise LocalFileError(f"cannot write the journal {self._path}: {explain(error)}") from None
        self._length += len(line)


def _open(path: str, *, read_only: bool) -> int:
    if os.path.islink(path):
        raise LocalFileError(f"cannot use {path} as a journal: it is a link", hint="name the file itself")
    flags = os.O_RDONLY if read_only else os.O_RDWR | os.O_CREAT | os.O_APPEND
    try:
        fd = os.open(path, flags | SAFE_OPEN, 0o600)
    except OSError as error:
        raise LocalFileError(f"cannot open the journal {path}: {explain(error)}") from None
    if not is_private(os.fstat(fd)):
        os.close(fd)
        raise LocalFileError(
            f"cannot use {path} as a journal: it is not a file of yours that only you can write",
            hint="name a new file",
        )
    return fd


def _lock(fd: int, path: str) -> None:
    try:
        import fcntl
    except ImportError:
        # Windows has no such locks.
        return
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise LocalFileError(f"cannot use the journal {path}: another process uses it") from None
    except OSError as error:
        raise LocalFileError(f"cannot lock the journal {path}: {explain(error)}") from None
