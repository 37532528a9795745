"""
No secret is printed, wherever it stands and whatever goes wrong: marked secrets, and servers that repeat what they got.

``TC_FUZZ_COUNT=20000 pytest tests/cli/test_no_secret.py`` is a long run; ``TC_FUZZ_SEED`` repeats a failed one.
"""

from __future__ import annotations

import html
import json
import os
import random
import re
import sys
from io import BytesIO, TextIOWrapper
from typing import TYPE_CHECKING, NamedTuple
from unittest import mock
from urllib.parse import quote, unquote

import pytest

from tccli.cli import app
from tccli.core.http.transport import HttpTransport
from tests.http_server import CREDENTIALS, DROPPED, Received, Response, response
from tests.seeds import read_seed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.http_server import ScriptedServer

COUNT = int(os.environ.get("TC_FUZZ_COUNT", "400"))
TASK = "fN1SbArXTPSVFNUvaOlinQ"
EXPIRES = "2099-01-01T00:00:00.000Z"
MARK = re.compile(r"S3CR3T|T3RC3S|M1DDL3")
ALPHABET = "ABCxyz0189_-.~"
OPTIONS: list[list[str]] = [[], ["-v"], ["-vv"], ["--error-format", "json"], ["--error-format", "json", "-vv"]]


class Case(NamedTuple):
    """
    A command line with secrets.

    Attributes:
        stdin: ``MARKED`` and ``SERVER`` stand for the secret and the address of the server, as in all other texts.
        env: Besides the credentials.
        files: Texts by name; ``FILE/name`` is such a file.
        dry: Whether the command has ``--dry-run``.
        artifact: What the queue responds with about an artifact.
    """

    argv: list[str]
    stdin: str = ""
    env: Mapping[str, str] = {}
    files: Mapping[str, str] = {}
    dry: bool = True
    artifact: str = ""


def certificate(seed: str) -> str:
    """
    Return a certificate that is valid for long.
    """
    return json.dumps(
        {"version": 1, "scopes": ["a"], "start": 0, "expiry": 4070908800000, "seed": seed, "signature": seed}
    )


