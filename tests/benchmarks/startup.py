"""
How long commands take to start, relative to ``import click``: CPU time, and time on a cold disk.

``tests/cli/test_start.py`` counts what they import and execute, which no noise disturbs. Run it in an environment into
which the project is installed (not editable: only then is the bytecode compiled).
"""

from __future__ import annotations

import os
import sys
import sysconfig
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import tccli
from tccli import references
from tccli.core.cache import references as kept_references
from tccli.references.importing import merge
from tccli.references.importing.validate import validate_documents
from tccli.sandbox.references import published
from tests.benchmarks.measure import TC, alternate, clean_environment, compare, run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.benchmarks.measure import Figure, Usage

BASE = "`import click`"
ROOT_URL = "https://tc.example.com"
MAX_RATIO = 1.15
WITH_REFERENCES = "with references of the deployment"
WITH_PROFILE = "with them and a profile"
ON_LONG_PATH = "on a path of 40 directories"
ON_COLD_DISK = "on a cold disk"
CASES = (
    "tc --help",
    "tc queue --help",
    "tc queue createTask --help",
    # The longest help.
    "tc signed-url queue createTask --help",
    "tc task --help",
    "tc group rerun --help",
    "tc sandbox start --help",
    "tc from-now 1 hour",
    "tc slugid",
    "tc nonsense",
    "tc task status",
    f"tc --help, {WITH_REFERENCES}",
    f"tc queue createTask --help, {WITH_REFERENCES}",
    f"tc --help, {WITH_PROFILE}",
    f"tc --help, {ON_LONG_PATH}",
    f"tc queue createTask --help, {ON_LONG_PATH}",
)
"""Words of a command, and the circumstances."""
COLD_CASES = (f"tc --help, {ON_COLD_DISK}", f"tc queue createTask --help, {ON_COLD_DISK}", f"tc slugid, {ON_COLD_DISK}")
MAX_COLD_RATIO = 1.5
IN_README = ("tc --help", "tc signed-url queue createTask --help")
MISTAKES = ("tc nonsense", "tc task status")
COUNT_OF_DIRECTORIES = 40
FILES_PER_DIRECTORY = 300


def keep_references(environment: dict[str, str]) -> None:
    """
    Keep references of a deployment, with as much prose as ours have, so that they are in use for its root URL.
    """
    documents = {name: with_prose(content) for name, content in published().items()}
    texts = merge.convert_documents(validate_documents(documents), references.built_in())
    kept_references.store(environment, ROOT_URL, texts, now=1_893_553_445)


def with_prose(document: Any) -> Any:
    """
    Return a reference with a description of ten lines at each of its entries.
    """
    said = "Words that a deployment says of a method, in a line of this length.\n" * 10
    if "entries" not in document:
        return document
    return {**document, "description": said, "entries": [{**each, "description": said} for each in document["entries"]]}


def make_long_path(directory: Path) -> str:
    """
    Return a PYTHONPATH of directories with many modules that are not imported.
    """
    paths = [directory / f"site-{number}" for number in range(COUNT_OF_DIRECTORIES)]
    for path in paths:
        path.mkdir(parents=True)
        for number in range(FILES_PER_DIRECTORY):
            (path / f"unused_module_{number}.py").touch()
    return os.pathsep.join(map(str, paths))


def evict(files: Sequence[Path]) -> None:
    """
    Drop files from the system's cache, so that they are read from the disk again.
    """
    for path in files:
        descriptor = os.open(path, os.O_RDONLY)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def list_files() -> list[Path]:
    """
    Return the files that a start may read: of Python's library, click and this package.
    """
    library = Path(sysconfig.get_path("stdlib"))
    found = [*library.glob("*"), *library.glob("__pycache__/*"), *library.glob("lib-dynload/*")]
    for directory in (library / "json", library / "importlib", library / "re", Path(click.__file__).parent):
        found += directory.rglob("*")
    found += Path(tccli.__file__).parent.rglob("*")
    return [path for path in found if path.is_file()]


def run_cold(command: Sequence[str], environment: Mapping[str, str], files: Sequence[Path]) -> Usage:
    """
    Run a command whose files are not in the system's cache.
    """
    evict(files)
    return run(command, environment)


def measure(runs: int) -> Iterator[Figure]:
    """
    Yield a figure for each command.
    """
    imports = [sys.executable, "-c", "import click"]
    with tempfile.TemporaryDirectory() as directory:
        home = {**clean_environment(), "HOME": directory, "XDG_CONFIG_HOME": f"{directory}/none"}
        plain = {**home, "TASKCLUSTER_ROOT_URL": ROOT_URL, "XDG_CACHE_HOME": f"{directory}/none"}
        live = {**plain, "XDG_CACHE_HOME": f"{directory}/cache"}
        keep_references(live)
        profile = {**home, "XDG_CACHE_HOME": f"{directory}/cache", "XDG_CONFIG_HOME": f"{directory}/config"}
        profiles = Path(directory, "config", "tc", "profiles.toml")
        profiles.parent.mkdir(parents=True)
        profiles.write_text(f'[default]\nrootUrl = "{ROOT_URL}"\n')
        long_path = {**plain, "PYTHONPATH": make_long_path(Path(directory))}
        environments = {WITH_REFERENCES: live, WITH_PROFILE: profile, ON_LONG_PATH: long_path}
        commands = {BASE: partial(run, imports, plain), f"{BASE} {ON_LONG_PATH}": partial(run, imports, long_path)}
        for name in CASES:
            words, _, kind = name.partition(", ")
            code = 2 if words in MISTAKES else 0
            commands[name] = partial(run, [TC, *words.split()[1:]], environments.get(kind, plain), exit_codes=(code,))
        usages = alternate(2 * runs, commands)
        for name in CASES:
            base = f"{BASE} {ON_LONG_PATH}" if name.endswith(ON_LONG_PATH) else BASE
            yield compare(usages, name, base, MAX_RATIO, resource="cpu", in_readme=name in IN_README)
        if hasattr(os, "posix_fadvise"):
            yield from measure_cold(runs, plain)


def measure_cold(runs: int, environment: Mapping[str, str]) -> Iterator[Figure]:
    """
    Yield the figures of commands whose files are read from the disk, in time.
    """
    files = list_files()
    base = f"{BASE} {ON_COLD_DISK}"
    commands = {base: partial(run_cold, [sys.executable, "-c", "import click"], environment, files)}
    for name in COLD_CASES:
        commands[name] = partial(run_cold, [TC, *name.partition(", ")[0].split()[1:]], environment, files)
    usages = alternate(runs, commands)
    for name in COLD_CASES:
        yield compare(usages, name, base, MAX_COLD_RATIO, resource="wall")
