"""
The object service's protocols, against a sandbox that keeps them, and a server that does not.
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

from tccli.core.artifacts.objects import MAX_INLINE_BYTES, ObjectSource, upload_object
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
    return upload_object(
        client, transfer_context(policy), name, upload, project_id="p", expires=later(days=1), upload_id=slug()
    )


def digests(data: bytes) -> dict[str, str]:
    """
    Return what the service is told.
    """
    return {name: hashlib.new(name, data).hexdigest() for name in ("sha256", "sha512")}


def fetched(transfer_env: TransferEnv, name: str = "a/b c") -> bytes:
    """
    Download an object, verified.
    """
    out = io.BytesIO()
    download_to_stream(remote_file(ObjectSource(transfer_env.client, name)), out, DownloadOptions())
    return out.getvalue()


@pytest.mark.parametrize("size", [0, 1, MAX_INLINE_BYTES - 1, MAX_INLINE_BYTES, MAX_INLINE_BYTES + 1, len(DATA)])
def test_what_is_uploaded_can_be_downloaded(transfer_env: TransferEnv, size: int) -> None:
    """
    With its hashes; little goes with the call, more to the storage.
    """
    assert digests(DATA[:size]) == send(transfer_env.client, DATA[:size])
    assert DATA[:size] == fetched(transfer_env)
    stored = transfer_env.sandbox.storage.files.get("/objects/a/b c")
    assert stored is not None
    assert ("text/x", size) == (stored.content_type, stored.size)
    assert (0 if size < MAX_INLINE_BYTES else size) == transfer_env.received()


def test_a_file_that_grew_goes_inline_as_it_is(transfer_env: TransferEnv) -> None:
    """
    What is read is what is sent, hashed and promised.
    """
    upload = Upload(io.BytesIO(b"twelve bytes"), 6, "text/x")
    upload_object(
        transfer_env.client, transfer_context(), "x", upload, project_id="p", expires=later(days=1), upload_id=slug()
    )

    assert b"twelve bytes" == fetched(transfer_env, "x")


@pytest.mark.parametrize("kind", ["drop", "reset", "status"])
def test_what_passes_is_overcome(transfer_env: TransferEnv, kind: str) -> None:
    """
    From the first byte again; the object is whole.
    """
    chance = random.Random(kind)
    for _ in range(4):
        value = 503 if kind == "status" else chance.randrange(len(DATA))
        transfer_env.sandbox.storage.faults.add(f"{kind}={value},times=1,verb=put")

    assert digests(DATA) == send(transfer_env.client, DATA)
    assert DATA == fetched(transfer_env)


@pytest.mark.parametrize("point", sorted(random.Random(1).sample(range(len(DATA)), 10)))
def test_an_upload_that_breaks_leaves_no_object(transfer_env: TransferEnv, point: int) -> None:
    """
    Wherever it breaks; and the same upload can be begun again.
    """
    transfer_env.sandbox.storage.faults.add(f"drop={point},verb=put,times=1")
    with pytest.raises(NoAnswerError):
        send(transfer_env.client, DATA, policy=RetryPolicy(retries=0))
    with pytest.raises(NotFoundError, match="not found"):
        fetched(transfer_env)


def test_a_refusal_by_the_storage_is_final(transfer_env: TransferEnv) -> None:
    """
    With its own message; there is no object.
    """
    transfer_env.sandbox.storage.faults.add("status=403,verb=put")
    with pytest.raises(TcError, match=r"403: Forbidden Please try again\."):
        send(transfer_env.client, DATA)

    assert 1 == len(transfer_env.sandbox.storage.counters.records)
    with pytest.raises(NotFoundError):
        fetched(transfer_env)


def test_an_object_is_not_overwritten(transfer_env: TransferEnv) -> None:
    """
    The service's word.
    """
    send(transfer_env.client, DATA)
    with pytest.raises(RejectedError, match="Object already exists"):
        send(transfer_env.client, b"other")

    assert DATA == fetched(transfer_env)


def at(transfer_env: TransferEnv, http_server: ScriptedServer) -> Client:
    """
    Return a client of a deployment that does as the test says.
    """
    return replace(transfer_env.client, account=replace(transfer_env.client.account, root_url=http_server.url))


def service(
    http_server: ScriptedServer,
    chosen: Callable[[int], dict[str, Any]],
    finished: Response | None = None,
    put: Response | None = None,
) -> None:
    """
    Let the server play the object service and its storage; *chosen* is the upload method of each call.
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


