"""
The lines of a journal: what they have, and how they are read and written.

A journal is a file of JSON lines. The first one names the deployment; each other one is about a call::

    {"journal": "tc", "version": 2, "rootUrl": "https://tc.example.com", "salt": "90c1…"}
    {"call": "line 7", "digest": "5f2a…", "parts": "c0de 77ab  19f43b02", "state": "started"}
    {"call": "line 7", "digest": "5f2a…", "parts": "c0de 77ab  19f43b02", "state": "done"}

The digests are those of `tccli.core.journal.digests`. Version 1 has neither salt nor parts.
"""

from __future__ import annotations

import json
import re
from enum import IntEnum
from typing import NamedTuple

from tccli.core.journal.digests import DIGEST_BYTES, SALT_BYTES
from tccli.errors import UsageError
from tccli.strict_json import StrictJsonError, loads_leniently

VERSION = 2
UNSALTED_VERSION = 1
DIGEST_PATTERN = f"[0-9a-f]{{{2 * DIGEST_BYTES}}}"
MAX_HEADER_BYTES = 10_000


class State(IntEnum):
    """
    What is known about a call.
    """

    STARTED = 1
    DONE = 2
    FAILED = 3
    UNCERTAIN = 4


class CallLine(NamedTuple):
    """
    A line about a call.

    Attributes:
        key: Names the call.
        parts: The digests of its parts, or nothing.
    """

    key: str
    digest: int
    state: State
    parts: str = ""


def encode_header(root_url: str, salt: bytes) -> bytes:
    """
    Return the first line.
    """
    return _encode({"journal": "tc", "version": VERSION, "rootUrl": root_url, "salt": salt.hex()})


def encode_call(call: CallLine) -> bytes:
    """
    Return a line about a call.
    """
    parts = {"parts": call.parts} if call.parts else {}
    digest = f"{call.digest:0{2 * DIGEST_BYTES}x}"
    return _encode({"call": call.key, "digest": digest, **parts, "state": call.state.name.lower()})


def _encode(document: dict[str, str | int]) -> bytes:
    return json.dumps(document).encode() + b"\n"


def parse_call(line: bytes) -> CallLine:
    """
    Return what a line has about a call.

    Raises:
        ValueError: It is damaged.
    """
    try:
        found = loads_leniently(line)
        key, parts = found["call"], found.get("parts", "")
        # As it is written: int takes more.
        matched = re.fullmatch(DIGEST_PATTERN, found["digest"], re.ASCII)
        if matched is None or not isinstance(key, str) or not isinstance(parts, str):
            raise ValueError(line)
        return CallLine(key, int(matched[0], 16), State[found["state"].upper()], parts)
    except (StrictJsonError, LookupError, TypeError, AttributeError) as error:
        raise ValueError(line) from error


def is_header_cut_off(line: bytes) -> bool:
    """
    Return whether a first line without its end may be one of ours.
    """
    begin = b'{"journal": "tc"'
    return len(line) < MAX_HEADER_BYTES and (line.startswith(begin) or begin.startswith(line))


def read_salt(path: str, line: bytes, root_url: str) -> bytes:
    """
    Return the salt that the first line has; that of an old journal is empty.

    Args:
        path: Of the journal, for messages.

    Raises:
        UsageError: The line is not that of a journal of this deployment.
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
        raise explain_other_file(path)
    if version not in {VERSION, UNSALTED_VERSION}:
        raise UsageError(f"cannot use the journal {path}: another version of tc wrote it", hint="name a new file")
    if found != root_url:
        raise UsageError(f"cannot use the journal {path}: it is of {found}, not of {root_url}", hint="name a new file")
    return salt


def explain_other_file(path: str) -> UsageError:
    """
    Return the error of a file that is not a journal.
    """
    return UsageError(f"cannot use {path} as a journal: it is another file", hint="name a new file, or a journal of tc")
