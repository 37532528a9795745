"""
The object service: uploads that are begun, gone on with and finished once, and downloads of what is finished.
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
from tests.sandbox.conftest import fetch, moment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import RunningSandbox
    from tests.sandbox.conftest import Reply, Signs

    Send = Callable[..., Reply]

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
    known = {"projectId": "p", "uploadId": taskcluster.slugId(), "expires": moment("2 days")}
    return {**known, "proposedUploadMethods": PUT, **changes}


def finish(begun: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """
    Return a payload of finishUpload.
    """
    return {"projectId": begun["projectId"], "uploadId": begun["uploadId"], "hashes": HASHES, **changes}


@pytest.fixture
def finished(send: Send) -> dict[str, Any]:
    """
    What an object named ``x`` was uploaded with.
    """
    begun = upload(proposedUploadMethods=INLINE)
    send("PUT", f"{OBJECT}/upload/x", begun)
    send("POST", f"{OBJECT}/finish-upload/x", finish(begun))
    return begun


def test_an_object_goes_up_and_comes_down(send: Send) -> None:
    """
    First createUpload says where and with which headers, finishUpload makes it visible, startDownload leads to it.
    """
    begun = upload()
    answer = send("PUT", f"{OBJECT}/upload/a%2Fb", begun)
    put = answer.json["uploadMethod"]["putUrl"]
    assert 404 == send("PUT", f"{OBJECT}/start-download/a/b", {"acceptDownloadMethods": {"getUrl": True}}).status
    assert 200 == fetch(put["url"], DATA, **put["headers"]).status
    done = send("POST", f"{OBJECT}/finish-upload/a%2Fb", finish(begun))
    found = send("PUT", f"{OBJECT}/start-download/a/b", {"acceptDownloadMethods": {"getUrl": True}}).json

    assert {name: begun[name] for name in ("projectId", "uploadId", "expires")}.items() <= answer.json.items()
    assert {"Content-Type": "text/x", "Content-Length": "10", "Content-Encoding": "identity"} == put["headers"]
    assert (200, {}) == (done.status, done.json)
    assert ("getUrl", HASHES) == (found["method"], found["hashes"])
    assert moment("50 seconds") < found["expires"] < moment("70 seconds")
    assert DATA == fetch(found["url"]).body
    shown = send("GET", f"{OBJECT}/metadata/a/b").json
    assert {"projectId": "p", "expires": begun["expires"][:23] + "Z", "hashes": HASHES} == shown


def test_small_ones_go_with_the_request(send: Send) -> None:
    """
    Inline is preferred where both are proposed; what is no base64 is passed over; nothing proposed is no method.
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
def test_inline_has_a_limit(send: Send, length: int, status: int) -> None:
    """
    On the base64, not on the bytes.
    """
    proposed = {"dataInline": {"contentType": "text/x", "objectData": "a" * length}}

    assert status == send("PUT", f"{OBJECT}/upload/x", upload(proposedUploadMethods=proposed)).status


def test_a_name_with_a_raw_slash_cannot_be_uploaded(send: Send) -> None:
    """
    404 without a code; downloads take one.
    """
    reply = send("PUT", f"{OBJECT}/upload/a/b", upload())

    assert (404, {"error": "Not found"}) == (reply.status, reply.json)
    assert "ResourceNotFound" == send("GET", f"{OBJECT}/metadata/a/b").code
    assert "InvalidRequestArguments" == send("GET", f"{OBJECT}/metadata/%C3%BC").code


def test_an_upload_is_begun_again_only_as_it_was(send: Send) -> None:
    """
    The same: no error, and a new URL. Another project, expiry or uploadId: 409.
    """
    begun = upload()
    assert 200 == send("PUT", f"{OBJECT}/upload/x", begun).status
    assert 200 == send("PUT", f"{OBJECT}/upload/x", {**begun, "proposedUploadMethods": INLINE}).status

    for change in ({"projectId": "q"}, {"uploadId": taskcluster.slugId()}, {"expires": moment("3 days")}):
        reply = send("PUT", f"{OBJECT}/upload/x", {**begun, **change})
        assert (409, "RequestConflict", "Object already exists") == (reply.status, reply.code, reply.message)
    assert 409 == send("PUT", f"{OBJECT}/upload/another", begun).status
    send("POST", f"{OBJECT}/finish-upload/x", finish(begun))
    assert 409 == send("PUT", f"{OBJECT}/upload/x", begun).status
    assert 200 == send("PUT", f"{OBJECT}/upload/another", begun).status


def test_hashes_are_given_once(send: Send) -> None:
    """
    Early or late, any algorithm; another value for one that is known is 409.
    """
    begun = upload(hashes={"sha256": HASHES["sha256"], "crc": "1"})
    assert 200 == send("PUT", f"{OBJECT}/upload/x", begun).status
    other = {"sha256": "0" * 64}

    assert 409 == send("PUT", f"{OBJECT}/upload/x", {**begun, "hashes": other}).status
    assert 409 == send("POST", f"{OBJECT}/finish-upload/x", finish(begun, hashes=other)).status
    assert 200 == send("POST", f"{OBJECT}/finish-upload/x", finish(begun)).status
    assert {**HASHES, "crc": "1"} == send("GET", f"{OBJECT}/metadata/x").json["hashes"]


