"""
The proxies that the environment names: which one leads to a host, and which hosts are reached without one.
"""

from __future__ import annotations

import importlib.util
import ipaddress
import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit

from tccli.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DEFAULT_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
MAX_SOCKS_BYTES = 255
"""Of a user, a password or a host name: RFC 1928, RFC 1929."""
MAPPED_BITS = 96
"""Of the prefix ::ffff:, below which IPv6 has the addresses of IPv4."""
PROXY_URL = (
    r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://)?(?:(?P<user>[^:@/]*)(?::(?P<password>[^@/]*))?@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}\.?)(?::(?P<port>[0-9]{1,5}))?/?"
)
PORT = r"(\[[^\]]*\]|[^:]*):([0-9]{1,5})"


class Proxy(NamedTuple):
    """
    A proxy.

    Attributes:
        variable: The environment variable that names it, for messages.
        host: Without brackets.
        auth: User and password, decoded.
    """

    variable: str
    scheme: str
    host: str
    port: int
    auth: tuple[bytes, bytes] | None

    def __str__(self) -> str:
        return f"the proxy {self.host}:{self.port} ({self.variable})"


def find_proxy(scheme: str, host: str, port: int, environ: Mapping[str, str]) -> Proxy | None:
    """
    Return the proxy that leads to a host, or None where it is reached directly.

    ``https_proxy`` or ``http_proxy`` comes before ``all_proxy``, and lower case before upper case; an empty value
    means no proxy. ``HTTP_PROXY`` is ignored in a CGI script, where a client can set it with a header (httpoxy).

    Raises:
        ConfigurationError: The proxy's URL is malformed or of a kind that is not supported.
    """
    for variable in _variables(scheme, environ):
        value = environ[variable]
        if value and not is_bypassed(host, port, environ.get("no_proxy", environ.get("NO_PROXY", ""))):
            return _parse_proxy(variable, value)
        if value:
            return None
    return None


def describe_proxy(url: str, environ: Mapping[str, str]) -> str:
    """
    Return the proxy that leads to a valid URL, for messages; empty where it is reached directly.
    """
    parts = urlsplit(url)
    port = parts.port or DEFAULT_PORTS[parts.scheme]
    return str(find_proxy(parts.scheme, parts.hostname or "", port, environ) or "")


def _variables(scheme: str, environ: Mapping[str, str]) -> Iterator[str]:
    for lower in (f"{scheme}_proxy", "all_proxy"):
        for name in (lower, lower.upper()):
            if name in environ and not (name == "HTTP_PROXY" and "REQUEST_METHOD" in environ):
                yield name
                break


def _parse_proxy(variable: str, value: str) -> Proxy:
    # The value may have a password, so no message shows it.
    found = re.fullmatch(PROXY_URL, value)
    scheme = (found["scheme"] or "http").lower() if found else ""
    port = int(found["port"] or DEFAULT_PORTS.get(scheme, 1)) if found else 0
    hint = "give it as http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT"
    if found is None or port not in range(1, 65536):
        raise ConfigurationError(f"cannot use the proxy of {variable}: its URL is not valid", hint=hint)
    if scheme not in DEFAULT_PORTS:
        raise ConfigurationError(f"cannot use the proxy of {variable}: {scheme}:// is not supported", hint=hint)
    if scheme.startswith("socks") and importlib.util.find_spec("socksio") is None:
        raise ConfigurationError(
            f"cannot use the proxy of {variable}: SOCKS needs the package socksio",
            hint="pip install 'taskcluster-cli[socks]'",
        )
    auth = None
    if found["user"] is not None:
        auth = (unquote(found["user"]).encode(), unquote(found["password"] or "").encode())
        if scheme.startswith("socks") and max(map(len, auth)) > MAX_SOCKS_BYTES:
            raise ConfigurationError(
                f"cannot use the proxy of {variable}: SOCKS takes at most {MAX_SOCKS_BYTES} bytes of user or password"
            )
    return Proxy(variable, scheme, found["host"].strip("[]"), port, auth)


def is_bypassed(host: str, port: int, no_proxy: str) -> bool:
    """
    Return whether ``NO_PROXY`` lists a host, in the forms that curl and Go accept.

    The entries are separated by commas or blanks: ``*`` for every host; a domain for itself and what is below it, with
    or without a leading dot; ``*.domain`` for what is below it only; an IP address, an IPv6 one also in brackets; a
    network as ``10.0.0.0/8``. Each but a network may end with ``:port``.

    Args:
        host: A name or an IP address, without brackets.
    """
    host = host.lower().rstrip(".")
    address = _parse_address(host)
    for entry in no_proxy.lower().replace(",", " ").split():
        name, entry_port = entry, port
        if _parse_address(entry) is None and (found := re.fullmatch(PORT, entry)):
            name, entry_port = found[1], int(found[2])
        if entry_port != port:
            continue
        name = name.strip("[]").rstrip(".")
        if name == "*" or (address is None and _is_below(host, name)):
            return True
        if address is not None and _contains(name, address):
            return True
    return False


def _is_below(host: str, name: str) -> bool:
    if name.startswith("*."):
        return host.endswith(name[1:])
    name = name.lstrip(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))


def _contains(name: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    try:
        # A host's bits may be set, as in 10.1.2.3/8.
        network = ipaddress.ip_network(name.replace("[", "").replace("]", ""), strict=False)
    except ValueError:
        return False
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if mapped is not None and network.prefixlen >= MAPPED_BITS:
        network = ipaddress.ip_network((mapped, network.prefixlen - MAPPED_BITS))
    return address in network


def _parse_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    # ::ffff:10.0.0.1 is 10.0.0.1.
    return getattr(address, "ipv4_mapped", None) or address
