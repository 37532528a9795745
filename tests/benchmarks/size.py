"""
How large the wheel is, and what an installation brings along.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from tests.benchmarks.measure import Figure, show

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).parent.parent.parent
MAX_WHEEL_KILOBYTES = 600
MAX_DEPENDENCY_MEGABYTES = 34


def build_wheel(directory: str) -> Path:
    """
    Return the path of a wheel of the checkout in *directory*.
    """
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", directory]
    subprocess.run(command, cwd=CHECKOUT, env={**os.environ, "HATCH_QUIET": "1"}, check=True)
    (path,) = Path(directory).glob("*.whl")
    return path


def measure_dependencies() -> dict[str, int]:
    """
    Return name → bytes on disk, compiled modules included, of each package that is required, also by others.
    """
    sizes: dict[str, int] = {}
    waiting = ["taskcluster-cli"]
    while waiting:
        package = distribution(waiting.pop())
        name = package.metadata["Name"]
        if name in sizes:
            continue
        paths = [file.locate() for file in package.files or ()]
        sizes[name] = sum(os.path.getsize(path) for path in paths if os.path.isfile(path))
        for text in package.requires or ():
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(requirement.name)
    # tc itself is the wheel.
    del sizes["taskcluster-cli"]
    return sizes


def measure(runs: int) -> Iterator[Figure]:
    """
    Yield both sizes.
    """
    del runs
    with tempfile.TemporaryDirectory() as directory:
        kilobytes = build_wheel(directory).stat().st_size / 1000
    yield Figure("wheel", show(kilobytes, "kB"), "", kilobytes, "kB", MAX_WHEEL_KILOBYTES, in_readme=True)
    sizes = measure_dependencies()
    megabytes = sum(sizes.values()) / 1e6
    largest = sorted(sizes, key=sizes.__getitem__)[-3:]
    compared = ", ".join(f"{name} {sizes[name] / 1e6:.1f}" for name in reversed(largest))
    what = f"the {len(sizes)} packages that it needs, installed"
    yield Figure(what, show(megabytes, "MB"), compared, megabytes, "MB", MAX_DEPENDENCY_MEGABYTES, in_readme=True)