PING = ["queue", "ping"]
MARKED_DOCUMENT = json.dumps({"secret": {"a": "MARKED", "b": ["MARKED"], "c": "x\nMARKED"}, "expires": EXPIRES})
SIGNATURES = ["X-Amz-Signature", "X-Goog-Signature", "sig", "Signature", "bewit", "access_token", "token", "Policy"]
ARTIFACTS = [
    json.dumps({"storageType": "s3", "url": f"http://SERVER/store/a b?x=1&{name}=MARKED"}) for name in SIGNATURES
]
FAILED_RUN = {"runId": 0, "state": "failed", "reasonResolved": "failed"}
FAILED_TASK = {
    "status": {"taskId": TASK, "state": "failed", "runs": [FAILED_RUN]},
    "task": {"metadata": {"name": "a"}},
}
# A group and the place of a log at once.
GROUP = json.dumps({"tasks": [FAILED_TASK], "storageType": "s3", "url": "http://SERVER/store/a?sig=MARKED"})
TASK_DOCUMENT = json.dumps(
    {
        "taskQueueId": "a/b",
        "created": EXPIRES,
        "deadline": EXPIRES,
        "metadata": {"name": "a", "description": "a", "owner": "a@example.com", "source": "https://example.com"},
        "payload": {"env": {"GITHUB_TOKEN": "MARKED", "AWS_SECRET_ACCESS_KEY": "MARKED", "NPM_PASS": "MARKED"}},
    }
)
CASES = [
    Case(["secrets", "set", "a"], MARKED_DOCUMENT),
    Case(["secrets", "set", "a", "--data", MARKED_DOCUMENT]),
    Case(["secrets", "set", "a", "--data", "@FILE/a.json"], files={"a.json": MARKED_DOCUMENT}),
    Case(
        ["secrets", "set", "a", "--data", "@FILE/a.yml"],
        files={"a.yml": f"secret: {{a: MARKED}}\nexpires: {EXPIRES}\n"},
    ),
    Case(["secrets", "set", "a", "--set", "secret.a=MARKED", "--set", f"expires={EXPIRES}"]),
    Case(["secrets", "set", "a", "--set", 'secret.a:=["MARKED"]', "--set", f"expires={EXPIRES}"]),
    # Payloads that are not accepted.
    Case(["secrets", "set", "a"], '{"secret": "MARKED"}'),
    Case(["secrets", "set", "a"], '{"secret": {"a": "MARKED"}, "expires": "MARKED"'),
    Case(["secrets", "set", "a"], '{"secret": {"a": "MARKED", "a": "MARKED"}}'),
    Case(["secrets", "set", "a"], '{"secret": ["MARKED"], "expires": 5}'),
    Case(["secrets", "set", "a"], '{"secret": {"a": MARKED}}'),
    Case(["secrets", "set", "a", "--data-format", "yaml"], "secret: &a {b: MARKED}\nc: *d\n"),
    Case(["secrets", "set", "a", "--data-format", "yaml"], "secret: {b: 'MARKED\n"),
    Case(["secrets", "set", "a", "--data-format", "yaml"], "secret: MARKED: MARKED\n"),
    Case(["secrets", "set", "a", "--set", "secret=MARKED", "--set", "secret.b=c", "--set", f"expires={EXPIRES}"]),
    Case(["secrets", "set", "a", "--set", "secret:=MARKED"]),
    Case(["secrets", "set", "a", "--set", "secret.a:={MARKED"]),
    Case(["secrets", "set", "a", "--set", "secret[5]=MARKED"], '{"secret": ["MARKED"]}'),
    Case(["validate", "secrets", "set"], '{"secret": "MARKED"}', dry=False),
    # Other methods with secrets.
    Case(["queue", "createTask", TASK, "--no-validate"], TASK_DOCUMENT),
    Case(["queue", "createTask", TASK], TASK_DOCUMENT.replace("taskQueueId", "taskQueue")),
    Case(["hooks", "triggerHookWithToken", "a", "b/c", "MARKED", "--data", "{}"]),
    Case(["hooks", "triggerHookWithToken", "a", "b", "MARKED%/MARKED", "--data", "{}"]),
    Case(["hooks", "triggerHook", "a", "b", "--data", '{"auth": {"password": "MARKED"}, "apiKey": "MARKED"}']),
    Case(
        ["worker-manager", "registerWorker", "--no-validate"],
        '{"workerIdentityProof": {"document": "MARKED", "signature": "MARKED", "staticSecret": "MARKED"}}',
    ),
    Case(["worker-manager", "reregisterWorker", "--no-validate", "--data", '{"secret": "MARKED"}']),
    Case(["worker-manager", "createWorker", "a/b", "c", "d", "--no-validate"], '{"staticSecret": "MARKED"}'),
    Case(["notify", "slack", "--no-validate", "--data", '{"text": "https://u:MARKED@example.com/?token=MARKED"}']),
    # Credentials and proxies.
    Case(PING, env={"TASKCLUSTER_ACCESS_TOKEN": "MARKED"}),
    Case(PING, env={"TASKCLUSTER_ACCESS_TOKEN": "MARKED\n"}),
    Case(PING, env={"TASKCLUSTER_ACCESS_TOKEN": "MARKED\u20ac"}),
    Case(PING, env={"TASKCLUSTER_ACCESS_TOKEN": "MARKED", "TASKCLUSTER_CLIENT_ID": ""}),
    Case(PING, env={"TASKCLUSTER_ACCESS_TOKEN": "MARKED", "TASKCLUSTER_CERTIFICATE": certificate("MARKED")}),
    Case(PING, env={"TASKCLUSTER_CERTIFICATE": "MARKED"}),
    Case(PING, env={"TASKCLUSTER_CERTIFICATE": certificate("MARKED")[:-1]}),
    Case(PING, env={"TASKCLUSTER_CERTIFICATE": '{"seed": "MARKED", "signature": "MARKED"}'}),
    Case(["signed-url", "queue", "ping"], env={"TASKCLUSTER_CERTIFICATE": '{"seed": "MARKED"}'}, dry=False),
    Case(["whoami"], env={"TASKCLUSTER_CERTIFICATE": certificate("MARKED")}, dry=False),
    Case(["signin", "--check"], env={"TASKCLUSTER_ACCESS_TOKEN": "MARKED"}, dry=False),
    Case(["signin", "--check"], env={"TASKCLUSTER_CERTIFICATE": certificate("MARKED")[:-1]}, dry=False),
    Case(["signout", "--delete"], env={"TASKCLUSTER_ACCESS_TOKEN": "MARKED"}, dry=False),
    Case(["signout"], env={"TASKCLUSTER_ACCESS_TOKEN": "MARKED"}, dry=False),
    Case(
        ["signout", "a", "--delete"],
        files={"tc/profiles.toml": '[a]\naccessToken = "MARKED"\nclientId = "a"\nrootUrl = "http://SERVER"'},
        dry=False,
    ),
    Case(["signin", "--save", "a"], files={"tc/profiles.toml": "[a]\naccessToken = MARKED"}, dry=False),
    Case(
        ["whoami"],
        files={"tc/profiles.toml": '[default]\naccessToken = "MARKED"\nrootUrl = "http://SERVER"'},
        dry=False,
    ),
    Case(["whoami"], files={"tc/profiles.toml": '[default]\naccessToken = "MARKED\n"'}, dry=False),
    Case(["whoami", "--profile", "a"], files={"tc/profiles.toml": "[a]\naccessToken = MARKED"}, dry=False),
    Case(["whoami"], files={"taskcluster.yml": "config: {accessToken: MARKED, clientId: [MARKED"}, dry=False),
    Case(["whoami"], files={"taskcluster.yml": "config: {accessToken: [MARKED], clientId: a}"}, dry=False),
    Case(PING, env={"TASKCLUSTER_ROOT_URL": "http://u:MARKED@SERVER"}),
    Case(PING, env={"TASKCLUSTER_ROOT_URL": "u:MARKED@SERVER"}),
    Case(PING, env={"TASKCLUSTER_ROOT_URL": "ftp://u:MARKED@SERVER"}),
    Case(PING, env={"TASKCLUSTER_ROOT_URL": "http://SERVER/?token=MARKED"}),
    Case([*PING, "--root-url", "http://u:SEC/RETMARKED@SERVER:x"]),
    Case([*PING, "--proxy"], env={"TASKCLUSTER_PROXY_URL": "http://u:MARKED@SERVER"}),
    Case(PING, env={"http_proxy": "http://u:MARKED@SERVER", "TASKCLUSTER_ROOT_URL": "http://tc.example.com"}),
    Case(PING, env={"https_proxy": "http://u:MARKED@SERVER", "TASKCLUSTER_ROOT_URL": "https://tc.example.com"}),
    Case(PING, env={"https_proxy": "http://MARKED@SERVER", "TASKCLUSTER_ROOT_URL": "https://tc.example.com"}),
    Case(PING, env={"https_proxy": "u:MARKED@SERVER", "TASKCLUSTER_ROOT_URL": "https://tc.example.com"}),
    Case(PING, env={"ALL_PROXY": "socks5h://u:MARKED@SERVER", "TASKCLUSTER_ROOT_URL": "https://tc.example.com"}),
    Case(PING, env={"ALL_PROXY": "gopher://u:MARKED@SERVER", "TASKCLUSTER_ROOT_URL": "https://tc.example.com"}),
    Case(PING, env={"https_proxy": "http://u:MARKED@[::1", "TASKCLUSTER_ROOT_URL": "https://tc.example.com"}),
    Case(PING, env={"https_proxy": "http://u:MARKED@SERVER:x", "TASKCLUSTER_ROOT_URL": "https://tc.example.com"}),
    # Profiles.
    *(
        case._replace(dry=False)
        for case in (
            Case(
                ["profile", "show", "a"],
                files={"tc/profiles.toml": '[a]\naccessToken = "MARKED"\ncertificate = "MARKED"'},
                dry=False,
            ),
            Case(["profile", "show", "a"], files={"tc/profiles.toml": '[a]\naccessToken = "MARKED'}),
            Case(["profile", "show", "a"], files={"tc/profiles.toml": '[a]\naccessTokn = "MARKED"'}),
            Case(
                ["profile", "show", "a"],
                files={"tc/profiles.toml": '[a.certificate]\nseed = "MARKED"\nsignature = "MARKED"'},
                dry=False,
            ),
            Case(["profile", "list"], files={"tc/profiles.toml": '[a]\naccessToken = "MARKED"'}),
            Case(["profile", "list"], files={"tc/profiles.toml": 'accessToken = "MARKED"'}),
            Case(["profile", "set", "a", "accessToken"], "MARKED", files={"tc/profiles.toml": ""}),
            Case(["profile", "set", "a", "accessToken"], "MARKED MARKED", files={"tc/profiles.toml": ""}),
            Case(["profile", "set", "a", "accessToken", "MARKED"], files={"tc/profiles.toml": ""}),
            Case(["profile", "set", "a", "clientId=a", "accessToken=MARKED"], files={"tc/profiles.toml": ""}),
            Case(["profile", "set", "a", "certificate"], '{"seed": "MARKED"', files={"tc/profiles.toml": ""}),
            Case(
                ["profile", "unset", "a", "accessToken"],
                files={"tc/profiles.toml": '[a]\naccessToken = "MARKED"'},
                dry=False,
            ),
            Case(["profile", "remove", "a"], files={"tc/profiles.toml": '[a]\naccessToken = "MARKED"'}),
            Case(
                ["profile", "edit"],
                env={"EDITOR": "true"},
                files={"tc/profiles.toml": '[a]\naccessToken = ["MARKED"]'},
                dry=False,
            ),
            Case(
                ["secrets", "list", "--profile", "a"],
                files={"tc/profiles.toml": '[a]\nrootUrl = "http://SERVER"\ncredential_command = ["echo", "MARKED"]'},
            ),
            Case(
                ["secrets", "list", "--profile", "a"],
                files={
                    "tc/profiles.toml": '[a]\nrootUrl = "http://SERVER"\n'
                    """credential_command = ["echo", '{"clientId": "a", "accessToken": "MARKED"}']"""
                },
            ),
        )
    ),
    # Documents elsewhere.
    Case(["validate-json", "http://u:MARKED@SERVER/a", "-"], "{}", dry=False),
    Case(["validate-json", "http://SERVER/a?bewit=MARKED", "-"], "{}", dry=False),
    Case(["validate-json", "http://SERVER/a?X-Amz-Signature=MARKED#/b", "-"], "{}", dry=False),
    Case([*PING, "--reference", "http://u:MARKED@SERVER/a"]),
    Case([*PING, "--reference", "http://SERVER/a?sig=MARKED"]),
    Case([*PING, "--reference", "https://SERVER:x/a?sig=MARKED"]),
    # Fake responses.
    Case([*PING, "--fake", "FILE/a.json"], files={"a.json": '{"queue.pong": {"accessToken": "MARKED"}}'}),
    Case([*PING, "--fake", "FILE/a.json"], files={"a.json": '{"queue.ping": {"accessToken": "MARKED"'}),
    Case(
        [*PING, "--fake", "FILE/a.json"],
        files={"a.json": '{"queue.ping": {"status": 500, "body": {"token": "MARKED"}}}'},
    ),
    # Transfers.
    *(Case(["download-artifact", TASK, "a", "-o", "FILE/x"], artifact=each, dry=False) for each in ARTIFACTS),
    Case(["group", "failures", TASK], artifact=GROUP, dry=False),
    Case(["group", "rerun", TASK, "-f", "--log-match", "a"], artifact=GROUP, dry=False),
    Case(["group", "download", TASK, "**", "-o", "FILE/x"], artifact=GROUP, dry=False),
    *(
        Case(words, artifact=GROUP, dry=False)
        for words in (
            ["task", "why", TASK],
            ["task", "list", "a/b"],
            ["task", "prioritize", TASK, "low"],
            ["group", "watch", TASK, "--timeout", "0s"],
            ["group", "artifacts", TASK, "**"],
            ["group", "logs", TASK],
            ["open", TASK, "a"],
            ["url", "artifact", TASK, "a"],
            ["signed-url", "artifact", TASK, "0", "a"],
            ["download", "artifact", f"{TASK}:a", "a", "FILE/x"],
            ["download", "artifact", TASK, "a", "FILE/x", "--max-age", "1d"],
            ["whoami", "--check", "a"],
            ["whoami", "--all"],
        )
    ),
    Case(["task", "retrigger", TASK, "--env", "GITHUB_TOKEN=MARKED"], artifact=TASK_DOCUMENT, dry=False),
    Case(["task", "retrigger", TASK, "--set", "payload.password=MARKED"], artifact=TASK_DOCUMENT, dry=False),
    Case(["task", "run", "--queue", "a/b", "-e", "GITHUB_TOKEN=MARKED", "image", "true"], dry=False),
    Case(["queue", "latestArtifact", TASK, "a", "--jq", ".url.x"], artifact=ARTIFACTS[0], dry=False),
    Case(["secrets", "get", "a", "--jq", ".secret.a|tonumber"], artifact=MARKED_DOCUMENT, dry=False),
    Case(["secrets", "get", "a", "--jq", ".secret|keys|.[0]|.x"], artifact=MARKED_DOCUMENT, dry=False),
    Case(["secrets", "get", "a"], artifact=MARKED_DOCUMENT[:60], dry=False),
    Case(["secrets", "get", "a"], artifact=f"[{MARKED_DOCUMENT}]", dry=False),
    Case(["secrets", "get", "a", "--paginate"], artifact=f"[{MARKED_DOCUMENT}]", dry=False),
    *(
        Case(["exec", *words, "--", "true"], artifact=MARKED_DOCUMENT, dry=False)
        for words in (
            ["--secret", "a:a"],
            ["--secret", "a:c.d=A"],
            ["--secret", "a:b[3]=A"],
            ["--secret", "a:a=A", "--secret", "a:b=A"],
            ["--secret", "a=A"],
            ["--secret-file", "a:a=FILE/x"],
            ["--secret-file", "a:a=FILE/x", "--secret-file", "a:b=FILE/x/y"],
            ["--temp-scope", "b"],
        )
    ),
    Case(["exec", "--secret", "a:a", "--", "no-such-command"], artifact=MARKED_DOCUMENT, dry=False),
    Case(["exec", "--secret", "a", "--", "true"], artifact=MARKED_DOCUMENT.replace('"a"', '"a-b"'), dry=False),
    Case(
        ["exec", "--secret", "a:a", "--", "true"],
        artifact=MARKED_DOCUMENT.replace("MARKED", "MARKED\\u0000"),
        dry=False,
    ),
    Case(["auth", "resetAccessToken", "a"], artifact='{"accessToken": "MARKED', dry=False),
    Case(["queue", "claimWork", "a/b", "--data", '{"workerGroup":"a","workerId":"b"}'])._replace(
        artifact='[{"credentials": {"accessToken": "MARKED", "certificate": "{\\"seed\\": \\"MARKED\\"}"}}', dry=False
    ),
    Case(["upload-artifact", TASK, "0", "a", "FILE/x", "--storage", "s3"])._replace(
        files={"x": "a"},
        dry=False,
        artifact=json.dumps({"storageType": "s3", "expires": EXPIRES, "putUrl": "http://SERVER/a b?sig=MARKED"}),
    ),
]


