"""
Asks a sandbox in another process, which a root URL leads to, for what only sandboxes offer.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from tccli.errors import ConfigurationError, NoAnswerError

TIMEOUT = 30.0


def ask(root_url: str, what: str, payload: Any = None) -> dict[str, Any]:
    """
    Return the JSON at one of the sandbox's own paths.

    Args:
        root_url: Without a trailing slash.
        what: Such as ``clock``.
        payload: Sent if there is one.

    Raises:
        NoAnswerError: Nobody answers there.
        ConfigurationError: It is a deployment of another kind.
    """
    url = f"{root_url}/sandbox/{what}"
    body = None if payload is None else json.dumps(payload).encode()
    request = urllib.request.Request(url, body, {"content-type": "application/json"})  # noqa: S310 - a root URL
    # A sandbox is on this machine: no proxy in between.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=TIMEOUT) as answer:
            found = json.load(answer)
    except urllib.error.HTTPError as error:
        error.close()
        raise ConfigurationError(f"{root_url} is no sandbox: {url} says {error.code}") from None
    except (urllib.error.URLError, OSError) as error:
        reason = getattr(error, "reason", error)
        raise NoAnswerError(f"no sandbox at {root_url}: {reason}", hint="tc sandbox start runs one") from None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ConfigurationError(f"{root_url} is no sandbox: what {url} says is not JSON")
    return found
