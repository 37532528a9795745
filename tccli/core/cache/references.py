"""
The references of deployments that are kept on this machine: a file for each root URL, replaced whole.

The first line says what follows::

    {"format": 1, "rootUrl": "https://…", "fetched": "…", "time": …, "crc32": …, "services": {"auth": bytes, …}}

After it come the services' texts, each as a file in ``references/``. Being one file, it is read at once, and nobody
ever sees half of an old set and half of a new one. While the file bears the time that it says, nobody has written to
it since, and every start may spare itself the checksum.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from tccli.core.cache import paths
from tccli.errors import LocalFileError

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = 1
MAX_NAME_LENGTH = 200
PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-")


class CachedReferences:
    """
    The references of a deployment; no named tuple, which takes longer to define than they take to read.

    Attributes:
        path: Of their file.
        fetched: The time, as people and JSON write it.
        texts: By service.
    """

    def __init__(self, path: str, fetched: str, texts: Mapping[str, bytes]) -> None:
        self.path = path
        self.fetched = fetched
        self.texts = texts


class CorruptCacheError(ValueError):
    """
    What is kept is not what was written; the argument is the path.
    """


def load(environ: Mapping[str, str], root_url: str) -> CachedReferences | None:
    """
    Return what is kept of a deployment, or None if nothing is.

    Raises:
        DamagedError: It cannot be read, or is not what was written.
    """
    path = _path(environ, root_url)
    try:
        with open(path, "rb") as file:
            written = os.fstat(file.fileno()).st_mtime_ns
            line, _, rest = file.read().partition(b"\n")
    except FileNotFoundError:
        return None
    except OSError:
        raise CorruptCacheError(path) from None
    try:
        head = json.loads(line)
        whole = head["format"] == FORMAT and sum(head["services"].values()) == len(rest)
        if not whole or not (head["time"] == written or head["crc32"] == _checksum(rest)):
            raise CorruptCacheError(path)
        if head["rootUrl"] != root_url:
            return None
        texts: dict[str, bytes] = {}
        start = 0
        for service, length in head["services"].items():
            texts[service] = rest[start : start + length]
            start += length
        return CachedReferences(path, str(head["fetched"]), texts)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise CorruptCacheError(path) from None


def store(environ: Mapping[str, str], root_url: str, texts: Mapping[str, bytes], *, now: int) -> str:
    """
    Keep the references of a deployment instead of those that were kept before, and return the path of the file.

    Args:
        now: Unix time in whole seconds.

    Raises:
        LocalFileError: It cannot be written.
    """
    import time

    from tccli.core.files import atomic_write

    path = _path(environ, root_url)
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
    except OSError as error:
        raise LocalFileError(f"cannot make the folder {os.path.dirname(path)}: {error.strerror}") from None
    body = b"".join(texts.values())
    fetched = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
    head = {
        "format": FORMAT,
        "rootUrl": root_url,
        "fetched": fetched,
        "time": now * 1_000_000_000,
        "crc32": _checksum(body),
        "services": {service: len(text) for service, text in texts.items()},
    }
    with atomic_write(path) as file:
        file.write(json.dumps(head, separators=(",", ":")).encode() + b"\n" + body)
        file.flush()
        # Where files have no such thing, the checksum is what counts.
        with suppress(OSError, NotImplementedError, TypeError):
            os.utime(file.fileno(), (now, now))
    return path


def _checksum(body: bytes) -> int:
    from binascii import crc32

    return crc32(body)


def _path(environ: Mapping[str, str], root_url: str) -> str:
    """
    Return the path of the file for a root URL: readable, and another one for each that file systems may take for it.
    """
    scheme, _, rest = root_url.partition("://")
    written = "".join(each if each in PLAIN else f"_{ord(each):x}_" for each in rest)
    return os.path.join(paths.reference_directory(environ), f"{scheme}+{written}"[:MAX_NAME_LENGTH] + ".jsonl")
