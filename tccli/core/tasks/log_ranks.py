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
    r"(?:REFTEST )?TEST-(?!UNEXPECTED)[A-Z-]+\b|\s*(?:ok|PASS(?:ED)?|--- PASS:|[✓✔√])\s"
    r"|.{1,300} (?:\.\.\. ok|PASSED(?: +\[ *\d+%\])?)$"
)
_NOISE = re.compile(
    r"[\W\d_]*$|\[Pipeline\] |(?:##\[|::)(?:group|endgroup|debug)\b|section_(?:start|end):\d|Cleaning up "
    r"|\s*https?://|For more (?:information|details)"
)
"""Without a word, or of systems that run jobs."""
_EXIT = re.compile(
    r"(?i)(?:exit(?:ed)?|return(?:ed)?|command failed|terminated)(?: with| (?:unexpectedly|non-zero))*,?"
    r" ?(?:exit|return)?[ -]?(?:code|status|value)[: =]*(?:was )?'?(?:-?[1-9]\d*|WARNING|FAILURE)"
    r"|exit (?:code|status):? -?[1-9]|return status: |^[\w.]*make(?:\[\d+\])?: \*\*\* .*\bError -?\d+$"
    r"|^Execution halted$|^# TBPL|^'[^']*' did not run successfully|^Running post_|^Exiting -?\d"
    r"|^npm (?:ERR!|error) *(?:$|code|errno|syscall|path|command|\d+ *$|A complete log|Exit status|Failed at|This is"
    r"|Lifecycle|workspace|in workspace|location|[\w./@-]+@\S+ [\w:-]+: `| {2,})|^info Visit|^ELIFECYCLE"
)
_SUMMARY = re.compile(
    r"^(?:.*\b[1-9]\d* (?:\w+ )?(?:errors?|problems?|failures?|issues?|violations?|vulnerabilities)"
    r" (?:found|detected|reported)\b|.*\bfound [1-9]\d* (?:\w+ )?(?:errors?|problems?|issues?|violations?|warnings?)\b"
    r"|=+ .*\b(?:failed|errors?)\b.* in [\d.]+s.*=+$"
    rf"|\W*{_COUNT}(?:errors?|problems?|failures?|failed|warnings?|unexpected results?)\b"
    r"|FAILED \(|\W*FAIL(?:ED)?\W*$|FAIL\t|\s*FAIL |FAILURES?!?$|\W*(?:Failed|Failures|Errors|Unexpected):? *\d"
    r"|\W*\[  FAILED  \] \d|test result: FAILED|There were failing tests|One or more \w+ failed|compilation terminated"
    r"|Errors while running CTest|.*\berrors? occurred\W*$|Test Suites: |Tests: "
    r"|BUILD FAIL|> Task \S+ FAILED|Execution failed for task|ninja: build stopped|Build step .* (?:failed|as failure)$"
    r"|error: (?:could not compile|test failed|build failed|aborting due to|command .* failed)"
    r"|.*: error: (?:linker command failed|ld returned)|ERROR \S+\.py(?:::\S+)?$|SUMMARY: "
    r"|\[ERROR\] *(?:$|-> |For more|To see|Re-run|After correcting|Failed to execute goal|COMPILATION ERROR|\[Help)"
    r"|.*\b[Ss]ome tests failed|TinderboxPrint: |.* <<< (?:FAILURE|ERROR)!$"
    # Where the reason is: above, in a file, in the documentation.
    r"|.*\b[Ss]ee (?:previous|above|the full)|(?:\[ERROR\] )?Please (?:refer|see)\b"
    r"|\W*Encountered errors? (?:while|during)"
    r"|E: (?:Unable to fetch some|Sub-process|Some (?:index )?files)"
    r"|error: (?:failed to push some refs|Bad exit status)"
    r"|ERROR: .* failed:? \((?:Exit|Aborted|Segmentation|Killed)\b|.*\bERROR SUMMARY: |\*\* [A-Z ]+ FAILED \*\*"
    r"|Command \S+ failed with|(?:\S+: )?error: in [`'].*':$|Status: \d+ ERROR"
    # A code without a sentence, or the heading of one.
    r"|error: [a-z]+(?:-[a-z]+)+$|\W*(?:\w+: )?(?:[Ee]rror|ERROR|[Ff]atal|FATAL):?$"
    r"|Failed \d+/\d+ |Failed! +-|# Looks like you failed"
    r"|\[ERROR\] *(?:Tests run|Errors|Failures|Failed tests|There are test failures))"
)
_TEST = re.compile(
    r"TEST-UNEXPECTED-|PROCESS-CRASH|^\s*--- FAIL: |^FAILED \S+::|^ERROR \S+\.py\S* - |^\s*● \S"
    r"|^\[ERROR\] {2,}[\w$.#]+:\d+ |\[  FAILED  \] \S+[./]\S|: (?:Test Failed|Error During Test) at "
    r"|^\S.* > .+ FAILED$|^\s*thread '[^']*' (?:\(\d+\) )?panicked at (?!'Some tests )"
    r"|^\s*\d+ - \S.* \([A-Z][A-Za-z ]+\)$|^not ok \d"
    r"|^\s*[✘✗❌✖\u00d7] +(?!\d+ (?:problem|error|fail)|Test run with \d|Suite |Encountered|.* did not run )\S"
    r"|^rspec \S+:\d+ #|.* \[E\]$|\S \*\*\* FAILED \*\*\*$"
    r"|ERROR: \w+Sanitizer|: runtime error: |Assertion [^\w\s].* failed\.?$"
    r"|^\s*── (?:Failure|Error) \(|^\s*Failed \S+\.\S+ \[[<\d]|^#\s+Failed test "
    r"|^==\d+== (?:Invalid (?:read|write|free)|Mismatched free|Conditional jump|.* uninitialised )"
    r"|^==\d+== .* definitely lost in"
)
_EXTENSIONS = (
    "c",
    "cc",
    "cpp",
    "h",
    "java",
    "js",
    "jsx",
    "kt",
    "php",
    "proto",
    "rs",
    "swift",
    "ts",
    "tsx",
    "yaml",
    "yml",
)
_CAUSE = re.compile(
    # The first of the tests that failed, and why packages do not fit together.
    r"^ +1\) [^\W\d]|\brequires .{1,300}(?: -> (?!satisf)|, but (?!none of ))"
    r"|^error\[\w+\]: |^Undefined symbols|^e: |^\w+ Error at |^\S.*: (?:fatal )?error:? |: error: "
    r"|\bfatal error:|\berror [A-Z]{1,5}\d+: "
    r"|^\s*\d+:\d+\s+error\s|: undefined reference to |^\S+\.go:\d+:\d+: |^\S+\.py:\d+:\d+: [A-Z]+\d+ "
    # What other linters find, and programs that format or check files.
    rf"|^[\w./@+-]{{1,200}}\.(?:{'|'.join(_EXTENSIONS)}):\d+:\d+: [^\W\d]"
    r"|^Diff in \S|^\S.{0,90}\.{3}Failed$"
    r"|^\[ERROR\] \S+:\[\d+,\d+\]|^npm (?:ERR!|error) "
    r"|^CONFLICT \(| ! \[(?:remote )?rejected\]|\bnothing provides \S|: errSec\w+$"
    r"|^\S+:\d+: [Ee]rror: |^\S+\.rb:\d+:\d+: [CWEF]: |^(?:lua|perl|ruby|php)[\d.]*: \S+:\d+: "
)
_ERROR = re.compile(
    r"\b(?:ERROR|FATAL|FAILED|CRITICAL|FAILURE)\b|(?i:\b(?:error|fatal|abort|panic|failure|failed)(?:\[\w+\])?: )"
    r"|^E: |^E {3,}\S|^\s*(?:[\w$]+\.)*[A-Z]\w*(?:Error|Exception|Timeout|Warning|Failure)(?: \[\w+\])?(?:: |$)"
    r"|^Exception in thread |^Caused by: "
    r"|^(?:\S*/)?(?:ba|da|k|z)?sh: |\bKilled\b|Segmentation fault|\bAborted\b|Bus error|Illegal instruction"
    r"|core dumped|command not found"
    r"|^[\w.]*make(?:\[\d+\])?: \*\*\* |^[\w.]+: \(\d+\) |(?i:out of memory|cannot allocate memory|no space left)"
    r"|(?i:^\S+: .*(?:permission denied|no such file or directory|timed out|connection refused)$)"
)
_HINT = re.compile(
    r"(?i)(?<![\w./-])(?:errors?|fail(?:ed|ure|s)?|fatal|can ?not|can't|could not|unable|denied|refused|timed? ?out"
    r"|invalid|missing|unexpected|aborted|killed|crash(?:ed)?|exception|mismatch|no such|reset by"
    r"|(?:not|n't|never) (?:found|exist|defined|installed|available|supported|allowed|recognized|resolve))"
    r"(?![\w/-]|\.\w)"
)
_WARNING = re.compile(r"\S+:\d+: WARNING: ")
"""What tools print that take warnings for errors."""
_HARMLESS = re.compile(
    r"(?i)\b(?:warning|note|info|debug|warn)\b\W|\b(?:0|no) (?:errors?|failures?|failed)|\bretry|trying again"
    r"|(?:errors?|failed|failures?)\W{1,3}0\b"
)
_PROGRAM = re.compile(r"\s*[\w./+-]{1,200}(?:\[\d+\]|(?::\d+){1,2})?: ")
"""A program names itself, then tells what is wrong."""
_UNDER_TEST = re.compile(r"[A-Za-z]{3,12}[( ]\d+\)? \| |console\.\w+: |JavaScript (?:error|warning): ")
"""The output of a browser under test, which has many errors also where the test succeeds."""
_NO_CAUSES = frozenset(
    re.findall(
        r"\w+",
        """
        an and any as at be been by did do does due during following for from has have in is it main more no not of on
        or other please see some the there this to was were while with
        above after before earlier min ms previous sec second seconds time total
        action build building built case cases check checks child cmd command commands compilation compile execution
        hook hooks job jobs package packages pipeline process project recipe rpm run runner running script shell spec
        specs stage step steps subprocess suite suites target targets task tasks test testing tests workflow
        abort aborted aborting bad broken cancelled encountered err error errored errors exception exceptions exit
        exited exiting exits fail failed failing fails failure failures fatal gave issue issues occurred problem
        problems unexpected unsuccessful warning warnings
        code complete completed configured end ended finish finished found ignored loaded marked non nonzero now pass
        passed result results return returned returning signal skipped status stop stopped succeed succeeded
        successfully terminated value zero
        """,
    )
)
"""A line of only these words, and numbers, tells that something has failed, but not why."""
_WORD = re.compile(r"(?<![\d.])[^\W\d](?:[\w./-]*\w)?")
_FAILED = re.compile(r"(?i)err|fail|exit|abort|unsuccessful|broken|did not |issue|problem|unexpected|exception")
MAX_VAGUE_CHARACTERS = 200
_KEYWORDS = (
    *("err", "fail", "fatal", "abort", "panic", "unexpected", "crash", "exception", "timed", "timeout", "time out"),
    *("killed", "segment", "bus ", "illegal", "dumped", "not found", "not ok", "did not", "denied", "refus", "memory"),
    *("no space", "cannot", "can't", "could not", "unable", "undefined", "exit", "return", "terminated", "critical"),
    *("invalid", "missing", "mismatch", "no such", "assert", "●", "✘", "✗", "❌", "✖", "\u00d7", "rspec", "[e]"),
    *(".go:", ".py:", "e: ", "e   ", ": (", "caused by", "tbpl", "running post", "warning", "build stopped", "problem"),
    *("summary: ", "tests: ", "test suites: ", "info visit", "elifecycle", "see ", "please ", "halted"),
    *("conflict (", "rejected]", "nothing provides", "uninitialised", "definitely lost", "conditional jump", "── "),
    *(": ***", ".rb:", "lua"),
    *("perl", "ruby", "php", "reset by", " 1) ", "sh: ", "broken", "issue", "requires ", "diff in "),
    *(f".{extension}:" for extension in _EXTENSIONS),
    *("can not", " exist", "defined", "installed", "available", "supported", "allowed", "recognized", "resolve"),
)
"""In lower case; every line that one of the rules below is about has one of them. To look for them is fast."""


