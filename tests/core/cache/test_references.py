"""
The references of deployments that are kept on this machine.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tccli.core.cache.paths import reference_directory as folder
from tccli.core.cache.references import CorruptCacheError, load, store
from tccli.errors import LocalFileError

if TYPE_CHECKING:
    from pathlib import Path

ROOT = "https://tc.example.com"
TEXTS = {"auth": b'{"service":"auth"}\n', "queue": '{"service":"queue","summary":"…\u2028"}\n'.encode()}
NOW = 1_893_553_445
WHEN = "2030-01-02T03:04:05Z"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """
    An environment with a cache folder of its own.
    """
    return {"XDG_CACHE_HOME": str(tmp_path / "cache")}


def test_what_is_kept_comes_back(environ: dict[str, str]) -> None:
    """
    For that root URL, and for no other.
    """
    assert not os.path.exists(folder(environ))
    assert load(environ, ROOT) is None
    path = store(environ, ROOT, TEXTS, now=NOW)
    found = load(environ, ROOT)

    assert found is not None
    assert (path, WHEN, TEXTS) == (found.path, found.fetched, found.texts)
    assert folder(environ) == os.path.dirname(path)
    assert load(environ, "http://tc.example.com") is None
    assert load(environ, ROOT + "/below") is None
    assert load(environ, ROOT.upper()) is None


def test_a_newer_set_takes_the_place_of_the_older_one(environ: dict[str, str]) -> None:
    """
    Whole.
    """
    store(environ, ROOT, TEXTS, now=NOW)
    store(environ, ROOT, {"index": b"x\n"}, now=NOW)
    found = load(environ, ROOT)

    assert found is not None
    assert {"index": b"x\n"} == found.texts
    assert 1 == len(os.listdir(folder(environ)))


def test_an_older_set_stays_when_the_newer_one_cannot_be_written(environ: dict[str, str]) -> None:
    """
    Nothing is half-done.
    """
    store(environ, ROOT, TEXTS, now=NOW)
    with mock.patch("os.replace", side_effect=OSError(28, "No space left on device")), pytest.raises(LocalFileError):
        store(environ, ROOT, {"index": b"x\n"}, now=NOW)
    found = load(environ, ROOT)

    assert found is not None
    assert TEXTS == found.texts
    assert 1 == len(os.listdir(folder(environ)))


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """
    Is said.
    """
    (tmp_path / "cache").write_text("")
    with pytest.raises(LocalFileError, match="cannot make the folder"):
        store({"XDG_CACHE_HOME": str(tmp_path / "cache")}, ROOT, TEXTS, now=NOW)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\xff\n", id="not UTF-8"),
        pytest.param(b"[]\n", id="another document"),
        pytest.param(b"[" * 100_000, id="nested without end"),
        pytest.param(b'{"format":2}\n', id="a format of another release"),
        pytest.param(b'{"format":1,"crc32":0,"services":[],"rootUrl":"https://tc.example.com"}\n', id="no services"),
        pytest.param(b'{"format":1,"crc32":0,"services":{"a":"1"},"rootUrl":""}\n', id="a length that is text"),
    ],
)
def test_what_was_not_written_here_is_damaged(environ: dict[str, str], content: bytes) -> None:
    """
    Whatever it is.
    """
    path = store(environ, ROOT, TEXTS, now=NOW)
    with open(path, "wb") as file:
        file.write(content)
    with pytest.raises(CorruptCacheError, match=r"tc\.example\.com"):
        load(environ, ROOT)


def test_a_file_that_cannot_be_read_is_damaged(environ: dict[str, str]) -> None:
    """
    Such as a folder in its place.
    """
    path = store(environ, ROOT, TEXTS, now=NOW)
    os.unlink(path)
    os.mkdir(path)
    with pytest.raises(CorruptCacheError):
        load(environ, ROOT)


@pytest.mark.parametrize("cut", [1, 10, 50])
def test_a_file_that_was_cut_short_or_changed_is_damaged(environ: dict[str, str], cut: int) -> None:
    """
    A checksum tells.
    """
    path = store(environ, ROOT, TEXTS, now=NOW)
    with open(path, "rb") as file:
        whole = file.read()
    for broken in (whole[:-cut], whole[:-cut] + bytes([whole[-cut] ^ 1]) + whole[-cut:][1:], whole + b"x"):
        with open(path, "wb") as file:
            file.write(broken)
        with pytest.raises(CorruptCacheError):
            load(environ, ROOT)


def test_a_file_that_was_copied_is_whole(environ: dict[str, str]) -> None:
    """
    Though it does not bear its time any more: its checksum tells.
    """
    path = store(environ, ROOT, TEXTS, now=NOW)
    assert NOW == os.stat(path).st_mtime
    os.utime(path, (NOW + 1, NOW + 1))

    assert load(environ, ROOT) is not None


@given(
    first=st.from_regex(r"https?://[A-Za-z0-9.:_/+-]{1,300}", fullmatch=True),
    second=st.from_regex(r"https?://[A-Za-z0-9.:_/+-]{1,300}", fullmatch=True),
)
def test_deployments_have_files_of_their_own(tmp_path_factory: pytest.TempPathFactory, first: str, second: str) -> None:
    """
    What is read for a root URL was written for it, also where the names of the files are cut.
    """
    environ = {"XDG_CACHE_HOME": str(tmp_path_factory.mktemp("cache"))}
    store(environ, first, {"a": b"1"}, now=NOW)
    store(environ, second, {"a": b"2"}, now=NOW)
    found, other = load(environ, second), load(environ, first)

    assert found is not None
    assert {"a": b"2"} == found.texts
    assert other is None or {"a": b"2" if first == second else b"1"} == other.texts
