"""
How API calls can be made to fail or to be slow, and answers from a file.

A fault is written ``METHOD=WHAT``: ``queue.createTask=503x2`` (twice, and then never again), ``secrets.*=404``,
``queue.status=drop`` (hang up instead of answering), ``queue.createTask=lost`` (do it, and hang up then).
"""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from tccli.sandbox.call import Answer
from tccli.sandbox.http.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tccli.sandbox.call import Call

DROP, LOST = "drop", "lost"
_SPEC = re.compile(r"([\w*?-]+\.[\w*?]+|\*)=([45][0-9][0-9]|drop|lost)(?:x([0-9]{1,9}))?", re.ASCII)
_CODES = {
    401: "AuthenticationFailed",
    403: "InsufficientScopes",
    404: "ResourceNotFound",
    409: "RequestConflict",
    410: "ResourceExpired",
    413: "InputTooLarge",
}


class HangUp(Exception):  # noqa: N818 - no error: what was asked for
    """
    Ends the connection without an answer.
    """


class FaultError(ApiError):
    """
    The answer of a fault: a status, and the code that goes with it.
    """

    def __init__(self, status: int) -> None:
        code = _CODES.get(status, "InternalServerError" if status >= 500 else "InputError")
        super().__init__(code, "This call was to fail: a --fault of the sandbox says so.")
        self._status = status

    @property
    def status(self) -> int:
        """
        The HTTP status.
        """
        return self._status


@dataclass(slots=True)
class Fault:
    """
    One way to fail.

    Attributes:
        method: A pattern for method ids.
        what: A status, ``drop`` or ``lost``.
        left: How often it strikes yet; None is always.
    """

    method: str
    what: str
    left: int | None = None


@dataclass(slots=True)
class Mischief:
    """
    What befalls API calls.

    Attributes:
        faults: In the order in which they were set: the first that is about a call strikes.
        latency: Seconds before each answer.
        drop: The share of calls that get no answer, from 0 to 1.
        answers: By method id: a body, ``{"status": …, "body": …}``, or a list of them; each call takes the next.
    """

    faults: list[Fault] = field(default_factory=list)
    latency: float = 0.0
    drop: float = 0.0
    answers: dict[str, Any] = field(default_factory=dict)
    _used: dict[str, int] = field(default_factory=dict)
    _chance: Callable[[], float] = random.random

    def add(self, spec: str) -> None:
        """
        Set one more fault, as it is written on the command line.

        Raises:
            ValueError: It is none.
        """
        self.faults.append(parse(spec))

    def strike(self, method_id: str) -> str:
        """
        Return what is to happen to a call instead of an answer, or nothing, and count it.
        """
        for fault in self.faults:
            if fault.left != 0 and fnmatchcase(method_id, fault.method):
                fault.left = None if fault.left is None else fault.left - 1
                return fault.what
        return DROP if self.drop and self._chance() < self.drop else ""

    def faked(self, call: Call) -> Answer | None:
        """
        Return the answer to a call that stands in the file, or None if the file does not know the method.

        Raises:
            ApiError: All answers of a list are used.
        """
        method_id = call.method.id
        if method_id not in self.answers:
            return None
        answers, number = self.answers[method_id], self._used.get(method_id, 0)
        self._used[method_id] = number + 1
        if not isinstance(answers, list):
            return _answer(answers)
        if number >= len(answers):
            message = "all {{number}} answers to {{method}} in the file of --fake are used"
            raise ApiError("InternalServerError", message, number=str(len(answers)), method=method_id)
        return _answer(answers[number])


def parse(spec: str) -> Fault:
    """
    Read a fault.

    Raises:
        ValueError: It is none; the message says why.
    """
    found = _SPEC.fullmatch(spec)
    if found is None:
        message = f"{spec!r} is no fault: SERVICE.METHOD=STATUS, =drop or =lost, perhaps with xN for so many times"
        raise ValueError(message)
    return Fault(found[1], found[2], None if found[3] is None else int(found[3]))


def parse_share(text: str) -> float:
    """
    Read a share, such as ``1%`` or ``0.01``.

    Raises:
        ValueError: It is none.
    """
    share = float(text[:-1]) / 100 if text.endswith("%") else float(text)
    if not 0 <= share <= 1:
        raise ValueError(f"{text} is no share: 0 to 1, or 0% to 100%")
    return share


def read_answers(path: str, methods: Sequence[str]) -> dict[str, Any]:
    """
    Read a file of answers.

    Args:
        path: JSON: method id → answer, or list of answers.
        methods: The ids that there are.

    Raises:
        OSError: It cannot be read.
        ValueError: It is something else.
    """
    with open(path, encoding="utf-8") as file:
        content = json.load(file)
    if not isinstance(content, dict):
        raise ValueError("not an object of methods")  # noqa: TRY004 - it is the file that is wrong
    unknown = sorted(content.keys() - set(methods))
    if unknown:
        raise ValueError(f"there is no method {', '.join(unknown)}")
    return content


def _answer(answer: Any) -> Answer:
    is_spec = (
        isinstance(answer, dict)
        and isinstance(answer.get("status"), int)
        and answer.keys() <= {"status", "body", "headers"}
    )
    if not is_spec:
        return Answer(answer)
    headers = {name.lower(): str(value) for name, value in (answer.get("headers") or {}).items()}
    return Answer(answer.get("body"), status=answer["status"], headers=headers)
