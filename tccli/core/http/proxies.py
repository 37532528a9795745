"""
The HTTP proxies that the environment names.
"""

from __future__ import annotations

import re
from base64 import b64encode
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from tccli.core.account import HOST_AND_PORT
from tccli.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping


def proxy_for(scheme: str, host: str, environ: Mapping[str, str]) -> str | None:
    """
    Return the URL of the proxy for a host, or None where it is reached directly.

    Raises:
        ConfigurationError: It is not an HTTP proxy.
    """
    names = (f"{scheme}_proxy", "all_proxy")
    if not any(environ.get(name) or environ.get(name.upper()) for name in names):
        return None
    from urllib import request

    proxies = request.getproxies_environment()
    found = proxies.get(scheme) or proxies.get("all")
    if not found or request.proxy_bypass_environment(host, proxies):  # type: ignore[attr-defined]
        return None
    if "://" not in found:
        found = f"http://{found}"
    if not found.startswith("http://"):
        raise ConfigurationError(
            f"the proxy for {scheme} is of a kind that is not supported: {found.split('@')[-1]}",
            hint="name an http:// proxy",
        )
    port = re.fullmatch(HOST_AND_PORT, found.removeprefix("http://").rpartition("@")[2].partition("/")[0])
    if not port or int(port[1] or 1) not in range(1, 65536):
        raise ConfigurationError(f"the proxy for {scheme} has no valid host and port", hint="name an http:// proxy")
    return found


def proxy_authorization(proxy: str | None) -> dict[str, str]:
    """
    Return the header that a proxy's user and password make, if it has them.
    """
    parts = urlsplit(proxy or "")
    if parts.username is None:
        return {}
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Proxy-Authorization": "Basic " + b64encode(pair.encode()).decode()}
