"""
The wheel: what users install has what they run, and stays small.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.benchmarks import size

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_WHEEL_KILOBYTES = 1285
"""It must not grow unnoticed; the goal is in the table of figures, and CONTRIBUTING.md says why it is missed."""

INSTALLED = (
    "bin/tc",
    "bin/taskcluster-tc",
    "share/man/man1/tc.1",
    "share/man/man1/tc-queue.1",
    "share/bash-completion/completions/tc",
    "share/bash-completion/completions/taskcluster-tc",
    "share/zsh/site-functions/_tc",
    "share/fish/vendor_completions.d/tc.fish",
    "share/fish/vendor_completions.d/taskcluster-tc.fish",
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    A wheel of the checkout.
    """
    return size.build_wheel(str(tmp_path_factory.mktemp("wheel")))


@pytest.fixture(scope="module")
def installation(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    A virtual environment with the wheel, which finds the dependencies where those of the tests are.
    """
    directory = tmp_path_factory.mktemp("installation")
    python = directory / "bin/python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", directory], check=True)
    options = ["--quiet", "--no-deps", "--no-index", "--disable-pip-version-check"]
    subprocess.run([sys.executable, "-m", "pip", "--python", python, "install", *options, wheel], check=True)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(directory)}))
    # Of that directory, Python reads no further such files, so an editable installation in it is not found.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    return directory


def _run(installation: Path, environment: Mapping[str, str], *words: str) -> str:
    """
    Return the output of a program of an installation, which is also the first place where it finds others.
    """
    path = os.pathsep.join([str(installation / "bin"), environment.get("PATH", os.defpath)])
    return subprocess.run(
        [installation / "bin" / words[0], *words[1:]],
        env={**environment, "PATH": path},
        cwd=installation,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout


def test_it_has_only_what_users_run(wheel: Path) -> None:
    """
    The package without the generators, files for shells and ``man``, and metadata; nothing else of the checkout.
    """
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()

    assert {"tccli", "data", "dist-info"} == {name.split("/")[0].rpartition(".")[2] for name in names}
    assert not [name for name in names if name.startswith("tccli/docgen/") or name.endswith(".pyc")]


def test_it_stays_small(wheel: Path) -> None:
    """
    Its parts are listed in CONTRIBUTING.md.
    """
    assert MAX_WHEEL_KILOBYTES > wheel.stat().st_size / 1000


def test_pages_and_completions_are_installed(installation: Path) -> None:
    """
    Where man and the shells look for them.
    """
    assert not [path for path in INSTALLED if not (installation / path).is_file()]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param("tc --help", "worker-manager", id="help"),
        pytest.param("tc help topics", "tc help TOPIC", id="topics"),
        pytest.param("tc queue createTask --help", "metadata", id="help of a method"),
        pytest.param("tc skeleton queue createTask", "metadata", id="schemas"),
        pytest.param("tc completions bash", "_taskcluster_words", id="bash"),
        pytest.param("tc completions powershell", "TaskclusterTcWords", id="powershell"),
        pytest.param("tc sandbox run -- tc auth currentScopes", '"scopes"', id="a call of a sandbox"),
    ],
)
def test_it_works_without_the_checkout(
    installation: Path, bare_environment: Mapping[str, str], line: str, expected: str
) -> None:
    """
    Commands that read data of the package, and one that calls a sandbox.
    """
    where = _run(installation, bare_environment, "python", "-c", "import tccli; print(tccli.__file__)")

    assert Path(where).is_relative_to(installation)
    assert expected in _run(installation, bare_environment, *line.split())
