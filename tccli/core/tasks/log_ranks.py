"""
How much a line of a log tells about a failure. Pure.
"""

from __future__ import annotations

import re
from enum import IntEnum


class Rank(IntEnum):
    """
    How much a line tells about a failure.
    """

    OTHER = 0
    TRACE = 1
    """A command that a shell prints before it runs it, a line of `run-task`, or an exit code."""
    EXIT = 2
    """That a command failed: its exit code. What comes later is seldom about it."""
    OUTPUT = 3
    SUMMARY = 4
    """How much has failed."""
    HINT = 5
    """A word that is also in lines of tasks that succeed."""
    ARTIFACT = 6
    """The worker cannot upload an artifact; often a consequence."""
    ERROR = 7
    CAUSE = 8
    """What a compiler or a package manager reports. What comes later is often a consequence."""
    TEST = 9
    WORKER = 10
    """The worker ended the task, or could not start it."""


_ERROR_LEVELS = frozenset({"ERROR", "CRITICAL", "FATAL"})
_TRACE = re.compile(r"\++ \S")
_COUNT = r"\d+ (?:\w+ ){0,2}"
_SUCCESS = re.compile(
    r"(?:REFTEST )?TEST-(?:PASS|OK|INFO|START|END|LOAD|SKIP|KNOWN-FAIL)\b|\s*(?:ok|PASS(?:ED)?|--- PASS:)\s"
)
_EXIT = re.compile(
    r"(?i)(?:exit(?:ed)?|return(?:ed)?|command failed|terminated)(?: with| (?:unexpectedly|non-zero))*,?"
    r" ?(?:exit|return)?[ -]?(?:code|status|value)[: =]*(?:was )?(?:-?[1-9]\d*|WARNING|FAILURE)"
    r"|exit (?:code|status):? -?[1-9]|return status: |^[\w.]*make(?:\[\d+\])?: \*\*\* .*\bError -?\d+$"
    r"|^Execution halted$|^error Command failed|^# TBPL|^'[^']*' did not run successfully|^Running post_|^Exiting -?\d"
)
_SUMMARY = re.compile(
    r"^(?:=+ .*\b(?:failed|errors?)\b.* in [\d.]+s.*=+$"
    rf"|\W*{_COUNT}(?:errors?|problems?|failures?|failed|warnings?|unexpected results?)\b"
    r"|FAILED \(|\W*FAIL(?:ED)?\W*$|FAIL\t|\s*FAIL |FAILURES?!?$|\W*(?:Failed|Failures|Errors|Unexpected):? *\d"
    r"|test result: FAILED|failures:$|\W*\[  FAILED  \] \d|.*\bFAILED TESTS?$|The following tests FAILED"
    r"|Errors while running CTest|.*\berrors? occurred\W*$|Test Suites: |Tests: |One or more \w+ failed"
    r"|FAILURE: Build failed|BUILD FAIL|> Task \S+ FAILED|Execution failed for task|There were failing tests"
    r"|ninja: build stopped|compilation terminated|Error: Process completed|Build step .* failed"
    r"|error: (?:could not compile|test failed|build failed|aborting due to|command .* failed)"
    r"|.*: error: (?:linker command failed|ld returned)|ERROR \S+\.py(?:::\S+)?$|SUMMARY: "
    r"|\[ERROR\] *(?:$|-> |For more|To see|Re-run|After correcting|Failed to execute goal|COMPILATION ERROR|\[Help)"
    r"|npm (?:ERR!|error) *(?:$|code|errno|syscall|path|command|\d+ *$|A complete log|Exit status|Failed at|This is"
    r"|Lifecycle|workspace|in workspace|location|[\w./@-]+@\S+ [\w:-]+: `| {2,})"
    r"|.*\b[Ss]ome tests failed|info Visit|ELIFECYCLE"
    # Where the reason is: above, in a file, in the documentation.
    r"|.*\b[Ss]ee (?:previous|above|the full)|(?:\[ERROR\] )?Please (?:refer|see)\b"
    r"|\W*Encountered errors? (?:while|during)|Errors were encountered"
    r"|E: (?:Unable to fetch some|Sub-process|Some (?:index )?files)"
    r"|error: (?:failed to push some refs|Bad exit status)"
    r"|ERROR: .* failed: \((?:Exit|Aborted|Segmentation|Killed)\b|.*\bERROR SUMMARY: |\*\* [A-Z ]+ FAILED \*\*"
    r"|Command \S+ failed with|(?:\S+: )?error: in [`'].*':$|Status: \d+ ERROR|Error: Test failures"
    # A code without a sentence, or the heading of one.
    r"|error: [a-z]+(?:-[a-z]+)+$|\W*(?:\w+: )?(?:[Ee]rror|ERROR|[Ff]atal|FATAL):?$"
    r"|Result: FAIL|Failed \d+/\d+ |Failed! +-|# Looks like you failed"
    r"|\[ERROR\] *(?:Tests run|Errors|Failures|Failed tests|There are test failures))"
)
_TEST = re.compile(
    r"TEST-UNEXPECTED-|PROCESS-CRASH|^\s*--- FAIL: |^FAILED \S+::|^ERROR \S+ - |\[  FAILED  \] \S+[./]\S|^\s*● \S"
    r"|^\S.* > .+ FAILED$|^\s*thread '[^']*' (?:\(\d+\) )?panicked at|^\s*\d+ - \S.* \([A-Z][A-Za-z ]+\)$|^not ok \d"
    r"|^\s*[✘✗❌✖\u00d7] +(?!\d+ (?:problem|error|fail)|Encountered|.* did not run )\S|^rspec \S+:\d+ #|.* \[E\]$"
    r"|ERROR: \w+Sanitizer|: runtime error: |Assertion .* failed\.?$"
    r"|^\s*── (?:Failure|Error) \(|^\s*Failed \S+\.\S+ \[[<\d]|^#\s+Failed test "
    r"|^==\d+== (?:Invalid (?:read|write|free)|Mismatched free|Conditional jump|.* uninitialised )"
    r"|^==\d+== .* definitely lost in"
)
_CAUSE = re.compile(
    r"^error\[\w+\]: |^e: |^\w+ Error at |^\S.*: (?:fatal )?error:? |: error: |\bfatal error:|\berror [A-Z]{1,5}\d+: "
    r"|^\s*\d+:\d+\s+error\s|: undefined reference to |^\S+\.go:\d+:\d+: |^\S+\.py:\d+:\d+: [A-Z]+\d+ "
    r"|^\[ERROR\] \S+:\[\d+,\d+\]|^npm (?:ERR!|error) "
    r"|^CONFLICT \(| ! \[(?:remote )?rejected\]|\bnothing provides \S|: errSec\w+$"
    r"|^\S+:\d+: [Ee]rror: |^\S+\.rb:\d+:\d+: [CWEF]: |^(?:lua|perl|ruby|php)[\d.]*: \S+:\d+: "
)
_ERROR = re.compile(
    r"\b(?:ERROR|FATAL|FAILED|CRITICAL|FAILURE)\b|(?i:\b(?:error|fatal|abort|panic|failure|failed)(?:\[\w+\])?: )"
    r"|^E: |^E   \S|^\s*(?:[\w$]+\.)*[A-Z]\w*(?:Error|Exception|Timeout|Warning|Failure)(?: \[\w+\])?(?:: |$)"
    r"|^Exception in thread |^Caused by: "
    r"|\bKilled\b|Segmentation fault|\bAborted\b|Bus error|Illegal instruction|core dumped|command not found"
    r"|^[\w.]*make(?:\[\d+\])?: \*\*\* |^[\w.]+: \(\d+\) |(?i:out of memory|cannot allocate memory|no space left)"
    r"|(?i:^\S+: .*(?:permission denied|no such file or directory|timed out|connection refused)$)"
)
_HINT = re.compile(
    r"(?i)\b(?:errors?|fail(?:ed|ure|s)?|fatal|cannot|can't|could not|unable|denied|refused|timed? ?out|not found"
    r"|invalid|missing|unexpected|aborted|killed|crash(?:ed)?|exception|mismatch|no such)\b"
)
_WARNING = re.compile(r"\S+:\d+: WARNING: ")
"""What tools print that take warnings for errors."""
_HARMLESS = re.compile(
    r"(?i)\b(?:warning|note|info|debug|warn)\b\W|\b(?:0|no) (?:errors?|failures?|failed)|\bretry|trying again"
    r"|(?:errors?|failed|failures?)\W{1,3}0\b"
)
_KEYWORDS = (
    *("err", "fail", "fatal", "abort", "panic", "unexpected", "crash", "exception", "timed", "timeout", "time out"),
    *("killed", "segment", "bus ", "illegal", "dumped", "not found", "not ok", "did not", "denied", "refus", "memory"),
    *("no space", "cannot", "can't", "could not", "unable", "undefined", "exit", "return", "terminated", "critical"),
    *(
        "invalid",
        "missing",
        "mismatch",
        "no such",
        "assert",
        "●",
        "✘",
        "✗",
        "❌",
        "✖",
        "\u00d7",
        "rspec",
        "[e]",
        ": ***",
    ),
    *(".go:", ".py:", "e: ", "e   ", ": (", "caused by", "tbpl", "running post", "warning", "build stopped", "problem"),
    *("summary: ", "tests: ", "test suites: ", "info visit", "elifecycle", "see ", "please ", "halted"),
    *(
        "conflict (",
        "rejected]",
        "nothing provides",
        "uninitialised",
        "definitely lost",
        "conditional jump",
        "── ",
        ".rb:",
        "lua",
    ),
    *("perl", "ruby", "php"),
)
"""In lower case; every line that one of the rules below is about has one of them. To look for them is fast."""


