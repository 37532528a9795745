"""
Any response to a transfer: mutated documents of the queue and the object service, and odd responses of the storage.

``TC_FUZZ_COUNT`` and ``TC_FUZZ_SEED`` are those of `tests.cli.test_any_response`.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.test_any_response import BODIES, COUNT, mutate, run_on_terminal
from tests.http_server import Received, Response, json_response, response
from tests.seeds import read_seed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.http_server import ScriptedServer

TASK = "fN1SbArXTPSVFNUvaOlinQ"
DATA = b"some bytes\n" * 100
FAR = "2999-01-01T00:00:00.000Z"
CERTIFICATE = {"version": 1, "scopes": [], "start": 1, "expiry": 2**42, "seed": "s" * 44, "signature": "x"}
COMMANDS = [
    ["download-artifact", TASK, "public/a", "out"],
    ["download-artifact", TASK, "0", "public/a", "-o", "-"],
    ["download-artifact", TASK, "public/*", "-o", "out"],
    ["download-artifact", TASK, "**", "--list"],
    ["download-artifact", "--index", "a.b", "public/a", "out"],
    ["download-object", "a/b", "out"],
    ["task", "log", TASK, "--no-follow"],
    ["task", "log", TASK, "--no-follow", "--tail", "3", "--own", "--timestamps"],
    ["task", "log", TASK, "--no-follow", "--grep", "b", "--exit-status", "-r", "0"],
    ["group", "logs", TASK, "--tail", "2"],
    ["upload-artifact", TASK, "0", "public/a", "in"],
    ["upload-artifact", TASK, "0", "public/a", "in", "--storage", "object"],
    ["upload-artifact", TASK, "0", "public/a", "--link", "public/b"],
    ["upload-object", "in", "a/b", "--project-id", "p"],
]
RUN = {"runId": 0, "state": "completed", "reasonResolved": "completed", "started": "2026-01-01T00:00:00.000Z"}
STATUS = {"taskId": TASK, "state": "completed", "runs": [RUN]}
DEFINITION = {"metadata": {"name": "a\x1b[2J"}, "payload": {"log": "public/a"}, "dependencies": []}
QUEUE_DOCUMENTS = {
    "/tasks/status": {"statuses": [{"taskId": TASK, "status": STATUS}]},
    "/status": {"status": STATUS},
    "/list": {"taskGroupId": TASK, "tasks": [{"status": STATUS, "task": DEFINITION}] * 2},
    "/tasks": {"tasks": [{"taskId": TASK, "task": DEFINITION}]},
}
URLS = [
    "",
    "/x",
    "ftp://a.example/b",
    "file:///etc/passwd",
    "http://[::1/",
    "http://127.0.0.1:99999/",
    "http://127.0.0.1:x/",
    "http://127.0.0.1:1/a b",
    "http://127.0.0.1:1/\x1b[2J\r\nA: b",
    "http://\u00fc.invalid/",
    f"http://{'a' * 64}.invalid/",
    "http:///",
    "http://:80/",
    "http://a\ud800.invalid/",
    "https://127.0.0.1:1/",
]
HEADERS = {
    "Content_Range": ["bytes 0-9/10", "bytes 5-4/3", f"bytes 0-{'9' * 5000}/{'9' * 5000}", "x", ""],
    "Content_Encoding": ["gzip", "br", "x", "gzip, gzip"],
    "Location": ["/", "http://[::1", "ftp://a/", "\x7f"],
    "ETag": ['"a"', "", 'W/"a"', "\xff"],
    "Retry_After": ["0", "x", "9" * 5000],
}


def good_document(draw: random.Random, url: str, received: Received) -> Any:
    """
    Return what a service responds to a request.
    """
    credentials = {"clientId": "a/b", "accessToken": "t", "certificate": json.dumps(CERTIFICATE)}
    reserved = {"name": "t/a", "projectId": "p", "uploadId": TASK, "expires": FAR, "credentials": credentials}
    target, hashes = received.target, {"sha256": hashlib.sha256(DATA).hexdigest()}
    if "/create-upload/" in target or "/upload/" in target:
        method = {"url": f"{url}/storage", "expires": FAR, "headers": {"Content-Type": "a/b", "X-A": "b"}}
        return {"projectId": "p", "uploadId": TASK, "expires": FAR, "uploadMethod": {"putUrl": method}}
    if "/start-download/" in target:
        return {"method": "getUrl", "url": f"{url}/storage", "expires": FAR, "hashes": hashes}
    if "/metadata/" in target:
        return {"projectId": "p", "expires": FAR, "hashes": hashes}
    if "/artifact-content/" in target:
        choices = [{"storageType": kind, "url": f"{url}/storage"} for kind in ("s3", "reference", "other")]
        objects = [{"storageType": "object", "name": "a", "credentials": credentials}] * 2
        return draw.choice([*choices, *objects, {"storageType": "error", "reason": "r", "message": "m\x1b[2J"}])
    if received.verb == "POST":
        if b'"object"' in received.body:
            return {"storageType": "object", **reserved}
        return {"storageType": "s3", "putUrl": f"{url}/storage", "expires": FAR, "contentType": "a/b"}
    if "/artifacts" in target:
        entry = {"storageType": "s3", "expires": FAR, "contentType": "a/b"}
        return {"artifacts": [{"name": f"public/{name}", **entry} for name in "ab"]}
    for end, document in QUEUE_DOCUMENTS.items():
        if target.endswith(end):
            return document
    return {"taskId": TASK, "expires": FAR, "url": f"{url}/storage", **DEFINITION}


def storage_response(draw: random.Random) -> Response:
    """
    Return a response of the storage: often right.
    """
    if draw.random() < 0.6:
        return response(200, DATA)
    headers = {name: draw.choice(values) for name, values in HEADERS.items() if draw.random() < 0.3}
    body = draw.choice([DATA, gzip.compress(DATA), *BODIES])
    status = draw.choice([200, 200, 204, 206, 206, 300, 302, 304, 400, 403, 404, 410, 416, 429, 500, 503])
    return response(status, b"" if status in {204, 304} else body, **headers)


def mutate_document(draw: random.Random, document: Any) -> Any:
    """
    Return a document with another value somewhere; URLs become other URLs.
    """
    found = [key for key in document if key in {"url", "putUrl"}] if isinstance(document, dict) else []
    if found and draw.random() < 0.4:
        return {**document, found[0]: draw.choice(URLS)}
    return mutate(draw, document)


@pytest.mark.parametrize("terminal", [False, True], ids=["no terminal", "terminal"])
def test_no_response_to_a_transfer_is_a_bug_of_ours(
    http_server: ScriptedServer,
    bare_environment: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    terminal: bool,
) -> None:
    """
    Exit code 0, 1 or 4 to 9, without a trace of control characters on stderr; 2 and 3 only for names of local files.
    """
    seed = read_seed("TC_FUZZ_SEED")
    draw = random.Random(seed)
    env = {
        **bare_environment,
        **http_server.env,
        "TERM": "xterm",
        "TC_PAGER": "cat -",
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }
    wrong = []
    for _ in range(COUNT // 4):
        here = tmp_path / "here"
        shutil.rmtree(here, ignore_errors=True)
        here.mkdir()
        (here / "in").write_bytes(DATA * draw.choice([1, 20]))
        monkeypatch.chdir(here)
        sent: list[str] = []

        def respond(received: Received, sent: list[str] = sent) -> Response:
            if received.target.startswith("/storage"):
                step = storage_response(draw)
            else:
                document = good_document(draw, http_server.url, received)
                if draw.random() < 0.3:
                    document = mutate_document(draw, document)
                step = json_response(document)
            sent.append(f"{received.verb} {received.target[:60]} {step.data[:300]!r}")
            return step

        http_server.respond_with(respond)
        argv = [
            "--retries",
            draw.choice(["0", "1"]),
            "--delay-factor",
            "0",
            "--max-delay",
            "0s",
            *draw.choice(COMMANDS),
        ]
        code, _ = run_on_terminal(argv, env, tmp_path / "stderr", terminal=terminal)
        shown = (tmp_path / "stderr").read_bytes().decode("utf-8", "surrogateescape")
        is_local = code in {2, 3} and ("cannot write" in shown or "cannot create" in shown)
        if code not in {0, 1, 4, 5, 6, 7, 8, 9} and not is_local:
            wrong.append(f"{' '.join(argv)}: {code} {shown[:300]!r} {sent}"[:2500])
        if not shown.replace("\n", "").isprintable():
            wrong.append(f"{' '.join(argv)}: {shown[:300]!r}")

    assert not wrong, f"TC_FUZZ_SEED={seed}\n" + "\n".join(wrong[:10])
