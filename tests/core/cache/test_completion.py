"""
The cache of completion values.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tccli.core.cache.completion import MAX_RECENT_TASKS, NEGATIVE_TTL_SECONDS, TTL_SECONDS, CompletionCache
from tccli.core.completion.values import Value

if TYPE_CHECKING:
    from pathlib import Path

NOW = 1_700_000_000.0
VALUES = [Value("a", "A"), Value("b")]


def cache(folder: Path, now: float = NOW, account: str = "me") -> CompletionCache:
    """
    Return the cache of an account at a time.
    """
    return CompletionCache(str(folder / "cache"), [account], now)


@pytest.mark.parametrize(
    ("complete", "later", "expected"),
    [
        pytest.param(True, 0, VALUES, id="at once"),
        pytest.param(True, TTL_SECONDS - 1, VALUES, id="within the minute"),
        pytest.param(True, TTL_SECONDS, None, id="after the minute"),
        pytest.param(True, -10, None, id="from the future"),
        pytest.param(False, NEGATIVE_TTL_SECONDS - 1, VALUES, id="incomplete, for a while"),
        pytest.param(False, NEGATIVE_TTL_SECONDS, None, id="incomplete, expired"),
    ],
)
def test_values_expire(tmp_path: Path, *, complete: bool, later: float, expected: list[Value] | None) -> None:
    """
    An incomplete list expires sooner.
    """
    cache(tmp_path).store(["secret"], VALUES, complete=complete)

    assert expected == cache(tmp_path, NOW + later).load(["secret"])


def test_requests_and_accounts_do_not_mix(tmp_path: Path) -> None:
    """
    Values are returned for the same request of the same account only.
    """
    cache(tmp_path).store(["secret"], VALUES, complete=True)

    assert cache(tmp_path).load(["role"]) is None
    assert cache(tmp_path, account="you").load(["secret"]) is None


def test_expired_files_are_removed(tmp_path: Path) -> None:
    """
    Storing values removes them; recorded tasks stay.
    """
    cache(tmp_path).store(["secret"], VALUES, complete=True)
    cache(tmp_path).record_task("t")
    for entry in os.scandir(tmp_path / "cache" / "values"):
        os.utime(entry.path, (NOW, NOW))
    cache(tmp_path, NOW + 2 * TTL_SECONDS).store(["role"], VALUES, complete=True)

    assert 2 == len(os.listdir(tmp_path / "cache" / "values"))
    assert ["t"] == cache(tmp_path).recent_tasks()


def test_recent_tasks(tmp_path: Path) -> None:
    """
    Each is listed once, the latest first, up to a maximum.
    """
    for task in [*map(str, range(2 * MAX_RECENT_TASKS)), "5", "7", "5"]:
        cache(tmp_path).record_task(task)
    known = cache(tmp_path).recent_tasks()

    assert ["5", "7", "19"] == known[:3]
    assert MAX_RECENT_TASKS == len(known)


@pytest.mark.parametrize(
    "content",
    ["", "{", "[" * 100_000, "9" * 5000, "[]", "5", '{"until": 5}', '{"until": "x", "values": 1}', '{"values": []}'],
)
def test_broken_files_are_ignored(tmp_path: Path, content: str) -> None:
    """
    As if they did not exist.
    """
    cache(tmp_path).store(["secret"], VALUES, complete=True)
    cache(tmp_path).record_task("t")
    for entry in os.scandir(tmp_path / "cache" / "values"):
        with open(entry.path, "w", encoding="utf-8") as file:
            file.write(content)

    assert cache(tmp_path).load(["secret"]) is None
    assert [] == cache(tmp_path).recent_tasks()
