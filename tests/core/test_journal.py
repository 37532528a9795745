"""
Journals: what the next run finds in them, whatever happened to the file.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tccli.core.journal.digests import JournalCall, digest_document
from tccli.core.journal.file import Difference, Journal
from tccli.core.journal.lines import State
from tccli.core.journal.table import Entry
from tccli.errors import LocalFileError, TcError, UsageError

ROOT_URL = "https://tc.example.com"
RECORDS = st.lists(st.tuples(st.text(max_size=5), st.integers(0, 2**56 - 1), st.sampled_from(State)), max_size=20)


def write(path: Path, records: list[tuple[str, int, State]]) -> None:
    """
    Append records to a journal.
    """
    with Journal(str(path), ROOT_URL) as journal:
        for record in records:
            journal.record(*record)


@settings(max_examples=50)
@given(RECORDS, st.data())
def test_a_journal_that_was_cut_off(records: list[tuple[str, int, State]], data: st.DataObject) -> None:
    """
    At any byte: the lines before it count, and the next run can append.
    """
    with TemporaryDirectory() as directory:
        path = Path(directory) / "journal"
        write(path, records)
        whole = path.read_bytes()
        cut = whole[: data.draw(st.integers(0, len(whole)))]
        path.write_bytes(cut)
        path.chmod(0o600)
        expected = {key: (call, state) for key, call, state in records[: max(0, cut.count(b"\n") - 1)]}
        write(path, [("new", 1, State.DONE)])
        expected["new"] = (1, State.DONE)
        with Journal(str(path), ROOT_URL) as journal:
            for key, (call, state) in expected.items():
                assert Entry(call, state, is_of_this_run=False) == journal.claim(key, call)
                found = journal.claim(key, call)
                assert found is not None
                assert found.is_of_this_run
            assert journal.claim("another key", 5) is None


@settings(max_examples=100)
@given(st.binary(min_size=1, max_size=60))
def test_another_file_is_not_touched(content: bytes) -> None:
    """
    Whatever is in it.
    """
    with TemporaryDirectory() as directory:
        path = Path(directory) / "journal"
        path.write_bytes(content)
        path.chmod(0o600)
        if b'{"journal": "tc"'.startswith(content):
            return
        with pytest.raises(UsageError):
            Journal(str(path), ROOT_URL)
        assert content == path.read_bytes()


def test_many_calls(tmp_path: Path) -> None:
    """
    More than the table has slots at first.
    """
    path = tmp_path / "journal"
    write(path, [])
    lines = [f'{{"call": "line {number}", "digest": "{number:014x}", "state": "done"}}\n' for number in range(5000)]
    with path.open("a") as file:
        file.writelines(lines)
    with Journal(str(path), ROOT_URL) as journal:
        for number in range(5000):
            assert Entry(number, State.DONE, is_of_this_run=False) == journal.claim(f"line {number}", 0)
        assert journal.claim("line 5000", 0) is None


@pytest.mark.parametrize(
    "line",
    [
        b"x",
        b"[]",
        b"1",
        b'{"call": "a"}',
        b'{"call": 1, "digest": "00", "state": "done"}',
        b'{"call": "a", "digest": "x", "state": "done"}',
        b'{"call": "a", "digest": "0000000000000000000000", "state": "done"}',
        b'{"call": "a", "digest": "-1", "state": "done"}',
        b'{"call": "a", "digest": "00", "state": "lost"}',
        b"",
        b"\0\0\0",
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, line: bytes) -> None:
    """
    And the file stays as it is: what is done is not known.
    """
    path = tmp_path / "journal"
    write(path, [("a", 1, State.DONE)])
    content = path.read_bytes() + line + b'\n{"call": "b", "digest": "00", "state": "done"}\n'
    path.write_bytes(content)
    with pytest.raises(UsageError, match="line 3"):
        Journal(str(path), ROOT_URL)
    assert content == path.read_bytes()


def test_a_journal_of_another_deployment(tmp_path: Path) -> None:
    """
    Both are named.
    """
    path = tmp_path / "journal"
    write(path, [])
    with pytest.raises(UsageError) as caught:
        Journal(str(path), "https://other.example.com")
    assert ROOT_URL in str(caught.value)
    assert "other.example.com" in str(caught.value)


def test_files_that_cannot_be_journals(tmp_path: Path) -> None:
    """
    A directory, a link, a pipe, a file of others, a directory that does not exist: one line each, and no change.
    """
    (tmp_path / "target").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "shared").write_text("")
    (tmp_path / "shared").chmod(0o666)
    for name in ("", "link", "pipe", "shared", "missing/journal", os.devnull):
        with pytest.raises(TcError) as caught:
            Journal(str(tmp_path / name), ROOT_URL)
        assert "\n" not in str(caught.value)
        assert str(tmp_path / name) in str(caught.value)
    assert "" == (tmp_path / "target").read_text() == (tmp_path / "shared").read_text()


def test_a_journal_is_for_one_process(tmp_path: Path) -> None:
    """
    And private; one that is only read need not exist, and is not locked.
    """
    path = tmp_path / "journal"
    with Journal(str(path), ROOT_URL, read_only=True) as journal:
        assert journal.claim("a", 1) is None
    assert not path.exists()
    with Journal(str(path), ROOT_URL) as journal:
        assert 0o600 == path.stat().st_mode & 0o777
        journal.record("a", 1, State.DONE)
        with pytest.raises(LocalFileError, match="another process"):
            Journal(str(path), ROOT_URL)
        with Journal(str(path), ROOT_URL, read_only=True) as reader:
            assert Entry(1, State.DONE, is_of_this_run=False) == reader.claim("a", 1)
            content = path.read_bytes()
            reader.record("b", 1, State.DONE)
            assert content == path.read_bytes()
    Journal(str(path), ROOT_URL).close()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux only")
def test_a_disk_that_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    In the middle of a line: one line of error, and the file has whole lines only.
    """
    path = tmp_path / "journal"
    written = os.write

    def write_half(fd: int, data: bytes) -> int:
        if len(data) < 60:
            raise OSError(28, "No space left on device")
        return written(fd, data[: len(data) - 40])

    with Journal(str(path), ROOT_URL) as journal:
        journal.record("a", 1, State.DONE)
        content = path.read_bytes()
        monkeypatch.setattr(os, "write", write_half)
        with pytest.raises(LocalFileError, match="No space"):
            journal.record("b" * 40, 1, State.DONE)
        monkeypatch.undo()
        assert content == path.read_bytes()