def repeat(received: Received) -> str:
    """
    Return what a server may tell of a request.
    """
    headers = "\n".join(f"{name}: {value}" for name, value in received.headers.items())
    return f"{received.verb} {received.target}\n{headers}\n\n{received.body.decode('utf-8', 'replace')}"


def in_document(code: str, text: str, received: Received) -> bytes:
    """
    Return an error as the services make them, with the request.
    """
    try:
        payload = json.loads(received.body or b"null")
    except ValueError:
        payload = None
    params = {"token": unquote(received.target.rpartition("/")[2])}
    document = {
        "code": code,
        "message": f"It failed:\n{text}\n---\n\n* method:     a\n* params:     {json.dumps(params)}\n{text}",
        "requestInfo": {"method": "a", "params": params, "payload": payload, "url": received.target},
        "error": {"echo": text},
    }
    return json.dumps(document).encode()


FORMS: list[Callable[[str, Received], tuple[bytes, str]]] = [
    lambda text, received: (in_document("InputError", text, received), "application/json"),
    lambda text, received: (in_document(text[:300], text[::1], received), "application/json"),
    lambda text, _: (json.dumps({"error": text}).encode(), "application/json"),
    lambda text, _: (json.dumps({"message": quote(text)}).encode(), "application/json"),
    lambda text, _: (json.dumps({"message": json.dumps({"request": text})}).encode(), "application/json"),
    lambda text, _: (f"<html><h1>Error</h1><p>{html.escape(text)}</p>".encode(), "text/html"),
    lambda text, _: (f"bad gateway: {text}".encode(), "text/plain"),
    lambda text, _: (text.encode("utf-16"), "application/octet-stream"),
]
STATUSES = [200, 301, 303, 400, 401, 403, 404, 407, 409, 410, 424, 429, 500, 502]


