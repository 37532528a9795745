"""
Output that is shown at once: whole, and continued after an interruption.
"""

from __future__ import annotations

import os
import random
import select
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from tccli.interrupts import interrupts
from tccli.output import live_stream
from tccli.output.live_stream import LiveStream, WrittenPart
from tests.interruption_points import interrupted_at

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCUMENTS = [b"a\n", b"b" * 9_000 + b"\n", b"\n", b"c\n"]


def write_all(stream: LiveStream, part: WrittenPart, documents: list[bytes]) -> None:
    """
    Write documents, each in pieces; what is left of them stays in the list.
    """
    while documents:
        document = documents[0]
        part.turn_to(document)
        for start in range(0, len(document), 4_000):
            stream.write(document[start : start + 4_000])
        del documents[0]


@pytest.fixture
def slow_pipe() -> Iterator[tuple[int, list[bytes]]]:
    """
    The end of a pipe to write to, and what its slow reader has read when it has ended.
    """
    ours, theirs = os.pipe()
    found: list[bytes] = []

    def read() -> None:
        while data := os.read(ours, 3_000):
            found.append(data)
            time.sleep(0.0001)
        os.close(ours)

    reader = threading.Thread(target=read)
    reader.start()
    yield theirs, found
    reader.join(30)


def test_an_interruption_at_any_line_loses_nothing() -> None:
    """
    What was written before it is not written again, whatever was on the way.
    """
    line = 1
    while True:
        ours, theirs = os.pipe()
        part = WrittenPart()
        rest = [*DOCUMENTS]
        with os.fdopen(ours, "rb") as reader, os.fdopen(theirs, "wb") as out:
            stream = LiveStream(out, part)
            is_interrupted = False
            with interrupted_at(line, lambda code: code.co_filename == live_stream.__file__) as reached:
                try:
                    write_all(stream, part, rest)
                except KeyboardInterrupt:
                    is_interrupted = True
            if is_interrupted:
                write_all(LiveStream(out, part), part, rest)
            out.close()
            assert b"".join(DOCUMENTS) == reader.read(), (line, reached)
        assert is_interrupted == (len(reached) == line)
        if not is_interrupted:
            break
        line += 1
    assert line > 50


def test_a_pipe_that_does_not_block(slow_pipe: tuple[int, list[bytes]]) -> None:
    """
    As another process of the same pipeline may have set it.
    """
    end, found = slow_pipe
    os.set_blocking(end, False)
    with os.fdopen(end, "wb") as out:
        data = random.randbytes(1 << 20)
        stream = LiveStream(out)
        assert len(data) == stream.write(data)
        stream.flush()
    for _ in range(3_000):
        if sum(map(len, found)) == len(data):
            break
        time.sleep(0.01)
    assert data == b"".join(found)


def test_a_reader_that_does_not_read_can_be_interrupted() -> None:
    """
    What it has is continued when it reads on.
    """
    ours, theirs = os.pipe()
    part = WrittenPart()
    data = random.randbytes(1 << 20)
    part.turn_to(data)
    before = signal.signal(signal.SIGALRM, interrupts.receive)
    main = threading.get_ident()

    def interrupt() -> None:
        while select.select([], [theirs], [], 0)[1]:
            time.sleep(0.001)
        signal.pthread_kill(main, signal.SIGALRM)

    interrupter = threading.Thread(target=interrupt)
    with os.fdopen(ours, "rb") as reader, os.fdopen(theirs, "wb") as out:
        interrupter.start()
        try:
            with pytest.raises(KeyboardInterrupt):
                LiveStream(out, part).write(data)
        finally:
            signal.signal(signal.SIGALRM, before)
            interrupts.numbers.clear()
        interrupter.join()
        assert 4_096 <= part.count < len(data)
        part.turn_to(data)
        found: list[bytes] = []
        thread = threading.Thread(target=lambda: found.append(reader.read()))
        thread.start()
        LiveStream(out, part).write(data)
        out.close()
        thread.join(30)
    assert [data] == found


def test_a_reader_that_has_ended() -> None:
    """
    It is an error at once.
    """
    ours, theirs = os.pipe()
    os.close(ours)
    with pytest.raises(BrokenPipeError), os.fdopen(theirs, "wb") as out:
        LiveStream(out).write(b"x")


def test_what_was_buffered_comes_first() -> None:
    """
    And each write is there at once.
    """
    script = (
        "import os, sys; from tccli.output.live_stream import LiveStream; sys.stdout.buffer.write(b'a'); "
        "s = LiveStream(sys.stdout.buffer); s.write(b'b'); os._exit(0)"
    )
    assert b"ab" == subprocess.run([sys.executable, "-c", script], check=True, capture_output=True).stdout
