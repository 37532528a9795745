"""
Reads configuration files: regular files of bounded size, and TOML as plain values.
"""

from __future__ import annotations

import os
import stat
from typing import Any

from tccli.core.printable import escape_line_breaks
from tccli.errors import ConfigurationError
from tccli.reasons import explain

MAX_FILE_BYTES = 4_000_000
MAX_INTEGER_BITS = 64
"""Source: TOML 1.0.0, "Integer"."""
MAX_DEPTH = 100


def read_file(path: str) -> tuple[bytes, os.stat_result]:
    """
    Return the content and the status of a configuration file.

    Raises:
        FileNotFoundError: It does not exist.
        ConfigurationError: It cannot be read, is not a regular file, or is too large.
    """
    try:
        # A pipe must not block.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0))
        with open(handle, "rb") as file:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise ConfigurationError(f"cannot read {path}: it is not a regular file")
            content = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {explain(error)}") from None
    if len(content) > MAX_FILE_BYTES:
        raise ConfigurationError(f"cannot read {path}: it is larger than {MAX_FILE_BYTES // 1_000_000} MB")
    return content, status


def find_untrusted_place(path: str, status: os.stat_result) -> tuple[str, str] | None:
    """
    Return the file or directory by which another user can change what *path* has, and what to do; None without one.

    Args:
        status: Of the open file.
    """
    # On Windows, modes tell nothing about others.
    if os.name != "posix":
        return None
    places = [(path, status)]
    for each in dict.fromkeys((os.path.abspath(path), os.path.realpath(path))):
        # Also the owner of a link can change it.
        directory = os.path.dirname(each)
        places += [(each, os.lstat(each)), (directory, os.lstat(directory)), (directory, os.stat(directory))]
    for place, found in places:
        if found.st_uid not in {0, os.geteuid()}:
            return f"{place} belongs to another user", "only you or root may own it"
        is_protected = stat.S_ISLNK(found.st_mode) or (stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_ISVTX)
        if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not is_protected:
            return f"others may write {place}", f"chmod {700 if stat.S_ISDIR(found.st_mode) else 600} {place}"
    return None


def to_plain(value: Any, key: str = "", depth: int = 0) -> Any:
    """
    Return a TOML value as JSON has it: dates and times, and numbers that are infinite or not a number, are texts.

    Args:
        key: Names the value in messages.

    Raises:
        ValueError: It is nested too deep, or has an integer that TOML does not allow.
    """
    if depth > MAX_DEPTH:
        raise ValueError(f"{key.partition('.')[0]} is nested too deep")
    if isinstance(value, dict):
        prefix = f"{key}." if key else ""
        return {
            str(name): to_plain(each, prefix + escape_line_breaks(str(name)), depth + 1) for name, each in value.items()
        }
    if isinstance(value, list):
        return [to_plain(each, key, depth + 1) for each in value]
    if isinstance(value, int) and value.bit_length() > MAX_INTEGER_BITS:
        raise ValueError(f"{key} has more than {MAX_INTEGER_BITS} bits")
    if isinstance(value, float) and value - value != 0:
        return str(value)
    return value.isoformat() if hasattr(value, "isoformat") else value
