"""
Objects, against the sandbox and against a scripted service.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tccli.core.artifacts.objects import MAX_INLINE_BYTES, ObjectSource, prepare_upload, upload_object
from tccli.core.http.deadline import Cancellation
from tccli.core.http.retry import RetryPolicy
from tccli.core.transfer.download import download_to_stream
from tccli.core.transfer.options import DownloadOptions
from tccli.core.transfer.upload import MAX_URLS, Upload
from tccli.errors import BrokenAnswerError, NoAnswerError, NotFoundError, RejectedError, TcError
from tests.http_server import Received, Response, error_response, json_response, response
from tests.transfer_env import QUICK, TransferEnv, later, random_bytes, remote_file, slug, transfer_context

if TYPE_CHECKING:
    from collections.abc import Callable

    from tccli.core.client import Client
    from tests.http_server import ScriptedServer

DATA = random_bytes(2 << 20)
FAR = "2999-01-01T00:00:00.000Z"
PAST = "2001-01-01T00:00:00.000Z"


def send(client: Client, data: bytes, name: str = "a/b c", policy: RetryPolicy = QUICK) -> dict[str, str]:
    """
    Upload bytes as an object.
    """
    upload = Upload(io.BytesIO(data), len(data), "text/x")
    call = prepare_upload(client, name, upload, project_id="p", expires=later(days=1), upload_id=slug())
    return upload_object(client, transfer_context(policy), upload, call)


def digests(data: bytes) -> dict[str, str]:
    """
    Return the digests to expect.
    """
    return {name: hashlib.new(name, data).hexdigest() for name in ("sha256", "sha512")}


def download(transfer_env: TransferEnv, name: str = "a/b c") -> bytes:
    """
    Download and verify an object.
    """
    out = io.BytesIO()
    download_to_stream(remote_file(ObjectSource(transfer_env.client, name)), out, DownloadOptions())
    return out.getvalue()


@pytest.mark.parametrize("size", [0, 1, MAX_INLINE_BYTES - 1, MAX_INLINE_BYTES, MAX_INLINE_BYTES + 1, len(DATA)])
def test_upload_and_download(transfer_env: TransferEnv, size: int) -> None:
    """
    Small objects are part of the call, larger ones go to the storage.
    """
    assert digests(DATA[:size]) == send(transfer_env.client, DATA[:size])
    assert DATA[:size] == download(transfer_env)
    stored = transfer_env.sandbox.storage.files.get("/objects/a/b c")
    assert stored is not None
    assert ("text/x", size) == (stored.content_type, stored.size)
    assert (0 if size < MAX_INLINE_BYTES else size) == transfer_env.received()


def test_growing_file_inline(transfer_env: TransferEnv) -> None:
    """
    The bytes that were read are sent, hashed and announced.
    """
    upload = Upload(io.BytesIO(b"twelve bytes"), 6, "text/x")
    call = prepare_upload(transfer_env.client, "x", upload, project_id="p", expires=later(days=1), upload_id=slug())
    upload_object(transfer_env.client, transfer_context(), upload, call)

    assert b"twelve bytes" == download(transfer_env, "x")


@pytest.mark.parametrize("kind", ["drop", "reset", "status"])
def test_transient_failures(transfer_env: TransferEnv, kind: str) -> None:
    """
    The upload starts again with the first byte, and the object is complete.
    """
    chance = random.Random(kind)
    for _ in range(4):
        value = 503 if kind == "status" else chance.randrange(len(DATA))
        transfer_env.sandbox.storage.faults.add(f"{kind}={value},times=1,verb=put")

    assert digests(DATA) == send(transfer_env.client, DATA)
    assert DATA == download(transfer_env)


@pytest.mark.parametrize("point", sorted(random.Random(1).sample(range(len(DATA)), 10)))
def test_failed_upload_creates_no_object(transfer_env: TransferEnv, point: int) -> None:
    """
    The same upload can be started again.
    """
    transfer_env.sandbox.storage.faults.add(f"drop={point},verb=put,times=1")
    with pytest.raises(NoAnswerError):
        send(transfer_env.client, DATA, policy=RetryPolicy(retries=0))
    with pytest.raises(NotFoundError, match="not found"):
        download(transfer_env)


def test_storage_rejection_is_final(transfer_env: TransferEnv) -> None:
    """
    The message has the storage's text, and there is no object.
    """
    transfer_env.sandbox.storage.faults.add("status=403,verb=put")
    with pytest.raises(TcError, match=r"403: Forbidden Please try again\."):
        send(transfer_env.client, DATA)

    assert 1 == len(transfer_env.sandbox.storage.counters.records)
    with pytest.raises(NotFoundError):
        download(transfer_env)


def test_an_object_is_not_overwritten(transfer_env: TransferEnv) -> None:
    """
    The service rejects it.
    """
    send(transfer_env.client, DATA)
    with pytest.raises(RejectedError, match="Object already exists"):
        send(transfer_env.client, b"other")

    assert DATA == download(transfer_env)


def at(transfer_env: TransferEnv, http_server: ScriptedServer) -> Client:
    """
    Return a client of a scripted deployment.
    """
    return replace(transfer_env.client, account=replace(transfer_env.client.account, root_url=http_server.url))


def script_service(
    http_server: ScriptedServer,
    chosen: Callable[[int], dict[str, Any]],
    finished: Response | None = None,
    put: Response | None = None,
) -> None:
    """
    Make the server respond as the object service and its storage; *chosen* has the upload method of each call.
    """
    calls = 0

    def respond(received: Received) -> Response:
        nonlocal calls
        if "/upload/" in received.target:
            calls += 1
            return json_response({"projectId": "p", "uploadId": "u", "expires": FAR, "uploadMethod": chosen(calls)})
        if received.target.startswith("/put"):
            return put or response(200)
        return finished or json_response({})

    http_server.respond_with(respond)


def put_url(http_server: ScriptedServer, expires: str = FAR) -> dict[str, Any]:
    """
    Return an upload method.
    """
    return {"putUrl": {"url": f"{http_server.url}/put", "expires": expires, "headers": {"Content-Type": "text/x"}}}


def test_proposed_methods(transfer_env: TransferEnv, http_server: ScriptedServer) -> None:
    """
    A URL is always proposed, the bytes themselves if they are few.
    """
    script_service(http_server, lambda _call: put_url(http_server))
    for data in (b"few", DATA):
        send(at(transfer_env, http_server), data)
    bodies = [request.body for request in http_server.requests if "/upload/" in request.target]
    few, many = (json.loads(body) for body in bodies)

    assert {"contentType": "text/x", "objectData": base64.b64encode(b"few").decode()} == few["proposedUploadMethods"][
        "dataInline"
    ]
    assert {"contentType": "text/x", "contentLength": 3} == few["proposedUploadMethods"]["putUrl"]
    assert {"putUrl": {"contentType": "text/x", "contentLength": len(DATA)}} == many["proposedUploadMethods"]
    assert [b"few", DATA] == [request.body for request in http_server.requests if request.target == "/put"]
    assert {"/api/object/v1/upload/a%2Fb%20c"} == {
        request.target for request in http_server.requests if "/upload/" in request.target
    }


def test_finish_has_the_hashes(transfer_env: TransferEnv, http_server: ScriptedServer) -> None:
    """
    They are those of the bytes that were sent; the storage gets no secrets.
    """
    script_service(http_server, lambda _call: put_url(http_server))
    send(at(transfer_env, http_server), DATA)
    create, put, finish = http_server.requests

    assert digests(DATA) == json.loads(finish.body)["hashes"]
    assert "authorization" in create.headers
    assert "authorization" in finish.headers
    assert {"host", "content-type", "content-length"} == set(put.headers)


def test_expired_url_is_renewed(transfer_env: TransferEnv, http_server: ScriptedServer) -> None:
    """
    The same upload is continued.
    """
    script_service(http_server, lambda call: put_url(http_server, PAST if call < 3 else FAR))
    send(at(transfer_env, http_server), DATA)
    targets = [request.target.rpartition("/")[2] for request in http_server.requests]
    ids = {json.loads(request.body)["uploadId"] for request in http_server.requests if request.target != "/put"}

    assert ["a%2Fb%20c"] * 3 + ["put", "a%2Fb%20c"] == targets
    assert 1 == len(ids)


def test_url_renewals_are_limited(transfer_env: TransferEnv, http_server: ScriptedServer) -> None:
    """
    URLs that have always expired are an error.
    """
    script_service(http_server, lambda _call: put_url(http_server, PAST))
    with pytest.raises(BrokenAnswerError, match="upload URLs expired"):
        send(at(transfer_env, http_server), DATA)

    assert MAX_URLS == len(http_server.requests)


@pytest.mark.parametrize(
    ("method", "data"),
    [
        pytest.param({}, DATA, id="none"),
        pytest.param({"carrierPigeon": {}}, DATA, id="unknown"),
        pytest.param({"dataInline": True}, DATA, id="inline, which was not proposed"),
    ],
)
def test_method_that_was_not_proposed(
    transfer_env: TransferEnv, http_server: ScriptedServer, method: dict[str, Any], data: bytes
) -> None:
    """
    It is an error: otherwise an empty upload would be finished.
    """
    script_service(http_server, lambda _call: method)
    with pytest.raises(BrokenAnswerError, match="neither putUrl nor dataInline"):
        send(at(transfer_env, http_server), data)

    assert 1 == len(http_server.requests)


def test_a_failure_to_finish_is_an_error(transfer_env: TransferEnv, http_server: ScriptedServer) -> None:
    """
    The message is the service's.
    """
    script_service(
        http_server,
        lambda _call: put_url(http_server),
        error_response(409, "RequestConflict", "Content hash already exists"),
    )
    with pytest.raises(RejectedError, match=r"object\.finishUpload: 409 RequestConflict: Content hash already exists"):
        send(at(transfer_env, http_server), DATA)


def test_rejected_put_is_not_finished(transfer_env: TransferEnv, http_server: ScriptedServer) -> None:
    """
    The service would create the object.
    """
    script_service(http_server, lambda _call: put_url(http_server), put=response(400, b"<Message>too long</Message>"))
    with pytest.raises(RejectedError, match="400: too long"):
        send(at(transfer_env, http_server), DATA)

    assert "/put" == http_server.requests[-1].target


@pytest.mark.parametrize(
    ("document", "says"),
    [
        pytest.param({"method": "simple", "url": "http://x/"}, "'simple'", id="another method"),
        pytest.param({"method": "getUrl"}, "url is missing", id="no address"),
        pytest.param(
            {"method": "getUrl", "url": "http://x/", "expires": FAR, "hashes": {}}, "no sha256 or sha512", id="no hash"
        ),
        pytest.param(
            {"method": "getUrl", "url": "http://x/", "expires": FAR, "hashes": {"md5": "00"}},
            "no sha256 or sha512",
            id="weak hash",
        ),
    ],
)
def test_unusable_downloads(
    transfer_env: TransferEnv, http_server: ScriptedServer, document: dict[str, Any], says: str
) -> None:
    """
    An object without a supported method or hash is not downloaded.
    """
    http_server.respond_with(json_response(document))
    with pytest.raises(BrokenAnswerError, match=says):
        ObjectSource(at(transfer_env, http_server), "a").locate(Cancellation())


def test_hashes_in_capitals(transfer_env: TransferEnv, http_server: ScriptedServer) -> None:
    """
    Unknown algorithms are ignored if there is a known one.
    """
    hashes = {"sha256": "AB" * 32, "sha1024": "00"}
    http_server.respond_with(json_response({"method": "getUrl", "url": "http://x/", "expires": FAR, "hashes": hashes}))

    assert {"sha256": "ab" * 32} == ObjectSource(at(transfer_env, http_server), "a").locate(Cancellation()).hashes
