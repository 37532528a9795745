"""
Error responses of the services: ``{code, message, requestInfo}``, with a trailer after ``---`` in the message.
"""

from __future__ import annotations

import re
import uuid
from typing import Any

from tccli.sandbox.http.json_text import dumps

STATUS = {
    "MalformedPayload": 400,
    "InvalidRequestArguments": 400,
    "InputValidationError": 400,
    "InputError": 400,
    "DenylistedAddress": 400,
    "AuthenticationFailed": 401,
    "InsufficientScopes": 403,
    "ForbiddenByGithub": 403,
    "ResourceNotFound": 404,
    "NoMatchingMethod": 406,
    "RequestConflict": 409,
    "ResourceExpired": 410,
    "InputTooLarge": 413,
    "InternalServerError": 500,
    "NotInSandbox": 501,
    "ProviderSetupFailed": 503,
}


class ApiError(Exception):
    """
    A response other than success.

    Args:
        code: A key of :data:`STATUS`.
        message: May contain ``{{name}}``.
        **details: The values for those; other types than strings become indented JSON.

    Attributes:
        payload: What the response shows of the payload, if the call did not get it from a client.
    """

    def __init__(self, code: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details
        self.payload: Any = None

    @property
    def status(self) -> int:
        """
        The HTTP status of the code.
        """
        return STATUS[self.code]

    def text(self) -> str:
        """
        Return the message with its values filled in.
        """

        def value(found: re.Match[str]) -> str:
            if found[1] not in self.details:
                return found[0]
            detail = self.details[found[1]]
            return detail if isinstance(detail, str) else dumps(detail, indent=2)

        return re.sub(r"\{\{([a-zA-Z0-9_-]+)\}\}", value, self.message)


class InternalError(ApiError):
    """
    500, where the services fail by a bug of their own.
    """

    def __init__(self, reason: str) -> None:
        message = "Internal Server Error, incidentId {{incidentId}}."
        message += " Error (not shown in production):\n```\n{{error}}\n```"
        super().__init__("InternalServerError", message, incidentId=str(uuid.uuid4()), error=reason)


class BodyError(InternalError):
    """
    500, the body of the request cannot be read. The response has no payload.
    """


class PageError(Exception):
    """
    An error that the services' framework responds to with an HTML page, before the service does.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def body(
    error: ApiError, *, method: str, params: dict[str, str], payload: Any, has_payload: bool = True, time: str
) -> dict[str, Any]:
    """
    Return the JSON of an error response.

    Args:
        method: The API method's name, without its service.
        params: Path arguments, decoded.
        payload: As sent, or ``{}``.
        has_payload: Whether the response shows it.
        time: RFC 3339.
    """
    trailer = [
        "\n\n---\n",
        f"* method:     {method}",
        f"* errorCode:  {error.code}",
        f"* statusCode: {error.status}",
        f"* time:       {time}",
    ]
    return {
        "code": error.code,
        "message": error.text() + "\n".join(trailer),
        "requestInfo": {
            "method": method,
            "params": params,
            **({"payload": payload} if has_payload else {}),
            "time": time,
        },
    }
