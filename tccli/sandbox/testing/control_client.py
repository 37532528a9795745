"""
A client of the control paths of a sandbox in another process.
"""

from __future__ import annotations

import json
import socket
import time
from typing import Any
from urllib.parse import urlsplit

from tccli.core.http.messages import Request
from tccli.core.http.transport import HttpTransport
from tccli.errors import ConfigurationError, NoAnswerError
from tccli.strict_json import loads_leniently

TIMEOUT_SECONDS = 30.0
STOP_TIMEOUT_SECONDS = 15.0
POLL_INTERVAL_SECONDS = 0.05


def request(root_url: str, name: str, payload: Any = None) -> dict[str, Any]:
    """
    Return the JSON at a control path.

    Args:
        root_url: Without a trailing slash.
        name: Such as ``clock``.
        payload: JSON for a POST; None for a GET.

    Raises:
        NoAnswerError: The sandbox cannot be reached.
        ConfigurationError: The root URL is not that of a sandbox.
    """
    url = f"{root_url}/sandbox/{name}"
    body = None if payload is None else json.dumps(payload).encode()
    made = Request("GET" if body is None else "POST", url, {"content-type": "application/json"}, body)
    # No environment, since a sandbox is on this machine: requests use no proxy.
    transport = HttpTransport(TIMEOUT_SECONDS, {})
    try:
        response = transport.send(made)
    except NoAnswerError as error:
        raise NoAnswerError(f"no sandbox at {root_url}: {error.message}", hint="tc sandbox start runs one") from None
    finally:
        transport.close()
    if response.status == 409:
        raise ConfigurationError(f"cannot {name} the sandbox at {root_url}: it ends with the command of tc sandbox run")
    if response.status != 200:
        raise ConfigurationError(f"{root_url} is not a sandbox: {url} responded with {response.status}")
    try:
        document = loads_leniently(response.body)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise ConfigurationError(f"{root_url} is not a sandbox: the response of {url} is not a JSON object")
    return document


def stop(root_url: str) -> None:
    """
    Stop a sandbox, and wait until nothing listens at its address.

    Raises:
        NoAnswerError: The sandbox cannot be reached, or does not end.
        ConfigurationError: The root URL is not that of a sandbox, or of one that ends with its command.
    """
    if request(root_url, "stop", {}):
        raise ConfigurationError(f"{root_url} is not a sandbox: it did not respond to the request as one")
    address = urlsplit(root_url)
    for _ in range(round(STOP_TIMEOUT_SECONDS / POLL_INTERVAL_SECONDS)):
        try:
            socket.create_connection((address.hostname, address.port or 80), TIMEOUT_SECONDS).close()
        except OSError:
            return
        time.sleep(POLL_INTERVAL_SECONDS)
    raise NoAnswerError(f"the sandbox at {root_url} does not end")
