"""
Injected faults of the storage host.

A fault is written ``KIND=VALUE``, optionally with conditions: ``drop=1MB,times=3,match=*.bin``. Sizes may have a unit,
a power of 1024 (``64k``, ``1MB``, ``1MiB``), and so may durations (``50ms``, ``2s``).
"""

from __future__ import annotations

import random
import re
import threading
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from tccli.errors import UsageError
from tccli.sandbox.units import parse_delay, parse_probability

if TYPE_CHECKING:
    from collections.abc import Callable

SIZES = ("slow", "drop", "reset", "short", "long", "cut")
DURATIONS = ("latency", "expire")
WORDS = {"range": {"ignore", "wrong"}, "etag": {"changing"}, "hashes": {"wrong", "none", "unknown"}}
KINDS = (*SIZES, *DURATIONS, *WORDS, "status")
CONDITIONS = ("times", "skip", "chance", "match", "verb")
UPLOAD_KINDS = {"slow", "latency", "status", "drop", "reset", "expire"}
"""Kinds that apply to uploads, too."""

_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([kmg]?)(?:i?b)?", re.IGNORECASE)


@dataclass(slots=True)
class StorageFault:
    """
    A fault.

    Attributes:
        kind: One of :data:`KINDS`.
        value: A number (bytes, seconds, status), or a word.
        times: How often it applies at most; None for always.
        skip: How many matching requests do not fail first.
        chance: From 0 to 1.
        match: A pattern for the name of an object, or for ``TASK/RUN/ARTIFACT``.
        verb: ``GET``, ``PUT``, or an empty string for all verbs of the kind.
        count: How often it has applied.
    """

    kind: str
    value: float | str
    times: int | None = None
    skip: int = 0
    chance: float = 1.0
    match: str = "*"
    verb: str = ""
    count: int = 0

    @property
    def number(self) -> int:
        """
        The value as an integer.
        """
        return int(self.value)

    def matches(self, verb: str, name: str) -> bool:
        """
        Return whether the fault may apply to a request.
        """
        verbs = {self.verb} if self.verb else ({"GET", "PUT"} if self.kind in UPLOAD_KINDS else {"GET"})
        return verb in verbs and fnmatchcase(name, self.match) and (self.times is None or self.count < self.times)


@dataclass(slots=True)
class FaultSet:
    """
    The faults of a host, in the order in which they were added. Threads may share it.
    """

    _faults: list[StorageFault] = field(default_factory=list)
    _random: random.Random = field(default_factory=random.Random)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, spec: str) -> StorageFault:
        """
        Add a fault as written on the command line, and return it with its counter.

        Raises:
            ValueError: *spec* is not a fault; the message says why.
        """
        fault = parse_storage_fault(spec)
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """
        Remove all faults.
        """
        with self._lock:
            self._faults.clear()

    def next_fault(
        self, kind: str, verb: str, name: str, has_effect: Callable[[StorageFault], bool] = lambda _fault: True
    ) -> StorageFault | None:
        """
        Return the first fault of a kind that applies to a request, and count it.

        Args:
            kind: One of :data:`KINDS`.
            verb: ``GET`` or ``PUT``.
            name: Of the object or artifact.
            has_effect: Returns whether a fault changes the response.
        """
        with self._lock:
            for fault in self._faults:
                if fault.kind != kind or not fault.matches(verb, name) or not has_effect(fault):
                    continue
                if fault.skip:
                    fault.skip -= 1
                elif fault.chance >= 1 or self._random.random() < fault.chance:
                    fault.count += 1
                    return fault
        return None


def parse_storage_fault(spec: str) -> StorageFault:
    """
    Parse ``KIND=VALUE[,CONDITION=VALUE]…``.

    Raises:
        ValueError: *spec* is not a fault; the message says why.
    """
    first, *conditions = spec.split(",")
    kind, equals, value = first.strip().partition("=")
    if kind not in KINDS or not equals:
        raise ValueError(f"{first!r} is not a fault; write KIND=VALUE with one of {', '.join(KINDS)}")
    fault = StorageFault(kind, _value(kind, value))
    for condition in conditions:
        name, _, text = condition.strip().partition("=")
        if name not in CONDITIONS:
            raise ValueError(f"{condition!r} is not a condition; write NAME=VALUE with one of {', '.join(CONDITIONS)}")
        setattr(fault, name, _condition(name, text))
    return fault


def _value(kind: str, text: str) -> float | str:
    if kind in WORDS:
        if text not in WORDS[kind]:
            raise ValueError(f"{kind}={text}: expected {' or '.join(sorted(WORDS[kind]))}")
        return text
    if kind in DURATIONS:
        try:
            return parse_delay(text)
        except (UsageError, ValueError) as error:
            raise ValueError(f"{kind}={text}: {error}") from None
    if kind == "status":
        if not re.fullmatch(r"[45][0-9][0-9]", text):
            raise ValueError(f"status={text}: expected a status from 400 to 599")
        return int(text)
    found = _SIZE.fullmatch(text)
    size = float(found[1]) * _UNITS[found[2].lower()] if found else -1
    if size < 0 or (kind == "slow" and size < 1):
        raise ValueError(f"{kind}={text}: expected a number of bytes such as 64k or 1MB")
    return int(size)


def _condition(name: str, text: str) -> Any:
    try:
        if name == "chance":
            return parse_probability(text)
        if name in {"times", "skip"} and int(text) >= 0:
            return int(text)
    except ValueError:
        pass
    if name == "match" and text:
        return text
    if name == "verb" and text.upper() in {"GET", "PUT"}:
        return text.upper()
    expected = {"chance": "a probability such as 0.5 or 50%", "match": "a pattern", "verb": "get or put"}
    raise ValueError(f"{name}={text}: expected {expected.get(name, 'a number of requests')}")
