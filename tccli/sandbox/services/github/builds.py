"""
github: builds. Tests insert them, since the sandbox receives no events of GitHub.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from tccli.sandbox import internal_client
from tccli.sandbox.auth.accounts import GITHUB_CLIENT
from tccli.sandbox.call import Response
from tccli.sandbox.clock import to_json
from tccli.sandbox.http.errors import ApiError, InternalError
from tccli.sandbox.http.pages import page
from tccli.sandbox.registry import Service

if TYPE_CHECKING:
    import sqlite3

    from tccli.sandbox.call import Call
    from tccli.sandbox.state import State

service = Service("github")

service.add_tables("""
CREATE TABLE IF NOT EXISTS github_builds (
    task_group_id TEXT PRIMARY KEY, organization TEXT NOT NULL, repository TEXT NOT NULL, sha TEXT NOT NULL,
    state TEXT NOT NULL, event_type TEXT NOT NULL, event_id TEXT NOT NULL, pull_request INTEGER,
    created INTEGER NOT NULL, updated INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS github_builds_by_update ON github_builds (updated, task_group_id);
""")

MAX_PULL_REQUEST = 2**31 - 1
NAME, NUMBER = "^([a-zA-Z0-9-_%]*)$", "^([0-9]*)$"
service.check_query("builds", organization=NAME, repository=NAME, sha=".", pullRequest=NUMBER)
service.check_query("cancelBuilds", sha=".", pullRequest=NUMBER)


def insert(state: State, build: dict[str, Any]) -> None:
    """
    Store a build, and replace the one of the same task group.

    Args:
        build: As in a response of ``github.builds``, with at least ``organization``, ``repository``, ``sha`` and
            ``taskGroupId``.
    """
    now = state.clock.now()
    row = {
        "task_group_id": build["taskGroupId"],
        "organization": build["organization"],
        "repository": build["repository"],
        "sha": build["sha"],
        "state": build.get("state", "pending"),
        "event_type": build.get("eventType", "push"),
        "event_id": build.get("eventId", "Unknown"),
        "pull_request": build.get("pullRequestNumber"),
        "created": now,
        "updated": now,
    }
    state.store.insert("github_builds", row, replace=True)


def get_latest(state: State, organization: str, repository: str = "") -> sqlite3.Row | None:
    """
    Return the last build of a repository, or of an organization.
    """
    sql = (
        "SELECT * FROM github_builds WHERE organization = ? AND ? IN ('', repository) "
        "ORDER BY updated DESC, task_group_id DESC LIMIT 1"
    )
    return state.store.one(sql, organization, repository)


@service.method("builds")
def list_builds(call: Call) -> Response:
    filters = {name: call.query.get(name, "") for name in ("organization", "repository", "sha", "pullRequest")}
    for name, needs in (("repository", "organization"), ("sha", "repository"), ("pullRequest", "repository")):
        if filters[name] and not filters[needs]:
            raise ApiError("InputError", f"Must provide `{needs}` if querying `{name}`")
    found = page(
        call.query,
        "builds" + "/".join(filters.values()),
        lambda row: f"{row['updated']} {row['task_group_id']}",
        lambda after, number: _find(call, filters, after, number),
    )
    return Response(found.document(builds=[_document(row) for row in found.rows]))


@service.method("cancelBuilds")
async def cancel_builds(call: Call) -> Response:
    owner, repository = call.args["owner"], call.args["repo"]
    filters = {
        "organization": owner,
        "repository": repository,
        "sha": call.query.get("sha", ""),
        "pullRequest": call.query.get("pullRequest", ""),
    }
    if call.query.get("pullRequest") == "":
        # The service passes this text to its database, which fails; github.builds does not.
        raise InternalError("error: invalid input syntax for type integer")
    builds = [row for row in _find(call, filters, "", -1) if row["state"] == "pending"]
    if not builds:
        raise ApiError("ResourceNotFound", "No cancellable builds found")
    scopes = [
        f"assume:repo:github.com/{owner}/{repository}:*",
        "queue:seal-task-group:taskcluster-github/*",
        "queue:cancel-task-group:taskcluster-github/*",
    ]
    groups = [{"taskGroupId": row["task_group_id"]} for row in builds]
    try:
        for method in ("queue.sealTaskGroup", "queue.cancelTaskGroup"):
            for group in groups:
                await internal_client.call(call.state, GITHUB_CLIENT, scopes, method, group)
    except ApiError as error:
        code = error.code if error.code == "InsufficientScopes" else "InputError"
        raise ApiError(code, "{{reason}}", reason=error.text()) from None
    for row in builds:
        sql = "UPDATE github_builds SET state = 'cancelled', updated = ? WHERE task_group_id = ?"
        call.state.store.run(sql, call.now, row["task_group_id"])
    return Response({"builds": [{**_document(row), "state": "cancelled"} for row in builds]})


def reject_event(_call: Call) -> NoReturn:
    """
    Reject an event of GitHub: the service rejects what is none, and the sandbox receives none.

    Raises:
        ApiError: 400.
    """
    raise ApiError("InputValidationError", "\nSchema Validation Failed!\nErrors:\n  * the sandbox receives no events")


service.add_unpublished("githubWebHookConsumer", "POST", "/github", like="ping", handler=reject_event)


def _find(call: Call, filters: dict[str, str], after: str, number: int) -> list[sqlite3.Row]:
    # The one with the oldest change first.
    sql = (
        "SELECT * FROM github_builds WHERE ? IN ('', organization) AND ? IN ('', repository) AND ? IN ('', sha) "
        "AND ? IN ('', CAST(pull_request AS TEXT)) AND (updated, task_group_id) > (?, ?) "
        "ORDER BY updated, task_group_id LIMIT ?"
    )
    updated, _, group = after.partition(" ")
    # As in the service, leading zeros do not count.
    pull_request = filters["pullRequest"] and str(int(filters["pullRequest"]))
    if len(pull_request) > len(str(MAX_PULL_REQUEST)) or int(pull_request or 0) > MAX_PULL_REQUEST:
        raise InternalError(f"error: value {pull_request} is out of range for type integer")
    names = [filters[name] for name in ("organization", "repository", "sha")]
    return call.state.store.all(sql, *names, pull_request, int(updated or 0), group, number)


def _document(row: sqlite3.Row) -> dict[str, Any]:
    number = {} if row["pull_request"] is None else {"pullRequestNumber": row["pull_request"]}
    return {
        "organization": row["organization"],
        "repository": row["repository"],
        "sha": row["sha"],
        "state": row["state"],
        "taskGroupId": row["task_group_id"],
        "eventType": row["event_type"],
        "eventId": row["event_id"],
        "created": to_json(row["created"]),
        "updated": to_json(row["updated"]),
        **number,
    }
