"""
Headings for the methods of a service, in the order in which people look for them.

The categories of the references split some groups and merge others, so they are mapped to headings here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tccli.references import Method

HEADINGS_BY_CATEGORY = {
    "": "Other methods",
    "AWS Credentials": "Credentials for other services",
    "GCP Credentials": "Credentials for other services",
    "Github Credentials": "Credentials for other services",
    "Github Service": "Builds and repositories",
    "Hook Status": "Hooks",
    "Index Service": "Index",
    "Profiler": "Profiles",
    "Providers": "Worker pools",
    "Purge-Cache Service": "Purge requests",
    "Scopes and Auth": "Scopes and authentication",
    "Secrets Service": "Secrets",
    "Sentry Credentials": "Credentials for other services",
    "Task Groups": "Task groups",
    "Task-Groups": "Task groups",
    "Websocktunnel Credentials": "Credentials for other services",
    "Worker Interface": "Calls for workers",
    "Worker Metadata": "Task queues and their workers",
    "Worker Pool Launch Configs": "Worker pools",
    "Worker Pools": "Worker pools",
}
OVERRIDES = {
    "queue.cancelTaskGroup": "Task groups",
    "queue.taskQueueCountsBatch": "Task queues and their workers",
}
FIRST_HEADINGS = (
    "Tasks",
    "Task groups",
    "Artifacts",
    "Clients",
    "Roles",
    "Worker pools",
    "Workers",
    "Task queues and their workers",
    "Calls for workers",
    "Objects",
    "Download",
    "Upload",
    "Scopes and authentication",
    "Credentials for other services",
)
LAST_HEADINGS = ("Other methods", "Monitoring", "Deprecated")


def group_methods(methods: Iterable[Method]) -> list[tuple[str, list[Method]]]:
    """
    Return the methods of a service by heading; deprecated methods are last.
    """
    groups: dict[str, list[Method]] = {}
    for method in methods:
        groups.setdefault(choose_heading(method), []).append(method)
    return sorted(groups.items(), key=lambda group: _sort_key(group[0]))


def choose_heading(method: Method) -> str:
    """
    Return the heading for a method.
    """
    if method.stability == "deprecated":
        return "Deprecated"
    return OVERRIDES.get(method.id) or HEADINGS_BY_CATEGORY.get(method.category, method.category)


def _sort_key(name: str) -> tuple[int, int]:
    if name in LAST_HEADINGS:
        return 2, LAST_HEADINGS.index(name)
    return (0, FIRST_HEADINGS.index(name)) if name in FIRST_HEADINGS else (1, 0)
