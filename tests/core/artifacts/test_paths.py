"""
Artifact names as local paths.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tccli.core.artifacts.paths import TargetDirectory, find_unwritable, last_component, name_file
from tccli.errors import BrokenAnswerError, LocalFileError, UsageError

PRINTABLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=30)
NASTY = st.lists(st.sampled_from(["..", ".", "", "a", "b.txt", "...", "~", "C:", "a\\..\\b", " "]), min_size=1).map(
    "/".join
)


@pytest.mark.parametrize(
    ("name", "part"),
    [("public/logs/live.log", "live.log"), ("a", "a"), ("a/...", "..."), ("a/ b ", " b "), ("~/x~", "x~")],
)
def test_last_component(name: str, part: str) -> None:
    """
    It names the file.
    """
    assert part == last_component(name)


@pytest.mark.parametrize("name", ["", "a/", "a/.", "a/..", "..", ".", "/", "a/b\\c", "..\\x"])
def test_last_component_that_is_not_a_file_name(name: str) -> None:
    """
    Directories, for example.
    """
    with pytest.raises(UsageError, match="give -o FILE"):
        last_component(name)


def resolve_below(directory: str, name: str) -> str:
    """
    Return the path of an artifact that can be written.
    """
    target = TargetDirectory(directory)
    target.prepare(name)
    return target.find_path(name)


def test_resolve_below(tmp_path: Path) -> None:
    """
    Directories are created, also below a directory that is a link.
    """
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")

    assert str(tmp_path / "real" / "a" / "b") == resolve_below(str(tmp_path / "link"), "a/b")
    assert (tmp_path / "real" / "a").is_dir()
    assert str(tmp_path / "new" / "a") == resolve_below(str(tmp_path / "new"), "a")


@pytest.mark.parametrize(
    "name",
    [
        "..",
        "../x",
        "a/../../x",
        "a/..",
        "/etc/passwd",
        "//x",
        "a//b",
        "./a",
        "a/.",
        "",
        "a/",
        "a\\..\\b",
        "..\\x",
        "\0",
    ],
)
def test_names_that_lead_out_are_rejected(tmp_path: Path, name: str) -> None:
    """
    Nothing is created, inside or outside.
    """
    (tmp_path / "in").mkdir()
    with pytest.raises(BrokenAnswerError, match="leads out of the directory"):
        resolve_below(str(tmp_path / "in"), name)

    assert ["in"] == os.listdir(tmp_path)
    assert [] == os.listdir(tmp_path / "in")


PARTIAL_NAMES = [".x.tc-partial", ".x.tc-partial.log", f".x.tc-partial.{'0' * 16}", f".x.TC-Partial.{'aF' * 8}.log"]


@pytest.mark.parametrize("part", PARTIAL_NAMES)
@pytest.mark.parametrize("name", ["{}", "a/{}", "{}/a"])
def test_names_of_partial_files_are_rejected(tmp_path: Path, part: str, name: str) -> None:
    """
    The download of x would write and delete what has such a name.
    """
    with pytest.raises(BrokenAnswerError, match="incomplete download"):
        resolve_below(str(tmp_path), name.format(part))
    with pytest.raises(UsageError, match="give -o FILE"):
        name_file(f"a/{part}")
    assert [] == os.listdir(tmp_path)


def test_names_of_files_that_are_directories_of_others() -> None:
    """
    They are known before anything is downloaded; what has no path itself needs no directory.
    """
    names = ["a", "a/b", "a/b/c", "a-b", "d", "d/..", "e/f/g", "e"]
    assert {"a", "a/b", "d/..", "e"} == set(find_unwritable(names, "in"))
    assert {} == find_unwritable(["a", "b/a", "c/b/a"], "in")


@pytest.mark.parametrize("name", ["x.tc-partial", ".tc-partial", ".x.tc-partial2", ".x.tc-partial.0"])
def test_names_that_no_partial_file_has(tmp_path: Path, name: str) -> None:
    """
    They are names like any other.
    """
    assert str(tmp_path / name) == resolve_below(str(tmp_path), name)
    assert name == name_file(f"a/{name}")


@pytest.mark.parametrize(
    ("link", "to", "name"),
    [
        pytest.param("a", "../out", "a/x", id="directory"),
        pytest.param("a", "../out", "a/b/x", id="directory above"),
        pytest.param("x", "../out/x", "x", id="file"),
        pytest.param("x", "../out/none", "x", id="file that is not there"),
        pytest.param("a", "../none", "a/x", id="directory that is not there"),
    ],
)
def test_links_that_lead_out_are_rejected(tmp_path: Path, link: str, to: str, name: str) -> None:
    """
    A link below the directory does not decide where artifacts are written.
    """
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "x").write_text("kept")
    (tmp_path / "in" / link).symlink_to(to)
    with pytest.raises(LocalFileError):
        resolve_below(str(tmp_path / "in"), name)

    assert ["x"] == os.listdir(tmp_path / "out")
    assert ["in", "out"] == sorted(os.listdir(tmp_path))


def test_empty_directories_are_removed(tmp_path: Path) -> None:
    """
    Those that were created and have no file. A directory at the path of a file is an error.
    """
    (tmp_path / "in" / "there" / "before").mkdir(parents=True)
    target = TargetDirectory(str(tmp_path / "in"))
    for name in ("there/a/b/x", "there/x", "new/a/x", "new/b/y", "other/x"):
        target.prepare(name)
    for name in ("new", "new/a"):
        with pytest.raises(UsageError, match="it is a directory"):
            target.prepare(name)
    Path(target.find_path("new/b/y")).write_text("")
    target.remove_empty()

    found = sorted(str(path.relative_to(tmp_path / "in")) for path in (tmp_path / "in").rglob("*"))
    assert ["new", "new/b", "new/b/y", "there", "there/before"] == found


@given(st.one_of(PRINTABLE, NASTY))
def test_no_name_escapes(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    """
    A name is rejected, or its path is below the directory and has the same parts.
    """
    root = tmp_path_factory.mktemp("root")
    directory = root / "in"
    try:
        place = resolve_below(str(directory), name)
    except BrokenAnswerError:
        return
    finally:
        assert set(os.listdir(root)) <= {"in"}

    assert Path(place).is_relative_to(directory)
    assert place == os.path.realpath(place)
    assert name == str(Path(place).relative_to(directory))
