"""
SELECT: which tasks of a group a command is about, by name, state, queue and so on.
"""

from __future__ import annotations

import fnmatch
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from tccli.core.tasks.members import sort_members
from tccli.core.tasks.queue import LIFECYCLE
from tccli.core.times import parse_span
from tccli.errors import TcError, UsageError
from tccli.names import suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from tccli.core.tasks.members import Member

REASONS = (
    "completed",
    "failed",
    "deadline-exceeded",
    "canceled",
    "superseded",
    "claim-expired",
    "worker-shutdown",
    "malformed-payload",
    "resource-unavailable",
    "internal-error",
    "intermittent-task",
)
"""Source: the schema of a task's status."""


class Selection(NamedTuple):
    """
    Which tasks are selected.

    Attributes:
        tests: Of a task and the time by the deployment's clock; all must be true.
        log_pattern: What a line of the log of a failed task must have, or None.
        limit: How many are taken at most, sorted by name; None for all, in the queue's order.
        options: As given, for messages.
    """

    tests: Sequence[Callable[[Member, datetime], bool]] = ()
    log_pattern: re.Pattern[str] | None = None
    limit: int | None = None
    options: str = ""

    @property
    def is_given(self) -> bool:
        """
        Whether anything restricts the selection.
        """
        return bool(self.options)

    def restrict(self, test: Callable[[Member], bool]) -> Selection:
        """
        Return a selection of fewer tasks, which must pass *test*, too.
        """
        return self._replace(tests=[lambda member, _now: test(member), *self.tests])

    def restrict_to_failed(self) -> Selection:
        """
        Return a selection of those that are failed: ``--failed``.
        """
        options = f"--failed {self.options}".strip()
        return self.restrict(lambda member: member.state == "failed")._replace(options=options)

    def match_by(self, call: Callable[[Callable[[], bool]], bool]) -> Selection:
        """
        Return a selection of the same tasks, whose tests are made by *call*, such as `CallQueue.call`.
        """
        if not self.tests:
            return self
        return self._replace(tests=[lambda member, now: call(lambda: self.matches(member, now))])

    def matches(self, member: Member, now: datetime) -> bool:
        """
        Return whether a task is selected by what the group's listing tells, which is all but its log.
        """
        return all(test(member, now) for test in self.tests)

    def select(
        self, members: Iterable[Member], now: datetime, read_log: Callable[[Member], Iterable[str]]
    ) -> Iterator[Member]:
        """
        Yield the tasks that are selected.

        Args:
            read_log: Returns lines of a task's log, one of which must have the pattern; called for failed tasks only,
                for several at a time.
        """
        found: Iterable[Member] = self._match(members, now)
        pattern = self.log_pattern
        if self.limit is not None:
            # Any of them may have the pattern; without one, no more are stored than are printed.
            limit = self.limit if pattern is None else None
            found = sort_members(found, "name", now, limit)
        if pattern is not None:
            found = _select_by_log(found, read_log, pattern)
        for count, member in enumerate(found, 1):
            yield member
            if count == self.limit:
                return

    def _match(self, members: Iterable[Member], now: datetime) -> Iterator[Member]:
        for member in members:
            # Only failed tasks are selected by their logs.
            if self.matches(member, now) and (self.log_pattern is None or member.state == "failed"):
                yield member


def _select_by_log(
    members: Iterable[Member], read_log: Callable[[Member], Iterable[str]], pattern: re.Pattern[str]
) -> Iterator[Member]:
    from tccli.core.parallel import run_parallel

    # Searched here, since Ctrl-C interrupts a slow expression in the main thread only.
    for member, result in run_parallel(read_log, members):
        if isinstance(result, TcError):
            raise result
        if any(pattern.search(line) for line in result):
            yield member


