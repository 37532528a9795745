"""
jq expressions: compiled, and run in a child process where there is fork.

While the jq library runs, it neither checks for signals nor releases Python's lock, so neither Ctrl-C
nor another thread could end an endless filter in our own process.
"""

from __future__ import annotations

import json
import os
import re
import signal
from contextlib import suppress
from functools import lru_cache
from itertools import islice
from typing import IO, TYPE_CHECKING, Any, NoReturn, Self

from tccli.core.lifeline import end_with_parent
from tccli.errors import BrokenAnswerError, ConfigurationError, LocalFileError, UsageError
from tccli.interrupts import ENDING_SIGNALS, block_signals
from tccli.output.text import dump_json
from tccli.reasons import explain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

SUCCEEDED = "the call itself succeeded"
# What a line of the child begins with.
VALUE, FAILURE, END, HALTED = b"=", b"!", b".", b"H"
MAX_OUTPUT_BYTES = 128 << 20
"""Of one output, as JSON: no response is larger."""
EACH_ELEMENT = "write '.[] | …' for each element of a list"
MAX_CHECKED_OUTPUTS = 100
# The words of jq's own messages. Other words in a message may be a part of the response.
_WORDS = frozenset(
    """
    a added an and are array arrays as at be because boolean bounds break broken bytes can can't cannot case
    char-class check codepoint column contain containment count csv-formatted date datetime deep deeply delete
    deleted depth divided divisor does doesn't doubles element end ended entry eof error escaped explode expression
    failure fields finite for format from group has have implode imploded in index indexed indices input inputs
    integer integers invalid is it iterate iterated jq json key keys large larger length limit line literal
    localtime match matched mib missing mktime modifier more multiplied must name needs negative nested no not null
    number numbers numeric object objects of only out over parenthesis parsed parsing path pattern premature range
    regex remainder required requires row separator shell should slice sorted specified split startswith
    strflocaltime strftime string strings strptime subtracted support than the timestamp to too unicode unmatched
    update use valid value values when where whether while with without zero
    """.split()  # noqa: SIM905 - a text is easier to read
)


@lru_cache(maxsize=8)
def compile_filter(expression: str) -> Filter:
    """
    Return the filter of an expression, which is compiled, and checked for lists, once.

    Raises:
        TcError: As `Filter`.
    """
    return Filter(expression)


class Filter:
    """
    A jq expression.

    Raises:
        UsageError: The expression is not valid.
        ConfigurationError: The jq library is not installed.
    """

    def __init__(self, expression: str) -> None:
        try:
            import jq
        except ImportError:
            raise ConfigurationError(
                "cannot use --jq: the jq library is not installed",
                hint="pip install 'taskcluster-cli[jq]', or pipe the output into jq",
            ) from None
        self._expression = expression
        self._takes_list = False
        try:
            self._program = jq.compile(expression)
        except ValueError as error:
            raise UsageError(f"--jq {expression!r}: {_one_line(error)}") from None
        # The library ends halt_error like any other filter: then the last output is missing. halt needs no mark: it
        # ends the filter for one document. If it ended all, a batch would not make its other calls.
        self._last = os.urandom(16).hex() if "halt_error" in expression else None
        if self._last is not None:
            self._program = jq.compile(f'({expression}\n), "{self._last}"')

    def apply(
        self, documents: Iterable[Any], report_misfit: Callable[[BrokenAnswerError], None] | None = None
    ) -> Iterator[Any]:
        """
        Yield the outputs for each document, as they are asked for.

        Args:
            report_misfit: Takes the error if the expression fails for a document; the outputs of the others follow.

        Raises:
            BrokenAnswerError: The expression fails for a document, or ends with halt_error, without *report_misfit*; or
                jq crashed.
        """
        if not hasattr(os, "fork"):
            yield from self._outputs(self._run, documents, report_misfit)
            return
        with _Child(self._run) as child:
            yield from self._outputs(child.run, documents, report_misfit)

    def check_list(self) -> None:
        """
        Check that the expression takes a list, by an empty one.

        Raises:
            UsageError: It takes something else.
        """
        if self._takes_list:
            return
        try:
            for _ in islice(self.apply([[]]), MAX_CHECKED_OUTPUTS):
                pass
        except BrokenAnswerError as error:
            # Other errors may be due to what is in the list.
            if re.search(r": (Cannot (index|check) .*\barray\b|array \()", error.message):
                raise UsageError(
                    f"--jq {self._expression!r} does not fit: the result is a list",
                    hint=EACH_ELEMENT,
                ) from None
        self._takes_list = True

    def _run(self, text: bytes) -> Iterator[Any]:
        try:
            for value in self._program.input_text(text.decode()):
                if self._last is not None and value == self._last:
                    return
                yield value
        except ValueError as error:
            raise ValueError(_hide_values(_one_line(error), self._expression)) from None
        if self._last is not None:
            raise _HaltError

    def _outputs(
        self,
        run: Callable[[bytes], Iterator[Any]],
        documents: Iterable[Any],
        report_misfit: Callable[[BrokenAnswerError], None] | None,
    ) -> Iterator[Any]:
        # Where each document is reported, it may be that of a failure.
        end = SUCCEEDED if report_misfit is None else ""
        for document in documents:
            try:
                yield from run(_encode(document))
            except _HaltError:
                hint = f"error(TEXT) prints why{f'; {end}' if end else ''}"
                halted = BrokenAnswerError(f"--jq {self._expression!r}: halt_error ended the filter", hint=hint)
                if report_misfit is None:
                    raise halted from None
                report_misfit(halted)
            except ValueError as error:
                what = "response" if report_misfit is None else "result"
                is_list = "Cannot index array with string" in str(error)
                hint = "; ".join(part for part in (EACH_ELEMENT if is_list else "", end) if part)
                misfit = BrokenAnswerError(f"--jq {self._expression!r} does not fit the {what}: {error}", hint=hint)
                if report_misfit is None or isinstance(error, _ChildEndedError):
                    raise misfit from None
                report_misfit(misfit)


