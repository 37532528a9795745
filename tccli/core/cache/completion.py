"""
Cache of completion values for a minute, and of the latest task ids: files that only their owner may read.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tccli.core.completion.values import Value
from tccli.core.files import atomic_write
from tccli.errors import TcError
from tccli.strict_json import loads_leniently

if TYPE_CHECKING:
    from collections.abc import Sequence

TTL_SECONDS = 60
NEGATIVE_TTL_SECONDS = 10
"""For an incomplete list of values, such as after a timeout."""
MAX_RECENT_TASKS = 10


class CompletionCache:
    """
    A cache below a directory, which is created on the first write. Files that cannot be read or written are ignored.

    Args:
        directory: Of the cache.
        account: Identifies an account at a deployment.
        now: Unix time.
    """

    def __init__(self, directory: str, account: Sequence[Any], now: float) -> None:
        self._directory = os.path.join(directory, "values")
        self._account = account
        self._now = now

    def load(self, request: Sequence[Any]) -> list[Value] | None:
        """
        Return the values cached for *request*, or None if there are none or they are too old.
        """
        cached = self._read(request)
        # The file may contain anything.
        with suppress(KeyError, TypeError):
            if self._now < cached["until"] <= self._now + TTL_SECONDS:
                return [Value(*value) for value in cached["values"]]
        return None

    def store(self, request: Sequence[Any], values: Sequence[Value], *, complete: bool) -> None:
        """
        Cache the values for *request*; an incomplete list expires sooner.
        """
        self._remove_expired()
        until = self._now + (TTL_SECONDS if complete else NEGATIVE_TTL_SECONDS)
        self._write(request, {"until": until, "values": values})

    def recent_tasks(self) -> list[str]:
        """
        Return the ids of the tasks that were recorded, the latest first.
        """
        cached = self._read("tasks")
        return [task for task in cached if isinstance(task, str)] if isinstance(cached, list) else []

    def record_task(self, task: str) -> None:
        """
        Add the id of a task that was completed or given on a command line.
        """
        known = self.recent_tasks()
        if known[:1] != [task]:
            self._write("tasks", [task, *(each for each in known if each != task)][:MAX_RECENT_TASKS])

    def _path(self, request: Sequence[Any]) -> str:
        # A hash, because names of secrets must not show up in file names.
        text = json.dumps([self._account, request])
        name = "tasks-" if request == "tasks" else ""
        return os.path.join(self._directory, f"{name}{hashlib.sha256(text.encode()).hexdigest()[:32]}.json")

    def _read(self, request: Sequence[Any]) -> Any:
        with suppress(OSError, ValueError), open(self._path(request), "rb") as file:
            return loads_leniently(file.read())

    def _write(self, request: Sequence[Any], content: Any) -> None:
        with suppress(OSError, TcError):
            os.makedirs(self._directory, mode=0o700, exist_ok=True)
            with atomic_write(self._path(request), private=True) as file:
                file.write(json.dumps(content).encode())

    def _remove_expired(self) -> None:
        with suppress(OSError), os.scandir(self._directory) as entries:
            for entry in entries:
                if not entry.name.startswith("tasks-") and entry.stat().st_mtime < self._now - TTL_SECONDS:
                    os.unlink(entry.path)
