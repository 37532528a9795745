"""
Artifacts of all storage types.
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tccli.core.account import Account
from tccli.core.artifacts.creation import create_artifact, upload_artifact
from tccli.core.artifacts.sources import ArtifactSource, fetch_task_expiry, list_artifacts, with_credentials
from tccli.core.http.deadline import Cancellation
from tccli.core.http.retry import RetryPolicy
from tccli.core.transfer.download import download_to_stream
from tccli.core.transfer.options import DownloadOptions
from tccli.core.transfer.upload import Upload
from tccli.errors import (
    BrokenAnswerError,
    ConfigurationError,
    NegativeAnswerError,
    NoAnswerError,
    NotFoundError,
    RejectedError,
)
from tests.http_server import Received, Response, json_response, response
from tests.ids import TASK_ID
from tests.transfer_env import QUICK, TransferEnv, later, random_bytes, remote_file, transfer_context

if TYPE_CHECKING:
    from tests.http_server import ScriptedServer

DATA = random_bytes(1 << 20)
MIB = len(DATA)
STORAGES = pytest.mark.parametrize("storage", ["s3", "object"])


def send(
    transfer_env: TransferEnv, task_id: str, data: bytes, storage: str, policy: RetryPolicy = QUICK
) -> dict[str, str]:
    """
    Upload bytes as ``public/a``.
    """
    upload = Upload(io.BytesIO(data), len(data), "text/x")
    artifact = (task_id, "0", "public/a")
    content = {"storageType": storage, "contentType": "text/x", "expires": later(hours=1)}
    return upload_artifact(transfer_env.client, transfer_context(policy), artifact, upload, content)


def download(
    transfer_env: TransferEnv, task_id: str, run_id: str | None = None, name: str = "public/a"
) -> tuple[bytes, Any]:
    """
    Download an artifact; return its bytes and what was verified.
    """
    out = io.BytesIO()
    result = download_to_stream(
        remote_file(ArtifactSource(transfer_env.client, task_id, run_id, name)), out, DownloadOptions()
    )
    return out.getvalue(), result.verified


@STORAGES
@pytest.mark.parametrize("size", [0, 1, 8191, 8192, len(DATA)])
def test_upload_and_download(transfer_env: TransferEnv, storage: str, size: int) -> None:
    """
    From the latest run, and from a given run.
    """
    task_id, data = transfer_env.task(), DATA[:size]
    digests = send(transfer_env, task_id, data, storage)
    verified = ("length", "sha256", "sha512") if storage == "object" else ("length",)

    assert (data, verified) == download(transfer_env, task_id) == download(transfer_env, task_id, "0")
    expected = {name: hashlib.new(name, data).hexdigest() for name in ("sha256", "sha512")}
    assert digests == (expected if storage == "object" else {})
    listed = next(iter(list_artifacts(transfer_env.client, task_id, None)))
    assert ("public/a", storage, "text/x") == tuple(listed[key] for key in ("name", "storageType", "contentType"))


@STORAGES
def test_transient_failures(transfer_env: TransferEnv, storage: str) -> None:
    """
    503 and dropped connections are retried.
    """
    task_id = transfer_env.task()
    for fault in ("status=503", "drop=0", "drop=500k"):
        transfer_env.sandbox.storage.faults.add(f"{fault},verb=put,times=1")
    send(transfer_env, task_id, DATA, storage)

    assert DATA == download(transfer_env, task_id)[0]


@STORAGES
@pytest.mark.parametrize("point", [0, 1, 100_000, MIB - 1])
def test_failed_upload(transfer_env: TransferEnv, storage: str, point: int) -> None:
    """
    The artifact exists, but has no bytes to download.
    """
    task_id = transfer_env.task()
    transfer_env.sandbox.storage.faults.add(f"drop={point},verb=put")
    with pytest.raises(NoAnswerError):
        send(transfer_env, task_id, DATA, storage, RetryPolicy(retries=0))
    with pytest.raises(NotFoundError):
        download(transfer_env, task_id)


def test_expired_url_is_renewed(transfer_env: TransferEnv, http_server: ScriptedServer) -> None:
    """
    The same artifact is created again, which is not an error.
    """
    calls = 0

    def respond(received: Received) -> Response:
        nonlocal calls
        if received.target == "/put":
            return response(200)
        calls += 1
        expires = "2001-01-01T00:00:00.000Z" if calls == 1 else "2999-01-01T00:00:00.000Z"
        return json_response(
            {"storageType": "s3", "putUrl": f"{http_server.url}/put", "expires": expires, "contentType": "text/x"}
        )

    http_server.respond_with(respond)
    elsewhere = replace(transfer_env.client, account=replace(transfer_env.client.account, root_url=http_server.url))
    send(replace(transfer_env, client=elsewhere), TASK_ID, DATA, "s3")

    assert ["POST", "POST", "PUT"] == [request.verb for request in http_server.requests]
    assert http_server.requests[0].body == http_server.requests[1].body
    assert {"content-type": "text/x", "content-length": str(MIB)} == {
        name: value for name, value in http_server.requests[2].headers.items() if name != "host"
    }


def test_links_are_followed(transfer_env: TransferEnv) -> None:
    """
    The service resolves them.
    """
    task_id = transfer_env.task()
    transfer_env.artifact(task_id, "public/real", DATA)
    content = {"storageType": "link", "artifact": "public/real", "expires": later(hours=1)}
    create_artifact(transfer_env.client, (task_id, "0", "public/a"), content)

    assert DATA == download(transfer_env, task_id)[0]


def test_references(transfer_env: TransferEnv, http_server: ScriptedServer) -> None:
    """
    Another host gets no headers of ours. Redirects are followed, and references can be rejected.
    """
    task_id = transfer_env.task()
    http_server.respond_with(response(302, Location="/there"), response(200, b"text"))
    transfer_env.create(task_id, "public/a", storageType="reference", url=f"{http_server.url}/x")

    assert b"text" == download(transfer_env, task_id)[0]
    for request in http_server.requests:
        assert {"host", "accept", "accept-encoding", "user-agent"} == set(request.headers)
    with pytest.raises(NegativeAnswerError, match="--managed-only"):
        ArtifactSource(transfer_env.client, task_id, None, "public/a", managed_only=True).locate(Cancellation())


def test_error_artifacts(transfer_env: TransferEnv) -> None:
    """
    The error has the reason that the task gave.
    """
    task_id = transfer_env.task()
    transfer_env.create(task_id, "public/a", storageType="error", reason="too-large-file-on-worker", message="50 GB")
    with pytest.raises(NotFoundError, match="too-large-file-on-worker: 50 GB"):
        download(transfer_env, task_id)


def test_missing_artifacts(transfer_env: TransferEnv) -> None:
    """
    The error is the service's: no such artifact, task or run.
    """
    task_id, waiting = transfer_env.task(), transfer_env.task(claimed=False)
    for args, says in (
        ((task_id, None), "Artifact not found"),
        ((task_id, "0"), "Artifact not found"),
        ((waiting, None), "Task doesn't have any runs"),
        ((TASK_ID, None), ""),
    ):
        with pytest.raises((NotFoundError, RejectedError), match=says or "4"):
            download(transfer_env, *args)


def test_unknown_storage_type(transfer_env: TransferEnv, http_server: ScriptedServer) -> None:
    """
    The error names it.
    """
    http_server.respond_with(json_response({"storageType": "papyrus", "url": "http://x/"}))
    elsewhere = replace(transfer_env.client, account=replace(transfer_env.client.account, root_url=http_server.url))
    with pytest.raises(BrokenAnswerError, match="'papyrus'"):
        ArtifactSource(elsewhere, TASK_ID, None, "public/a").locate(Cancellation())


def test_all_pages_are_listed(transfer_env: TransferEnv) -> None:
    """
    Of the latest run, and of a given run.
    """
    task_id = transfer_env.task()
    names = [f"public/{number}" for number in range(5)]
    for name in names:
        transfer_env.create(task_id, name, storageType="reference", url="https://example.com/")

    assert names == [entry["name"] for entry in list_artifacts(transfer_env.client, task_id, None)]
    assert names == [entry["name"] for entry in list_artifacts(transfer_env.client, task_id, "0")]


def test_task_expiry(transfer_env: TransferEnv) -> None:
    """
    It is the task's.
    """
    assert later() < fetch_task_expiry(transfer_env.client, transfer_env.task()) < later(days=2)


def test_temporary_credentials_are_not_for_the_proxy(transfer_env: TransferEnv) -> None:
    """
    The proxy would sign with the task's credentials instead.
    """
    certificate = {"version": 1, "seed": "s", "start": 1, "expiry": 2, "signature": "x", "scopes": []}
    client = replace(transfer_env.client, account=replace(transfer_env.client.account, proxy_url="http://proxy"))
    found = with_credentials(client, {"clientId": "c", "accessToken": "t", "certificate": json.dumps(certificate)})

    assert (None, transfer_env.client.account.root_url) == (found.account.proxy_url, found.account.root_url)
    assert found.account.credentials is not None
    assert ("c", "t", certificate) == (
        found.account.credentials.client_id,
        found.account.credentials.access_token,
        found.account.credentials.certificate,
    )


def test_temporary_credentials_need_a_root_url(transfer_env: TransferEnv) -> None:
    """
    In a task that knows only the proxy's URL, they are sent nowhere.
    """
    client = replace(transfer_env.client, account=Account("http://proxy", "http://proxy"))
    with pytest.raises(ConfigurationError, match="TASKCLUSTER_ROOT_URL"):
        with_credentials(client, {"clientId": "c", "accessToken": "t"})
