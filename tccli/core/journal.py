"""
Journals: which of many calls are done, so that the next run does nothing twice.

A journal is a file of JSON lines. The first one names the deployment; each other one is about a call::

    {"journal": "tc", "version": 2, "rootUrl": "https://tc.example.com", "salt": "90c1…"}
    {"call": "line 7", "digest": "5f2a…", "parts": "c0de 77ab  19f43b02", "state": "started"}
    {"call": "line 7", "digest": "5f2a…", "parts": "c0de 77ab  19f43b02", "state": "done"}

The digests depend on the salt, so that two journals do not show that they have the same call. The parts are digests of
16 bits: of the method, of each argument, of each query option and of each field of the payload. They tell what differs
if the next run has another call. Version 1 has neither salt nor parts.

A call that is not idempotent is *started* before it is sent, and the line is synced to the disk first, so that not even
a power cut makes it be sent twice. The other lines survive the end of the process by any signal. After a power cut some
may be missing: then a call that is idempotent is sent again, and one that is not is uncertain. The last line may be cut
off; what was written of it is removed.
"""

from __future__ import annotations

import json
import os
import re
import threading
from array import array
from contextlib import suppress
from enum import IntEnum
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from tccli.core.transfer.resume import SAFE_OPEN, is_private
from tccli.errors import LocalFileError, UsageError
from tccli.reasons import explain
from tccli.strict_json import StrictJsonError, loads_leniently

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

VERSION = 2
UNSALTED_VERSION = 1
SALT_BYTES = 16
DIGEST_BYTES = 7
PART_BYTES = 2
GROUP_NAMES = ("the method", "args", "query", "payload")
DIGEST_PATTERN = f"[0-9a-f]{{{2 * DIGEST_BYTES}}}"
MAX_HEADER_BYTES = 10_000
MIN_TABLE_SLOTS = 1 << 10
# As json.dumps would make it for each of many small documents.
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


class State(IntEnum):
    """
    What is known about a call.
    """

    STARTED = 1
    DONE = 2
    FAILED = 3
    UNCERTAIN = 4


class Entry(NamedTuple):
    """
    What a journal has about a call.

    Attributes:
        digest: Of the call; see `digest`.
        is_of_this_run: Whether `Journal.claim` returned it before in this run.
    """

    digest: int
    state: State | None
    is_of_this_run: bool


class Difference(NamedTuple):
    """
    How a call differs from the one that a journal has in its place.

    Attributes:
        parts: What differs, such as ``payload.expires`` or ``args[0]``; nothing if that is not known.
        other_key: Under which the journal has this very call, or None.
    """

    parts: Sequence[str] = ()
    other_key: str | None = None


class JournalCall(NamedTuple):
    """
    What makes a call the same one in the next run, however its line is written.
    """

    service: str
    method: str
    args: Sequence[str]
    query: Mapping[str, str]
    payload: Any


def digest(document: Any, salt: bytes = b"", size: int = DIGEST_BYTES) -> int:
    """
    Return a number of *size* bytes that changes when a JSON document does.
    """
    text = _encode(document)
    return int.from_bytes(blake2b(text.encode(), digest_size=size, key=salt).digest())


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
        self._table = _Table()
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
        whole = digest(call, self._salt)
        if not self._salt:
            return whole, ""
        salted = blake2b(digest_size=PART_BYTES, key=self._salt)

        def digest_part(part: Any) -> str:
            hasher = salted.copy()
            hasher.update(_encode(part).encode())
            return hasher.hexdigest()

        return whole, " ".join("".join([digest_part(part) for _, part in group]) for group in _list_parts(call))

    def compare(self, key: str, call: JournalCall) -> Difference:
        """
        Return how a call differs from the one that the file has under *key*. The file is read again for that.
        """
        found, other_key = "", None
        whole, parts = self.digest(call)
        expected = f"{whole:0{2 * DIGEST_BYTES}x}"
        with suppress(OSError), open(self._path, "rb") as file:
            for line in file:
                with suppress(StrictJsonError, LookupError, TypeError):
                    entry = loads_leniently(line)
                    if entry["call"] == key:
                        found = entry.get("parts", "")
                    elif entry["digest"] == expected:
                        other_key = entry["call"]
        return Difference(_find_different(_list_parts(call), parts, found) if found else (), other_key)

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
            packed = self._table.get(_hash(key))
            found = None if packed is None else _unpack(packed)
            if found is None:
                self._table.set(_hash(key), _pack(call_digest, 0, is_of_this_run=True))
            else:
                self._table.set(_hash(key), _pack(found.digest, found.state or 0, is_of_this_run=True))
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
            entry = {"call": key, "digest": f"{call_digest:0{2 * DIGEST_BYTES}x}"}
            self._append({**entry, **({"parts": parts} if parts else {}), "state": state.name.lower()})

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
                if not _may_be_header(line):
                    raise _not_a_journal(self._path)
                return 0
            self._salt = _read_header(self._path, line, root_url)
            length = len(line)
            for number, line in enumerate(file, 2):
                # The last line may have been cut off.
                if line.endswith(b"\n"):
                    self._load_line(line, number)
                    length += len(line)
        return length

    def _load_line(self, line: bytes, number: int) -> None:
        try:
            found = loads_leniently(line)
            key, state = found["call"], State[found["state"].upper()]
            # As it is written: int takes more.
            call_digest = int(re.fullmatch(DIGEST_PATTERN, found["digest"], re.ASCII)[0], 16)  # type: ignore[index]
            self._table.set(_hash(key), _pack(call_digest, state, is_of_this_run=False))
            if self._names_by_id is None:
                self._names_by_id = key.startswith("id ")
        except (StrictJsonError, ValueError, LookupError, TypeError, AttributeError):
            raise UsageError(
                f"cannot use the journal {self._path}: line {number} is damaged",
                hint="what is done and what is not cannot be known; name a new file to start again",
            ) from None

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
            self._append({"journal": "tc", "version": VERSION, "rootUrl": root_url, "salt": self._salt.hex()})
            # The name of a new file is lost in a power cut, unless its directory is synced.
            with suppress(OSError):
                directory = os.open(os.path.dirname(self._path) or ".", os.O_RDONLY)
                try:
                    os.fsync(directory)
                finally:
                    os.close(directory)

    def _append(self, document: dict[str, Any]) -> None:
        if self._fd is None:
            return
        data = json.dumps(document).encode() + b"\n"
        try:
            written = os.write(self._fd, data)
            while written < len(data):
                written += os.write(self._fd, data[written:])
        except OSError as error:
            # The disk may be full in the middle of a line.
            with suppress(OSError):
                os.ftruncate(self._fd, self._length)
            raise LocalFileError(f"cannot write the journal {self._path}: {explain(error)}") from None
        self._length += len(data)


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