def draw_script(draw: random.Random, artifact: str) -> Callable[[Received], Response]:
    """
    Return what the server does: it fails, and repeats the request in some form.
    """
    status, form, drops = draw.choice(STATUSES), draw.choice(FORMS), draw.random() < 0.1

    def respond(received: Received) -> Response:
        if artifact and "/api/" in received.target:
            return response(200, artifact.encode(), Content_Type="application/json")
        if drops:
            return DROPPED
        body, kind = form(repeat(received), received)
        headers = {"Content_Type": kind, "Set_Cookie": f"session=S3CR3T{received.verb}", "X_Auth_Token": "S3CR3T"}
        if 300 <= status < 400:
            headers["Location"] = f"https://u:S3CR3T@example.com{received.target.replace(' ', '%20')}"
        return response(status, body, **headers)

    return respond


def run(argv: list[str], env: Mapping[str, str], stdin: str, streams: Path) -> tuple[object, str, str]:
    """
    Return the exit code and the text on stdout and stderr.
    """
    given = TextIOWrapper(BytesIO(stdin.encode()))
    with (
        (streams / "stdout").open("w", encoding="utf-8") as stdout,
        (streams / "stderr").open("w", encoding="utf-8") as stderr,
        mock.patch.multiple(sys, stdin=given, stdout=stdout, stderr=stderr),
        mock.patch.dict(os.environ, env, clear=True),
        pytest.raises(SystemExit) as caught,
    ):
        app.main(argv)
    texts = [(streams / name).read_bytes().decode("utf-8", "replace") for name in ("stdout", "stderr")]
    return caught.value.code, texts[0], texts[1]


