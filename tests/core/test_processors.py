"""
The number of processors that a process may use.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tccli.core.processors import count_processors

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("limit", "most"), [("max 100000", 1000), ("150000 100000", 1), ("50000 100000", 1), ("x", 1000), (None, 1000)]
)
def test_the_limit_of_a_container(tmp_path: Path, limit: str | None, most: int) -> None:
    """
    It counts, where there is one.
    """
    if limit is not None:
        (tmp_path / "cpu.max").write_text(f"{limit}\n")
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

    assert min(available, most) == count_processors(str(tmp_path / "cpu.max"))
