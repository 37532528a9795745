"""
The object service: uploads, which are started, resumed and finished once, and downloads.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import os
from typing import TYPE_CHECKING, Any

import pytest
import taskcluster
import taskcluster.aio.download
import taskcluster.download
import taskcluster.upload

from tccli.sandbox.server import Server
from tests.sandbox.conftest import fetch, timestamp

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import RunningSandbox
    from tests.sandbox.conftest import HttpResponse, Signer

    Send = Callable[..., HttpResponse]

OBJECT = "/api/object/v1"
DATA = b"some bytes"
HASHES = {"sha256": hashlib.sha256(DATA).hexdigest(), "sha512": hashlib.sha512(DATA).hexdigest()}
PUT = {"putUrl": {"contentType": "text/x", "contentLength": len(DATA)}}
INLINE = {"dataInline": {"contentType": "text/x", "objectData": base64.b64encode(DATA).decode()}}
HOUR, DAY = 3_600_000, 86_400_000


def upload(**changes: Any) -> dict[str, Any]:
    """
    Return a payload of createUpload.
    """
    known = {"projectId": "p", "uploadId": taskcluster.slugId(), "expires": timestamp("2 days")}
    return {**known, "proposedUploadMethods": PUT, **changes}


def finish(begun: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """
    Return a payload of finishUpload.
    """
    return {"projectId": begun["projectId"], "uploadId": begun["uploadId"], "hashes": HASHES, **changes}


@pytest.fixture
def finished(send: Send) -> dict[str, Any]:
    """
    The upload of a finished object named ``x``.
    """
    begun = upload(proposedUploadMethods=INLINE)
    send("PUT", f"{OBJECT}/upload/x", begun)
    send("POST", f"{OBJECT}/finish-upload/x", finish(begun))
    return begun


def test_upload_and_download(send: Send) -> None:
    """
    CreateUpload returns URL and headers, finishUpload makes the object visible, startDownload returns its URL.
    """
    begun = upload()
    response = send("PUT", f"{OBJECT}/upload/a%2Fb", begun)
    put = response.json["uploadMethod"]["putUrl"]
    assert 404 == send("PUT", f"{OBJECT}/start-download/a/b", {"acceptDownloadMethods": {"getUrl": True}}).status
    assert 200 == fetch(put["url"], DATA, **put["headers"]).status
    done = send("POST", f"{OBJECT}/finish-upload/a%2Fb", finish(begun))
    found = send("PUT", f"{OBJECT}/start-download/a/b", {"acceptDownloadMethods": {"getUrl": True}}).json

    assert {name: begun[name] for name in ("projectId", "uploadId", "expires")}.items() <= response.json.items()
    assert {"Content-Type": "text/x", "Content-Length": "10", "Content-Encoding": "identity"} == put["headers"]
    assert (200, {}) == (done.status, done.json)
    assert ("getUrl", HASHES) == (found["method"], found["hashes"])
    assert timestamp("50 seconds") < found["expires"] < timestamp("70 seconds")
    assert DATA == fetch(found["url"]).body
    shown = send("GET", f"{OBJECT}/metadata/a/b").json
    assert {"projectId": "p", "expires": begun["expires"][:23] + "Z", "hashes": HASHES} == shown


def test_inline_uploads(send: Send) -> None:
    """
    Preferred if both methods are proposed; invalid base64 is ignored; without a proposal there is no method.
    """
    both = send("PUT", f"{OBJECT}/upload/x", upload(proposedUploadMethods={**PUT, **INLINE})).json
    odd = {"dataInline": {"contentType": "text/x", "objectData": "!c29t\nZSBi-eXRlcw=garbage"}}
    begun = upload(proposedUploadMethods=odd)
    send("PUT", f"{OBJECT}/upload/odd", begun)
    send("POST", f"{OBJECT}/finish-upload/odd", finish(begun))
    found = send("PUT", f"{OBJECT}/start-download/odd", {"acceptDownloadMethods": {"simple": True}}).json

    assert {"dataInline": True} == both["uploadMethod"]
    assert fetch(found["url"]).body.startswith(b"some b")
    assert {"method", "url"} == found.keys()
    assert {} == send("PUT", f"{OBJECT}/upload/y", upload(proposedUploadMethods={})).json["uploadMethod"]


@pytest.mark.parametrize(
    ("length", "status"), [pytest.param(10926, 200, id="longest"), pytest.param(10927, 400, id="too long")]
)
def test_inline_uploads_have_a_limit(send: Send, length: int, status: int) -> None:
    """
    Of the base64 text, not of the bytes.
    """
    proposed = {"dataInline": {"contentType": "text/x", "objectData": "a" * length}}

    assert status == send("PUT", f"{OBJECT}/upload/x", upload(proposedUploadMethods=proposed)).status


def test_uploads_need_escaped_slashes(send: Send) -> None:
    """
    404 without a code; downloads accept unescaped slashes.
    """
    reply = send("PUT", f"{OBJECT}/upload/a/b", upload())

    assert (404, {"error": "Not found"}) == (reply.status, reply.json)
    assert "ResourceNotFound" == send("GET", f"{OBJECT}/metadata/a/b").code
    assert "InvalidRequestArguments" == send("GET", f"{OBJECT}/metadata/%C3%BC").code


def test_an_upload_can_be_resumed(send: Send) -> None:
    """
    With the same properties, it gets a new URL. Another project, expiry or uploadId is 409.
    """
    begun = upload()
    assert 200 == send("PUT", f"{OBJECT}/upload/x", begun).status
    assert 200 == send("PUT", f"{OBJECT}/upload/x", {**begun, "proposedUploadMethods": INLINE}).status

    for change in ({"projectId": "q"}, {"uploadId": taskcluster.slugId()}, {"expires": timestamp("3 days")}):
        reply = send("PUT", f"{OBJECT}/upload/x", {**begun, **change})
        assert (409, "RequestConflict", "Object already exists") == (reply.status, reply.code, reply.message)
    assert 409 == send("PUT", f"{OBJECT}/upload/another", begun).status
    send("POST", f"{OBJECT}/finish-upload/x", finish(begun))
    assert 409 == send("PUT", f"{OBJECT}/upload/x", begun).status
    assert 200 == send("PUT", f"{OBJECT}/upload/another", begun).status


def test_hashes_do_not_change(send: Send) -> None:
    """
    Of any algorithm and at any time; another value for a known algorithm is 409.
    """
    begun = upload(hashes={"sha256": HASHES["sha256"], "crc": "1"})
    assert 200 == send("PUT", f"{OBJECT}/upload/x", begun).status
    other = {"sha256": "0" * 64}

    assert 409 == send("PUT", f"{OBJECT}/upload/x", {**begun, "hashes": other}).status
    assert 409 == send("POST", f"{OBJECT}/finish-upload/x", finish(begun, hashes=other)).status
    assert 200 == send("POST", f"{OBJECT}/finish-upload/x", finish(begun)).status
    assert {**HASHES, "crc": "1"} == send("GET", f"{OBJECT}/metadata/x").json["hashes"]


@pytest.mark.parametrize(
    ("changes", "status", "expected"),
    [
        pytest.param({}, 200, "", id="the same"),
        pytest.param({"hashes": {"sha256": HASHES["sha256"]}}, 200, "", id="fewer hashes"),
        pytest.param({"uploadId": "AAAAAAAAQAqAAAAAAAAAAA"}, 200, "", id="another upload"),
        pytest.param({"hashes": {"sha256": "0" * 64}}, 409, "with a different hash for algorithm sha256", id="differs"),
        pytest.param({"hashes": {"md5": "0"}}, 409, "but without hash algorithm md5", id="more hashes"),
        pytest.param({"projectId": "q"}, 400, "does not have projectId q", id="another project"),
    ],
)
def test_finishing_again(
    send: Send, finished: dict[str, Any], changes: dict[str, Any], status: int, expected: str
) -> None:
    """
    Succeeds without new information.
    """
    reply = send("POST", f"{OBJECT}/finish-upload/x", finish(finished, **changes))

    assert status == reply.status
    assert expected in reply.text


def test_finishing_needs_the_upload_id(send: Send) -> None:
    """
    Another uploadId is 409, an unknown name 404; the bytes are not checked.
    """
    begun = upload()
    send("PUT", f"{OBJECT}/upload/x", begun)

    assert 409 == send("POST", f"{OBJECT}/finish-upload/x", finish(begun, uploadId=taskcluster.slugId())).status
    assert 404 == send("POST", f"{OBJECT}/finish-upload/y", finish(begun)).status
    assert 200 == send("POST", f"{OBJECT}/finish-upload/x", finish(begun)).status
    found = send("PUT", f"{OBJECT}/start-download/x", {"acceptDownloadMethods": {"getUrl": True}}).json
    assert (404, "NoSuchKey") == ((got := fetch(found["url"])).status, got.code)


@pytest.mark.usefixtures("finished")
def test_a_download_needs_a_method(send: Send) -> None:
    """
    406 if none is supported; an unknown one is not valid.
    """
    none = send("PUT", f"{OBJECT}/start-download/x", {"acceptDownloadMethods": {}})

    assert (406, "NoMatchingMethod") == (none.status, none.code)
    assert "Object supports methods simple, getUrl" == none.message
    odd = send("PUT", f"{OBJECT}/start-download/x", {"acceptDownloadMethods": {"HTTP:GET": True}})
    assert "InputValidationError" == odd.code


@pytest.mark.usefixtures("finished")
def test_browsers_are_redirected(send: Send) -> None:
    """
    303 with text, to a URL that expires.
    """
    reply = send("GET", f"{OBJECT}/download/x")

    assert 303 == reply.status
    assert reply.text.startswith("See Other")
    assert DATA == fetch(reply.headers["location"]).body
    assert 404 == send("GET", f"{OBJECT}/download/y").status


@pytest.mark.usefixtures("finished")
def test_needs_scopes(send: Send) -> None:
    """
    403 without them, before the object is looked up.
    """
    for verb, target, payload in (
        ("PUT", "upload/x", upload()),
        ("POST", "finish-upload/x", finish(upload())),
        ("PUT", "start-download/none", {"acceptDownloadMethods": {}}),
        ("GET", "metadata/none", None),
        ("GET", "download/none", None),
    ):
        assert "InsufficientScopes" == send(verb, f"{OBJECT}/{target}", payload, signed=False).code


def test_an_invalid_content_type_fails(send: Send) -> None:
    """
    500, as with the service; the upload exists nevertheless.
    """
    begun = upload(proposedUploadMethods={"putUrl": {"contentType": "nonsense", "contentLength": 1}})

    assert 500 == send("PUT", f"{OBJECT}/upload/x", begun).status
    assert 409 == send("PUT", f"{OBJECT}/upload/x", upload()).status


def test_objects_expire(send: Send, sign: Signer, sandbox: RunningSandbox, finished: dict[str, Any]) -> None:
    """
    An hour after their expiry, and unfinished ones after a day; name and uploadId can be used again.
    """
    unfinished = upload(expires=timestamp("3 days"))
    send("PUT", f"{OBJECT}/upload/unfinished", unfinished)

    def later(verb: str, target: str, payload: Any = None) -> int:
        header = sign(verb, target, _timestamp=sandbox.clock.now() // 1000)
        return send(verb, target, payload, headers={"authorization": header}).status

    sandbox.clock.offset += DAY - 60_000
    assert 409 == later("PUT", f"{OBJECT}/upload/unfinished", {**unfinished, "projectId": "q"})
    sandbox.clock.offset += 120_000 + HOUR
    assert 200 == later("GET", f"{OBJECT}/metadata/x")
    assert 200 == later("PUT", f"{OBJECT}/upload/unfinished", {**unfinished, "projectId": "q"})
    sandbox.clock.offset += DAY
    assert 404 == later("GET", f"{OBJECT}/metadata/x")
    assert 404 == fetch(sandbox.storage.get_url("objects", "x", 60)).status
    assert 200 == later("PUT", f"{OBJECT}/upload/x", {**finished, "expires": timestamp("9 days")})


def test_an_expiry_in_the_past_is_accepted(send: Send) -> None:
    """
    The object exists for a while.
    """
    begun = upload(expires=timestamp("-10 minutes"), proposedUploadMethods=INLINE, hashes=HASHES)

    assert 200 == send("PUT", f"{OBJECT}/upload/x", begun).status
    assert 200 == send("POST", f"{OBJECT}/finish-upload/x", finish(begun)).status
    assert 200 == send("GET", f"{OBJECT}/metadata/x").status
    assert 200 == send("PUT", f"{OBJECT}/upload/y", upload(expires="2001-01-01T00:00:00Z", hashes=HASHES)).status


@pytest.mark.parametrize("size", [0, 10, 8191, 8192, 300_000])
def test_the_official_client_moves_objects(sandbox: RunningSandbox, size: int) -> None:
    """
    Its helpers for buffers and files, unchanged.
    """
    service = taskcluster.Object(
        {"rootUrl": sandbox.root_url, "credentials": dict(sandbox.credentials), "maxRetries": 0}
    )
    data = os.urandom(size)
    about = {"projectId": "p", "contentType": "text/x", "contentLength": size, "expires": timestamp("1 hour")}
    taskcluster.upload.uploadFromBuf(data=data, name="a/buf", objectService=service, maxRetries=0, **about)
    taskcluster.upload.uploadFromFile(
        file=io.BytesIO(data), name="a/file", objectService=service, maxRetries=0, **about
    )
    buffer, content_type = taskcluster.download.downloadToBuf(name="a/file", objectService=service, maxRetries=0)
    file = io.BytesIO()
    taskcluster.download.downloadToFile(file, name="a/buf", objectService=service, maxRetries=0)

    assert (data, "text/x") == (bytes(buffer), content_type)
    assert data == file.getvalue()


@pytest.mark.parametrize("lie", ["wrong", "none", "unknown"])
@pytest.mark.usefixtures("finished")
def test_hashes_can_be_falsified(sandbox: RunningSandbox, lie: str) -> None:
    """
    The official client detects it; the metadata are correct.
    """
    service = taskcluster.Object(
        {"rootUrl": sandbox.root_url, "credentials": dict(sandbox.credentials), "maxRetries": 0}
    )
    fault = sandbox.storage.faults.add(f"hashes={lie},times=1")

    # The same without its own event loop, which it would leave open.
    with pytest.raises(taskcluster.exceptions.ObjectHashVerificationError):
        asyncio.run(taskcluster.aio.download.downloadToBuf(name="x", objectService=service, maxRetries=0))
    assert 1 == fault.count
    assert HASHES == service.object("x")["hashes"]
    assert DATA == bytes(taskcluster.download.downloadToBuf(name="x", objectService=service, maxRetries=0)[0])


def test_objects_are_stored_in_the_directory(tmp_path: Path) -> None:
    """
    The next sandbox has bytes and metadata; old URLs do not work, since the port differs.
    """
    urls = []
    for is_first in (True, False):
        with Server(directory=tmp_path) as server:
            options = {"rootUrl": server.root_url, "credentials": dict(server.credentials), "maxRetries": 0}
            service = taskcluster.Object(options)
            if is_first:
                begun = upload(proposedUploadMethods=INLINE)
                service.createUpload("x", begun)
                service.finishUpload("x", finish(begun))
            found = service.startDownload("x", {"acceptDownloadMethods": {"getUrl": True}})
            urls.append(found["url"])

            assert DATA == fetch(found["url"]).body
            assert found["url"].startswith(server.storage.url)
    assert urls[0] != urls[1]
