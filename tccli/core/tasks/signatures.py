"""
What went wrong, from the log of a failed task: the line that a person would point at, and its signature. Pure.

The time is linear in the length of the log: of each line, only the first characters are looked at.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from tccli.core.tasks.log_ranks import IGNORED, ROOT, Rank, rank_heading, rank_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAX_LINE_CHARACTERS = 1000
"""Of a line of a log."""
MAX_SIGNATURE_CHARACTERS = 300


TAKES_FIRST = frozenset({Rank.CAUSE})
"""Of lines of other ranks, the last one counts."""
TAKES_FIRST_OF_GROUP = frozenset({Rank.HINT, Rank.ERROR})
"""Of lines of these ranks that follow each other, the first one counts: the others are its consequences."""
CAN_FOLLOW_HEADING = frozenset({Rank.OUTPUT, Rank.HINT, Rank.ERROR})
MAX_GAP_LINES = 2
"""Of output between lines that follow each other."""


class FailureLine(NamedTuple):
    """
    The line of a log that tells most about a failure.

    Attributes:
        number: Of the line, from 0.
        text: Without the times and levels that programs put in front.
    """

    number: int
    rank: Rank
    text: str

    @property
    def signature(self) -> str:
        """
        What failures of the same kind have in common.
        """
        return fold_line(self.text)

    @property
    def kind(self) -> str:
        """
        How the task ended: ``command``, ``max-run-time``, ``artifact``, or ``worker`` for another error of the worker.
        """
        if self.rank == Rank.WORKER:
            return "max-run-time" if _MAX_RUN_TIME.search(self.text) else "worker"
        return "artifact" if self.rank == Rank.ARTIFACT else "command"


_SGR = re.compile(r"\x1b\[[0-9;:]*[A-Za-z]|\r")
_PREFIXES = (
    # Of run-task, and of other programs that print times.
    re.compile(r"\[[a-z-]+ \d{4}-\d\d-\d\d[T ][\d:.,]+Z?\] ?"),
    re.compile(r"\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?\]? ?"),
    # Of docker build.
    re.compile(r"#\d+ (?:\d+\.\d+ )?"),
    # Of mach: minutes and seconds.
    re.compile(r" {0,2}\d{1,3}:\d\d\.\d\d "),
    # Of rpm builds, kernels and Jenkins.
    re.compile(r"\[ {0,8}\d{1,8}(?:\.\d+|s)\] ?|\d\d:\d\d:\d\d  (?! *[A-Z]+ +- )"),
)
_MOZHARNESS = re.compile(r" ?\d\d:\d\d:\d\d +(DEBUG|INFO|WARNING|ERROR|CRITICAL|FATAL) - ?")
_USUAL_LEVELS = frozenset({"DEBUG", "INFO", "WARNING"})
_LEVEL = re.compile(
    r"##\[error\]|(?:ERRO|FATA|PANI)\[\d{4}\] +|time=\S+ level=(?:error|fatal|panic) msg="
    r"|[EF]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ \S+\] "
)
"""Of logging libraries of Go, and of GitHub and Azure."""
_WORKER = re.compile(r"\[taskcluster(?::(?P<level>[a-z]+)|[^\]]*)\] ?")
_RUN_TASK = re.compile(r"\[(?:fetches|setup|cache|volume|cleanup|content-tooltool) ")
"""What `run-task` does before and after the task's own command."""
_WORKER_SUMMARY = re.compile(r"(?i)exit status -?\d+$|aborting task\W*$|task not successful|unsuccessful task run")
_UPLOAD = re.compile(r"(?i)artifact upload|^artifact \S+ not found|file-missing-on-worker|uploading")
_WORKER_ENDED_IT = re.compile(
    r"(?i)\bmax ?run ?time\b.*\bexceeded\b|\bexceeded\b.*\bmax ?run ?time\b"
    r"|^(?:aborting task|task aborted|task timeout|killed)\b"
    r"|^(?:the payload is malformed|malformed payload|cannot start the command)\b"
)
"""Of a line of the worker without a level: old workers report errors in them too."""
_UPLOAD_PROBLEM = re.compile(
    r"(?i)^artifact \S.*(?:not found|does not exist|no such file|cannot )|^uploading error artifact"
)
_NEXT_ATTEMPT = re.compile(r"(?i)\bnext attempt\b|\bretrying\b|\bwill retry\b")
_EXIT_CODE = re.compile(r"(?i)^(?:successful task run with )?exit code: 0\b")
_NONZERO_EXIT_CODE = re.compile(r"(?i)^(?:unsuccessful task run with )?exit (?:code:|status) -?[1-9]")
_ANY_EXIT_CODE = re.compile(r"(?i)\bexit (?:code|status):? {1,3}(-?\d{1,10})\b")
_MAX_RUN_TIME = re.compile(r"(?i)\bmax ?run ?time\b|\btask timeout after\b")
_HARNESS = re.compile(r"\bTEST-(?:START|PASS|OK|END|INFO) |\bSUITE-END|\bTinderboxPrint: ")
_GRADLE_CAUSE = re.compile(r" *> \S")


