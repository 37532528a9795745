"""
Partial files, and what the next run reads from them.
"""

from __future__ import annotations

import itertools
import json
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tccli.core.transfer import resume
from tccli.core.transfer.resume import ByteRanges, ResumableFile, boot_id
from tests.transfer_env import files_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FACTS = {"identity": {"object": "x"}, "facts": {"length": 100}}
ENDS = st.tuples(st.integers(0, 60), st.integers(0, 60)).map(sorted).filter(lambda pair: pair[0] < pair[1])


@given(st.lists(ENDS), st.integers(0, 60))
def test_byte_ranges_are_sets(pairs: list[list[int]], length: int) -> None:
    """
    Ranges that touch are joined, and gaps are what is missing.
    """
    written, bytes_there = ByteRanges(), set[int]()
    for start, end in pairs:
        written.add(start, end)
        bytes_there |= set(range(start, end))
    ranges = written.ranges()
    gaps = written.gaps(length)

    assert bytes_there == {place for low, high in ranges for place in range(low, high)}
    assert all(high < low for (_, high), (low, _) in itertools.pairwise(ranges))
    assert set(range(length)) - bytes_there == {place for low, high in gaps for place in range(low, high)}
    assert all(low < high for low, high in gaps)
    assert len(bytes_there) == written.total()
    assert written.contiguous_end() == next(place for place in range(61) if place not in bytes_there)


def start_file(target: Path) -> ResumableFile:
    """
    Return a partial file that was started.
    """
    partial = ResumableFile(str(target))
    partial.reset(FACTS)
    return partial


def fill(partial: ResumableFile, start: int, end: int) -> None:
    """
    Write bytes, and record them.
    """
    os.pwrite(partial.fd, b"x" * (end - start), start)
    partial.record(start, end)


def journal(target: Path) -> Path:
    """
    Return the path of the journal.
    """
    return target.with_name(f".{target.name}.tc-partial.log")


def test_next_run_resumes(tmp_path: Path) -> None:
    """
    It reads the header and all ranges, and so does the run after it.
    """
    target = tmp_path / "file"
    with start_file(target) as partial:
        assert partial.header == FACTS
        fill(partial, 20, 30)
        fill(partial, 0, 10)
        fill(partial, 10, 20)
        assert 30 == partial.written.contiguous_end()
        fill(partial, 50, 60)
    for _ in range(2):
        with ResumableFile(str(target)) as partial:
            assert FACTS == partial.header
            assert [(0, 30), (50, 60)] == partial.written.ranges()
            assert partial.can_resume


@pytest.mark.parametrize(
    ("tail", "ranges"),
    [
        pytest.param("w 10 1", [(0, 10)], id="cut off"),
        pytest.param("w 10 5\n", [(0, 15)], id="whole"),
        pytest.param("w 10", [(0, 10)], id="half"),
        pytest.param("w 10 -5\nw 20 5\n", [(0, 10)], id="backwards, and what follows"),
        pytest.param("w ten 5\n", [(0, 10)], id="words"),
        pytest.param("w 10 5 5\n", [(0, 10)], id="too many"),
        pytest.param("x 10 5\nw 10 5\n", [(0, 10)], id="another letter"),
        pytest.param("\0\0\0\0\0\0\0\0", [(0, 10)], id="zeros"),
        pytest.param("\udcff\udcfe\nw 10 5\n", [(0, 10)], id="not text"),
        pytest.param("w ² 5\n", [(0, 10)], id="digits of another kind"),
        pytest.param("w 10 500\n", [(0, 10)], id="more than the file has"),
        pytest.param("\n\n", [(0, 10)], id="empty lines"),
    ],
)
def test_damaged_journal_is_used_up_to_the_damage(tmp_path: Path, tail: str, ranges: list[tuple[int, int]]) -> None:
    """
    The process may have been killed at any moment.
    """
    target = tmp_path / "file"
    with start_file(target) as partial:
        fill(partial, 0, 10)
        os.truncate(partial.fd, 100)
    with journal(target).open("ab") as file:
        file.write(tail.encode("utf-8", "surrogateescape"))
    with ResumableFile(str(target)) as partial:
        assert ranges == partial.written.ranges()
        fill(partial, 90, 95)
    with ResumableFile(str(target)) as partial:
        assert [*ranges, (90, 95)] == partial.written.ranges()


