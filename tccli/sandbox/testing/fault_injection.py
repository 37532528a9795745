"""
Faults of API calls, delays, and fake responses from a file.

A fault is written ``METHOD=FAULT``: ``queue.createTask=503x2`` (a status, twice), ``secrets.*=404`` (always),
``queue.status=drop`` (close the connection without a response), ``queue.createTask=lost`` (do what the call asks,
then close the connection). ``queue.*=503,chance=10%`` makes that share of the calls fail.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from enum import Enum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from tccli import references
from tccli.core.http.fake import describe_unknown_method, parse_fake_response
from tccli.sandbox.call import Response
from tccli.sandbox.http.errors import ApiError
from tccli.sandbox.units import parse_probability

if TYPE_CHECKING:
    from collections.abc import Callable

    from tccli.sandbox.call import Call

_FAULT = re.compile(
    r"(?P<method>[\w*?-]+\.[\w*?]+|\*)=(?P<fault>[45][0-9][0-9]|drop|lost)(?:x(?P<times>[1-9][0-9]{0,8}))?"
    r"(?:,chance=(?P<chance>[0-9.]+%?))?",
    re.ASCII,
)
_CODES = {
    401: "AuthenticationFailed",
    403: "InsufficientScopes",
    404: "ResourceNotFound",
    409: "RequestConflict",
    410: "ResourceExpired",
    413: "InputTooLarge",
}


class HangUp(Exception):  # noqa: N818 - a request to close the connection, not an error
    """
    Closes the connection without a response.
    """


class FaultError(ApiError):
    """
    The response of an injected status.
    """

    def __init__(self, status: int) -> None:
        code = _CODES.get(status, "InternalServerError" if status >= 500 else "InputError")
        super().__init__(code, "This error was injected by a --fault of the sandbox.")
        self._status = status

    @property
    def status(self) -> int:
        """
        The HTTP status, whatever the code's is.
        """
        return self._status


class FaultKind(Enum):
    """
    What happens to a call.
    """

    STATUS = "status"
    DROP = "drop"
    LOST = "lost"


@dataclass(slots=True)
class CallFault:
    """
    A fault of API calls.

    Attributes:
        method_pattern: With ``*`` and ``?``, for ids such as ``queue.status``.
        status: For :attr:`FaultKind.STATUS`.
        remaining: How many more calls fail; None for all.
        chance: That a call fails, from 0 to 1.
    """

    method_pattern: str
    kind: FaultKind
    status: int = 0
    remaining: int | None = None
    chance: float = 1.0


@dataclass(slots=True)
class FaultInjector:
    """
    Decides which API calls fail, and how.

    Attributes:
        faults: The first one that matches a call applies, and whose chance comes true.
        latency_seconds: Delay of each response.
        drop_probability: Of a call without a response, from 0 to 1.
        fake_responses: By method id: a body, ``{"status": …, "body": …}``, or a list of them, one for each call.
    """

    faults: list[CallFault] = field(default_factory=list)
    latency_seconds: float = 0.0
    drop_probability: float = 0.0
    fake_responses: dict[str, Any] = field(default_factory=dict)
    _calls: dict[str, int] = field(default_factory=dict)
    _random: Callable[[], float] = random.random

    def add(self, spec: str) -> None:
        """
        Add a fault as written on the command line.

        Raises:
            ValueError: *spec* is not a fault, or no method matches it.
        """
        fault, ids = parse_fault(spec), references.built_in().method_ids()
        if not any(fnmatchcase(method_id, fault.method_pattern) for method_id in ids):
            raise ValueError(describe_unknown_method(fault.method_pattern, ids))
        self.faults.append(fault)

    def next_fault(self, method_id: str) -> CallFault | None:
        """
        Return the fault that applies to a call, and count it.
        """
        for fault in self.faults:
            if fault.remaining == 0 or not fnmatchcase(method_id, fault.method_pattern):
                continue
            if fault.chance >= 1 or self._random() < fault.chance:
                if fault.remaining is not None:
                    fault.remaining -= 1
                return fault
        if self.drop_probability and self._random() < self.drop_probability:
            return CallFault("*", FaultKind.DROP)
        return None

    def fake_response(self, call: Call) -> Response | None:
        """
        Return the fake response to a call, or None if its method has none.

        Raises:
            ApiError: All responses of a list were used.
        """
        method_id = call.method.id
        if method_id not in self.fake_responses:
            return None
        responses, number = self.fake_responses[method_id], self._calls.get(method_id, 0)
        self._calls[method_id] = number + 1
        if not isinstance(responses, list):
            return _to_response(responses)
        if number >= len(responses):
            message = "all {{number}} responses to {{method}} in the file of --fake are used"
            raise ApiError("InternalServerError", message, number=str(len(responses)), method=method_id)
        return _to_response(responses[number])


def parse_fault(spec: str) -> CallFault:
    """
    Parse ``METHOD=FAULT``, ``METHOD=FAULTxTIMES``, each also with ``,chance=P``.

    Raises:
        ValueError: *spec* is not a fault.
    """
    found = _FAULT.fullmatch(spec)
    if found is None:
        raise ValueError(
            f"{spec!r} is not a fault; write SERVICE.METHOD=STATUS, =drop or =lost, "
            "optionally with xTIMES and ,chance=P"
        )
    remaining = None if found["times"] is None else int(found["times"])
    chance = parse_probability(found["chance"] or "1")
    if found["fault"].isdigit():
        return CallFault(found["method"], FaultKind.STATUS, int(found["fault"]), remaining, chance)
    return CallFault(found["method"], FaultKind(found["fault"]), remaining=remaining, chance=chance)


def _to_response(entry: Any) -> Response:
    fake = parse_fake_response(entry)
    return Response(fake.body, status=fake.status, headers=fake.headers)