def parse_selection(options: Mapping[str, Any]) -> Selection:
    """
    Return the selection that options give: texts by ``name state reason queue kind tag owner``, each with a sequence
    of texts; ``longer`` and ``log_match``, texts; ``limit``, a number. All may be missing or None.

    Raises:
        UsageError: A text is not valid.
    """
    tests: list[Callable[[Member, datetime], bool]] = []
    given = []
    for name, parse in _PARSERS.items():
        for text in options.get(name) or ():
            tests.append(_negatable(text, f"--{name}", parse))
            given.append(f"--{name} {text}")
    longer, log_match, limit = (options.get(name) for name in ("longer", "log_match", "limit"))
    if longer is not None:
        tests.append(_longer_than(longer))
        given.append(f"--longer {longer}")
    if log_match is not None:
        given.append(f"--log-match {log_match}")
    if limit is not None:
        given.append(f"--limit {limit}")
    pattern = None if log_match is None else compile_pattern(log_match, "--log-match")
    return Selection(tests, pattern, limit, " ".join(given))


def compile_pattern(text: str, option: str) -> re.Pattern[str]:
    """
    Return a regular expression that an option gives.

    Raises:
        UsageError: It is empty or not valid.
    """
    if not text:
        raise UsageError(f"{option} is empty")
    try:
        return re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        raise UsageError(f"{option} {text!r} is not a regular expression: {error}") from None


def _negatable(
    text: str, option: str, parse: Callable[[str, str], Callable[[Member], bool]]
) -> Callable[[Member, datetime], bool]:
    text = text.lstrip()
    is_negated = text.startswith("!")
    test = parse(text.removeprefix("!"), option)
    return lambda member, _now: test(member) is not is_negated


def _pattern_parser(attribute: str) -> Callable[[str, str], Callable[[Member], bool]]:
    def parse(text: str, option: str) -> Callable[[Member], bool]:
        if text.startswith("~"):
            search = compile_pattern(text[1:], option).search
            return lambda member: search(getattr(member, attribute)) is not None
        patterns = [re.compile(fnmatch.translate(each)) for each in _split(text, option)]
        return lambda member: any(pattern.match(getattr(member, attribute)) for pattern in patterns)

    return parse


def _word_parser(attribute: str, known: Sequence[str]) -> Callable[[str, str], Callable[[Member], bool]]:
    def parse(text: str, option: str) -> Callable[[Member], bool]:
        words = _split(text, option)
        for word in words:
            if known and word not in known:
                hint = suggestion(word, known) or f"it is one of {', '.join(known)}"
                raise UsageError(f"{option}: no {option.lstrip('-')} {word!r}", hint=hint)
        return lambda member: getattr(member, attribute) in words

    return parse


def _parse_tag(text: str, option: str) -> Callable[[Member], bool]:
    name, equals, values = text.partition("=")
    if not (name and equals):
        raise UsageError(f"{option} {text!r} is not NAME=VALUE")
    wanted = values.split(",")
    return lambda member: member.tags.get(name) in wanted


def _split(text: str, option: str) -> list[str]:
    words = [word.strip() for word in text.split(",")]
    if not all(words):
        raise UsageError(f"{option} is empty" if not text else f"{option} {text!r} has an empty part")
    # It would be taken for a part of the name.
    if any(word.startswith("!") for word in words):
        raise UsageError(f"{option} {text!r} has a ! inside", hint=f"it is for all of them, in front: {option} '!a,b'")
    return words


def _longer_than(text: str) -> Callable[[Member, datetime], bool]:
    seconds = parse_span(text).total_seconds()
    return lambda member, now: (member.duration_seconds(now) or 0) > seconds


_PARSERS = {
    "name": _pattern_parser("name"),
    "state": _word_parser("state", LIFECYCLE),
    "reason": _word_parser("reason", REASONS),
    "queue": _pattern_parser("queue"),
    "kind": _word_parser("kind", ()),
    "tag": _parse_tag,
    "owner": _pattern_parser("owner"),
}
