"""
object: all methods. The storage host has the bytes.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tccli.sandbox.auth.certificates import decode_base64
from tccli.sandbox.call import Response
from tccli.sandbox.clock import DAY, HOUR, MINUTE, from_json, to_json
from tccli.sandbox.http.errors import ApiError, InternalError
from tccli.sandbox.registry import Service
from tccli.sandbox.store import to_jsonb

if TYPE_CHECKING:
    import sqlite3

    from tccli.sandbox.call import Call
    from tccli.sandbox.state import State

service = Service("object")

service.match_arguments(name=r"^[\x20-\x7e]+$", projectId="^([a-zA-Z0-9._/-]*)$")
# As in the service, upload methods do not accept unescaped slashes.
service.allow_slashes("name", "startDownload", "object", "download")
service.add_tables("""
CREATE TABLE IF NOT EXISTS objects (
    name TEXT PRIMARY KEY, project_id TEXT NOT NULL, upload_id TEXT, upload_expires INTEGER, expires INTEGER NOT NULL,
    hashes TEXT NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS objects_by_upload ON objects (upload_id) WHERE upload_id IS NOT NULL;
""")

BUCKET = "objects"
DOWNLOAD_METHODS = ("getUrl", "simple")
"""In the order of preference."""
PUT_MINUTES, SIMPLE_MINUTES = 45, 30
GET_SECONDS = 60
DELETE_AFTER = HOUR
"""Milliseconds from an object's expiry to its deletion, since the service deletes periodically."""

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - a token of a media type
_MEDIA_TYPE = re.compile(rf'\s*{_TOKEN}/{_TOKEN}\s*(; *{_TOKEN} *= *("([^"\\]|\\.)*"|{_TOKEN}) *)*')


@service.method("createUpload")
def create_upload(call: Call) -> Response:
    payload = call.payload
    call.authorize(projectId=payload["projectId"], name=call.args["name"])
    return Response(begin_upload(call.state, call.args["name"], payload))


def begin_upload(state: State, name: str, request: dict[str, Any]) -> dict[str, Any]:
    """
    Start or resume an upload of an authorized caller.

    Args:
        request: The payload of ``createUpload``.

    Raises:
        ApiError: 409, the object exists, or has another upload.
    """
    expires = from_json(request["expires"])
    now = state.clock.now()
    get(state, name)
    row = {"name": name, "project_id": request["projectId"], "upload_id": request["uploadId"]}
    row |= {"upload_expires": now + DAY, "expires": expires, "hashes": {}}
    if not state.store.insert("objects", row):
        existing = get(state, name)
        same = ("project_id", "upload_id", "expires")
        if existing is None or any(existing[column] != row[column] for column in same):
            raise ApiError("RequestConflict", "Object already exists")
    _add_hashes(state, name, request.get("hashes", {}))
    return {
        "projectId": request["projectId"],
        "uploadId": request["uploadId"],
        "expires": request["expires"],
        "uploadMethod": _upload_method(state, name, request["proposedUploadMethods"]),
    }


def _upload_method(state: State, name: str, proposed: dict[str, Any]) -> dict[str, Any]:
    if "dataInline" in proposed:
        content_type = _check_media_type(proposed["dataInline"]["contentType"])
        state.storage.store(BUCKET, name, decode_base64(proposed["dataInline"]["objectData"]), content_type)
        return {"dataInline": True}
    if "putUrl" not in proposed:
        return {}
    content_type = _check_media_type(proposed["putUrl"]["contentType"])
    length = str(proposed["putUrl"]["contentLength"])
    # The URL expires a little later than the response says, to allow for clock skew.
    signed = {"content-type": content_type, "content-length": length}
    url = state.storage.put_url(BUCKET, name, PUT_MINUTES * 60 + 10, signed)
    headers = {"Content-Type": content_type, "Content-Length": length, "Content-Encoding": "identity"}
    return {"putUrl": {"url": url, "expires": to_json(state.clock.now() + PUT_MINUTES * MINUTE), "headers": headers}}


def _check_media_type(content_type: str) -> str:
    if not _MEDIA_TYPE.fullmatch(content_type):
        raise InternalError("TypeError: invalid media type")
    return content_type


@service.method("finishUpload")
def finish_upload(call: Call) -> Response:
    name, payload = call.args["name"], call.payload
    project_id, upload_id = payload["projectId"], payload["uploadId"]
    call.authorize(projectId=project_id, name=name)
    row = get(call.state, name)
    if row is None:
        raise _not_found(name)
    if row["project_id"] != project_id:
        message = 'Object "{{name}}" does not have projectId {{projectId}}'
        raise ApiError("InputError", message, name=name, projectId=project_id)
    if row["upload_id"] is None:
        _compare_hashes(name, json.loads(row["hashes"]), payload.get("hashes", {}))
        return Response({})
    if row["upload_id"] != upload_id:
        message = 'Object "{{name}}" does not have uploadId {{uploadId}}'
        raise ApiError("RequestConflict", message, name=name, uploadId=upload_id)
    _add_hashes(call.state, name, payload.get("hashes", {}))
    call.state.store.run("UPDATE objects SET upload_id = NULL, upload_expires = NULL WHERE name = ?", name)
    return Response({})


def _compare_hashes(name: str, existing: dict[str, str], sent: dict[str, Any]) -> None:
    # A finished object may lack hashes that it has, but not have others.
    for algorithm, digest in sent.items():
        if algorithm not in existing:
            message = 'Object "{{name}}" is already finished, but without hash algorithm {{algo}}'
            raise ApiError("RequestConflict", message, name=name, algo=algorithm)
        if existing[algorithm] != digest:
            message = 'Object "{{name}}" is already finished, but with a different hash for algorithm {{algo}}'
            raise ApiError("RequestConflict", message, name=name, algo=algorithm)


def _add_hashes(state: State, name: str, sent: dict[str, Any]) -> None:
    row = state.store.one("SELECT hashes FROM objects WHERE name = ?", name)
    hashes = json.loads(row["hashes"]) if row else {}
    # The database takes a value of another type than a string as its text.
    to_jsonb(sent)
    if None in sent.values():
        raise InternalError('error: null value in column "hash" of relation "object_hashes"')
    for algorithm, digest in sent.items():
        written = digest if isinstance(digest, str) else json.dumps(digest)
        if hashes.setdefault(algorithm, written) != written:
            raise ApiError("RequestConflict", "Content hash already exists with a different value")
    ordered = json.dumps(dict(sorted(hashes.items())))
    state.store.run("UPDATE objects SET hashes = ? WHERE name = ?", ordered, name)


@service.method("startDownload")
def start_download(call: Call) -> Response:
    return Response(get_download(call.state, call.args["name"], call.payload["acceptDownloadMethods"]))


def get_download(state: State, name: str, accepted: dict[str, Any]) -> dict[str, Any]:
    """
    Return the location of an object's bytes for an authorized caller.

    Raises:
        ApiError: The object does not exist, or supports no accepted method.
    """
    row = _finished(state, name)
    method = next((method for method in DOWNLOAD_METHODS if method in accepted), None)
    if method is None:
        raise ApiError("NoMatchingMethod", "Object supports methods {{methods}}", methods="simple, getUrl")
    if method == "simple":
        return {"method": method, "url": state.storage.get_url(BUCKET, name, SIMPLE_MINUTES * 60)}
    return {
        "method": method,
        "url": state.storage.get_url(BUCKET, name, GET_SECONDS + 60),
        "expires": to_json(state.clock.now() + GET_SECONDS * 1000),
        "hashes": state.storage.apply_hash_fault(name, json.loads(row["hashes"])),
    }


@service.method("object")
def show_object(call: Call) -> Response:
    row = _finished(call.state, call.args["name"])
    hashes = json.loads(row["hashes"])
    return Response({"projectId": row["project_id"], "expires": to_json(row["expires"]), "hashes": hashes})


@service.method("download")
def download(call: Call) -> Response:
    return redirect(get_download(call.state, call.args["name"], {"simple": True})["url"])


def redirect(url: str) -> Response:
    """
    Return a redirect without JSON.
    """
    headers = {"location": url, "vary": "Accept", "content-type": "text/plain; charset=utf-8"}
    return Response(status=303, text=f"See Other. Redirecting to {url}", headers=headers)


def get(state: State, name: str) -> sqlite3.Row | None:
    """
    Return an object, finished or not. Delete it if it expired some time ago.
    """
    row = state.store.one("SELECT * FROM objects WHERE name = ?", name)
    if row is None:
        return None
    ends = row["expires"] if row["upload_expires"] is None else min(row["expires"], row["upload_expires"])
    if ends < state.clock.now() - DELETE_AFTER:
        state.store.run("DELETE FROM objects WHERE name = ?", name)
        state.storage.delete(BUCKET, name)
        return None
    return row


def _finished(state: State, name: str) -> sqlite3.Row:
    row = get(state, name)
    if row is None or row["upload_id"] is not None:
        raise _not_found(name)
    return row


def _not_found(name: str) -> ApiError:
    return ApiError("ResourceNotFound", 'Object "{{name}}" not found', name=name)
