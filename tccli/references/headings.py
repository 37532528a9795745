"""
The methods of a service in groups, in the order in which people look for them.

The references give categories, not all of them well: what belongs together is brought together here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tccli.references import Method

HEADINGS = {
    "": "Other methods",
    "AWS Credentials": "Credentials for other services",
    "GCP Credentials": "Credentials for other services",
    "Github Credentials": "Credentials for other services",
    "Github Service": "Builds and repositories",
    "Hook Status": "Hooks",
    "Index Service": "Tasks by name",
    "Monitoring": "Is it up?",
    "Profiler": "Profiles",
    "Providers": "Worker pools",
    "Purge-Cache Service": "Caches to purge",
    "Scopes and Auth": "Scopes and authentication",
    "Secrets Service": "Secrets",
    "Sentry Credentials": "Credentials for other services",
    "Task Groups": "Task groups",
    "Task-Groups": "Task groups",
    "Websocktunnel Credentials": "Credentials for other services",
    "Worker Interface": "What workers call",
    "Worker Metadata": "Task queues and their workers",
    "Worker Pool Launch Configs": "Worker pools",
    "Worker Pools": "Worker pools",
}
BELONGS = {
    "auth.authenticateHawk": "Is it up?",
    "auth.testAuthenticate": "Is it up?",
    "auth.testAuthenticateGet": "Is it up?",
    "queue.cancelTaskGroup": "Task groups",
    "queue.taskQueueCountsBatch": "Task queues and their workers",
}
ORDER = (
    "Tasks",
    "Task groups",
    "Artifacts",
    "Clients",
    "Roles",
    "Worker pools",
    "Workers",
    "Task queues and their workers",
    "What workers call",
    "Objects",
    "Download",
    "Upload",
    "Scopes and authentication",
    "Credentials for other services",
)
LAST = ("Other methods", "Is it up?", "Deprecated")


def grouped(methods: Iterable[Method]) -> list[tuple[str, list[Method]]]:
    """
    Return methods of a service under headings; the deprecated ones are last.
    """
    groups: dict[str, list[Method]] = {}
    for method in methods:
        groups.setdefault(heading(method), []).append(method)
    return sorted(groups.items(), key=lambda group: _place(group[0]))


def heading(method: Method) -> str:
    """
    Return the heading under which a method is found.
    """
    if method.stability == "deprecated":
        return "Deprecated"
    return BELONGS.get(method.id) or HEADINGS.get(method.category, method.category)


def _place(name: str) -> tuple[int, int]:
    if name in LAST:
        return 2, LAST.index(name)
    return (0, ORDER.index(name)) if name in ORDER else (1, 0)