def _may_be_header(line: bytes) -> bool:
    """
    Return whether a first line that was cut off is the beginning of ours.
    """
    begin = b'{"journal": "tc"'
    return len(line) < MAX_HEADER_BYTES and (line.startswith(begin) or begin.startswith(line))


def _read_header(path: str, line: bytes, root_url: str) -> bytes:
    """
    Return the salt; that of an old journal is empty.
    """
    try:
        header = loads_leniently(line)
        version, found = header["version"], header["rootUrl"]
        is_journal = header["journal"] == "tc"
        salt = bytes.fromhex(header["salt"]) if version == VERSION else b""
        is_journal = is_journal and (version != VERSION or len(salt) == SALT_BYTES)
    except (StrictJsonError, LookupError, TypeError, ValueError):
        is_journal = False
    if not is_journal:
        raise _not_a_journal(path)
    if version not in {VERSION, UNSALTED_VERSION}:
        raise UsageError(f"cannot use the journal {path}: another version of tc wrote it", hint="name a new file")
    if found != root_url:
        raise UsageError(f"cannot use the journal {path}: it is of {found}, not of {root_url}", hint="name a new file")
    return salt


def _not_a_journal(path: str) -> UsageError:
    return UsageError(f"cannot use {path} as a journal: it is another file", hint="name a new file, or a journal of tc")


def _list_parts(call: JournalCall) -> list[list[tuple[str, Any]]]:
    """
    Return the parts of a call and their names: the method, arguments, query options, and fields of the payload.
    """
    payload = call.payload
    fields = payload.items() if isinstance(payload, dict) else ()
    return [
        [("the method", [call.service, call.method])],
        [(f"args[{place}]", value) for place, value in enumerate(call.args)],
        [(f"query.{name}", [name, value]) for name, value in sorted(call.query.items())],
        [(f"payload.{name}", [name, value]) for name, value in sorted(fields)] or [("payload", payload)],
    ]


def _find_different(groups: list[list[tuple[str, Any]]], parts: str, found: str) -> list[str]:
    """
    Return the names of the parts that differ; of a group, if it has another number of them.
    """
    different = []
    size = 2 * PART_BYTES
    if found.split(" ", maxsplit=1)[0] != parts.split(" ", maxsplit=1)[0]:
        # Then the others have other meanings.
        return [GROUP_NAMES[0]]
    for group, name, mine, other in zip(groups, GROUP_NAMES, parts.split(" "), found.split(" "), strict=False):
        if len(mine) != len(other):
            different.append(name)
        else:
            different += [
                part
                for place, (part, _) in enumerate(group)
                if mine[place * size : (place + 1) * size] != other[place * size : (place + 1) * size]
            ]
    return different


def _hash(key: str) -> int:
    # Not 0, which is an empty slot.
    return int.from_bytes(blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()) or 1


def _pack(call_digest: int, state: int, *, is_of_this_run: bool) -> int:
    return call_digest << 8 | int(is_of_this_run) << 7 | state


def _unpack(packed: int) -> Entry:
    state = packed & 0x7F
    return Entry(packed >> 8, State(state) if state else None, bool(packed & 0x80))


class _Table:
    """
    Numbers of 64 bits by numbers of 64 bits: a hash table in two arrays. A dict needs five times the memory.
    """

    def __init__(self) -> None:
        self._keys, self._values = _make_slots(MIN_TABLE_SLOTS), _make_slots(MIN_TABLE_SLOTS)
        self._count = 0

    def get(self, key: int) -> int | None:
        place = self._find(key)
        return self._values[place] if self._keys[place] else None

    def set(self, key: int, value: int) -> None:
        place = self._find(key)
        if not self._keys[place]:
            if self._count * 3 >= len(self._keys) * 2:
                self._grow()
                place = self._find(key)
            self._count += 1
            self._keys[place] = key
        self._values[place] = value

    def _find(self, key: int) -> int:
        mask = len(self._keys) - 1
        place = key & mask
        while self._keys[place] not in {0, key}:
            place = (place + 1) & mask
        return place

    def _grow(self) -> None:
        keys, values = self._keys, self._values
        self._keys, self._values = _make_slots(2 * len(keys)), _make_slots(2 * len(keys))
        for key, value in zip(keys, values, strict=True):
            if key:
                place = self._find(key)
                self._keys[place], self._values[place] = key, value


def _make_slots(count: int) -> array[int]:
    return array("Q", bytes(8 * count))
