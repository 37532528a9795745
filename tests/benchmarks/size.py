"""
How large the wheel is, and what an installation brings along.
"""

from __future__ import annotations

import io
import os
import zipfile
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from tests.benchmarks.measure import Figure, show

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).parent.parent.parent
CONTENTS = ("tccli", "man", "completions", "README.md", "LICENSE")
RECORD_BYTES = 48
"""Of a file's digest in the wheel's list of files, where it cannot be compressed."""
MAX_WHEEL_KILOBYTES = 600
MAX_DEPENDENCY_MEGABYTES = 34


def measure_wheel() -> int:
    """
    Return the bytes of a wheel of the checkout, within about a percent; nothing is built.
    """
    paths = [path for name in CONTENTS for path in (CHECKOUT / name, *(CHECKOUT / name).rglob("*"))]
    paths = [path for path in paths if path.is_file() and path.suffix != ".pyc"]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in paths:
            archive.write(path, path.relative_to(CHECKOUT))
    return len(buffer.getvalue()) + RECORD_BYTES * len(paths)


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
    kilobytes = measure_wheel() / 1000
    yield Figure("wheel", show(kilobytes, "kB"), "", kilobytes, "kB", MAX_WHEEL_KILOBYTES, in_readme=True)
    sizes = measure_dependencies()
    megabytes = sum(sizes.values()) / 1e6
    largest = sorted(sizes, key=sizes.__getitem__)[-3:]
    compared = ", ".join(f"{name} {sizes[name] / 1e6:.1f}" for name in reversed(largest))
    what = f"the {len(sizes)} packages that it needs, installed"
    yield Figure(what, show(megabytes, "MB"), compared, megabytes, "MB", MAX_DEPENDENCY_MEGABYTES, in_readme=True)