class _HaltError(Exception):
    """
    The filter ended with halt_error.
    """


class _ChildEndedError(ValueError):
    """
    The process of the filter ended: it takes no further document.
    """


def _hide_values(message: str, expression: str) -> str:
    """
    Return a message of jq without values of the response, which may be secrets.

    Both jq's own messages and those of ``error`` quote values, so only words that jq or the expression has remain.
    """
    if json.dumps(message, ensure_ascii=False)[1:-1] in expression:
        return message
    written = set(re.findall(r"\w+", expression))

    def hide(found: re.Match[str]) -> str:
        return found[0] if found["text"] in written else "(…)" if found[0][0] == "(" else "…"

    message = re.sub(r" \(while parsing .*|(?<=^Invalid path expression) .*", "", message)
    message = re.sub(r"\((\"(?P<text>[^\"]*)\"|[\"\[{\d-].*?)\)(?= |$)", hide, message)
    message = re.sub(r"\"(?P<text>[^\"]*)\"", hide, message)
    words = re.findall(r"[\w'-]+", re.sub(r"at line \d+, column \d+$|/\d", "", message))
    is_known = bool(words) and all(word.lower() in _WORDS or word in written for word in words)
    return message if is_known else "its message is not printed, since it may have a part of the response"


class _Child:
    """
    A forked process that runs a filter over one text after the other. It ends with the context, or with us.
    """

    def __init__(self, run: Callable[[bytes], Iterator[Any]]) -> None:
        texts, ours = os.pipe()
        theirs, outputs = os.pipe()
        # Never written to: its end tells that this process has ended.
        watched, self._alive = os.pipe()
        parent = os.getpid()
        # Before it has handlers of its own, a signal would make the child continue as this process does.
        with block_signals():
            try:
                self._pid = os.fork()
                if not self._pid:
                    _serve(run, texts, outputs, (ours, theirs, self._alive), (watched, parent))
            except OSError as error:
                raise LocalFileError(f"cannot run --jq: {explain(error)}", hint=SUCCEEDED) from error
        for fd in (texts, outputs, watched):
            os.close(fd)
        self._texts = os.fdopen(ours, "wb")
        self._outputs = os.fdopen(theirs, "rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._alive)
        self._outputs.close()
        # What could not be written is still in the buffer.
        with suppress(BrokenPipeError):
            self._texts.close()

    def run(self, text: bytes) -> Iterator[Any]:
        """
        Yield the outputs for *text*.

        Raises:
            ValueError: The filter fails, or ends the process.
            _HaltError: It ends with halt_error.
        """
        try:
            self._texts.write(b"%d\n%s" % (len(text), text))
            self._texts.flush()
        except BrokenPipeError:
            raise _ChildEndedError("jq ended") from None
        while (line := self._outputs.readline())[:1] == VALUE and line.endswith(b"\n"):
            yield json.loads(line[1:])
        if not line.endswith(b"\n"):
            raise _ChildEndedError("jq ended")
        if line[:1] in {HALTED, FAILURE}:
            # The end of the outputs follows, too.
            self._outputs.readline()
            raise _HaltError if line[:1] == HALTED else ValueError(json.loads(line[1:]))


def _serve(
    run: Callable[[bytes], Iterator[Any]],
    texts: int,
    outputs: int,
    others: Iterable[int],
    lifeline: tuple[int, int],
) -> NoReturn:
    """
    Be the child: read lengths and texts, write a line of JSON for each output. Never returns.

    Args:
        others: Descriptors that only the parent uses.
        lifeline: What `end_with_parent` takes.
    """
    try:
        for number in (*ENDING_SIGNALS, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING_SIGNALS)
        for fd in others:
            os.close(fd)
        # A filter that never ends does not notice that its reader is gone.
        end_with_parent(*lifeline)
        with os.fdopen(texts, "rb") as stream, os.fdopen(outputs, "wb") as out:
            while length := stream.readline():
                _write_outputs(run, stream.read(int(length)), out)
                out.write(END + b"\n")
                out.flush()
    finally:
        os._exit(0)


def _write_outputs(run: Callable[[bytes], Iterator[Any]], text: bytes, out: IO[bytes]) -> None:
    try:
        for value in run(text):
            out.write(VALUE + _dump_output(value) + b"\n")
    except _HaltError:
        out.write(HALTED + b"\n")
    except RecursionError:
        out.write(FAILURE + json.dumps("an output is nested too deep").encode() + b"\n")
    except ValueError as error:
        out.write(FAILURE + json.dumps(str(error)).encode() + b"\n")


def _dump_output(value: Any) -> bytes:
    output = json.dumps(value).encode()
    if len(output) > MAX_OUTPUT_BYTES:
        raise ValueError(f"an output is larger than {MAX_OUTPUT_BYTES >> 20} MiB")
    return output


def _encode(document: Any) -> bytes:
    # jq does not read lone surrogates; the program of the same name replaces them, too.
    return dump_json(document).encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def _one_line(error: ValueError) -> str:
    # A word of the command line may have bytes that are not UTF-8.
    return explain(error) if isinstance(error, UnicodeError) else " ".join(str(error).split())
