"""
Files on disk, by key. A file that is replaced or deleted stays readable for those who have opened it.
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

DATA_SUFFIX, METADATA_SUFFIX, TEMPORARY_SUFFIX = ".data", ".json", ".new"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """
    A stored file.

    Attributes:
        encoding: The content encoding of the upload, or an empty string.
        etag: With quotes. The MD5 of the bytes, as S3 has it for an upload in one request.
        modified: Unix time in seconds.
    """

    path: str
    size: int
    content_type: str
    encoding: str
    etag: str
    modified: int


class FileStore:
    """
    Stored files by key. Threads may share it.

    Args:
        directory: Created if missing; None is a temporary one, which :meth:`close` deletes.

    Raises:
        OSError: The directory cannot be used.
    """

    def __init__(self, directory: Path | None) -> None:
        self._is_temporary = directory is None
        self._directory = Path(tempfile.mkdtemp(prefix="tc-storage-")) if directory is None else directory
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = threading.Lock()
        self._stored: dict[str, StoredFile] = {}
        for metadata in self._directory.glob("*" + METADATA_SUFFIX):
            entry = json.loads(metadata.read_text("utf-8"))
            entry["stored"]["path"] = str(self._directory / os.path.basename(entry["stored"]["path"]))
            self._stored[entry["key"]] = StoredFile(**entry["stored"])
        # Delete what a process left behind that was killed during an upload.
        known = {stored.path for stored in self._stored.values()}
        for path in [*self._directory.glob("*" + DATA_SUFFIX), *self._directory.glob("*" + TEMPORARY_SUFFIX)]:
            if str(path) not in known:
                path.unlink()

    def get(self, key: str) -> StoredFile | None:
        """
        Return a stored file, or None.
        """
        return self._stored.get(key)

    def create_path(self) -> str:
        """
        Return a path to write to, and then to pass to :meth:`store` or :meth:`discard`.
        """
        return str(self._directory / (secrets.token_hex(16) + DATA_SUFFIX))

    def discard(self, path: str) -> None:
        """
        Delete a file that is not stored under a key.
        """
        with suppress(FileNotFoundError):
            os.unlink(path)

    def store(self, key: str, path: str, *, content_type: str, encoding: str, modified: int, md5: str) -> StoredFile:
        """
        Store a complete file under *key*, and delete the one that it replaces.

        Args:
            md5: Of the file, hexadecimal.
        """
        stored = StoredFile(
            path=path,
            size=os.path.getsize(path),
            content_type=content_type,
            encoding=encoding,
            etag=f'"{md5}"',
            modified=modified,
        )
        metadata = self._metadata_path(key)
        with self._lock:
            # The rename is atomic, so a partial file is never read.
            temporary = metadata.with_suffix(TEMPORARY_SUFFIX)
            temporary.write_text(json.dumps({"key": key, "stored": asdict(stored)}), "utf-8")
            temporary.replace(metadata)
            before = self._stored.get(key)
            self._stored[key] = stored
        if before is not None:
            self.discard(before.path)
        return stored

    def delete(self, key: str) -> None:
        """
        Delete the file under *key*, if there is one.
        """
        with self._lock:
            stored = self._stored.pop(key, None)
            if stored is not None:
                self._metadata_path(key).unlink()
                self.discard(stored.path)

    def clear(self) -> None:
        """
        Delete all files.
        """
        for key in list(self._stored):
            self.delete(key)

    def close(self) -> None:
        """
        Delete a temporary directory.
        """
        if self._is_temporary:
            shutil.rmtree(self._directory, ignore_errors=True)

    def _metadata_path(self, key: str) -> Path:
        return self._directory / (hashlib.sha256(key.encode()).hexdigest() + METADATA_SUFFIX)
