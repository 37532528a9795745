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
from typing import IO, TYPE_CHECKING, Any, NoReturn, Self

from tccli.errors import BrokenAnswerError, ConfigurationError, LocalFileError, UsageError
from tccli.output.text import dump_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

SUCCEEDED = "the call itself succeeded"
# What a line of the child begins with.
VALUE, FAILURE, END = b"=", b"!", b"."


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
        try:
            self._program = jq.compile(expression)
        except ValueError as error:
            raise UsageError(f"--jq {expression!r}: {_one_line(error)}") from None

    def apply(self, documents: Iterable[Any]) -> Iterator[Any]:
        """
        Yield the outputs for each document, as they are asked for.

        Raises:
            BrokenAnswerError: The expression fails for a document.
        """
        if not hasattr(os, "fork"):
            for document in documents:
                yield from self._outputs(self._run(_encode(document)))
            return
        with _Child(self._run) as child:
            for document in documents:
                yield from self._outputs(child.run(_encode(document)))

    def _run(self, text: bytes) -> Iterator[Any]:
        return iter(self._program.input_text(text.decode()))

    def _outputs(self, values: Iterator[Any]) -> Iterator[Any]:
        try:
            yield from values
        except ValueError as error:
            raise BrokenAnswerError(
                f"--jq {self._expression!r} does not fit the response: {_hide_values(_one_line(error))}", hint=SUCCEEDED
            ) from None


def _hide_values(message: str) -> str:
    # jq quotes the beginning of a value, which may be a secret; the type before it remains.
    return re.sub(r"\(([\"\[{]).*?\)(?= |$)", "(…)", message)


class _Child:
    """
    A forked process that runs a filter over one text after the other. It ends with the context, or with us.
    """

    def __init__(self, run: Callable[[bytes], Iterator[Any]]) -> None:
        texts, ours = os.pipe()
        theirs, outputs = os.pipe()
        # Never written to: its end tells that this process has ended.
        watched, self._alive = os.pipe()
        try:
            self._pid = os.fork()
        except OSError as error:
            raise LocalFileError(f"cannot run --jq: {error.strerror or error}", hint=SUCCEEDED) from error
        if not self._pid:
            for fd in (ours, theirs, self._alive):
                os.close(fd)
            _serve(run, texts, outputs, watched)
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
        """
        try:
            self._texts.write(b"%d\n%s" % (len(text), text))
            self._texts.flush()
        except BrokenPipeError:
            raise ValueError("jq ended") from None
        while (line := self._outputs.readline())[:1] == VALUE and line.endswith(b"\n"):
            yield json.loads(line[1:])
        if not line.endswith(b"\n"):
            raise ValueError("jq ended")
        if line[:1] == FAILURE:
            raise ValueError(json.loads(line[1:]))


def _serve(run: Callable[[bytes], Iterator[Any]], texts: int, outputs: int, watched: int) -> NoReturn:
    """
    Be the child: read lengths and texts, write a line of JSON for each output. Never returns.
    """
    import fcntl

    try:
        for number in (signal.SIGINT, signal.SIGPIPE, signal.SIGIO):
            signal.signal(number, signal.SIG_DFL)
        # A filter that never ends does not notice that its reader is gone: let the kernel end it (SIGIO).
        fcntl.fcntl(watched, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(watched, fcntl.F_SETFL, fcntl.fcntl(watched, fcntl.F_GETFL) | os.O_ASYNC)
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
            out.write(VALUE + json.dumps(value).encode() + b"\n")
    except (ValueError, RecursionError) as error:
        out.write(FAILURE + json.dumps(str(error)).encode() + b"\n")


def _encode(document: Any) -> bytes:
    # jq does not read lone surrogates; the program of the same name replaces them, too.
    return dump_json(document).encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def _one_line(error: ValueError) -> str:
    return " ".join(str(error).split())
