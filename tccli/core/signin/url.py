"""
The URL of the page that creates a client and sends its credentials to a callback.

Source: ``ui/src/views/Clients`` of Taskcluster, which accepts a callback only on the host ``localhost``.
"""

from __future__ import annotations

import re
import secrets
import string
from contextlib import suppress
from typing import TYPE_CHECKING

from tccli.core.hawk import CLIENT_ID
from tccli.core.times import parse_instant, parse_offset
from tccli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

DEFAULT_NAME = "cli"
DEFAULT_EXPIRES = "1d"
DEFAULT_SCOPES = ("*",)
SUFFIX_CHARACTERS = 6


def make_url(root_url: str, callback_url: str, *, name: str, suffix: str, scopes: Sequence[str], expires: str) -> str:
    """
    Return the URL to open in a browser.

    Args:
        name: Of the client, below the client id of the user; *suffix* makes it unique.
        expires: An offset from now.
    """
    from urllib.parse import urlencode

    query = [
        *(("scope", scope) for scope in scopes),
        ("name", f"{name}-{suffix}"),
        ("expires", expires),
        ("callback_url", callback_url),
        ("description", "Created by tc signin, for use on a command line"),
    ]
    return f"{root_url}/auth/clients/create?{urlencode(query)}"


def make_suffix() -> str:
    """
    Return random letters and digits for the name of a client.
    """
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(SUFFIX_CHARACTERS))


def parse_scopes(texts: Sequence[str]) -> list[str]:
    """
    Return the scopes in texts that have one on each line; without texts, all scopes.

    Raises:
        UsageError: A text has none, or one that no client can have.
    """
    if not texts:
        return list(DEFAULT_SCOPES)
    found: dict[str, None] = {}
    for text in texts:
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        if not lines:
            raise UsageError("--scope is empty", hint="without --scope, the client gets all of your scopes")
        found |= dict.fromkeys(lines)
    for scope in found:
        if not re.fullmatch(r"[ -~]+", scope):
            raise UsageError(f"{scope!r} is not a scope: it has characters other than printable ASCII")
        if scope.endswith("**"):
            raise UsageError(f"{scope!r} is not a scope of a client: it ends with two stars")
    return list(found)


def check_name(name: str) -> None:
    """
    Check the name of a client.

    Raises:
        UsageError: A client id cannot have it.
    """
    if not CLIENT_ID.fullmatch(name):
        raise UsageError(f"{name!r} is not a name for a client", hint="it takes letters, digits and @/:.+|_-")


def parse_expires(text: str, *, now: datetime) -> str:
    """
    Return an expiry, which may be a timestamp, as an offset, which is all that the page takes.

    Raises:
        UsageError: It is not one, or not in the future.
    """
    try:
        expires = parse_instant(text, now=now)
    except UsageError as error:
        raise UsageError(f"invalid value for --expires: {error.message}", hint=error.hint) from None
    if expires <= now:
        raise UsageError(f"invalid value for --expires: {text!r} is not in the future")
    with suppress(UsageError):
        parse_offset(text)
        return text.strip()
    return f"{int((expires - now).total_seconds())} seconds"
