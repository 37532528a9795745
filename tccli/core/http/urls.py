"""
URLs of requests: which are valid, and where a redirect leads.
"""

from __future__ import annotations

import re

from tccli.core.http.redact import redact_url
from tccli.errors import BrokenAnswerError

# A host as it is looked up: names in other alphabets must be written in Punycode.
HOST_AND_PORT = r"(\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}\.?)(?::([0-9]{1,5}))?"
MAX_HOST_CHARACTERS = 253
"""Of a name; RFC 1035, section 2.3.4. SOCKS takes 255 bytes."""
MAX_SHOWN_CHARACTERS = 200


def split_url(url: str) -> tuple[str, str, str]:
    """
    Return the part of a URL before its path, its host and port, and its path and query.

    Raises:
        ValueError: It is not an absolute http:// or https:// URL that can be requested.
    """
    found = re.fullmatch(r"((?i:https?)://([^/?#\s]+))([!-\"$-~]*)(?:#.*)?", url)
    if found is None:
        raise ValueError("not a valid http:// or https:// URL")
    if "@" in found[2]:
        raise ValueError("it has a user or password in it")
    if not is_valid_host(found[2]):
        raise ValueError("its host or port is not valid")
    return found[1], found[2], found[3] if found[3].startswith("/") else f"/{found[3]}"


def is_valid_host(host_and_port: str) -> bool:
    """
    Return whether ``HOST`` or ``HOST:PORT`` can be connected to.
    """
    found = re.fullmatch(HOST_AND_PORT, host_and_port)
    if found is None or int(found[2] or 1) not in range(1, 65536):
        return False
    if not found[1].startswith("["):
        return len(found[1]) <= MAX_HOST_CHARACTERS
    import ipaddress

    try:
        ipaddress.IPv6Address(found[1][1:-1])
    except ValueError:
        return False
    return True


def show_url(url: str) -> str:
    """
    Return the beginning of a text that should be a URL, for a message: in ASCII, in quotes, without its secrets.
    """
    shown = ascii(redact_url(url))
    return shown if len(shown) <= MAX_SHOWN_CHARACTERS else f"{shown[:MAX_SHOWN_CHARACTERS]}…"


def resolve_redirect(url: str, location: str) -> str:
    """
    Return where a response of *url* redirects to.

    Args:
        location: Its Location header.

    Raises:
        BrokenAnswerError: That is not a URL that can be requested, or it leads from https to http.
    """
    from urllib.parse import urljoin

    try:
        target = urljoin(url, location)
        split_url(target)
    except ValueError as error:
        # Those of urljoin quote a part of the URL.
        reason = str(error) if "'" not in str(error) else "not a valid URL"
        raise BrokenAnswerError(
            f"cannot follow the redirect of {show_url(url)} to {show_url(location)}: {reason}"
        ) from None
    if url[:6].lower() == "https:" and target[:6].lower() != "https:":
        raise BrokenAnswerError(
            f"cannot follow the redirect of {show_url(url)} to {show_url(location)}: it leaves https, so that others "
            "could change the response"
        )
    return target