def fail(_transport: HttpTransport, request: object) -> None:
    """
    Be a bug that shows everything.
    """
    raise ZeroDivisionError(repr(vars(request) if hasattr(request, "__dict__") else request))


def test_no_secret_is_printed(http_server: ScriptedServer, bare_environment: dict[str, str], tmp_path: Path) -> None:
    """
    Neither in the middle nor by its ends; only a result that is itself the secret has it.
    """
    seed = read_seed("TC_FUZZ_SEED")
    draw = random.Random(seed)
    address = http_server.url.removeprefix("http://")
    wrong = []
    for number in range(COUNT):
        case = CASES[number % len(CASES)] if number < 2 * len(CASES) else draw.choice(CASES)
        letters = "".join(draw.choices(ALPHABET, k=draw.choice([4, 30, 400])))
        secret = f"S3CR3T{letters}M1DDL3{letters}T3RC3S"
        is_dry = case.dry and draw.random() < 0.2
        is_bug = not is_dry and draw.random() < 0.15
        folder = tmp_path / f"run-{number}"

        def fill(text: str) -> str:
            text = text.replace("MARKED", secret).replace("FILE", str(folder))  # noqa: B023 - it is called at once
            return text.replace("SERVER", address)

        folder.mkdir()
        for name, text in case.files.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(fill(text), "utf-8")
        env = {**bare_environment, "XDG_CONFIG_HOME": str(folder), "TASKCLUSTER_ROOT_URL": http_server.url}
        env |= {} if "taskcluster.yml" in str(case.files) or "toml" in str(case.files) else CREDENTIALS
        env |= {name: fill(value) for name, value in case.env.items()}
        log = folder / "log"
        env["TC_LOG"] = str(log)
        argv = [fill(word) for word in case.argv]
        argv += [*draw.choice(OPTIONS), "--retries", "0", *(["--dry-run"] if is_dry else [])]
        http_server.respond_with(draw_script(draw, fill(case.artifact)))
        patch = mock.patch.object(HttpTransport, "send", fail) if is_bug else mock.patch.object(sys, "argv", ["tc"])
        with patch:
            code, stdout, stderr = run(argv, env, fill(case.stdin), folder)
        printed = stderr + (stdout if is_dry or (code and "--paginate" not in argv) else "")
        printed += log.read_text("utf-8") if log.exists() else ""
        if MARK.search(printed) or (code == 70) > is_bug:
            found = [line for line in printed.splitlines() if MARK.search(line)] or [printed]
            wrong.append(f"{number} {case.argv} {argv[len(case.argv) :]} {case.env}: {code}\n  {found[0][:400]!r}")

    assert not wrong, f"TC_FUZZ_SEED={seed}\n" + "\n".join(wrong[:40])