ROOT = re.compile(r"\W*(?:Caused by|Error message|Reason): (?i:\S)")
"""It tells more than the lines before."""
HEADING = re.compile(r"\W*(?:\w+: )?(?:(?:[Ee]rror|ERROR|[Ff]atal|FATAL|Failure)(?: [a-z]+ [a-z]+)?:|ERROR in \S.*) *$")
"""The sentence is in the next line."""
_ADVICE = re.compile(r"(?i)\b(?:try|run|use|see|using|install(?:ing)?|help|example)\W{0,3}$")
IGNORED = re.compile(r"\.\.\. ?ignor(?:ing|ed)$")
"""The error before was expected."""


def rank_text(text: str, level: str) -> Rank:
    """
    Return the rank of a line of output by itself.

    Args:
        level: That a logging library printed in front, or empty.
    """
    if level not in _ERROR_LEVELS and not _has_keyword(text.lower()):
        rank = _rank_progress(text)
        return Rank.OUTPUT if rank is None else rank
    return rank_by_rules(text, level)


def _has_keyword(lower: str) -> bool:
    # A loop takes half of the time of any() with a generator.
    for word in _KEYWORDS:  # noqa: SIM110
        if word in lower:
            return True
    return False


def rank_by_rules(text: str, level: str) -> Rank:
    """
    Return the same as `rank_text`, slowly.
    """
    rank = _rank_progress(text)
    if rank is not None:
        return rank
    if _TEST.search(text):
        return Rank.TEST
    return _rank_repetition(text.strip()) or _rank_problem(text, level)


