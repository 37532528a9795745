"""
Changes to the file of profiles.
"""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tccli.core import files, profiles
from tccli.errors import ConfigurationError, UsageError

TEXT = """\
# All of them.
default_profile = "work"   # the usual one

[work]  # at work
rootUrl = 'https://tc.example.com'
accessToken = "old" # rotated in May
authorizedScopes = [
    "a",  # why a
    "b",
]

["my own"]
rootUrl = "https://own.example.com"
"""
WRITER = """
import sys
from tccli.core import profiles
for number in range(int(sys.argv[3])):
    profiles.set_values(sys.argv[1], sys.argv[2], {f"k{number}": number})
"""


@pytest.fixture
def path(tmp_path: Path) -> str:
    """
    Where the file is to be; the directories do not exist.
    """
    return str(tmp_path / "config" / "tc" / "profiles.toml")


def write(path: str, text: str) -> None:
    """
    Write the file as an editor does.
    """
    os.makedirs(os.path.dirname(path), exist_ok=True)
    Path(path).write_bytes(text.encode())


def test_a_change_leaves_everything_else_as_it_is(path: str) -> None:
    """
    Comments, order, quotes and blank lines.
    """
    write(path, TEXT)
    profiles.set_values(path, "work", {"accessToken": "new", "retries": 3})
    expected = TEXT.replace('"old"', '"new"').replace('"b",\n]\n', '"b",\n]\nretries = 3\n')
    assert expected == Path(path).read_text()
    profiles.set_values(path, "work", {"authorizedScopes": None, "retries": None, "traceId": None})
    start, end = TEXT.replace('"old"', '"new"').split("authorizedScopes")
    lines = [line for line in (start + end.partition("]\n")[2]).splitlines() if line]
    assert lines == [line for line in Path(path).read_text().splitlines() if line]


def test_the_directories_and_the_file_are_for_the_owner_only(path: str) -> None:
    """
    Those that are created, whatever the umask; and a file that others could read.
    """
    old = os.umask(0)
    try:
        profiles.set_values(path, "new", {"rootUrl": "https://tc.example.com"})
        os.chmod(path, 0o644)
        profiles.set_values(path, "new", {"clientId": "me"})
    finally:
        os.umask(old)

    directory = os.path.dirname(path)
    modes = [stat.S_IMODE(os.stat(each).st_mode) for each in (path, directory, os.path.dirname(directory))]
    assert [0o600, 0o700, 0o700] == modes
    assert {"new": {"rootUrl": "https://tc.example.com", "clientId": "me"}} == tomllib.loads(Path(path).read_text())


def test_the_default_is_a_profile_that_exists(path: str) -> None:
    """
    It stands above the profiles, and goes with its profile.
    """
    write(path, "# mine\n[a]\nrootUrl = 'https://a'\n[b]\n")
    profiles.set_default(path, "b")
    assert "b" == tomllib.loads(Path(path).read_text())["default_profile"]
    with pytest.raises(ConfigurationError, match="no profile 'c'"):
        profiles.set_default(path, "c")
    profiles.remove_profile(path, "b")
    assert {"a": {"rootUrl": "https://a"}} == tomllib.loads(Path(path).read_text())
    profiles.set_default(path, "a")
    profiles.set_default(path, None)
    assert "# mine\n\n[a]\nrootUrl = 'https://a'\n" == Path(path).read_text()
    for name in ("b", "default_profile"):
        with pytest.raises(ConfigurationError, match=f"no profile '{name}'"):
            profiles.remove_profile(path, name)


@pytest.mark.parametrize(
    "text",
    [
        "a.rootUrl = 'https://a'\na.clientId = 'me'\n",
        "a = {rootUrl = 'https://a', clientId = 'me'}\nb = {}\n",
        '"a" = {rootUrl = """https://a"""}\r\n[b]\r\nretries = 1\r\n',
        "[a]\nrootUrl = 'https://a' # no line break at the end",
        "\ufeff[a]\nrootUrl = 'https://a'\n",
        "[a.certificate]\nversion = 1\n[b]\n[a]\nrootUrl = 'https://a'\n",
        "[b]\n[a.certificate]\nversion = 1\n",
        "[b]\nretries = 1\n[a]\n[a.certificate]\nversion = 1\n",
        "",
        "# only a comment",
    ],
)
def test_every_form_of_toml_is_changed_in_place(path: str, text: str) -> None:
    """
    Dotted keys, inline tables, subtables out of order, CRLF.
    """
    write(path, text)
    expected: dict[str, Any] = tomllib.loads(text.removeprefix("\ufeff"))
    expected.setdefault("a", {})["rootUrl"] = "https://new"
    profiles.set_values(path, "a", {"rootUrl": "https://new"})
    assert expected == tomllib.loads(Path(path).read_bytes().decode())
    expected["new"] = {"accessToken": "t", "valid_until": datetime(2026, 11, 28, tzinfo=UTC)}
    profiles.set_values(path, "new", expected["new"])
    profiles.set_default(path, "new")
    assert {**expected, "default_profile": "new"} == tomllib.loads(Path(path).read_bytes().decode())