@given(cut=st.integers(0, 400))
def test_a_journal_may_end_anywhere(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    """
    Either the ranges it lists are there, or it lists none.
    """
    target = tmp_path_factory.mktemp("directory") / "file"
    with start_file(target) as partial:
        for start in range(0, 100, 10):
            fill(partial, start, start + 10)
    os.truncate(journal(target), min(cut, journal(target).stat().st_size))
    with ResumableFile(str(target)) as partial:
        assert partial.written.total() % 10 == 0
        assert partial.written.contiguous_end() == partial.written.total()
        assert partial.header in (FACTS, None)
        assert partial.header or not partial.written.total()


@pytest.mark.parametrize(
    "head",
    [
        pytest.param("", id="empty"),
        pytest.param("{", id="not JSON"),
        pytest.param("[]", id="a list"),
        pytest.param('{"version": 99, "boot": "BOOT", "facts": {}}', id="another version"),
        pytest.param('{"version": 1, "boot": "BOOT"}', id="no facts"),
        pytest.param('{"version": 1, "boot": "BOOT", "facts": null}', id="facts of nothing"),
        pytest.param('{"version": 1, "boot": "BOOT", "facts": [1]}', id="facts of another kind"),
    ],
)
def test_unknown_journal_is_ignored(tmp_path: Path, head: str) -> None:
    """
    The download starts over.
    """
    target = tmp_path / "file"
    with start_file(target) as partial:
        fill(partial, 0, 10)
    journal(target).write_text(f"{head.replace('BOOT', resume.boot_id())}\nw 0 10\n")
    with ResumableFile(str(target)) as partial:
        assert partial.header is None
        partial.reset(FACTS)
        assert 0 == partial.written.total()
        fill(partial, 0, 5)
    with ResumableFile(str(target)) as partial:
        assert [(0, 5)] == partial.written.ranges()


@pytest.mark.parametrize(
    ("boot", "ranges"),
    [
        pytest.param("another", [], id="after a power cut"),
        pytest.param(None, [(0, 20)], id="same boot"),
    ],
)
def test_a_journal_of_another_boot_is_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, boot: str | None, ranges: list[tuple[int, int]]
) -> None:
    """
    After a power cut, bytes may be missing that the journal lists.
    """
    target = tmp_path / "file"
    with start_file(target) as partial:
        fill(partial, 0, 10)
        fill(partial, 10, 20)
    if boot is not None:
        monkeypatch.setattr(resume, "boot_id", lambda: boot)
    with ResumableFile(str(target)) as partial:
        assert ranges == partial.written.ranges()


def test_a_journal_of_an_older_version_is_read(tmp_path: Path) -> None:
    """
    Older versions also wrote which lines were synced to the disk.
    """
    target = tmp_path / "file"
    with start_file(target) as partial:
        fill(partial, 0, 10)
        os.truncate(partial.fd, 100)
    with journal(target).open("a") as file:
        file.write("s 2\nw 10 20\ns 4\n")
    with ResumableFile(str(target)) as partial:
        assert [(0, 30)] == partial.written.ranges()


def test_second_process_has_its_own_files(tmp_path: Path) -> None:
    """
    Both may finish; nothing remains of the second, because no run would find it.
    """
    target = tmp_path / "file"
    with start_file(target) as first:
        fill(first, 0, 10)
        with ResumableFile(str(target)) as second:
            assert second.path != first.path
            assert second.header is None
            assert (True, False) == (first.can_resume, second.can_resume)
            second.reset(FACTS)
            fill(second, 0, 20)
            second.keep_if_at_least(0)
        assert [(0, 10)] == first.written.ranges()
    assert [".file.tc-partial", ".file.tc-partial.log"] == files_in(tmp_path)


def test_finished_file_is_not_resumed(tmp_path: Path) -> None:
    """
    Nor is its journal used.
    """
    target = tmp_path / "file"
    with start_file(target) as partial:
        fill(partial, 0, 10)
        partial.commit(str(target), 0o640)
        with ResumableFile(str(target)) as other:
            assert other.header is None
            assert 0 == other.written.total()
            assert 0 == os.fstat(other.fd).st_size
            other.discard()

    assert b"x" * 10 == target.read_bytes()
    assert 0o640 == target.stat().st_mode & 0o777
    assert ["file"] == files_in(tmp_path)


@pytest.mark.parametrize(
    ("end", "function"),
    [
        (lambda partial, target: partial.commit(target, 0o600), "replace"),
        (lambda partial, _: partial.discard(), "unlink"),
    ],
    ids=["commit", "discard"],
)
def test_a_process_that_begins_when_another_one_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: Callable[[ResumableFile, str], None], function: str
) -> None:
    """
    As soon as the partial file is gone; its journal remains.
    """
    target = tmp_path / "file"
    original = getattr(os, function)
    begun: list[ResumableFile] = []

    def begin(path: str, *others: str) -> None:
        original(path, *others)
        if path.endswith(".tc-partial") and not begun:
            begun.append(start_file(target))
            fill(begun[0], 0, 5)

    with start_file(target) as partial:
        fill(partial, 0, 10)
        monkeypatch.setattr(os, function, begin)
        end(partial, str(target))
    begun[0].close()
    with ResumableFile(str(target)) as again:
        assert [(0, 5)] == again.written.ranges()


