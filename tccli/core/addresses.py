"""
Parse web addresses and API addresses: which deployment they are of, and which task, group, hook … they name.

Source: the routes of the web interface, ``ui/src/views/*/routes.js`` of Taskcluster; those of the API are in the
references.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from tccli import references

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tccli.references import Method, ReferenceSet

_ROOT = r"(?P<root_url>https?://[^/?#]+(?:/[^?#]*?)?)"
_TASK_ID = r"[A-Za-z0-9_-]{22}"
_WORKER_TYPE = r"(?P<provisionerId>[^/]+)/worker-types/(?P<workerType>[^/]+)"
# By the service that a name belongs to. A path argument that is the same in every service has no name "name".
_WEB_ROUTES = {
    "queue": (
        r"tasks/groups/(?P<taskGroupId>[^/]+)(?:/profiler)?",
        rf"tasks/(?P<taskId>{_TASK_ID})(?:/(?:definition|connect|profiler|[a-z-]+))?",
        rf"tasks/(?P<taskId>{_TASK_ID})/runs/(?P<runId>[0-9]+)(?:/(?:logs/(?:live/)?)?(?P<name>.+))?",
        r"provisioners/(?P<provisionerId>[^/]+)",
        rf"provisioners/{_WORKER_TYPE}(?:/(?:pending|claimed)-tasks)?",
        rf"provisioners/{_WORKER_TYPE}/workers/(?P<workerGroup>[^/]+)/(?P<workerId>[^/]+)",
    ),
    "index": (r"tasks/index/(?P<namespace>[^/]+)(?:/(?P<leaf>[^/]+)(?:/task-group)?)?",),
    "hooks": (r"hooks/(?P<hookGroupId>[^/]+)(?:/(?P<hookId>.+))?",),
    "auth": (
        r"auth/clients/(?P<clientId>[^/]+)",
        r"auth/roles/(?P<roleId>[^/]+)",
        r"audit/(?P<entityType>[^/]+)/(?P<entityId>[^/]+)",
    ),
    "secrets": (r"secrets/(?P<name>[^/]+)",),
    "worker-manager": (r"worker-manager/(?P<workerPoolId>[^/]+)(?:/(?:workers|errors|launch-configs))?",),
}


class Address(NamedTuple):
    """
    What an address names.

    Attributes:
        root_url: Of the deployment.
        service: The service whose page or method it is.
        values: By the names of path arguments.
    """

    root_url: str
    service: str
    values: Mapping[str, str]

    def value_for(self, method: Method, argument: str) -> str | None:
        """
        Return the value for a path argument of *method*, or None.
        """
        if argument == "name" and self.service != method.service:
            return None
        return self.values.get(argument)


class TaskAddress(NamedTuple):
    """
    A task or one of its runs.

    Attributes:
        root_url: Of the deployment in the address; None for a task id alone.
        run_id: None if no run is named.
    """

    root_url: str | None
    task_id: str
    run_id: str | None = None


def parse_task_address(word: str) -> TaskAddress | None:
    """
    Return the task that *word* names, or None if it is neither a task id nor the address of a task.
    """
    if re.fullmatch(_TASK_ID, word):
        return TaskAddress(None, word)
    found = parse_address(word)
    if found is None or not re.fullmatch(_TASK_ID, found.values.get("taskId", "")):
        return None
    return TaskAddress(found.root_url, found.values["taskId"], found.values.get("runId"))


def is_address(word: str) -> bool:
    """
    Return whether *word* is an http: URL.
    """
    return re.match(r"(?i)https?://", word) is not None


def parse_address(word: str, library: ReferenceSet | None = None) -> Address | None:
    """
    Return what *word* names, or None if it is not the address of a page or a method.

    Args:
        library: The references with the routes of the API; the default is the built-in ones.
    """
    if not is_address(word):
        return None
    scheme, _, rest = re.split("[?#]", word, maxsplit=1)[0].partition("://")
    host, slash, path = rest.partition("/")
    host = host.lower().removesuffix(":443" if scheme.lower() == "https" else ":80")
    url = f"{scheme.lower()}://{host}{slash}{path}".rstrip("/")
    found = re.fullmatch(rf"{_ROOT}/api/(?P<service>[a-z0-9_-]+)/(?P<version>v[0-9]+)(?P<path>/.+)", url)
    if found:
        values = _match_routes(library or references.built_in(), found["service"], found["version"], found["path"])
        return _make_address(found["root_url"], found["service"], values) if values else None
    matches = [
        (service, match)
        for service, routes in _WEB_ROUTES.items()
        for route in routes
        if (match := re.fullmatch(f"{_ROOT}/{route}", url))
    ]
    if not matches:
        return None
    service, match = min(matches, key=lambda each: len(each[1]["root_url"]))
    return _make_address(match["root_url"], service, match.groupdict())


def _match_routes(library: ReferenceSet, service: str, version: str, path: str) -> Mapping[str, str | None]:
    if service not in library.services or library.service(service).version != version:
        return {}
    routes = [method.route for method in library.service(service).methods.values() if method.args]
    beginnings = [route[: found.end()] for route in routes for found in re.finditer("<\\w+>", route)]
    for route in (*routes, *beginnings):
        pattern = re.sub("<(\\w+)>", r"(?P<\1>[^/]+)", re.sub(r"[^\w<>/-]", r"\\\g<0>", route))
        # People write the slashes of a name as they are.
        found = re.fullmatch(pattern.replace("(?P<name>[^/]+)", "(?P<name>.+)"), path)
        if found:
            return found.groupdict()
    return {}


def _make_address(root_url: str, service: str, found: Mapping[str, str | None]) -> Address:
    values = {name: unquote(text) for name, text in found.items() if text and name != "root_url"}
    pool = values.get("workerPoolId") or values.get("taskQueueId")
    if pool is None and "workerType" in values:
        pool = f"{values['provisionerId']}/{values['workerType']}"
    if pool is not None:
        provisioner_id, _, worker_type = pool.partition("/")
        values |= {"workerPoolId": pool, "taskQueueId": pool}
        values |= {"provisionerId": provisioner_id, "workerType": worker_type}
    if "namespace" in values and "indexPath" not in values:
        values["indexPath"] = ".".join(filter(None, [values["namespace"], values.pop("leaf", "")]))
    return Address(root_url, service, values)
