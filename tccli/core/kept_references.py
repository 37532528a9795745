"""
The references of deployments that are kept on this machine: a file for each root URL, replaced whole.

The first line says what follows::

    {"format": 1, "rootUrl": "https://…", "fetched": "…", "crc32": …, "services": {"auth": bytes, …}}

After it come the services' texts, each as a file in ``references/``. Being one file, it is read at once, and nobody
ever sees half of an old set and half of a new one.
"""

from __future__ import annotations

import json
import os
from binascii import crc32
from typing import TYPE_CHECKING

from tccli.core import cache_folder
from tccli.errors import LocalFileError

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = 1
LONGEST_NAME = 200
PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-")


class Kept:
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


class DamagedError(ValueError):
    """
    What is kept is not what was written; the argument is the path.
    """


def kept(environ: Mapping[str, str], root_url: str) -> Kept | None:
    """
    Return what is kept of a deployment, or None if nothing is.

    Raises:
        DamagedError: It cannot be read, or is not what was written.
    """
    path = _path(environ, root_url)
    try:
        with open(path, "rb") as file:
            line, _, rest = file.read().partition(b"\n")
    except FileNotFoundError:
        return None
    except OSError:
        raise DamagedError(path) from None
    try:
        head = json.loads(line)
        whole = head["format"] == FORMAT and head["crc32"] == crc32(rest)
        if not whole or sum(head["services"].values()) != len(rest):
            raise DamagedError(path)
        if head["rootUrl"] != root_url:
            return None
        texts: dict[str, bytes] = {}
        start = 0
        for service, length in head["services"].items():
            texts[service] = rest[start : start + length]
            start += length
        return Kept(path, str(head["fetched"]), texts)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise DamagedError(path) from None


def keep(environ: Mapping[str, str], root_url: str, texts: Mapping[str, bytes], *, fetched: str) -> str:
    """
    Keep the references of a deployment instead of those that were kept before, and return the path of the file.

    Raises:
        LocalFileError: It cannot be written.
    """
    from tccli.core.files import whole_file

    path = _path(environ, root_url)
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
    except OSError as error:
        raise LocalFileError(f"cannot make the folder {os.path.dirname(path)}: {error.strerror}") from None
    body = b"".join(texts.values())
    head = {
        "format": FORMAT,
        "rootUrl": root_url,
        "fetched": fetched,
        "crc32": crc32(body),
        "services": {service: len(text) for service, text in texts.items()},
    }
    with whole_file(path) as file:
        file.write(json.dumps(head, separators=(",", ":")).encode() + b"\n" + body)
    return path


def _path(environ: Mapping[str, str], root_url: str) -> str:
    """
    Return the path of the file for a root URL: readable, and another one for each that file systems may take for it.
    """
    scheme, _, rest = root_url.partition("://")
    written = "".join(each if each in PLAIN else f"_{ord(each):x}_" for each in rest)
    return os.path.join(cache_folder.references(environ), f"{scheme}+{written}"[:LONGEST_NAME] + ".jsonl")
