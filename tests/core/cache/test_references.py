"""
Cached references of deployments.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tccli.core.cache.paths import reference_directory
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
    An environment with its own cache directory.
    """
    return {"XDG_CACHE_HOME": str(tmp_path / "cache")}


def test_stored_references_are_loaded(environ: dict[str, str]) -> None:
    """
    For their root URL only.
    """
    assert not os.path.exists(reference_directory(environ))
    assert load(environ, ROOT) is None
    path = store(environ, ROOT, TEXTS, now=NOW)
    found = load(environ, ROOT)

    assert found is not None
    assert (path, WHEN) == (found.path, found.fetched)
    assert TEXTS == found.contents
    assert reference_directory(environ) == os.path.dirname(path)
    assert load(environ, "http://tc.example.com") is None
    assert load(environ, ROOT + "/below") is None
    assert load(environ, ROOT.upper()) is None


def test_references_are_replaced(environ: dict[str, str]) -> None:
    """
    As a whole.
    """
    store(environ, ROOT, TEXTS, now=NOW)
    store(environ, ROOT, {"index": b"x\n"}, now=NOW)
    found = load(environ, ROOT)

    assert found is not None
    assert {"index": b"x\n"} == found.contents
    assert 1 == len(os.listdir(reference_directory(environ)))


def test_references_stay_if_new_ones_cannot_be_written(environ: dict[str, str]) -> None:
    """
    No file is left behind.
    """
    store(environ, ROOT, TEXTS, now=NOW)
    with mock.patch("os.replace", side_effect=OSError(28, "No space left on device")), pytest.raises(LocalFileError):
        store(environ, ROOT, {"index": b"x\n"}, now=NOW)
    found = load(environ, ROOT)

    assert found is not None
    assert TEXTS == found.contents
    assert 1 == len(os.listdir(reference_directory(environ)))


def test_a_directory_that_cannot_be_created(tmp_path: Path) -> None:
    """
    It is an error.
    """
    (tmp_path / "cache").write_text("")
    with pytest.raises(LocalFileError, match="cannot create the directory"):
        store({"XDG_CACHE_HOME": str(tmp_path / "cache")}, ROOT, TEXTS, now=NOW)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\xff\n", id="not UTF-8"),
        pytest.param(b"[]\n", id="another document"),
        pytest.param(b"[" * 100_000, id="nested too deeply"),
        pytest.param(b'{"format":2}\n', id="a format of another release"),
        pytest.param(b'{"format":1,"crc32":0,"services":[],"rootUrl":"https://tc.example.com"}\n', id="no services"),
        pytest.param(b'{"format":1,"crc32":0,"services":{"a":"1"},"rootUrl":""}\n', id="a length that is text"),
    ],
)
def test_other_content_is_corrupt(environ: dict[str, str], content: bytes) -> None:
    """
    Whatever it is.
    """
    path = store(environ, ROOT, TEXTS, now=NOW)
    with open(path, "wb") as file:
        file.write(content)
    with pytest.raises(CorruptCacheError, match=r"tc\.example\.com"):
        load(environ, ROOT)


def test_an_unreadable_file_is_corrupt(environ: dict[str, str]) -> None:
    """
    Such as a directory in its place.
    """
    path = store(environ, ROOT, TEXTS, now=NOW)
    os.unlink(path)
    os.mkdir(path)
    with pytest.raises(CorruptCacheError):
        load(environ, ROOT)


@pytest.mark.parametrize("cut", [1, 10, 50])
def test_a_changed_file_is_corrupt(environ: dict[str, str], cut: int) -> None:
    """
    It was cut off, changed, or appended to.
    """
    path = store(environ, ROOT, TEXTS, now=NOW)
    with open(path, "rb") as file:
        whole = file.read()
    for broken in (whole[:-cut], whole[:-cut] + bytes([whole[-cut] ^ 1]) + whole[-cut:][1:], whole + b"x"):
        with open(path, "wb") as file:
            file.write(broken)
        with pytest.raises(CorruptCacheError):
            load(environ, ROOT)


@given(
    first=st.from_regex(r"https?://[A-Za-z0-9.:_/+-]{1,300}", fullmatch=True),
    second=st.from_regex(r"https?://[A-Za-z0-9.:_/+-]{1,300}", fullmatch=True),
)
def test_deployments_do_not_mix(tmp_path_factory: pytest.TempPathFactory, first: str, second: str) -> None:
    """
    What is loaded for a root URL was stored for it, even if file names are cut off.
    """
    environ = {"XDG_CACHE_HOME": str(tmp_path_factory.mktemp("cache"))}
    store(environ, first, {"a": b"1"}, now=NOW)
    store(environ, second, {"a": b"2"}, now=NOW)
    found, other = load(environ, second), load(environ, first)

    assert found is not None
    assert {"a": b"2"} == found.contents
    assert other is None or {"a": b"2" if first == second else b"1"} == other.contents
