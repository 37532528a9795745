"""
Definitions of tasks: copies with new times, and a small one for a command in an image. Pure.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tccli.core.response_fields import read_field
from tccli.core.responses import read_timestamp
from tccli.core.times import format_timestamp
from tccli.errors import BrokenAnswerError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

MAX_RUN_TIME_SECONDS = 7200


def copy_definition(definition: Mapping[str, Any], *, now: datetime, exact: bool) -> dict[str, Any]:
    """
    Return a definition that is created *now* and has the same deadline and expiry from then on, and no retries.

    Args:
        exact: Keep dependencies and routes.

    Raises:
        BrokenAnswerError: The definition has no times, or malformed ones.
    """
    # The queue derives these from taskQueueId.
    copied = {name: value for name, value in definition.items() if name not in {"provisionerId", "workerType"}}
    what = "the task's definition"
    shift = now - read_timestamp(what, read_field(what, definition, "created", str))
    for name in ("created", "deadline", "expires"):
        if name in copied:
            copied[name] = format_timestamp(read_timestamp(what, copied[name]) + shift)
    copied["retries"] = 0
    return copied if exact else {**copied, "dependencies": [], "routes": []}


def set_variables(definition: Mapping[str, Any], env: Mapping[str, str]) -> dict[str, Any]:
    """
    Return a definition with variables in its payload's ``env``, which is created if there is none.

    Raises:
        BrokenAnswerError: Its payload has no place for variables.
    """
    payload = definition.get("payload")
    present = payload.get("env", {}) if isinstance(payload, dict) else None
    if not (isinstance(payload, dict) and isinstance(present, dict)):
        raise BrokenAnswerError(
            "cannot set a variable: payload.env of the task is not an object", hint="use --set or --edit"
        )
    return {**definition, "payload": {**payload, "env": {**present, **env}}}


def find_action(document: Any, name: str, tags: Mapping[str, str]) -> str | None:
    """
    Return the title of an action for a task that a group offers, or None.

    Args:
        document: The group's ``public/actions.json``, of which nothing is known.
        name: Of the action.
        tags: Of the task.

    Source: Taskcluster's specification of actions: an action is for tasks that have all tags of one of the sets in
    its ``context``.
    """
    actions = document.get("actions") if isinstance(document, dict) else None
    for action in actions if isinstance(actions, list) else []:
        if not isinstance(action, dict) or action.get("name") != name:
            continue
        context = action.get("context")
        for wanted in context if isinstance(context, list) else []:
            if isinstance(wanted, dict) and all(tags.get(key) == value for key, value in wanted.items()):
                title = action.get("title")
                return title if isinstance(title, str) else name
    return None


def make_definition(
    task_queue_id: str, image: str | None, words: Sequence[str], env: Mapping[str, str], *, now: datetime
) -> dict[str, Any]:
    """
    Return the definition of a task that runs a command. Its metadata is for the caller to add.

    Args:
        image: Of docker-worker. Without it, the payload is that of generic-worker, whose command is a list of commands.
    """
    deadline = now + timedelta(days=1)
    command = {"command": [[*words]]} if image is None else {"image": image, "command": [*words]}
    return {
        "taskQueueId": task_queue_id,
        "schedulerId": "taskcluster-cli",
        "created": format_timestamp(now),
        "deadline": format_timestamp(deadline),
        "expires": format_timestamp(deadline + timedelta(days=365)),
        "payload": {**command, "env": {**env}, "maxRunTime": MAX_RUN_TIME_SECONDS},
    }