@pytest.mark.parametrize(
    ("changes", "status", "says"),
    [
        pytest.param({}, 200, "", id="the same"),
        pytest.param({"hashes": {"sha256": HASHES["sha256"]}}, 200, "", id="fewer hashes"),
        pytest.param({"uploadId": "AAAAAAAAQAqAAAAAAAAAAA"}, 200, "", id="another upload"),
        pytest.param({"hashes": {"sha256": "0" * 64}}, 409, "with a different hash for algorithm sha256", id="differs"),
        pytest.param({"hashes": {"md5": "0"}}, 409, "but without hash algorithm md5", id="more hashes"),
        pytest.param({"projectId": "q"}, 400, "does not have projectId q", id="another project"),
    ],
)
def test_finishing_again(send: Send, finished: dict[str, Any], changes: dict[str, Any], status: int, says: str) -> None:
    """
    No error if it says nothing new.
    """
    reply = send("POST", f"{OBJECT}/finish-upload/x", finish(finished, **changes))

    assert status == reply.status
    assert says in reply.text


def test_an_upload_is_finished_by_whoever_began_it(send: Send) -> None:
    """
    Another uploadId is 409, an unknown name 404; the bytes are not looked at.
    """
    begun = upload()
    send("PUT", f"{OBJECT}/upload/x", begun)

    assert 409 == send("POST", f"{OBJECT}/finish-upload/x", finish(begun, uploadId=taskcluster.slugId())).status
    assert 404 == send("POST", f"{OBJECT}/finish-upload/y", finish(begun)).status
    assert 200 == send("POST", f"{OBJECT}/finish-upload/x", finish(begun)).status
    found = send("PUT", f"{OBJECT}/start-download/x", {"acceptDownloadMethods": {"getUrl": True}}).json
    assert (404, "NoSuchKey") == ((got := fetch(found["url"])).status, got.code)


def test_a_download_needs_a_method(send: Send, finished: dict[str, Any]) -> None:
    """
    406 where none is acceptable; one that nobody knows is not valid.
    """
    assert finished
    none = send("PUT", f"{OBJECT}/start-download/x", {"acceptDownloadMethods": {}})

    assert (406, "NoMatchingMethod") == (none.status, none.code)
    assert "Object supports methods simple, getUrl" == none.message
    odd = send("PUT", f"{OBJECT}/start-download/x", {"acceptDownloadMethods": {"HTTP:GET": True}})
    assert "InputValidationError" == odd.code


def test_a_browser_is_led_to_the_bytes(send: Send, finished: dict[str, Any]) -> None:
    """
    303 with text, to a URL that works for a while.
    """
    assert finished
    reply = send("GET", f"{OBJECT}/download/x")

    assert 303 == reply.status
    assert reply.text.startswith("See Other")
    assert DATA == fetch(reply.headers["location"]).body
    assert 404 == send("GET", f"{OBJECT}/download/y").status


def test_needs_scopes(send: Send, finished: dict[str, Any]) -> None:
    """
    403 without them, and before anything is looked up.
    """
    assert finished
    for verb, target, payload in (
        ("PUT", "upload/x", upload()),
        ("POST", "finish-upload/x", finish(upload())),
        ("PUT", "start-download/none", {"acceptDownloadMethods": {}}),
        ("GET", "metadata/none", None),
        ("GET", "download/none", None),
    ):
        assert "InsufficientScopes" == send(verb, f"{OBJECT}/{target}", payload, signed=False).code


def test_a_content_type_that_is_none_fails(send: Send) -> None:
    """
    The service trips over it, and the upload is begun nevertheless.
    """
    begun = upload(proposedUploadMethods={"putUrl": {"contentType": "nonsense", "contentLength": 1}})

    assert 500 == send("PUT", f"{OBJECT}/upload/x", begun).status
    assert 409 == send("PUT", f"{OBJECT}/upload/x", upload()).status


def test_objects_expire(send: Send, sign: Signs, sandbox: RunningSandbox, finished: dict[str, Any]) -> None:
    """
    An hour after their time, and unfinished ones after a day; the name and the uploadId are free again.
    """
    unfinished = upload(expires=moment("3 days"))
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
    assert 200 == later("PUT", f"{OBJECT}/upload/x", {**finished, "expires": moment("9 days")})


def test_an_object_may_have_expired_when_it_is_made(send: Send) -> None:
    """
    Nobody minds, for a while.
    """
    begun = upload(expires=moment("-10 minutes"), proposedUploadMethods=INLINE, hashes=HASHES)

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
    about = {"projectId": "p", "contentType": "text/x", "contentLength": size, "expires": moment("1 hour")}
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
def test_the_service_can_lie_about_hashes(sandbox: RunningSandbox, finished: dict[str, Any], lie: str) -> None:
    """
    The official client notices; the metadata still say the truth.
    """
    assert finished
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


def test_objects_outlive_the_process(tmp_path: Path) -> None:
    """
    With a folder, bytes and metadata are there for the next sandbox; URLs are not, since its port is another.
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
