"""
What kind of value stands in a place: for completion, which asks the deployment for some of them.

A kind is a word. ``file``, ``folder``, ``@file`` and ``command`` are on this machine; ``service``, ``method``,
``exchange``, ``topic`` (or a command) and ``argument`` (of the method that stands before it) follow from the tree;
``profile`` from the configuration; all others are values that only the deployment knows: ``core/completion/values.py``.
``artifact|file`` is a file where there is no artifact, and ``=one,other`` is one of these. Nothing is an empty kind.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tccli.references import Method

PARAMETERS = {
    "clientId": "client",
    "hookGroupId": "hook-group",
    "hookId": "hook",
    "indexPath": "index-path",
    "namespace": "index-path",
    "provisionerId": "provisioner",
    "roleId": "role",
    "runId": "run",
    "taskGroupId": "task-group",
    "taskId": "task",
    "taskQueueId": "task-queue",
    "workerGroup": "worker-group",
    "workerId": "worker",
    "workerPoolId": "worker-pool",
    "workerType": "worker-type",
    "auth.listClients.prefix": "client",
    "index.findArtifactFromTask.name": "indexed-artifact",
    "index.listNamespaces.namespace": "namespace",
    "index.listTasks.namespace": "namespace",
    "queue.name": "artifact",
    "secrets.name": "secret",
}
"""The kinds of path arguments and query options: a name counts for all methods that none of the longer ones is for."""

WORDS = {
    "DIR": "folder",
    "FILE": "file",
    "@FILE": "@file",
    "GROUP": "task-group",
    "METHOD": "method",
    "ROLLUP": "file",
    "SCHEMA": "file",
    "SHELL": "=bash,zsh,fish,powershell",
    "ARG": "argument",
    "EXCHANGE": "exchange",
    "SERVICE": "service",
    "TASK": "task",
    "TOPIC": "topic",
}
"""The kinds of what help calls so; of ``FILE|DIR|-`` the first one counts that is here."""

PLACES = {
    "api": ("service", "method"),
    "download artifact": ("task", "artifact", "artifact|file", "file"),
    "download-artifact": ("task", "artifact", "artifact|file", "file"),
    "completions": ("=bash,zsh,fish,powershell", "file"),
    "exec": ("command",),
    "help": ("topic", "method"),
    "sandbox run": ("command",),
    "upload artifact": ("task|file", "run|file", "", "file"),
    "upload-artifact": ("task|file", "run|file", "", "file"),
}
"""The kinds of the places after a command whose words cannot be told by their names alone."""

OPTIONS = {
    "--index": "index-path",
    "--profile": "profile",
    "--secret": "secret",
    "--secret-file": "secret",
}
"""The kinds of options' values that their metavar does not tell."""


def of_parameter(method: Method, name: str) -> str:
    """
    Return the kind of a path argument or a query option.
    """
    names = (f"{method.id}.{name}", f"{method.service}.{name}", name)
    return next((PARAMETERS[each] for each in names if each in PARAMETERS), "")


def of_argument(path: Sequence[str], metavar: str) -> tuple[str, ...]:
    """
    Return the kinds of the places that an argument of a hand-written command takes.
    """
    # What begins with [-- is an option of something else.
    words = metavar.partition(" [--")[0].removeprefix("[--").split()
    return PLACES.get(" ".join(path)) or tuple(map(_of_word, words))


def of_option(metavar: str, spellings: Sequence[str]) -> str:
    """
    Return the kind of the value of an option.
    """
    return next((OPTIONS[each] for each in spellings if each in OPTIONS), "") or _of_word(metavar)


def _of_word(word: str) -> str:
    parts = re.split(r"[|\[\]<>]|\.\.\.", word)
    return next((WORDS[part] for part in parts if part in WORDS), "")
