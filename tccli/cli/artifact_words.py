"""
TASK [RUN] NAME on the command line: which artifact the words name. TASK can have any form.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from tccli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tccli.cli.context import Context
    from tccli.core.client import Client

_TASK_ID = re.compile(r"[A-Za-z0-9_-]{22}")


class ArtifactWords(NamedTuple):
    """
    The words that name an artifact.

    Attributes:
        task: As it was written; empty if the index is to find the task.
        run: As it was written, or None.
        name: A name or a pattern.
        file: Where to write it, or None.
    """

    task: str
    run: str | None
    name: str
    file: str | None


def split_words(
    words: Sequence[str], usage: str, *, by_index: bool = False, name_is_optional: bool = False, takes_file: bool = True
) -> ArtifactWords:
    """
    Return what words stand for. A second word that is a number is the run; after the address of an artifact, which
    has its run and name, the only other word is the file.

    Args:
        usage: For messages.
        by_index: Whether there is no word for the task.
        name_is_optional: Whether no name stands for all names.
        takes_file: Whether a file may follow.
    """
    rest = list(words)
    task = "" if by_index else rest.pop(0) if rest else ""
    named = _named_artifact(task, has_name=bool(rest)) if not name_is_optional else None
    has_run = bool(rest) and rest[0].isascii() and rest[0].isdigit() and not by_index and named is None
    run = rest.pop(0) if has_run and (len(rest) > 1 or name_is_optional) else None
    if named is not None:
        rest.insert(0, named)
    if name_is_optional and not rest and (task or by_index):
        rest = ["**"]
    if not rest or (not task and not by_index):
        missing = "NAME" if task or by_index else "TASK and NAME"
        raise UsageError(f"missing argument {missing}", hint=usage)
    most = 2 if takes_file else 1
    if len(rest) > most:
        raise UsageError(f"unexpected argument {rest[most]!r}", hint=usage)
    return ArtifactWords(task, run, rest[0], rest[1] if len(rest) == 2 else None)


def _named_artifact(word: str, *, has_name: bool) -> str | None:
    """
    Return the name in the address of an artifact, or None.

    The address of a log's page is copied for its run, too: if a name follows, it is that of another artifact.
    """
    from tccli.core.addresses import is_address, parse_address

    address = parse_address(word) if is_address(word) else None
    if address is None or address.service != "queue" or (has_name and re.search(r"/runs/[0-9]+/logs/", word)):
        return None
    return address.values.get("name")


def resolve_words(
    context: Context, client: Client, task: str, run: str | None, *, newest: bool = False
) -> tuple[str, str | None]:
    """
    Return the id of a task and a run, which an address may name.

    Raises:
        UsageError: The word names no task, or not exactly one.
        NotFoundError: The index path or the group does not exist.
    """
    from tccli.cli.tasks.names import resolve_one

    if _TASK_ID.fullmatch(task):
        return task, run
    task_id, run_id = resolve_one(context, client, task, newest=newest)
    return task_id, run if run is not None or run_id is None else str(run_id)
