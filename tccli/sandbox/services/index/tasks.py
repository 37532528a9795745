"""
index: methods, and indexing of completed tasks.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tccli import references
from tccli.core import hawk
from tccli.core.schemas.dialect import is_valid
from tccli.core.scopes import satisfies
from tccli.sandbox import internal_client
from tccli.sandbox.auth.accounts import INDEX_CLIENT
from tccli.sandbox.call import Response, require_json
from tccli.sandbox.clock import MINUTE, InvalidTimeError, from_json, to_json
from tccli.sandbox.http.errors import ApiError, InternalError
from tccli.sandbox.http.pages import MAX_LIMIT, page
from tccli.sandbox.registry import Service
from tccli.sandbox.services.index import task_table
from tccli.sandbox.services.object.objects import redirect

if TYPE_CHECKING:
    import sqlite3

    from tccli.sandbox.call import Call
    from tccli.sandbox.state import State

service = Service("index")

PATH = "^([a-zA-Z0-9_!~*'()%-]+\\.)*[a-zA-Z0-9_!~*'()%-]+$"
service.match_arguments(namespace=PATH, indexPath=PATH)
service.allow_missing("namespace", "listNamespaces", "listTasks", "listNamespacesPost", "listTasksPost")
service.allow_slashes("name")

ROUTE = "index."
PAGE_OPTIONS = {
    "type": "object",
    "properties": {
        "limit": {"type": "integer", "minimum": 1, "maximum": 1000},
        "continuationToken": {"type": "string"},
    },
    "additionalProperties": False,
}
"""The schema of the payload of the list of namespaces, if that is called with POST."""
MIN_RANK, MAX_RANK = -(2**31), 2**31 - 1
LAST_INSTANT = 253_402_300_799_999
"""The end of the year 9999, in milliseconds since 1970."""
MAX_PATH_CHARACTERS = 255
SIGNED_URL_LIFETIME = 15 * MINUTE


@service.method("findTask")
def find_task(call: Call) -> Response:
    return Response(_document(_find(call)))


@service.method("findTasksAtIndex")
def find_tasks(call: Call) -> Response:
    paths = call.payload["indexes"]
    call.authorize(indexPaths=paths)
    found = page(
        call.query,
        "indexes",
        lambda row: str(row["number"]),
        lambda after, number: task_table.list_page(call.state, paths, int(after or 0), number),
    )
    if len({(row["namespace"], row["name"]) for row in found.rows}) < len(found.rows):
        # The service finds a duplicate path twice, which violates the schema of its own response.
        raise InternalError("Output schema validation error: data.tasks should NOT have duplicate items")
    return Response(found.document(tasks=[_document(row) for row in found.rows]))


@service.method("listNamespaces")
def list_namespaces(call: Call) -> Response:
    parent = call.args.get("namespace", "")
    call.authorize(namespace=parent)
    found = page(
        call.query,
        "namespaces" + parent,
        lambda row: str(row["name"]),
        lambda after, number: task_table.list_namespaces(call.state, parent, after, number),
    )
    if any(row["expires"] > LAST_INSTANT for row in found.rows):
        # A namespace expires later than its tasks, whose expiry can be the last that the schema accepts.
        raise InternalError('Output schema validation error: data.namespaces.expires should match format "date-time"')
    namespaces = [
        {"namespace": task_table.join(parent, row["name"]), "name": row["name"], "expires": to_json(row["expires"])}
        for row in found.rows
    ]
    return Response(found.document(namespaces=namespaces))


@service.method("listTasks")
def list_tasks(call: Call) -> Response:
    namespace = call.args.get("namespace", "")
    call.authorize(namespace=namespace)
    found = page(
        call.query,
        "indexed" + namespace,
        lambda row: str(row["name"]),
        lambda after, number: task_table.list_namespace(call.state, namespace, after, number),
    )
    return Response(found.document(tasks=[_document(row) for row in found.rows]))


def _list_namespaces_with_payload(call: Call) -> Response:
    # As in the service, the options in the payload are checked and have no effect.
    require_json(call)
    if isinstance(call.payload, dict):
        call.payload.setdefault("limit", MAX_LIMIT)
    if not is_valid(PAGE_OPTIONS, call.payload):
        message = "\nSchema Validation Failed!\nErrors:\n  * expected only limit (1 to 1000) and continuationToken"
        raise ApiError("InputValidationError", message)
    return list_namespaces(call)


service.add_unpublished(
    "listNamespacesPost",
    "POST",
    "/namespaces/<namespace>",
    like="listNamespaces",
    handler=_list_namespaces_with_payload,
)
service.add_unpublished("listTasksPost", "POST", "/tasks/<namespace>", like="listTasks")


@service.method("insertTask")
def insert_task(call: Call) -> Response:
    payload, path = call.payload, call.args["namespace"]
    expires = _read_expiry(payload)
    rank, existing = _rank(payload["rank"]), task_table.get(call.state, path)
    if existing is not None and existing["rank"] > payload["rank"]:
        return Response(_document(existing))
    if expires is None:
        raise InternalError("RangeError: Invalid time value")
    if existing is None:
        # These remain if the task cannot be stored.
        task_table.ensure_namespace(call.state, task_table.split(path)[0], expires)
    if rank is None:
        # The schema accepts any number, but the database does not.
        raise InternalError(f"error: invalid input syntax for type integer: {payload['rank']}")
    row = task_table.insert(
        call.state, path, task_id=payload["taskId"], rank=rank, data=payload["data"], expires=expires
    )
    return Response(_document(row))


def _read_expiry(payload: dict[str, Any]) -> int | None:
    # The service parses it in place, so an error shows what JavaScript makes of it.
    try:
        expires = from_json(payload["expires"])
    except InvalidTimeError:
        payload["expires"] = None
        return None
    payload["expires"] = to_json(expires)
    return expires


@service.method("deleteTask")
def delete_task(call: Call) -> Response:
    task_table.delete(call.state, call.args["namespace"])
    return Response({})


@service.method("findArtifactFromTask")
async def find_artifact(call: Call) -> Response:
    # Public artifacts get the URL of their bytes, others a signed URL of the queue.
    args = {"taskId": _find(call)["task_id"], "name": call.args["name"]}
    state = call.state
    url = state.root_url + internal_client.build_path(references.method("queue", "getLatestArtifact"), args)
    if not satisfies(state.accounts.expand(["assume:anonymous"]), f"queue:get-artifact:{args['name']}"):
        issuer = state.accounts.get_client(INDEX_CLIENT)
        expires = (call.now + SIGNED_URL_LIFETIME) // 1000
        return redirect(hawk.sign_url(url, hawk.Credentials(INDEX_CLIENT, issuer.access_token), expires=expires))
    try:
        response = await internal_client.call(state, INDEX_CLIENT, ["*"], "queue.latestArtifact", args)
    except ApiError:
        return redirect(url)
    return redirect(response.document.get("url") or url)


def index_task(state: State, task_id: str, definition: dict[str, Any]) -> None:
    """
    Index a completed task at the paths of its ``index.…`` routes.

    Rank, data and expiry are in ``extra.index``; if one of them has a wrong type, the task is not indexed.

    Args:
        definition: As ``queue.task`` returns it.
    """
    paths = [route.removeprefix(ROUTE) for route in definition["routes"] if route.startswith(ROUTE)]
    extra = definition["extra"].get("index") or {}
    options = {"rank": 0, "data": {}, "expires": definition["expires"], **(extra if isinstance(extra, dict) else {})}
    rank, data = _rank(options["rank"]), options["data"]
    if rank is None or not isinstance(data, dict):
        return
    try:
        expires = from_json(options["expires"])
    except (ValueError, TypeError):
        return
    for path in paths:
        if re.fullmatch(PATH.strip("^$"), path):
            task_table.insert(state, path, task_id=task_id, rank=rank, data=data, expires=expires)


def _find(call: Call) -> sqlite3.Row:
    row = task_table.get(call.state, call.args["indexPath"])
    if row is None or row["expires"] <= call.now:
        raise ApiError("ResourceNotFound", "Indexed task not found")
    return row


def _rank(number: Any) -> int | None:
    # None for a number that is not a 32-bit integer of the database.
    if isinstance(number, bool) or not isinstance(number, int | float) or not MIN_RANK <= number <= MAX_RANK:
        return None
    return int(number) if number == int(number) else None


def _document(row: sqlite3.Row) -> dict[str, Any]:
    path = task_table.join(row["namespace"], row["name"])
    if len(path) > MAX_PATH_CHARACTERS:
        # As in the service, such a task is stored, and every response that would have it is an error.
        raise InternalError("Output schema validation error: data.namespace should NOT be longer than 255 characters")
    return {
        "namespace": path,
        "taskId": row["task_id"],
        "rank": row["rank"],
        "data": json.loads(row["data"]),
        "expires": to_json(row["expires"]),
    }