def test_two_journals_do_not_show_the_same_call(tmp_path: Path) -> None:
    """
    Their digests differ by the salt, and stay the same in the next run.
    """
    call = JournalCall("secrets", "set", ["a"], {}, {"expires": "2027", "secret": {"a": "hush"}})
    found: set[int | str] = set()
    for name in "ab":
        with Journal(str(tmp_path / name), ROOT_URL) as journal:
            whole, parts = journal.digest(call)
            journal.record("line 1", whole, State.DONE, parts)
        with Journal(str(tmp_path / name), ROOT_URL) as journal:
            assert (whole, parts) == journal.digest(call)
            assert Entry(whole, State.DONE, is_of_this_run=False) == journal.claim("line 1", whole)
        found.add(whole)
        found.update(parts.split())
    # The whole, the method, the argument and the two fields.
    assert 2 * 4 == len(found)


def test_a_journal_without_a_salt(tmp_path: Path) -> None:
    """
    Is that of an older version: it is read, and continued as it is.
    """
    path = tmp_path / "journal"
    call = JournalCall("queue", "ping", [], {}, None)
    old = f'{{"journal": "tc", "version": 1, "rootUrl": "{ROOT_URL}"}}\n'
    old += (
        f'{{"call": "line 1", "digest": "{digest_document(["queue", "ping", [], {}, None]):014x}", "state": "done"}}\n'
    )
    path.write_text(old)
    path.chmod(0o600)
    with Journal(str(path), ROOT_URL) as journal:
        whole, parts = journal.digest(call)
        assert Entry(whole, State.DONE, is_of_this_run=False) == journal.claim("line 1", whole)
        journal.record("line 2", whole, State.DONE, parts)
        assert Difference((), "line 2") == journal.compare("line 1", call)
    assert path.read_text() == old + old.splitlines()[1].replace("line 1", "line 2") + "\n"


@pytest.mark.parametrize("salt", ["", '"00"', "1", '"' + "x" * 32 + '"'])
def test_a_salt_that_is_damaged(tmp_path: Path, salt: str) -> None:
    """
    Without it, no call would be found.
    """
    path = tmp_path / "journal"
    field = f', "salt": {salt}' if salt else ""
    path.write_text(f'{{"journal": "tc", "version": 2, "rootUrl": "{ROOT_URL}"{field}}}\n')
    path.chmod(0o600)
    with pytest.raises(UsageError):
        Journal(str(path), ROOT_URL)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"service": "auth"}, ["the method"]),
        ({"method": "status"}, ["the method"]),
        ({"method": "status", "args": [], "payload": None}, ["the method"]),
        ({"args": ["a", "c"]}, ["args[1]"]),
        ({"args": ["a"]}, ["args"]),
        ({"query": {"limit": "2"}}, ["query.limit"]),
        ({"query": {"limits": "1"}}, ["query.limits"]),
        ({"query": {}}, ["query"]),
        ({"payload": {"x": 1, "y": [3]}}, ["payload.y"]),
        ({"payload": {"x": 2, "y": [3]}}, ["payload.x", "payload.y"]),
        ({"payload": {"x": 1}}, ["payload"]),
        ({"payload": None}, ["payload"]),
        ({"args": ["b", "b"], "payload": {"x": 1, "y": [3]}}, ["args[0]", "payload.y"]),
    ],
    ids=str,
)
def test_what_differs_between_two_calls(tmp_path: Path, changes: dict[str, Any], expected: list[str]) -> None:
    """
    Is named by its parts, in each run.
    """
    path = str(tmp_path / "journal")
    call = JournalCall("queue", "ping", ["a", "b"], {"limit": "1"}, {"x": 1, "y": [2]})
    # Two of 16 bits may be the same, but not with this salt.
    (tmp_path / "journal").write_text(
        f'{{"journal": "tc", "version": 2, "rootUrl": "{ROOT_URL}", "salt": "{"00" * 16}"}}\n'
    )
    (tmp_path / "journal").chmod(0o600)
    with Journal(path, ROOT_URL) as journal:
        whole, parts = journal.digest(call)
        journal.record("line 1", whole, State.STARTED, parts)
        journal.record("line 1", whole, State.DONE, parts)
        assert Difference(expected, None) == journal.compare("line 1", call._replace(**changes))
    with Journal(path, ROOT_URL, read_only=True) as journal:
        assert Difference(expected, None) == journal.compare("line 1", call._replace(**changes))
        assert Difference((), "line 1") == journal.compare("line 2", call)


def test_a_digest_depends_on_all_of_a_call() -> None:
    """
    But not on the order of keys.
    """
    assert digest_document(["a", {"b": 1, "c": 2}]) == digest_document(["a", {"c": 2, "b": 1}])
    documents = [["a", "b"], ["a", "c"], ["ab"], ["a", ["b"]], ["a", None], ["a", 1], ["a", "1"], ["a", True]]
    assert len(documents) == len({digest_document(document) for document in documents})
    assert json.dumps(digest_document(documents)).isdigit()