def find_failure_line(lines: Iterable[str]) -> FailureLine | None:
    """
    Return the line of a log that a person would point at; None if the log has no output.
    """
    choice = _Choice()
    reader = _Reader()
    for number, line in enumerate(lines):
        found = reader.rank(line[:MAX_LINE_CHARACTERS])
        if found is not None:
            choice.consider(number, *found, is_root=reader.is_root, is_detail=reader.is_detail)
    return reader.replace(choice.best)


def is_vague(found: FailureLine | None, lines: Iterable[str]) -> bool:
    """
    Return whether lines before those of the end of a log may tell more than what was found in it: errors after the last
    test of a harness are seldom why the task failed.
    """
    if found is None or found.rank < Rank.ERROR:
        return True
    return found.rank < Rank.TEST and any(_HARNESS.search(line) for line in lines)


def find_exit_code(lines: Iterable[str]) -> str | None:
    """
    Return the exit code in a log in which `find_failure_line` finds nothing: empty if the worker does not tell it, None
    if there are no lines of a worker either.
    """
    code = None
    for line in lines:
        if _is_visible(line):
            found = _ANY_EXIT_CODE.search(line[:MAX_LINE_CHARACTERS])
            code = found[1] if found else code or ""
    return code


def _is_visible(text: str) -> bool:
    """
    Return whether a line shows anything: not only blanks and control characters.
    """
    text = text.strip()
    # The first character decides nearly always.
    return (text != "" and text[0].isprintable()) or any(each.isprintable() and each != " " for each in text)


class _Choice:
    """
    Which of the lines so far matters most.

    A line of a higher rank replaces one of a lower rank. Of the same rank, the last one counts in general, as the task
    went on after those before. Lines of the same group are at most `MAX_GAP_LINES` lines of output apart, without the
    indented ones, and no command is printed between them.
    """

    def __init__(self) -> None:
        self.best: FailureLine | None = None
        self._before: FailureLine | None = None
        self._has_ended = False
        self._gap = 0

    def consider(self, number: int, rank: Rank, text: str, *, is_root: bool, is_detail: bool) -> None:
        if self.best is not None and self.best.number == number - 1 and IGNORED.match(text):
            self.best, self._gap = self._before, MAX_GAP_LINES + 1
            return
        self._has_ended = self._has_ended or rank == Rank.EXIT
        if self._has_ended and rank == Rank.OUTPUT and self.best is not None and self.best.rank >= Rank.OUTPUT:
            self._gap += 1
            return
        is_equal = self.best is not None and rank == self.best.rank
        if self.best is None or rank > self.best.rank or (is_equal and self._is_later(rank, is_root=is_root)):
            self._before, self.best = self.best, FailureLine(number, rank, text)
            self._gap = 0
        elif rank == Rank.TRACE:
            self._gap = MAX_GAP_LINES + 1
        elif rank <= Rank.OUTPUT:
            self._gap += rank == Rank.OUTPUT and not is_detail
        elif self._gap <= MAX_GAP_LINES:
            self._gap = 0

    def _is_later(self, rank: Rank, *, is_root: bool) -> bool:
        if rank in TAKES_FIRST_OF_GROUP:
            return is_root or self._gap > MAX_GAP_LINES
        return rank not in TAKES_FIRST