HEADING = re.compile(r"\W*(?:\w+: )?(?:[Ee]rror|ERROR|[Ff]atal|FATAL): *$")
"""The sentence is in the next line."""
IGNORED = re.compile(r"\.\.\. ?ignor(?:ing|ed)$")
"""The error before was expected."""


def rank_text(text: str, level: str) -> Rank:
    """
    Return the rank of a line of output by itself.

    Args:
        level: That a logging library printed in front, or empty.
    """
    lower = text.lower()
    if level not in _ERROR_LEVELS and not any(word in lower for word in _KEYWORDS):
        return Rank.TRACE if _TRACE.match(text) else Rank.OTHER if _SUCCESS.match(text) else Rank.OUTPUT
    return rank_by_rules(text, level)


def rank_by_rules(text: str, level: str) -> Rank:
    """
    Return the same as `rank_text`, slowly.
    """
    if _SUCCESS.match(text):
        return Rank.OTHER
    if _TRACE.match(text):
        return Rank.TRACE
    if _TEST.search(text):
        return Rank.TEST
    stripped = text.strip()
    if _EXIT.search(stripped):
        return Rank.EXIT
    if _SUMMARY.match(stripped):
        return Rank.OUTPUT if _HARMLESS.search(stripped) else Rank.SUMMARY
    if _CAUSE.search(text) and not _HARMLESS.search(text):
        return Rank.CAUSE
    if level in _ERROR_LEVELS or (_ERROR.search(text) and not _HARMLESS.search(text)):
        return Rank.ERROR
    if _WARNING.match(text) or (_HINT.search(text) and not _HARMLESS.search(text)):
        return Rank.HINT
    return Rank.OUTPUT
