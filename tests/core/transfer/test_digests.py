"""
Digests of streams and files.
"""

from __future__ import annotations

import hashlib
import io
import os
import random
import tempfile
import threading
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tccli.core.transfer import digests as hashing
from tccli.core.transfer.digests import FileHasher, StreamHasher, check_digests, parse_checksum
from tccli.errors import BrokenAnswerError, UsageError
from tests.transfer_env import random_bytes

if TYPE_CHECKING:
    from pathlib import Path

ALGORITHMS = st.sampled_from([(), ("sha256",), ("sha512",), ("sha256", "sha512")])
SIZES = st.one_of(
    st.integers(0, 300),
    st.sampled_from([0, 1, 5]).flatmap(
        lambda blocks: st.integers(-1, 1).map(lambda more: max(0, blocks * hashing.BLOCK_BYTES + more))
    ),
)


def digests(data: bytes, algorithms: tuple[str, ...]) -> dict[str, str]:
    """
    Return hashlib's digests.
    """
    return {algorithm: hashlib.new(algorithm, data).hexdigest() for algorithm in algorithms}


def reader_of(data: bytes, seed: int) -> Any:
    """
    Return a function that reads *data* into buffers, in pieces of random size.
    """
    chance, stream = random.Random(seed), io.BytesIO(data)

    def fill(buffer: memoryview) -> int:
        return stream.readinto(buffer[: chance.choice([1 + len(data) // 7, len(buffer)])])

    return fill


@settings(max_examples=40)
@given(SIZES, ALGORITHMS, st.integers(0, 9))
def test_stream_is_hashed(size: int, algorithms: tuple[str, ...], seed: int) -> None:
    """
    The caller gets every byte in order, and the digests equal those of hashlib.
    """
    data = random_bytes(size)
    hasher = StreamHasher(algorithms)
    passed = b"".join(bytes(block) for block in hasher.hash_blocks(reader_of(data, seed)))

    assert data == passed
    assert size == hasher.count
    assert digests(data, algorithms) == hasher.digests()


@settings(max_examples=30)
@given(SIZES, ALGORITHMS, st.integers(0, 99), st.integers(0, 100))
def test_file_is_hashed_in_any_order(size: int, algorithms: tuple[str, ...], seed: int, percent: int) -> None:
    """
    Its beginning is hashed as blocks are read, the rest from the file, up to the first gap.
    """
    data, chance = random_bytes(size), random.Random(seed)
    with tempfile.TemporaryFile() as file:
        hasher = FileHasher(file.fileno(), algorithms)
        begun = size * percent // 100
        written = 0
        for block in hasher.hash_blocks(reader_of(data[:begun], seed)):
            os.pwrite(file.fileno(), block, written)
            written += len(block)
        hasher.start_following()
        step = max(1, size // 9)
        pieces = [(start, min(start + step, size)) for start in range(written, size, step)]
        chance.shuffle(pieces)
        there = {written}
        for start, end in pieces:
            os.pwrite(file.fileno(), data[start:end], start)
            there.add(start)
            contiguous_end = min((place for place, _ in pieces if place not in there), default=size)
            if start == max(place for place, _ in pieces) or contiguous_end > start:
                hasher.advance_to(written)
        hasher.advance_to(size)

        assert digests(data, algorithms) == hasher.digests()


def test_writer_waits_for_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A writer far ahead of the hashes waits until they have caught up.
    """
    monkeypatch.setattr(hashing, "MAX_UNHASHED_BYTES", 2 * hashing.BLOCK_BYTES)
    data = random_bytes(8 * hashing.BLOCK_BYTES)
    with tempfile.TemporaryFile() as file:
        hasher = FileHasher(file.fileno(), ["sha256"])
        hasher.start_following()
        for start in range(0, len(data), hashing.BLOCK_BYTES):
            os.pwrite(file.fileno(), data[start : start + hashing.BLOCK_BYTES], start)
            hasher.advance_to(start + hashing.BLOCK_BYTES)
            assert start + hashing.BLOCK_BYTES - hasher._stream.count <= 3 * hashing.BLOCK_BYTES

        assert digests(data, ("sha256",)) == hasher.digests()


@pytest.mark.parametrize("follows", [True, False], ids=["following", "passing"])
def test_stop_ends_threads(*, follows: bool) -> None:
    """
    Threads that wait for bytes end, too.
    """
    before = threading.active_count()
    with tempfile.TemporaryFile() as file:
        hasher = FileHasher(file.fileno(), ["sha256", "sha512"])
        if follows:
            hasher.start_following()
        hasher.stop()
        for thread in [hasher._follower, *hasher._stream._threads]:
            if thread is not None:
                thread.join(10)

    assert before >= threading.active_count()


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """
    The error of the thread that reads comes to whoever waits for it. A directory stands for a disk with a fault.
    """
    fd = os.open(tmp_path, os.O_RDONLY)
    try:
        hasher = FileHasher(fd, ["sha256"])
        hasher.start_following()
        with pytest.raises(IsADirectoryError):
            hasher.advance_to(2 * hashing.MAX_UNHASHED_BYTES)
        with pytest.raises(IsADirectoryError):
            hasher.digests()
        hasher.stop()
    finally:
        os.close(fd)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("sha256:" + "0f" * 32, ("sha256", "0f" * 32), id="sha256"),
        pytest.param("sha512:" + "0f" * 64, ("sha512", "0f" * 64), id="sha512"),
        pytest.param(" SHA256:" + "0F" * 32 + "\n", ("sha256", "0f" * 32), id="capitals and blanks"),
    ],
)
def test_parse_checksum(text: str, found: tuple[str, str]) -> None:
    """
    The algorithm and the digest are returned in lower case.
    """
    assert found == parse_checksum(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("0f" * 32, id="no algorithm"),
        pytest.param("sha256:", id="no digest"),
        pytest.param("sha256:" + "0f" * 31, id="too short"),
        pytest.param("sha256:" + "0f" * 33, id="too long"),
        pytest.param("sha512:" + "0f" * 32, id="length of another"),
        pytest.param("sha256:" + "0g" * 32, id="not hexadecimal"),
        pytest.param("md5:" + "0f" * 16, id="an algorithm that guards nothing"),
        pytest.param("shake_256:" + "0f" * 16, id="no length of its own"),
        pytest.param("sha256:" + "²3" * 32, id="digits of another kind"),
    ],
)
def test_parse_checksum_rejects(text: str) -> None:
    """
    The message shows the right form.
    """
    with pytest.raises(UsageError, match="write sha256:HEX"):
        parse_checksum(text)


def test_check_digests() -> None:
    """
    All expected digests are compared; the message has both values.
    """
    check_digests({"sha256": "a", "sha512": "b"}, {"sha512": "b"}, "it")
    with pytest.raises(BrokenAnswerError, match="it has sha512 b, but c was expected"):
        check_digests({"sha256": "a", "sha512": "b"}, {"sha256": "a", "sha512": "c"}, "it")