class _Reader:
    """
    Ranks one line after the other, with what it knows of those before.

    Attributes:
        succeeded: Whether the worker told so.
        is_root: Whether the last line tells more than those before it, such as the end of a traceback.
        is_detail: Whether the last line is indented.
    """

    def __init__(self) -> None:
        self.succeeded = False
        self.is_root = False
        self.is_detail = False
        self._trace_indent: int | None = None
        self._in_gradle = False
        self._heading: Rank | None = None
        self._upload: FailureLine | None = None
        self._number = -1

    def rank(self, line: str) -> tuple[Rank, str] | None:
        """
        Return the rank of a line and its text without prefixes; None for an empty one.
        """
        self._number += 1
        self.is_root = self.is_detail = False
        if "\x1b" in line or "\r" in line:
            line = _SGR.sub("", line)
        worker = _WORKER.match(line) if line.startswith("[taskcluster") else None
        if worker is not None:
            text = line[worker.end() :].strip()
            return self._rank_worker(worker["level"], text if _is_visible(text) else "")
        text, level = _strip_prefixes(line)
        if not _is_visible(text):
            self._in_gradle = False
            return None
        self.is_detail = text[0].isspace()
        rank = self._rank_output(text, level)
        if level in _USUAL_LEVELS and rank == Rank.ERROR:
            rank = Rank.HINT
        if rank < Rank.HINT and _RUN_TASK.match(line):
            rank = Rank.TRACE
        return rank, text.strip()

    def replace(self, best: FailureLine | None) -> FailureLine | None:
        """
        Return the line about an artifact instead of output, if that was printed by a task that succeeded.
        """
        return self._upload if self.succeeded and self._upload and (best is None or best.rank < Rank.WORKER) else best

    def _rank_worker(self, level: str | None, text: str) -> tuple[Rank, str] | None:
        if _EXIT_CODE.match(text):
            self.succeeded = True
        elif _NONZERO_EXIT_CODE.match(text):
            self.succeeded = False
        if not text:
            return None
        if level is None and _WORKER_ENDED_IT.search(text):
            return Rank.WORKER, text
        if _NEXT_ATTEMPT.search(text):
            return Rank.TRACE, text
        if level != "error" and not _UPLOAD_PROBLEM.match(text):
            return (Rank.OTHER, text) if text and level else None
        if _WORKER_SUMMARY.match(text):
            return Rank.TRACE, text
        if _UPLOAD.search(text) or _UPLOAD_PROBLEM.match(text):
            self._upload = FailureLine(self._number, Rank.ARTIFACT, text)
            return Rank.ARTIFACT, text
        return Rank.WORKER, text

    def _rank_output(self, text: str, level: str) -> Rank:
        indent = len(text) - len(text.lstrip())
        if self._trace_indent is not None and indent <= self._trace_indent:
            self._trace_indent = None
            self.is_root = True
            return Rank.ERROR
        if text.lstrip().startswith("Traceback (most recent call last)"):
            self._trace_indent = indent
            return Rank.HINT
        if self._trace_indent is not None:
            return Rank.OUTPUT
        if text.startswith("* What went wrong"):
            self._in_gradle = True
        if self._in_gradle and _GRADLE_CAUSE.match(text):
            self.is_root = True
            return Rank.ERROR
        rank = rank_text(text, level)
        self.is_root = ROOT.match(text) is not None
        heading, self._heading = self._heading, None if self.is_root else rank_heading(text, rank)
        if heading is not None and rank in CAN_FOLLOW_HEADING:
            self.is_root = True
            return max(rank, heading)
        return rank


def _strip_prefixes(line: str) -> tuple[str, str]:
    for prefix in _PREFIXES:
        found = prefix.match(line)
        line = line[found.end() :] if found else line
    if level := _LEVEL.match(line):
        return line[level.end() :], "ERROR"
    mozharness = _MOZHARNESS.match(line)
    return (line[mozharness.end() :], mozharness[1]) if mozharness else (line, "")


