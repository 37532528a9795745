"""
github: repositories. An organization counts as connected if it has a build.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from tccli.sandbox.call import Response
from tccli.sandbox.http.errors import ApiError
from tccli.sandbox.registry import Service
from tccli.sandbox.services.github import builds

if TYPE_CHECKING:
    import sqlite3

    from tccli.sandbox.call import Call

service = Service("github")

COLORS = {"success": "#4c1", "failure": "#e05d44", "error": "#e05d44", "pending": "#dfb317", "cancelled": "#9f9f9f"}
OTHER_COLOR = "#007ec6"
BADGE_HEADERS = {
    "cache-control": "no-cache, no-store, must-revalidate",
    "content-security-policy": "default-source 'none'; style-source 'unsafe-inline'",
    "content-type": "image/svg+xml",
}


@service.method("badge")
def show_badge(call: Call) -> Response:
    if builds.get_latest(call.state, call.args["owner"]) is None:
        return _badge("new repo", "nogithub")
    build = builds.get_latest(call.state, call.args["owner"], call.args["repo"])
    return _badge("new repo", "newrepo") if build is None else _badge(build["state"], build["state"])


@service.method("repository")
def show_repository(call: Call) -> Response:
    return Response({"installed": _find_build(call) is not None})


@service.method("latest")
def lead_to_latest(call: Call) -> Response:
    build = _find_build(call)
    if build is None:
        raise ApiError("ResourceNotFound", "Status not found")
    url = f"{call.state.root_url}/tasks/groups/{build['task_group_id']}"
    headers = {"location": url, "vary": "Accept", "content-type": "text/plain; charset=utf-8"}
    return Response(status=302, text=f"Found. Redirecting to {url}", headers=headers)


@service.method("createStatus")
def create_status(call: Call) -> Response:
    # The status is not stored.
    return _accept(call, "Installation not found")


@service.method("createComment")
def create_comment(call: Call) -> Response:
    # The comment is not stored.
    return _accept(call, "Issue not found")


def _find_build(call: Call) -> sqlite3.Row | None:
    # The service asks GitHub about a repository only if its owner is connected.
    if builds.get_latest(call.state, call.args["owner"]) is None:
        return None
    return builds.get_latest(call.state, call.args["owner"], call.args["repo"])


def _accept(call: Call, message: str) -> Response:
    if builds.get_latest(call.state, call.args["owner"]) is None:
        raise ApiError("ResourceNotFound", message)
    return Response({})


def _badge(word: str, status: str) -> Response:
    color, word = COLORS.get(word, OTHER_COLOR), escape(word)
    picture = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="140" height="20" role="img">'
        f"<title>Taskcluster: {word}</title>"
        f'<rect width="76" height="20" fill="#555"/><rect x="76" width="64" height="20" fill="{color}"/>'
        '<g fill="#fff" text-anchor="middle" font-family="Verdana,sans-serif" font-size="11">'
        f'<text x="38" y="14">Taskcluster</text><text x="108" y="14">{word}</text></g></svg>\n'
    )
    return Response(text=picture, headers={**BADGE_HEADERS, "x-taskcluster-status": status})
