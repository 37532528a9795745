"""
What completion was told in the last minute, and which tasks were of interest: files that only their owner may read.
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

if TYPE_CHECKING:
    from collections.abc import Sequence

LIFETIME = 60
"""Seconds for which an answer is good."""

PATIENCE = 10
"""Seconds for which nobody is asked again who did not answer in time."""

MOST_TASKS = 10


class ValueCache:
    """
    Keeps answers below a folder, which is made when there is something to keep. What goes wrong there is as if nothing
    were kept.

    Args:
        folder: Of the cache.
        account: What tells one account at one deployment from all others.
        now: Unix time.
    """

    def __init__(self, folder: str, account: Sequence[Any], now: float) -> None:
        self._folder = os.path.join(folder, "values")
        self._account = account
        self._now = now

    def values(self, question: Sequence[Any]) -> list[Value] | None:
        """
        Return the answer to *question*, or None if it is not known or too old.
        """
        kept = self._read(question)
        # Whatever else may be written there is no answer.
        with suppress(KeyError, TypeError):
            if self._now < kept["until"] <= self._now + LIFETIME:
                return [Value(*value) for value in kept["values"]]
        return None

    def keep(self, question: Sequence[Any], values: Sequence[Value], *, whole: bool) -> None:
        """
        Keep the answer to *question*; one that is not whole is asked for again soon.
        """
        self._sweep()
        self._write(question, {"until": self._now + (LIFETIME if whole else PATIENCE), "values": values})

    def tasks(self) -> list[str]:
        """
        Return the ids of the tasks that were of interest, latest first.
        """
        kept = self._read("tasks")
        return [task for task in kept if isinstance(task, str)] if isinstance(kept, list) else []

    def note_task(self, task: str) -> None:
        """
        Remember that a task was of interest.
        """
        known = self.tasks()
        if known[:1] != [task]:
            self._write("tasks", [task, *(each for each in known if each != task)][:MOST_TASKS])

    def _path(self, question: Sequence[Any]) -> str:
        # Names of secrets stand in no file name.
        text = json.dumps([self._account, question])
        name = "tasks-" if question == "tasks" else ""
        return os.path.join(self._folder, f"{name}{hashlib.sha256(text.encode()).hexdigest()[:32]}.json")

    def _read(self, question: Sequence[Any]) -> Any:
        with suppress(OSError, ValueError), open(self._path(question), encoding="utf-8") as file:
            return json.load(file)

    def _write(self, question: Sequence[Any], content: Any) -> None:
        with suppress(OSError, TcError):
            os.makedirs(self._folder, mode=0o700, exist_ok=True)
            with atomic_write(self._path(question), private=True) as file:
                file.write(json.dumps(content).encode())

    def _sweep(self) -> None:
        """
        Remove what is too old to be of use.
        """
        with suppress(OSError), os.scandir(self._folder) as entries:
            for entry in entries:
                if not entry.name.startswith("tasks-") and entry.stat().st_mtime < self._now - LIFETIME:
                    os.unlink(entry.path)
