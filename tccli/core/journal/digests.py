"""
Digests of calls: a journal recognizes a call by them, and finds how another one differs from it.

They depend on a salt, so that two journals do not show that they have the same call. A call has a digest of all of it,
and digests of 16 bits of its parts: the method, each argument, each query option and each field of the payload.
"""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SALT_BYTES = 16
DIGEST_BYTES = 7
PART_BYTES = 2
GROUP_NAMES = ("the method", "args", "query", "payload")
# As json.dumps would make it for each of many small documents.
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


class JournalCall(NamedTuple):
    """
    What makes a call the same one in the next run, however its line is written.
    """

    service: str
    method: str
    args: Sequence[str]
    query: Mapping[str, str]
    payload: Any


def digest_document(document: Any, salt: bytes = b"") -> int:
    """
    Return a number of DIGEST_BYTES that changes when a JSON document does.
    """
    return int.from_bytes(blake2b(_encode(document).encode(), digest_size=DIGEST_BYTES, key=salt).digest())


def digest_parts(call: JournalCall, salt: bytes) -> str:
    """
    Return the digests of the parts of a call, with a blank between the method, arguments, query options and payload.
    """
    salted = blake2b(digest_size=PART_BYTES, key=salt)

    def digest_part(part: Any) -> str:
        hasher = salted.copy()
        hasher.update(_encode(part).encode())
        return hasher.hexdigest()

    return " ".join("".join([digest_part(part) for _, part in group]) for group in _list_parts(call))


def find_different_parts(call: JournalCall, parts: str, found: str) -> list[str]:
    """
    Return the names of the parts of a call that differ; of a group, if it has another number of them.

    Args:
        parts: The digests of its parts.
        found: Those of the other call.
    """
    different: list[str] = []
    groups = _list_parts(call)
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
