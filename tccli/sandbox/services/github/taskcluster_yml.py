"""
github: rendering of ``.taskcluster.yml`` for a fake event.

Source: taskcluster services/github, and its documentation of these files.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NoReturn

import slugid

from tccli import references
from tccli.core import yaml
from tccli.core.schemas.validate import find_problems
from tccli.sandbox import templates
from tccli.sandbox.call import Response
from tccli.sandbox.http.errors import ApiError, InternalError
from tccli.sandbox.javascript.values import to_text
from tccli.sandbox.registry import Service
from tccli.sandbox.services.github import github_events, version_zero
from tccli.sandbox.templates import TemplateError

if TYPE_CHECKING:
    from tccli.sandbox.call import Call

service = Service("github")

SCHEMAS = {0: "taskcluster-github-config.json", 1: "taskcluster-github-config.v1.json"}
SCHEDULER = "taskcluster-github"
STATUSES, CHECKS = "statuses", "checks"
"""Routes by which the service receives messages about its tasks."""
UNRENDERED = ("version", "hooks")
"""Properties of a file that are no template."""
COMMAND = re.compile(r"^/taskcluster\s+(.+)$", re.MULTILINE)


@service.method("renderTaskclusterYml")
def render(call: Call) -> Response:
    payload = call.payload
    try:
        message = _create_message(payload)
    except (AttributeError, LookupError, TypeError) as error:
        # The overrides are not those of an event; the service reads them before it renders.
        raise InternalError(f"TypeError: {error}") from None
    # Whatever is wrong with the file is the caller's error.
    try:
        config = _check(yaml.load(payload["body"]), message)
        if config["version"] == 0:
            tasks = version_zero.compile_tasks(config, message, call.now, scheduler=SCHEDULER, route=STATUSES)
            # Version 0 knows neither actions of releases nor comments.
            scopes = _scopes({**message, "body": {}}, STATUSES)
            is_comment = message["tasks_for"] == "github-issue-comment"
            return Response({"tasks": tasks, "scopes": scopes[1:] if is_comment else scopes})
        return Response(_compile(_render(call, config, message), message))
    except (yaml.YamlError, TemplateError, AttributeError, LookupError, TypeError, ValueError) as error:
        _reject(str(error) or type(error).__name__)


def _create_message(payload: dict[str, Any]) -> dict[str, Any]:
    fake_event = payload["fakeEvent"]
    kind, overrides = fake_event["type"], fake_event.get("overrides", {})
    organization, repository = payload.get("organization", "taskcluster"), payload.get("repository", "testing")
    branch = overrides.get("branch") or "main"
    event = github_events.create_event(kind, fake_event.get("action"), organization, repository, branch)
    event |= overrides
    message = {
        "organization": organization,
        "repository": repository,
        "branch": branch,
        "tasks_for": kind,
        "body": event,
        "details": github_events.extract_details(kind, event),
        **overrides,
    }
    if kind == "github-issue-comment":
        found = COMMAND.search(event["comment"]["body"])
        message["body"]["taskcluster_comment"] = found[1].strip() if found else None
    return message


def _check(config: Any, message: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(config, dict):
        _reject("the file is not an object")
    version = config.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version not in SCHEMAS:
        _reject("version must be 0 or 1")
    wrong = find_problems(references.service("github"), SCHEMAS[version], config)
    if wrong:
        _reject("; ".join(map(str, wrong)))
    if not re.fullmatch(r"[\x20-\x7e]*", message["branch"]):
        _reject("Cannot have unicode in branch names!")
    return config


def _render(call: Call, config: dict[str, Any], message: dict[str, Any]) -> dict[str, Any]:
    slugids: dict[str, str] = {}
    context = {
        "taskcluster_root_url": call.state.root_url,
        "tasks_for": message["tasks_for"],
        "event": message["body"],
        "now": call.now_json,
        "as_slugid": lambda label="undefined", *_: slugids.setdefault(to_text(label), slugid.nice()),
    }
    template = {name: value for name, value in config.items() if name not in UNRENDERED}
    rendered: dict[str, Any] = templates.render(template, context)
    return rendered


def _compile(config: dict[str, Any], message: dict[str, Any]) -> dict[str, Any]:
    # Adds what the service adds to the tasks, and the scopes with which it would create them.
    route = CHECKS if config.get("reporting") else STATUSES
    tasks = config.get("tasks") or []
    if not isinstance(tasks, list) or not all(isinstance(task, dict) for task in tasks):
        _reject("tasks must be a list of objects")
    group = slugid.nice()
    if len(tasks) == 1:
        # A single task, such as a decision task, is its own group.
        sole = tasks[0]
        name = sole.get("taskId") or sole.get("taskGroupId") or group
        tasks = [{**sole, "taskId": name, "taskGroupId": sole.get("taskGroupId") or name}]
    complete = [_task(task, group, route) for task in tasks]
    return {"tasks": sort_by_dependencies(complete), "scopes": _scopes(message, route)}


def sort_by_dependencies(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """
    Return tasks after those that they depend on, in the order of the service.

    Args:
        tasks: With ``taskId`` and ``task``. Of several with the same id, the last one remains.

    Raises:
        ValueError: Tasks depend on each other.

    Source: the package topo-sort.
    """
    waiting: dict[str, int] = {}
    edges: dict[str, list[str]] = {}
    for entry in tasks:
        dependencies = entry["task"].get("dependencies") or []
        waiting.setdefault(entry["taskId"], 0)
        edges.setdefault(entry["taskId"], []).extend(dependencies)
        for other in dependencies:
            waiting[other] = waiting.get(other, 0) + 1
    free = [name for name, count in waiting.items() if not count]
    ordered = []
    while free:
        ordered.append(free.pop())
        for other in edges.get(ordered[-1], ()):
            waiting[other] -= 1
            if not waiting[other]:
                free.append(other)
    if len(ordered) < len(waiting):
        circular = ", ".join(name for name, count in waiting.items() if count)
        raise ValueError(f"At least 1 circular dependency in nodes: {circular}")
    by_id = {entry["taskId"]: entry for entry in tasks}
    return [by_id[name] for name in reversed(ordered) if name in by_id]


def _task(task: dict[str, Any], group: str, route: str) -> dict[str, Any]:
    task = {"taskGroupId": group, "schedulerId": SCHEDULER, **task}
    task["routes"] = list(dict.fromkeys([*task.get("routes", []), route]))
    return {"taskId": task.pop("taskId", None) or slugid.nice(), "task": task}


def _scopes(message: dict[str, Any], route: str) -> list[str]:
    return [*_repository_scopes(message), f"queue:route:{route}", f"queue:scheduler-id:{SCHEDULER}"]


def _repository_scopes(message: dict[str, Any]) -> list[str]:
    role = f"assume:repo:github.com/{message['organization']}/{message['repository']}"
    known = message["details"]
    match message["tasks_for"]:
        case "github-pull-request" | "github-issue-comment":
            return [f"{role}:pull-request"]
        case "github-pull-request-untrusted":
            return [f"{role}:pull-request-untrusted"]
        case "github-push" if "event.head.tag" in known:
            return [f"{role}:tag:{known['event.head.tag']}"]
        case "github-push":
            return [f"{role}:branch:{known['event.base.repo.branch']}"]
        case "github-release":
            return [f"{role}:release:{message['body'].get('action') or 'published'}"]
        case _:
            return []


def _reject(reason: str) -> NoReturn:
    raise ApiError("InputError", "{{reason}}", reason=reason) from None