def clean_line(line: str) -> str:
    """
    Return a line of a log as people read it: without colours, and without the time that `run-task` puts in front.
    """
    return _PREFIXES[0].sub("", _SGR.sub("", line[:MAX_LINE_CHARACTERS]), count=1).rstrip()


def find_context(lines: Sequence[str], number: int, count: int) -> list[str]:
    """
    Return *count* lines around a line, without those of the worker and of `run-task` unless that is one of them.
    """
    is_worker = _is_foreign(lines[number])
    first, last = number, number + 1
    while last - first < count:
        before = last - number > number - first or last == len(lines)
        step = _next_place(lines, first, last, before=before, is_worker=is_worker)
        if step is None:
            step = _next_place(lines, first, last, before=not before, is_worker=is_worker)
        if step is None:
            break
        first, last = step
    context = [clean_line(line) for line in lines[first:last]]
    while context and not context[-1]:
        context.pop()
    return context


def _next_place(
    lines: Sequence[str], first: int, last: int, *, before: bool, is_worker: bool
) -> tuple[int, int] | None:
    place = first - 1 if before else last
    if not 0 <= place < len(lines) or (not is_worker and _is_foreign(lines[place])):
        return None
    return (place, last) if before else (first, last + 1)


def _is_foreign(line: str) -> bool:
    return _WORKER.match(line) is not None or _RUN_TASK.match(line) is not None


_FOLDS = (
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?"), "<time>"),
    (re.compile(r"\b\d{1,2}:\d\d:\d\d(?:[.,]\d+)?\b"), "<time>"),
    (re.compile(r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"), "<id>"),
    (re.compile(r"\b0x[0-9a-fA-F]+\b"), "<id>"),
    # Ids of tasks and workers: exactly 22 characters, or letters and digits that no word has.
    (
        re.compile(
            r"(?<![\w-])(?=[\w-]{0,21}[0-9_-])(?=[\w-]{0,21}[A-Z])(?=[\w-]{0,21}[a-z])[\w-]{22}(?![\w-])", re.ASCII
        ),
        "<id>",
    ),
    (re.compile(r"\b(?=[a-f]{0,63}[0-9])(?=[0-9]{0,63}[a-f])[0-9a-f]{7,64}\b"), "<id>"),
    (re.compile(r"\bi-[0-9a-f]{8,17}\b"), "<id>"),
    # Of tempfile, mktemp and generic-worker.
    (re.compile(r"(?<=/tmp/)[^/\s'\":,)]+"), "<random>"),
    (re.compile(r"(?<=/tmp)[a-z0-9_]{6,10}(?=[/'\"\s]|$)|(?<=/)tmp[a-z0-9_]{6,8}\b"), "<random>"),
    (re.compile(r"\.(?=[A-Za-z]{0,11}\d)(?=\d{0,11}[A-Za-z])[A-Za-z0-9]{6,12}(?![\w.])"), ".<random>"),
    (re.compile(r"\b(task_|pytest-|pid[ =:]?)\d+", re.IGNORECASE), r"\g<1><n>"),
)
# What follows a letter belongs to a name: test_bug1234, E0308. Status and exit codes tell failures apart.
_NUMBER = re.compile(
    r"((?:HTTP(?: Error|/[\d.]+)?|status|code|returned error|errno|signal)[: =]{1,3}\d{1,5}\b)"
    r"|(?<![\w<])(?<!\w[-.])(?<!<n>)(?<!<n>[-.])[+-]?\d+(?:[.,]\d+)*(?=[a-zA-Zµ%]{0,3}\b|\W|$)",
    re.IGNORECASE,
)
_SPACE = re.compile(r"\s+")


def fold_line(text: str) -> str:
    """
    Return a line without what differs from run to run: numbers, ids, times, random parts of paths. Idempotent.
    """
    text = text[:MAX_LINE_CHARACTERS]
    for pattern, replacement in _FOLDS:
        text = pattern.sub(replacement, text)
    text = _NUMBER.sub(lambda found: found[1] or "<n>", text)
    return _SPACE.sub(" ", text).strip()[:MAX_SIGNATURE_CHARACTERS].strip()
