"""
Signed requests to the services, as a worker sends them.
"""

from __future__ import annotations

import json
import secrets
import time
from typing import TYPE_CHECKING, Any

from tccli.core import hawk
from tccli.core.http.messages import Request
from tccli.errors import NoAnswerError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tccli.core.http.messages import Response, Transport
    from tccli.sandbox.clock import Clock

RETRY_DELAYS = (0.1, 0.2, 0.4)
"""Seconds before each further attempt."""


class Client:
    """
    A client of a deployment. Threads may share it.

    Args:
        clock: The deployment's, by which requests are signed.
        issued: Credentials as a service returned them.

    Attributes:
        credentials: May be replaced by newer ones.
    """

    def __init__(self, root_url: str, clock: Clock, issued: Mapping[str, str], transport: Transport) -> None:
        self.root_url = root_url
        self.clock = clock
        self.credentials = parse_credentials(issued)
        self.transport = transport

    @property
    def now(self) -> int:
        """
        The deployment's time in whole seconds.
        """
        return self.clock.now() // 1000

    def call(self, verb: str, path: str, payload: Any = None) -> Response:
        """
        Send a signed request; retry without a response and after 5xx.

        Args:
            path: Begins with a slash; percent-encoded.
            payload: JSON, or None.

        Raises:
            NoAnswerError: There was no response to any attempt.
        """
        body = None if payload is None else json.dumps(payload).encode()
        headers = {} if body is None else {"content-type": "application/json"}
        for delay in RETRY_DELAYS:
            try:
                response = self.send(verb, path, body, headers, self.credentials)
            except NoAnswerError:
                pass
            else:
                if response.status < 500:
                    return response
            time.sleep(delay)
        return self.send(verb, path, body, headers, self.credentials)

    def send(
        self, verb: str, path: str, body: bytes | None, headers: Mapping[str, str], credentials: hawk.Credentials
    ) -> Response:
        """
        Sign and send a request once.

        Raises:
            TcError: There is no response, or *path* cannot be signed.
        """
        url, nonce = self.root_url + path, secrets.token_urlsafe(6)
        signature = hawk.authorization_header(verb, url, credentials, now=self.now, nonce=nonce)
        return self.transport.send(
            Request(verb, url, {**headers, "authorization": signature}, body, may_repeat=verb != "POST")
        )


def parse_credentials(issued: Mapping[str, str]) -> hawk.Credentials:
    """
    Return the credentials in a response of a service.
    """
    certificate = hawk.parse_certificate(issued.get("certificate") or "")
    return hawk.Credentials(issued["clientId"], issued["accessToken"], certificate)


def parse_json(response: Response) -> Any:
    """
    Return the JSON in a response's body.
    """
    return json.loads(response.body)
