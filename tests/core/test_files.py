"""
Files that are written completely or not at all.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tccli.core import files
from tccli.core.files import atomic_write, check_target
from tccli.errors import LocalFileError, UsageError
from tests.interruption_points import interrupted_at

NOT_ROOT = pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")


def test_writes_a_file(tmp_path: Path) -> None:
    """
    It has the mode of any new file.
    """
    (tmp_path / "other").touch()
    with atomic_write(str(tmp_path / "file")) as file:
        file.write(b"text")

    assert b"text" == (tmp_path / "file").read_bytes()
    assert (tmp_path / "other").stat().st_mode == (tmp_path / "file").stat().st_mode
    assert ["file", "other"] == sorted(os.listdir(tmp_path))


@given(st.binary(max_size=50), st.binary(max_size=50))
def test_failure_keeps_the_old_file(tmp_path_factory: pytest.TempPathFactory, before: bytes, lost: bytes) -> None:
    """
    No other file remains.
    """
    directory = tmp_path_factory.mktemp("directory")
    (directory / "file").write_bytes(before)
    with pytest.raises(ZeroDivisionError), atomic_write(str(directory / "file")) as file:  # noqa: PT012 - it fails half way
        file.write(lost)
        raise ZeroDivisionError

    assert before == (directory / "file").read_bytes()
    assert ["file"] == os.listdir(directory)


def test_failure_leaves_nothing(tmp_path: Path) -> None:
    """
    Where there was no file, there is none afterwards.
    """
    with pytest.raises(KeyboardInterrupt), atomic_write(str(tmp_path / "file")):
        raise KeyboardInterrupt

    assert [] == os.listdir(tmp_path)


# No signal comes between the end of a block and that of its file, unlike these interruptions.
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_an_interruption_at_any_line_leaves_nothing(tmp_path: Path) -> None:
    """
    The file is as it was or complete, and there is no other one.
    """
    modules = {files.__file__, tempfile.__file__}
    line, is_interrupted = 0, True
    while is_interrupted:
        line += 1
        (tmp_path / "file").write_text("before")
        with interrupted_at(line, lambda code: code.co_filename in modules) as reached, suppress(KeyboardInterrupt):
            with atomic_write(str(tmp_path / "file")) as file:
                file.write(b"after")
            is_interrupted = False
        assert ["file"] == os.listdir(tmp_path), (line, reached)
        assert (tmp_path / "file").read_text() in {"before", "after"}, (line, reached)

    assert "after" == (tmp_path / "file").read_text()
    assert line > 20


def test_mode_is_kept(tmp_path: Path) -> None:
    """
    A replaced file is as readable as before.
    """
    (tmp_path / "file").touch()
    (tmp_path / "file").chmod(0o640)
    with atomic_write(str(tmp_path / "file")) as file:
        file.write(b"text")

    assert 0o640 == (tmp_path / "file").stat().st_mode & 0o777


def test_private_file(tmp_path: Path) -> None:
    """
    Only the owner may read it, from its first byte on.
    """
    with atomic_write(str(tmp_path / "file"), private=True) as file:
        assert 0o600 == os.fstat(file.fileno()).st_mode & 0o777

    assert 0o600 == (tmp_path / "file").stat().st_mode & 0o777


def test_link_remains(tmp_path: Path) -> None:
    """
    The file that it leads to is replaced.
    """
    (tmp_path / "target").write_text("old")
    (tmp_path / "link").symlink_to("target")
    with atomic_write(str(tmp_path / "link")) as file:
        file.write(b"new")

    assert (tmp_path / "link").is_symlink()
    assert "new" == (tmp_path / "target").read_text()


def test_device() -> None:
    """
    It is written, and not replaced by a file.
    """
    with atomic_write("/dev/null") as file:
        file.write(b"text")

    assert not Path("/dev/null").is_file()


def test_full_disk() -> None:
    """
    It is an error of this machine.
    """
    with pytest.raises(LocalFileError, match="No space left"), atomic_write("/dev/full") as file:
        file.write(b"text")


@pytest.mark.parametrize(("path", "said"), [("nowhere/file", "there is no directory"), ("", "is a directory")])
def test_impossible_targets(tmp_path: Path, path: str, said: str) -> None:
    """
    They are rejected without a change to anything.
    """
    with pytest.raises(UsageError, match=said):
        check_target(os.path.join(tmp_path, path))

    assert [] == os.listdir(tmp_path)


@NOT_ROOT
def test_read_only_directory(tmp_path: Path) -> None:
    """
    The error comes before anything is sent.
    """
    tmp_path.chmod(0o500)

    with pytest.raises(LocalFileError, match="no permission"):
        check_target(str(tmp_path / "file"))


def test_pipe_without_a_path() -> None:
    """
    It is written directly: ``/dev/stdout`` often is one.
    """
    reader, writer = os.pipe()
    with atomic_write(f"/dev/fd/{writer}") as file:
        file.write(b"text")
    os.close(writer)

    with open(reader, "rb") as pipe:
        assert b"text" == pipe.read()


def test_links_in_a_circle_are_not_replaced(tmp_path: Path) -> None:
    """
    A link is followed, and this one leads nowhere.
    """
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(UsageError, match="circle"):
        check_target(str(tmp_path / "a"))

    assert (tmp_path / "a").is_symlink()
