"""
What mohawk signs: a URL split once, without the texts for mohawk's log of debugging.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from mohawk.base import HawkAuthority, Resource
from mohawk.util import calculate_mac


class _UrlParts(dict[str, Any]):
    # mohawk formats the parts of each URL for its log of debugging, which takes longer than the signature.
    def __repr__(self) -> str:
        return "…"


class SignedResource(Resource):  # type: ignore[misc] # mohawk has no types
    """
    A request to sign. As services see it, an IPv6 address is in brackets.
    """

    host: str

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        if ":" in self.host:
            # Services take the host from the Host header; mohawk signs it without the brackets.
            self.host = f"[{self.host}]"

    def parse_url(self, url: str) -> dict[str, Any]:
        """
        Return the parts of a URL, as mohawk does, but for any characters in its path.
        """
        base, slash, rest = _split_base(url)
        if not slash or "?" in base or "#" in url:
            return _UrlParts(super().parse_url(url))
        return _UrlParts(_parse_base(base), resource=f"/{rest}")


def _split_base(url: str) -> tuple[str, str, str]:
    scheme, separator, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{separator}{host}", slash, path


@lru_cache(maxsize=16)
def _parse_base(base: str) -> dict[str, Any]:
    parts = urlsplit(base)
    return {"hostname": parts.hostname, "port": parts.port or (443 if parts.scheme == "https" else 80)}


class Signer(HawkAuthority):  # type: ignore[misc] # mohawk has no types
    """
    Makes headers.
    """

    def make_header(self, resource: SignedResource) -> str:
        """
        Return the value of the ``Authorization`` header.
        """
        mac = calculate_mac("header", resource, resource.gen_content_hash())
        return str(self._make_header(resource, mac))