def test_proposes_all_that_it_can(transfer_env: TransferEnv, http_server: ScriptedServer) -> None:
    """
    As the protocol wants it: an address always, the bytes themselves when they are few.
    """
    service(http_server, lambda _call: put_url(http_server))
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


def test_says_the_hashes_at_the_end(transfer_env: TransferEnv, http_server: ScriptedServer) -> None:
    """
    Of what was sent, and nothing secret went to the storage.
    """
    service(http_server, lambda _call: put_url(http_server))
    send(at(transfer_env, http_server), DATA)
    create, put, finish = http_server.requests

    assert digests(DATA) == json.loads(finish.body)["hashes"]
    assert "authorization" in create.headers
    assert "authorization" in finish.headers
    assert {"host", "content-type", "content-length"} == set(put.headers)


def test_an_expired_address_is_asked_for_again(transfer_env: TransferEnv, http_server: ScriptedServer) -> None:
    """
    And the same upload goes on.
    """
    service(http_server, lambda call: put_url(http_server, PAST if call < 3 else FAR))
    send(at(transfer_env, http_server), DATA)
    targets = [request.target.rpartition("/")[2] for request in http_server.requests]
    ids = {json.loads(request.body)["uploadId"] for request in http_server.requests if request.target != "/put"}

    assert ["a%2Fb%20c"] * 3 + ["put", "a%2Fb%20c"] == targets
    assert 1 == len(ids)


def test_addresses_that_are_always_expired_end_it(transfer_env: TransferEnv, http_server: ScriptedServer) -> None:
    """
    Without a loop.
    """
    service(http_server, lambda _call: put_url(http_server, PAST))
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
def test_a_way_that_was_not_proposed_is_not_taken(
    transfer_env: TransferEnv, http_server: ScriptedServer, method: dict[str, Any], data: bytes
) -> None:
    """
    It would finish an upload of nothing.
    """
    service(http_server, lambda _call: method)
    with pytest.raises(BrokenAnswerError, match="neither putUrl nor dataInline"):
        send(at(transfer_env, http_server), data)

    assert 1 == len(http_server.requests)


def test_a_failure_to_finish_is_an_error(transfer_env: TransferEnv, http_server: ScriptedServer) -> None:
    """
    With the service's message.
    """
    service(
        http_server,
        lambda _call: put_url(http_server),
        error_response(409, "RequestConflict", "Content hash already exists"),
    )
    with pytest.raises(RejectedError, match=r"object\.finishUpload: 409 RequestConflict: Content hash already exists"):
        send(at(transfer_env, http_server), DATA)


def test_a_refused_put_is_not_finished(transfer_env: TransferEnv, http_server: ScriptedServer) -> None:
    """
    The service would believe it.
    """
    service(http_server, lambda _call: put_url(http_server), put=response(400, b"<Message>too long</Message>"))
    with pytest.raises(RejectedError, match="400: too long"):
        send(at(transfer_env, http_server), DATA)

    assert "/put" == http_server.requests[-1].target


@pytest.mark.parametrize(
    ("document", "says"),
    [
        pytest.param({"method": "simple", "url": "http://x/"}, "'simple'", id="another method"),
        pytest.param({"method": "getUrl"}, "not getUrl", id="no address"),
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
def test_offers_that_cannot_be_taken(
    transfer_env: TransferEnv, http_server: ScriptedServer, document: dict[str, Any], says: str
) -> None:
    """
    Nothing is fetched that nothing vouches for.
    """
    http_server.respond_with(json_response(document))
    with pytest.raises(BrokenAnswerError, match=says):
        ObjectSource(at(transfer_env, http_server), "a").locate()


def test_hashes_may_be_written_in_capitals(transfer_env: TransferEnv, http_server: ScriptedServer) -> None:
    """
    Unknown ones beside a known one are passed over.
    """
    hashes = {"sha256": "AB" * 32, "sha1024": "00"}
    http_server.respond_with(json_response({"method": "getUrl", "url": "http://x/", "expires": FAR, "hashes": hashes}))

    assert {"sha256": "ab" * 32} == ObjectSource(at(transfer_env, http_server), "a").locate().hashes