@pytest.mark.parametrize(
    ("size", "names"),
    [
        pytest.param(10, [".file.tc-partial", ".file.tc-partial.log"], id="worth keeping"),
        pytest.param(9, [], id="not worth keeping"),
    ],
)
def test_small_partial_files_are_deleted(tmp_path: Path, size: int, names: list[str]) -> None:
    """
    To download a few bytes again is better than to leave a file.
    """
    with start_file(tmp_path / "file") as partial:
        fill(partial, 0, size)
        partial.keep_if_at_least(10)

    assert names == files_in(tmp_path)


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    """
    Whatever mode the target will have.
    """
    with start_file(tmp_path / "file"):
        assert {0o600} == {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}


def _link(path: Path, other: Path) -> None:
    path.symlink_to(other)


def _hard_link(path: Path, other: Path) -> None:
    path.hardlink_to(other)


def _fifo(path: Path, _other: Path) -> None:
    os.mkfifo(path)


def _writable(path: Path, _other: Path) -> None:
    path.write_text("planted")
    path.chmod(0o666)


@pytest.mark.parametrize("plant", [_link, _hard_link, _fifo, _writable])
@pytest.mark.parametrize("suffix", ["", ".log"], ids=["bytes", "journal"])
def test_planted_files_are_not_used(tmp_path: Path, plant: Callable[[Path, Path], None], suffix: str) -> None:
    """
    Where other users can write to the directory: no link is followed, and none of their bytes or journals is used.
    """
    other = tmp_path / "other"
    other.write_text('{"version": 1, "boot": "", "facts": {}}\nw 0 5\n')
    plant(tmp_path / f".file.tc-partial{suffix}", other)
    with start_file(tmp_path / "file") as partial:
        assert [] == partial.written.ranges()
        fill(partial, 0, 10)
        partial.commit(str(tmp_path / "file"), 0o600)

    assert b"x" * 10 == (tmp_path / "file").read_bytes()
    assert other.read_text().startswith("{")


VICTIM, ATTACKER = 54321, 65534


@contextmanager
def as_user(number: int) -> Iterator[None]:
    """
    Act as another user until the end of the block.
    """
    os.setegid(number)
    os.seteuid(number)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def plant_file(path: Path, _other: Path) -> None:
    """
    Plant bytes, and a journal that tells to use them.
    """
    partial = path.parent / ".file.tc-partial"
    partial.write_bytes(b"planted" * 1000)
    header = json.dumps({"version": 1, "boot": boot_id(), "facts": {"a": 1}})
    partial.with_name(f"{partial.name}.log").write_text(f"{header}\nw 0 7000\n")


def plant_directory(path: Path, _other: Path) -> None:
    """
    Plant a directory.
    """
    path.mkdir()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be two users")
@pytest.mark.parametrize("plant", [plant_file, _link, _fifo, plant_directory])
@pytest.mark.parametrize("suffix", ["", ".log"], ids=["bytes", "journal"])
@pytest.mark.parametrize("mode", [0o777, 0o1777], ids=["everyone's", "sticky"])
def test_what_another_user_plants(plant: Callable[[Path, Path], None], suffix: str, mode: int) -> None:
    """
    In a directory that two users can write, the download succeeds, belongs to its user, and has the right bytes.
    """
    # pytest's own directories are closed to other users.
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        base.chmod(0o711)
        check_attack(base, plant, suffix, mode)


def check_attack(base: Path, plant: Callable[[Path, Path], None], suffix: str, mode: int) -> None:
    """
    Let one user plant files, and another one download.
    """
    shared = base / "shared"
    shared.mkdir()
    shared.chmod(mode)
    precious = base / "precious"
    precious.write_text("precious")
    os.chown(precious, VICTIM, VICTIM)
    with as_user(ATTACKER):
        plant(shared / f".file.tc-partial{suffix}", precious)
    with as_user(VICTIM), start_file(shared / "file") as partial:
        assert [] == partial.written.ranges()
        fill(partial, 0, 10)
        partial.commit(str(shared / "file"), 0o600)

    status = (shared / "file").stat()
    assert (VICTIM, 0o600, b"x" * 10) == (status.st_uid, status.st_mode & 0o777, (shared / "file").read_bytes())
    assert "precious" == precious.read_text()


def test_long_name(tmp_path: Path) -> None:
    """
    Any name that a file can have is possible.
    """
    target = tmp_path / ("n" * 255)
    with start_file(target) as partial:
        fill(partial, 0, 10)
    with ResumableFile(str(target)) as partial:
        assert [(0, 10)] == partial.written.ranges()
        partial.commit(str(target), 0o600)

    assert [target.name] == files_in(tmp_path)
