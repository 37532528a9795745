"""
Bytes on disk, by key. What is replaced or removed stays readable for those who have opened it.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import tempfile
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

DATA, DESCRIPTION, UNFINISHED = ".data", ".json", ".new"


@dataclass(frozen=True, slots=True)
class Stored:
    """
    What is kept under a key.

    Attributes:
        path: The file with the bytes.
        encoding: The content encoding as uploaded, or nothing.
        etag: With its quotes. Not a hash of the bytes, as S3's for large uploads is none either.
        modified: Unix time in seconds.
    """

    path: str
    size: int
    content_type: str
    encoding: str
    etag: str
    modified: int


class Files:
    """
    All that is kept; threads may share it.

    Args:
        folder: Where it is kept, made if missing; None is a temporary one, which goes away with :meth:`close`.

    Raises:
        OSError: The folder cannot be used.
    """

    def __init__(self, folder: Path | None) -> None:
        self._is_temporary = folder is None
        self._folder = Path(tempfile.mkdtemp(prefix="tc-storage-")) if folder is None else folder
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = threading.Lock()
        self._stored: dict[str, Stored] = {}
        for description in self._folder.glob("*" + DESCRIPTION):
            entry = json.loads(description.read_text("utf-8"))
            entry["stored"]["path"] = str(self._folder / os.path.basename(entry["stored"]["path"]))
            self._stored[entry["key"]] = Stored(**entry["stored"])
        # What a process left behind that was ended in the middle of an upload.
        known = {stored.path for stored in self._stored.values()}
        for left in [*self._folder.glob("*" + DATA), *self._folder.glob("*" + UNFINISHED)]:
            if str(left) not in known:
                left.unlink()

    def find(self, key: str) -> Stored | None:
        """
        Return what is kept under *key*.
        """
        return self._stored.get(key)

    def begin(self) -> str:
        """
        Return the path of a new file, to be filled and then given to :meth:`keep` or :meth:`drop`.
        """
        return str(self._folder / (secrets.token_hex(16) + DATA))

    def drop(self, path: str) -> None:
        """
        Forget a file that was begun.
        """
        with suppress(FileNotFoundError):
            os.unlink(path)

    def keep(self, key: str, path: str, *, content_type: str, encoding: str, modified: int) -> Stored:
        """
        Keep a whole file under *key*, in the place of what was there.
        """
        stored = Stored(
            path=path,
            size=os.path.getsize(path),
            content_type=content_type,
            encoding=encoding,
            etag=f'"{secrets.token_hex(16)}-1"',
            modified=modified,
        )
        description = self._description(key)
        with self._lock:
            # One that is written halfway is never read: the rename is what counts.
            temporary = description.with_suffix(UNFINISHED)
            temporary.write_text(json.dumps({"key": key, "stored": asdict(stored)}), "utf-8")
            temporary.replace(description)
            before = self._stored.get(key)
            self._stored[key] = stored
        if before is not None:
            self.drop(before.path)
        return stored

    def remove(self, key: str) -> None:
        """
        Forget what is kept under *key*, if anything is.
        """
        with self._lock:
            stored = self._stored.pop(key, None)
            if stored is not None:
                self._description(key).unlink()
                self.drop(stored.path)

    def clear(self) -> None:
        """
        Forget everything.
        """
        for key in list(self._stored):
            self.remove(key)

    def close(self) -> None:
        """
        Remove the folder, if it is a temporary one.
        """
        if self._is_temporary:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _description(self, key: str) -> Path:
        return self._folder / (hashlib.sha256(key.encode()).hexdigest() + DESCRIPTION)
