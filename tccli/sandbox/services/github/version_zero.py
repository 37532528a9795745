"""
github: rendering of version 0 of ``.taskcluster.yml``.

Source: taskcluster services/github, and json-parameterization: ``{{ name }}``, ``{{ 'text' | function }}``.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import slugid

from tccli.core.times import from_now
from tccli.errors import UsageError
from tccli.sandbox.clock import from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_TIMES = {"created": "{{ $fromNow }}", "deadline": "{{ '1 day' | $fromNow }}"}
QUEUE_PARAMETERS = ("taskcluster.docker.provisionerId", "taskcluster.docker.workerType")
EXPRESSION = re.compile(r"\{\{([^}]*)\}\}")
QUOTED = re.compile(r"""\s*"([^"]*)"\s*|\s*'([^']*)'\s*""")
VARIABLES = {
    "GITHUB_EVENT": "event.type",
    "GITHUB_BRANCH": "event.base.repo.branch",
    "GITHUB_PULL_REQUEST": "event.pullNumber",
    "GITHUB_PULL_TITLE": "event.title",
    "GITHUB_BASE_REPO_NAME": "event.base.repo.name",
    "GITHUB_BASE_REPO_URL": "event.base.repo.url",
    "GITHUB_BASE_USER": "event.base.user.login",
    "GITHUB_BASE_SHA": "event.base.sha",
    "GITHUB_BASE_BRANCH": "event.base.repo.branch",
    "GITHUB_BASE_REF": "event.base.ref",
    "GITHUB_HEAD_REPO_NAME": "event.head.repo.name",
    "GITHUB_HEAD_REPO_URL": "event.head.repo.url",
    "GITHUB_HEAD_USER": "event.head.user.login",
    "GITHUB_HEAD_SHA": "event.head.sha",
    "GITHUB_HEAD_BRANCH": "event.head.repo.branch",
    "GITHUB_HEAD_TAG": "event.head.tag",
    "GITHUB_HEAD_REF": "event.head.ref",
    "GITHUB_HEAD_USER_EMAIL": "event.head.user.email",
}
"""Names of the details that a task gets as environment variables if its ``extra.github.env`` is true."""


def compile_tasks(config: dict[str, Any], message: dict[str, Any], now: int, *, scheduler: str, route: str) -> Any:
    """
    Return the tasks that a file of version 0 creates for an event, in the format of the response.

    Args:
        config: Matches the schema of version 0.
        message: Has ``organization``, ``repository`` and ``details`` of the event.
        now: Milliseconds since 1970.

    Raises:
        ValueError: A time expression is not valid, or a task has both kinds of branches.
        TypeError, LookupError, AttributeError: A task's properties for github have other types.
    """
    details = message["details"]
    parameters = {
        **details,
        "$fromNow": lambda text="": _from_now(text, now),
        "timestamp": now,
        **{name: message[name] for name in ("organization", "repository")},
        **dict.fromkeys(QUEUE_PARAMETERS, "unknown"),
    }
    tasks = [_substitute({**DEFAULT_TIMES, **task}, parameters) for task in config.get("tasks") or []]
    tasks = [task for task in tasks if _is_for(task, details)]
    group = ids[0] if (ids := [slugid.nice() for _ in tasks]) else ""
    for task in tasks:
        routes = list(dict.fromkeys([*(task.get("routes") or []), route]))
        task |= {"routes": routes, "taskGroupId": group, "schedulerId": scheduler}
        if task["extra"]["github"].get("env"):
            payload = task["payload"]
            known = {name: details[key] for name, key in VARIABLES.items() if details.get(key) is not None}
            known = {name: str(value) if name == "GITHUB_PULL_REQUEST" else value for name, value in known.items()}
            payload["env"] = {**(payload.get("env") or {}), **known}
    return [{"taskId": task_id, "task": task} for task_id, task in zip(ids, tasks, strict=True)]


def _is_for(task: dict[str, Any], details: dict[str, Any]) -> bool:
    # A task without properties for github is left out.
    settings = (task.get("extra") or {}).get("github")
    if not settings and not isinstance(settings, dict | list):
        return False
    included, excluded = settings.get("branches"), settings.get("excludeBranches")
    if included and excluded:
        raise ValueError("a task cannot have both branches and excludeBranches")
    event, branch = details["event.type"], details.get("event.base.repo.branch")
    if not any(event.startswith(name.rstrip("*")) for name in settings["events"]):
        return False
    if event != "push":
        return True
    return branch in included if included else branch not in (excluded or ())


def _substitute(value: Any, parameters: dict[str, Any]) -> Any:
    if isinstance(value, str):
        return EXPRESSION.sub(lambda found: _evaluate(found, parameters), value)
    if isinstance(value, dict):
        return {_substitute(key, parameters): _substitute(entry, parameters) for key, entry in value.items()}
    return [_substitute(entry, parameters) for entry in value] if isinstance(value, list) else value


def _evaluate(found: re.Match[str], parameters: dict[str, Any]) -> str:
    # An expression with an unknown name stays as it is.
    first, *functions = found[1].split("|")
    quoted = QUOTED.search(first)
    if quoted:
        value: Any = quoted[1] or quoted[2] or ""
    else:
        value = parameters.get(first.strip())
        value = value() if callable(value) else value
    for name in functions:
        function: Callable[[Any], Any] | Any = parameters.get(name.strip())
        value = function(value) if callable(function) and value is not None else None
    if value is None:
        return found[0]
    return str(value).lower() if isinstance(value, bool) else str(value)


def _from_now(text: Any, now: int) -> str:
    if not text:
        return to_json(now)
    try:
        return to_json(from_json(from_now(str(text), now=datetime.fromtimestamp(now / 1000, UTC)).isoformat()))
    except UsageError as error:
        raise ValueError(str(error)) from None
