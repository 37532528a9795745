"""
The order of names for people: numbers in them count by their value, so task-2 stands before task-10.
"""

from __future__ import annotations

import re


def name_key(name: str) -> str:
    """
    Return a text whose order among such texts, by code points, is that of the names.

    Two names never have the same key.
    """
    return re.sub("[0-9]+", _encode_number, name)


def _encode_number(found: re.Match[str]) -> str:
    # A longer number is a larger one. It stays among the digits where other characters are compared with it.
    digits = found[0].lstrip("0")
    zeros = len(found[0]) - len(digits)
    return f"0{_encode_length(len(digits))}{digits}{_encode_length(zeros)}"


def _encode_length(length: int) -> str:
    return chr(min(length, 0x10FFFF))