def _rank_progress(text: str) -> Rank | None:
    if _SUCCESS.match(text) or _NOISE.match(text):
        return Rank.OTHER
    return Rank.TRACE if _TRACE.match(text) else None


def _rank_repetition(text: str) -> Rank | None:
    """
    Return the rank of a line that repeats that something failed, or how much.
    """
    if _EXIT.search(text):
        return Rank.EXIT
    if _SUMMARY.match(text):
        return Rank.OUTPUT if _HARMLESS.search(text) else Rank.SUMMARY
    if HEADING.match(text):
        return Rank.SUMMARY
    if is_vague(text):
        return Rank.SUMMARY if text.endswith(":") or any(map(str.isdigit, text)) else Rank.EXIT
    return None


def _rank_problem(text: str, level: str) -> Rank:
    is_harmless = _HARMLESS.search(text) is not None
    if not is_harmless and _CAUSE.search(text):
        return Rank.CAUSE
    if level in _ERROR_LEVELS:
        return Rank.ERROR
    if _UNDER_TEST.match(text):
        return Rank.OUTPUT
    if not is_harmless and _ERROR.search(text):
        return Rank.ERROR
    if _WARNING.match(text):
        return Rank.HINT
    if is_harmless or not _HINT.search(text):
        return Rank.OUTPUT
    return Rank.ERROR if _PROGRAM.match(text) else Rank.HINT


def rank_heading(text: str, rank: Rank) -> Rank | None:
    """
    Return the rank that the line after a heading has at least; None if a line is not a heading.
    """
    if HEADING.match(text):
        return Rank.ERROR
    return rank if rank in {Rank.HINT, Rank.ERROR} and text.endswith(":") and not _ADVICE.search(text) else None


def is_vague(text: str) -> bool:
    """
    Return whether a line tells that something failed, and nothing else.
    """
    return (
        len(text) <= MAX_VAGUE_CHARACTERS
        and _FAILED.search(text) is not None
        and all(word.lower() in _NO_CAUSES for word in _WORD.findall(text.removeprefix("x ")))
    )