@given(
    value=st.text(st.characters(exclude_categories=["Cs"])) | st.lists(st.text("a'\"\\\n#=[]")) | st.integers(0, 9),
    comment=st.text(st.characters(exclude_categories=["Cs", "Cc"])),
)
def test_any_value_is_read_as_it_was_set(tmp_path_factory: pytest.TempPathFactory, value: Any, comment: str) -> None:
    """
    Next to any comment.
    """
    path = str(tmp_path_factory.mktemp("any") / "profiles.toml")
    write(path, f"# {comment}\n[a]\nclientId = 'c' # {comment}\n")
    profiles.set_values(path, "a", {"accessToken": value})
    text = Path(path).read_bytes().decode()
    assert {"a": {"clientId": "c", "accessToken": value}} == tomllib.loads(text)
    assert text.startswith(f"# {comment}\n[a]\nclientId = 'c' # {comment}\n")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[a]\nrootUrl = x\n", "line 2, column 11"),
        (b"[a]\n[a]\n", "line 2, column 3"),
        (b"[a]\nrootUrl = 'h\xff'\n", "line 2, column 13"),
        (b"# mine\n rootUrl = 'x'", r"'rootUrl' is outside.*line 2, column 2"),
        (b"[a]\n[[b]]\n", r"'b' is outside.*line 2, column 3"),
        (b"a.b = 1\nroot = 1", r"'root' is outside.*line 2, column 1"),
        (b"\n'x y' = 1", r"'x y' is outside.*line 2, column 2"),
        (b"\ndefault_profile = 1", r"default_profile is not.*line 2, column 1"),
        (b"[a]\nscopes = [1,\n", "line 3, column 1"),
        (b"[a]\n[b", "line 2, column 3"),
    ],
)
def test_a_malformed_file_is_reported_and_stays(path: str, content: bytes, said: str) -> None:
    """
    With line and column.
    """
    write(path, "")
    Path(path).write_bytes(content)
    with pytest.raises(ConfigurationError, match=said) as caught:
        profiles.set_values(path, "b", {"retries": 1})
    assert path in str(caught.value)
    assert "tc profile edit" in str(caught.value)
    with pytest.raises(ConfigurationError, match=said):
        profiles.remove_profile(path, "a")
    assert content == Path(path).read_bytes()


@pytest.mark.parametrize("name", ["", "-a", "a b", "default_profile", "a\n", "[a]", "a" * 101, ".."])
def test_a_new_profile_has_a_name_that_can_be_typed(path: str, name: str) -> None:
    """
    Without blanks, and not that of an option.
    """
    with pytest.raises(UsageError, match="not a name for a profile"):
        profiles.set_values(path, name, {})
    assert not os.path.exists(path)


def test_a_value_that_is_not_unicode_is_an_error(path: str) -> None:
    """
    As a command line may have one.
    """
    with pytest.raises(UsageError, match="not valid UTF-8"):
        profiles.set_values(path, "a", {"clientId": "\udcff"})
    assert not os.path.exists(path)


def test_writers_at_once_lose_nothing(path: str) -> None:
    """
    Several processes that set keys of one profile and of others.
    """
    names = ["a", "b", "c"]
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, path, name, "10"]) for name in names]
    assert [0, 0, 0] == [writer.wait(60) for writer in writers]
    assert {name: {f"k{n}": n for n in range(10)} for name in names} == tomllib.loads(Path(path).read_text())


def test_a_writer_that_is_killed_leaves_the_old_or_the_new_file(path: str) -> None:
    """
    At any moment; and the next writer removes what it left.
    """
    write(path, TEXT)
    for delay in range(8):
        with subprocess.Popen([sys.executable, "-c", WRITER, path, "work", "100000"]) as writer:
            before = os.stat(path).st_ino
            deadline = time.monotonic() + 60
            while os.stat(path).st_ino == before and time.monotonic() < deadline:
                time.sleep(0.005)
            time.sleep(delay / 300)
            writer.kill()
        content = Path(path).read_text()
        assert "# why a" in content
        assert "https://tc.example.com" == tomllib.loads(content)["work"]["rootUrl"]
    profiles.set_values(path, "work", {"clientId": "me"})
    assert ["profiles.toml"] == os.listdir(os.path.dirname(path))


def test_a_link_to_the_file_stays_one(path: str, tmp_path: Path) -> None:
    """
    As those have it who keep their configuration in a repository.
    """
    target = tmp_path / "mine.toml"
    target.write_text("[a]\n")
    os.makedirs(os.path.dirname(path))
    os.symlink(target, path)
    profiles.set_values(path, "a", {"retries": 1})
    assert os.path.islink(path)
    assert "[a]\nretries = 1\n" == target.read_text()


def test_a_lock_that_is_not_released_is_an_error(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    After a time; the file stays.
    """
    write(path, TEXT)
    monkeypatch.setattr(files, "LOCK_TIMEOUT_SECONDS", 0.1)
    with files.lock_directory(os.path.dirname(path)), pytest.raises(ConfigurationError, match="another process"):
        profiles.set_values(path, "work", {"retries": 1})
    assert TEXT == Path(path).read_text()
