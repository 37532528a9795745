"""
Signed requests to the services, as a worker makes them.
"""

from __future__ import annotations

import http.client
import json
import secrets
import time
import urllib.parse
from typing import TYPE_CHECKING, Any, NamedTuple

from tccli.core import hawk

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tccli.sandbox.clock import Clock

TIMEOUT = 60.0
DELAYS = (0.1, 0.2, 0.4)
"""Seconds before each further attempt."""


class Reply(NamedTuple):
    """
    What came back.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """
        The body as JSON.
        """
        return json.loads(self.body)


class Api:
    """
    A deployment, and the credentials in use.

    Args:
        root_url: Without a trailing slash.
        clock: The deployment's: requests are signed by its time.
        issued: Credentials as the services hand them out.

    Attributes:
        credentials: May be exchanged for newer ones.
    """

    def __init__(self, root_url: str, clock: Clock, issued: Mapping[str, str]) -> None:
        self.root_url = root_url
        self.clock = clock
        self.credentials = read_credentials(issued)

    @property
    def now(self) -> int:
        """
        The deployment's time in whole seconds.
        """
        return self.clock.now() // 1000

    def call(self, verb: str, path: str, payload: Any = None) -> Reply:
        """
        Call a method.

        Args:
            verb: Upper case.
            path: From ``/api/`` on, percent-encoded.
            payload: JSON, or None.

        Raises:
            OSError: Nobody answers.
        """
        if payload is None:
            return self.send(verb, path, None, {})
        return self.send(verb, path, json.dumps(payload).encode(), {"content-type": "application/json"})

    def send(self, verb: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Reply:
        """
        Send a request with a signature, again if the service fails.

        Raises:
            OSError: Nobody answers.
        """
        url = self.root_url + path
        for delay in (*DELAYS, None):
            nonce = secrets.token_urlsafe(6)
            signature = hawk.authorization_header(verb, url, self.credentials, now=self.now, nonce=nonce)
            try:
                reply = exchange(verb, url, body, {**headers, "authorization": signature})
            except OSError:
                if delay is None:
                    raise
            else:
                if reply.status < 500 or delay is None:
                    return reply
            time.sleep(delay)
        raise AssertionError("the last time has no delay")


def read_credentials(issued: Mapping[str, str]) -> hawk.Credentials:
    """
    Return credentials that the services handed out.
    """
    certificate = hawk.parse_certificate(issued.get("certificate") or "")
    return hawk.Credentials(issued["clientId"], issued["accessToken"], certificate)


def exchange(verb: str, url: str, body: Any, headers: Mapping[str, str]) -> Reply:
    """
    Send a request over a connection of its own.

    Args:
        verb: Upper case.
        url: Percent-encoded.
        body: Bytes, or a file with ``content-length`` in *headers*, or None.
        headers: All that there are.

    Raises:
        OSError: Nobody answers.
    """
    address = urllib.parse.urlsplit(url)
    assert address.hostname is not None
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=TIMEOUT)
    target = address.path + (f"?{address.query}" if address.query else "")
    try:
        connection.request(verb, target, body, dict(headers))
        answer = connection.getresponse()
        return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    except http.client.HTTPException as error:
        raise ConnectionError(str(error)) from error
    finally:
        connection.close()
