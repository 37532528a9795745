"""
The ways in which the storage host can be told to fail, and how often it did.

A fault is written ``KIND=VALUE``, perhaps followed by conditions: ``drop=1MB,times=3,match=*.bin``. Sizes may have a
unit, which is a power of 1024 (``64k``, ``1MB``, ``1MiB``), durations too (``50ms``, ``2s``).
"""

from __future__ import annotations

import random
import re
import threading
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from tccli.core.times import parse_duration
from tccli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS = {
    "slow": "SIZE     bytes per second and connection",
    "latency": "DURATION before each answer",
    "status": "STATUS   instead of an answer, such as 503",
    "drop": "SIZE     hang up after so many bytes of a body",
    "reset": "SIZE     the same, but by a reset",
    "short": "SIZE     send so many bytes fewer than promised, and hang up",
    "long": "SIZE     promise and send so many bytes more than there are",
    "cut": "SIZE     promise no length, send so many bytes fewer, and hang up",
    "range": "ignore, or wrong: a Content-Range for other bytes than are sent",
    "etag": "changing: another one in each answer",
    "hashes": "wrong, none or unknown: what startDownload says of an object",
    "expire": "DURATION after which URLs expire, whatever is said of them",
}
CONDITIONS = {
    "times": "N       so often, and then never again",
    "skip": "N       only after so many requests that it would have struck",
    "chance": "P       with this probability",
    "match": "PATTERN only for names like this one",
    "verb": "VERB    only for get or put",
}
WORDS = {"range": {"ignore", "wrong"}, "etag": {"changing"}, "hashes": {"wrong", "none", "unknown"}}
DURATIONS = {"latency", "expire"}
FOR_BOTH = {"slow", "latency", "status", "drop", "reset", "expire"}
"""What befalls uploads as well as downloads, unless a verb is given."""

_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([kmg]?)(?:i?b)?", re.IGNORECASE)


@dataclass(slots=True)
class Fault:
    """
    One way to fail.

    Attributes:
        kind: A key of :data:`KINDS`.
        value: A number (bytes, seconds, status), or a word.
        times: How often it strikes at most; None is always.
        skip: How many requests are spared first.
        chance: From 0 to 1.
        match: A pattern for the name: of the object, or ``TASK/RUN/ARTIFACT``.
        verb: ``GET``, ``PUT``, or nothing for those that the kind is about.
        struck: How often it has.
    """

    kind: str
    value: float | str
    times: int | None = None
    skip: int = 0
    chance: float = 1.0
    match: str = "*"
    verb: str = ""
    struck: int = 0

    @property
    def number(self) -> int:
        """
        The value as a whole number.
        """
        return int(self.value)

    def concerns(self, verb: str, name: str) -> bool:
        """
        Say whether the fault is about such a request, and not used up.
        """
        verbs = {self.verb} if self.verb else ({"GET", "PUT"} if self.kind in FOR_BOTH else {"GET"})
        return verb in verbs and fnmatchcase(name, self.match) and (self.times is None or self.struck < self.times)


@dataclass(slots=True)
class Faults:
    """
    All that are set, in the order in which they were; threads may share it.

    Attributes:
        set: To look at; :meth:`add` and :meth:`clear` change it.
    """

    set: list[Fault] = field(default_factory=list)
    _random: random.Random = field(default_factory=random.Random)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, spec: str) -> Fault:
        """
        Set one more fault, as it is written on the command line, and return it: its ``struck`` counts.

        Raises:
            ValueError: It is not a fault; the message says why.
        """
        fault = parse(spec)
        with self._lock:
            self.set.append(fault)
        return fault

    def clear(self) -> None:
        """
        Unset all of them.
        """
        with self._lock:
            self.set.clear()

    def strike(
        self, kind: str, verb: str, name: str, fits: Callable[[Fault], bool] = lambda _fault: True
    ) -> Fault | None:
        """
        Return the first fault of a kind that strikes now, and count it.

        Args:
            kind: A key of :data:`KINDS`.
            verb: ``GET`` or ``PUT``.
            name: Of what is asked for.
            fits: Whether a fault makes a difference to the answer.
        """
        with self._lock:
            for fault in self.set:
                if fault.kind != kind or not fault.concerns(verb, name) or not fits(fault):
                    continue
                if fault.skip:
                    fault.skip -= 1
                elif fault.chance >= 1 or self._random.random() < fault.chance:
                    fault.struck += 1
                    return fault
        return None


def parse(spec: str) -> Fault:
    """
    Read a fault.

    Raises:
        ValueError: It is none; the message says why.
    """
    first, *conditions = spec.split(",")
    kind, equals, value = first.strip().partition("=")
    if kind not in KINDS or not equals:
        raise ValueError(f"{first!r} is no fault: KIND=VALUE, with one of {', '.join(KINDS)}")
    fault = Fault(kind, _value(kind, value))
    for condition in conditions:
        name, _, text = condition.strip().partition("=")
        if name not in CONDITIONS:
            raise ValueError(f"{condition!r} is no condition: NAME=VALUE, with one of {', '.join(CONDITIONS)}")
        setattr(fault, name, _condition(name, text))
    return fault


def _value(kind: str, text: str) -> float | str:
    if kind in WORDS:
        if text not in WORDS[kind]:
            raise ValueError(f"{kind}={text}: one of {', '.join(sorted(WORDS[kind]))} is expected")
        return text
    if kind in DURATIONS:
        try:
            return parse_duration(text)
        except (UsageError, ValueError) as error:
            raise ValueError(f"{kind}={text}: {error}") from None
    if kind == "status":
        if not re.fullmatch(r"[45][0-9][0-9]", text):
            raise ValueError(f"status={text}: a status from 400 to 599 is expected")
        return int(text)
    found = _SIZE.fullmatch(text)
    size = float(found[1]) * _UNITS[found[2].lower()] if found else -1
    if size < 0 or (kind == "slow" and size < 1):
        raise ValueError(f"{kind}={text}: a number of bytes is expected, such as 64k or 1MB")
    return int(size)


def _condition(name: str, text: str) -> Any:
    try:
        if name == "chance" and 0 <= float(text) <= 1:
            return float(text)
        if name in {"times", "skip"} and int(text) >= 0:
            return int(text)
    except ValueError:
        pass
    if name == "match" and text:
        return text
    if name == "verb" and text.upper() in {"GET", "PUT"}:
        return text.upper()
    raise ValueError(f"{name}={text}: {CONDITIONS[name]}")
