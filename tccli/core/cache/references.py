"""
Cached references of deployments: one file per root URL.

The first line describes the rest::

    {"format": 1, "rootUrl": "https://…", "fetched": "…", "crc32": …, "services": {"auth": bytes, …}}

After it come the records of the services, as in ``references/data/``. A file is replaced atomically, so that a reader
never sees a mix of two versions; the checksum detects one that was cut off or changed.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from tccli.core.cache import paths
from tccli.errors import LocalFileError
from tccli.reasons import explain
from tccli.strict_json import loads_leniently

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = 1
MAX_NAME_LENGTH = 200
PLAIN_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-")


class CachedReferences:
    """
    The references of a deployment.

    Args:
        path: The file.
        fetched: When they were fetched, as a timestamp in UTC.
        contents: Records by service, as parts of one buffer: to copy them takes as long as to read the file.
    """

    # Not a named tuple: to define one takes a hundredth of a start.
    def __init__(self, path: str, fetched: str, contents: Mapping[str, memoryview]) -> None:
        self.path = path
        self.fetched = fetched
        self.contents = contents


class CorruptCacheError(ValueError):
    """
    A file cannot be read or is not what was written; the argument is its path.
    """


def load(environ: Mapping[str, str], root_url: str) -> CachedReferences | None:
    """
    Return the cached references of a deployment, or None if there are none.

    Raises:
        CorruptCacheError: The file cannot be read, or is not what was written.
    """
    path = _path(environ, root_url)
    try:
        with open(path, "rb") as file:
            content = file.read()
    except FileNotFoundError:
        return None
    except OSError:
        raise CorruptCacheError(path) from None
    try:
        end = content.index(b"\n")
        head, body = loads_leniently(content[:end]), memoryview(content)[end + 1 :]
        is_complete = head["format"] == FORMAT and sum(head["services"].values()) == len(body)
        if not is_complete or head["crc32"] != _checksum(body):
            raise CorruptCacheError(path)
        # Long URLs may share a file name.
        if head["rootUrl"] != root_url:
            return None
        contents: dict[str, memoryview] = {}
        start = 0
        for service, length in head["services"].items():
            contents[service] = body[start : start + length]
            start += length
        return CachedReferences(path, str(head["fetched"]), contents)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise CorruptCacheError(path) from None


def store(environ: Mapping[str, str], root_url: str, contents: Mapping[str, bytes], *, now: int) -> str:
    """
    Replace the cached references of a deployment, and return the path of the file.

    Args:
        contents: Records by service.
        now: Unix time in whole seconds.

    Raises:
        LocalFileError: The file cannot be written.
    """
    import time

    from tccli.core.files import atomic_write

    path = _path(environ, root_url)
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
    except OSError as error:
        raise LocalFileError(f"cannot create the directory {os.path.dirname(path)}: {explain(error)}") from None
    body = b"".join(contents.values())
    head = {
        "format": FORMAT,
        "rootUrl": root_url,
        "fetched": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
        "crc32": _checksum(body),
        "services": {service: len(content) for service, content in contents.items()},
    }
    with atomic_write(path) as file:
        file.write(json.dumps(head, separators=(",", ":")).encode() + b"\n" + body)
    return path


def _checksum(body: bytes | memoryview) -> int:
    from binascii import crc32

    return crc32(body)


def _path(environ: Mapping[str, str], root_url: str) -> str:
    # Readable, and different for URLs that a file system may take for the same name.
    scheme, _, rest = root_url.partition("://")
    name = "".join(each if each in PLAIN_CHARACTERS else f"_{ord(each):x}_" for each in rest)
    return os.path.join(paths.reference_directory(environ), f"{scheme}+{name}"[:MAX_NAME_LENGTH] + ".jsonl")
