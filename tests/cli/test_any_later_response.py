"""
One wrong response in a sequence that works, for commands that send several requests: at each place, in every format.

``TC_FUZZ_COUNT`` and ``TC_FUZZ_SEED`` are those of `tests.cli.test_any_response`.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tccli.core.tasks.queue import LIFECYCLE
from tests.cli.test_any_response import (
    BODIES,
    CONTROL,
    COUNT,
    FORMATS,
    STATUSES,
    TYPES,
    draw_response,
    encode_exactly,
    find_method,
    generate_document,
    mutate,
    run_on_terminal,
)
from tests.http_server import CREDENTIALS, Received, Response, response
from tests.seeds import read_seed
from tests.time_limits import measure_load

if TYPE_CHECKING:
    from pathlib import Path

    from tests.http_server import ScriptedServer

TASK = "fN1SbArXTPSVFNUvaOlinQ"
OTHER = "GrNYFKUiSHiRsIkwzFVSHw"
PAST, FAR = "2026-01-01T00:00:00.000Z", "2999-01-01T00:00:00.000Z"
SECRET = "S3CR3T-in-a-response"
MAX_SECONDS = 20
"""Of a command, on a quiet machine."""
MAX_POLLS = 50
"""Of a task in one state: what waits for a task that stays unscheduled, as all others do, would never end."""
LOG = b"[taskcluster 2026-01-01] Task ID: x\nwarning: a\x1b[2Jb\nerror: disk is full\nlast line\n" * 3
ACTIONS = {"actions": [{"name": "retrigger", "title": "Retrigger", "context": [{"kind": "build"}]}]}
COMMANDS = [
    ["task", "why", TASK],
    ["task", "why", "index:a.b"],
    ["task", "why", f"{TASK}:build-a", "--newest"],
    ["task", "list", "a/b"],
    ["task", "prioritize", TASK, "low"],
    ["task", "prioritize", f"{TASK}:build-a", "low", "--newest"],
    ["task", "retrigger", TASK, "--env", "A=1"],
    ["task", "retrigger", "index:a.b", "--exact", "--times", "2"],
    ["task", "retrigger", TASK, "--wait"],
    ["task", "run", "--queue", "a/b", "--wait", "--", "true"],
    ["task", "run", "--queue", "a/b", "--log", "--", "true"],
    ["group", "watch", TASK, "--timeout", "2s"],
    ["group", "watch", TASK, "--for", "completed", "--timeout", "2s"],
    ["group", "watch", "github:a/b#1", "--newest", "--timeout", "2s"],
    ["group", "download", TASK, "**", "-o", "out"],
    ["group", "download", TASK, "*", "-o", "out", "--all-runs", "-n"],
    ["group", "artifacts", TASK, "**"],
    ["group", "logs", TASK],
    ["group", "logs", TASK, "--tail", "1", "--own"],
    ["group", "failures", TASK],
    ["group", "failures", TASK, "--all-runs", "--lines", "3"],
    ["open", TASK],
    ["open", TASK, "public/a"],
    ["open", "a/b"],
    ["open", "index:a.b"],
    ["open", "--as", "group", f"{TASK}:build-a"],
    ["open", "github:a/b#1"],
    ["url", "artifact", TASK, "public/a"],
    ["url", "artifact", "index:a.b", "private/a"],
    ["url", "artifact", f"{TASK}:build-a", "0", "public/a", "--newest"],
    ["signed-url", "artifact", TASK, "private/a"],
    ["signed-url", "artifact", "index:a.b", "private/a"],
    ["signed-url", "artifact", TASK, "private/a", "--latest"],
    ["download", "artifact", "index:a.b", "public/a", "out"],
    ["download", "artifact", f"{TASK}:build-a", "public/a", "out", "--newest"],
    ["download", "artifact", TASK, "public/a", "out", "--max-age", "36500d"],
    ["download", "artifact", TASK, "public/*", "--list", "--max-age", "36500d"],
    ["download", "artifact", "index:a.b", "**", "-o", "out", "--flat"],
    ["whoami"],
    ["whoami", "--expand"],
    ["whoami", "--all"],
    ["whoami", "--all", "--expand"],
    ["whoami", "--check", "a", "queue:b"],
    ["whoami", "--profile", "two"],
    ["signin", "--check"],
    ["signin", "--no-browser", "--wait", "5"],
    ["signin", "--no-browser", "--wait", "5", "--scope", "a", "--save", "three"],
    ["signout", "two", "--delete"],
    ["exec", "--secret", "a:token=A", "--", "true"],
    ["exec", "--secret", "a", "--secret", "b:list[0]=B", "--", "true"],
    ["exec", "--secret-file", "a:token=file", "--", "true"],
]
PRINTS_DATA = {"task", "group", "open", "url", "whoami"}
"""Commands with ``--format`` whose result is not itself a secret, and that do not refuse it for bytes."""


def make_status(task_id: str, state: str) -> dict[str, Any]:
    """
    Return the status of a task.
    """
    first = {"runId": 0, "state": "exception", "reasonCreated": "scheduled", "reasonResolved": "worker-shutdown"}
    first |= {"scheduled": PAST, "started": PAST, "resolved": PAST, "workerGroup": "g", "workerId": "w"}
    run = {"runId": 1, "state": state, "reasonCreated": "retry", "scheduled": PAST}
    run |= {} if state == "pending" else {"started": PAST, "workerGroup": "g", "workerId": "w", "takenUntil": FAR}
    if state not in {"pending", "running"}:
        run |= {"resolved": PAST, "reasonResolved": {"exception": "malformed-payload"}.get(state, state)}
    return {
        "taskId": task_id,
        "provisionerId": "a",
        "workerType": "b",
        "taskQueueId": "a/b",
        "taskGroupId": TASK,
        "deadline": FAR,
        "expires": FAR,
        "retriesLeft": 4,
        "state": state,
        "runs": [] if state == "unscheduled" else [first, run],
    }


def make_definition(name: str) -> dict[str, Any]:
    """
    Return the definition of a task.
    """
    return {
        "taskQueueId": "a/b",
        "taskGroupId": TASK,
        "schedulerId": "s",
        "dependencies": [OTHER],
        "requires": "all-completed",
        "routes": ["index.a.b"],
        "priority": "low",
        "retries": 5,
        "created": PAST,
        "deadline": FAR,
        "expires": FAR,
        "payload": {"env": {"GITHUB_TOKEN": SECRET}, "maxRunTime": 60, "logs": {"live": "public/a"}},
        "metadata": {"name": name, "description": "d", "owner": "o@example.com", "source": "https://example.com"},
        "tags": {"kind": "build"},
        "extra": {},
    }


class Deployment:
    """
    The responses to one command: what a deployment sends, but for one.

    Attributes:
        wrong: The place of the wrong response, from 0; a place that is not reached is none.
        sent: Requests and the beginnings of their responses.
    """

    def __init__(self, draw: random.Random, url: str) -> None:
        self._draw = draw
        self._url = url
        self._state = draw.choice(LIFECYCLE)
        self.wrong = draw.choice([0, 0, 0, 1, 1, 2, 2, 3, 4, 5])
        self._polls = 0
        self._lock = threading.Lock()
        self.sent: list[str] = []

    def respond(self, received: Received) -> Response:
        """
        Return the response to a request; one of them is wrong.
        """
        with self._lock:
            document = self._make_document(received)
            is_wrong = len(self.sent) == self.wrong
            if is_wrong and self._draw.random() < 0.75 and not isinstance(document, bytes):
                document = mutate(self._draw, document)
                is_wrong = False
            body = document if isinstance(document, bytes) else encode_exactly(document)
            step = response(200, body, Content_Type="text/plain" if document is LOG else "application/json")
            if is_wrong:
                step = self._draw_wrong(received, body)
            self.sent.append(f"{received.verb} {received.target[:70]} {step.data[:1500]!r}")
            return step

    def _draw_wrong(self, received: Received, body: bytes) -> Response:
        if self._draw.random() < 0.5:
            return draw_response(self._draw, find_method(received))
        status = self._draw.choice(STATUSES)
        kind = self._draw.choice(TYPES) or "x"
        return response(status, b"" if status in {204, 304} else self._draw.choice([*BODIES, body]), Content_Type=kind)

    def _make_document(self, received: Received) -> Any:
        if received.target.startswith("/storage"):
            return encode_exactly(ACTIONS) if "actions" in received.target else LOG
        method = find_method(received)
        name = re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", method.name)
        make = getattr(self, f"_{method.service}_{name}", None)
        if make is not None:
            return make(received)
        return generate_document(self._draw, method)

    def _next_state(self) -> str:
        # What a command waits for ends.
        self._polls += 1
        if self._polls == 1 or (self._state not in {"pending", "running"} and self._polls < MAX_POLLS):
            return self._state
        return "completed"

    def _entry(self, task_id: str, state: str, name: str) -> dict[str, Any]:
        return {"taskId": task_id, "status": make_status(task_id, state), "task": make_definition(name)}

    def _queue_status(self, received: Received) -> Any:
        return {"status": make_status(received.target.split("/")[-2], self._next_state())}

    _queue_change_task_priority = _queue_status

    def _queue_create_task(self, received: Received) -> Any:
        return {"status": make_status(received.target.rpartition("/")[2], "pending")}

    def _queue_task(self, _received: Received) -> Any:
        return make_definition("build-a")

    def _queue_statuses(self, received: Received) -> Any:
        ids, state = json.loads(received.body)["taskIds"], self._next_state()
        return {"statuses": [{"taskId": each, "status": make_status(each, state)} for each in ids]}

    def _queue_tasks(self, received: Received) -> Any:
        ids = json.loads(received.body)["taskIds"]
        return {"tasks": [{"taskId": each, "task": make_definition("build-a")} for each in ids]}

    def _queue_list_task_group(self, _received: Received) -> Any:
        state = self._next_state()
        tasks = [self._entry(TASK, state, "build-a"), self._entry(OTHER, "failed", "build-\x1b[2Jb")]
        return {"taskGroupId": TASK, "schedulerId": "s", "expires": FAR, "tasks": tasks}

    def _queue_list_pending_tasks(self, _received: Received) -> Any:
        entries = [{"taskId": each, "runId": 0, "inserted": PAST} for each in (OTHER, TASK)]
        return {"tasks": [{**each, "task": make_definition("build-a")} for each in entries]}

    _queue_list_claimed_tasks = _queue_list_pending_tasks

    def _queue_list_artifacts(self, _received: Received) -> Any:
        entry = {"storageType": "s3", "expires": FAR, "contentType": "a/b", "contentLength": len(LOG)}
        return {"artifacts": [{"name": f"public/{name}", **entry} for name in "ab"]}

    _queue_list_latest_artifacts = _queue_list_artifacts

    def _queue_artifact(self, received: Received) -> Any:
        name = "actions" if "actions.json" in received.target else "log"
        return {"storageType": "s3", "url": f"{self._url}/storage/{name}?X-Amz-Signature={SECRET}"}

    _queue_latest_artifact = _queue_artifact

    def _index_find_task(self, _received: Received) -> Any:
        return {"namespace": "a.b", "taskId": TASK, "rank": 0, "data": {}, "expires": FAR}

    def _github_builds(self, _received: Received) -> Any:
        build = {"organization": "a", "repository": "b", "sha": "0" * 40, "state": "success", "eventType": "push"}
        build |= {"eventId": OTHER, "created": PAST, "updated": PAST}
        return {"builds": [{**build, "taskGroupId": TASK}, {**build, "taskGroupId": OTHER}]}

    def _auth_current_scopes(self, _received: Received) -> Any:
        return {"scopes": ["a", "queue:*"]}

    def _auth_client(self, _received: Received) -> Any:
        fields: dict[str, Any] = {
            "clientId": "tester/one",
            "description": "d",
            "created": PAST,
            "lastModified": PAST,
            "expires": FAR,
        }
        fields |= {"lastDateUsed": PAST, "lastRotated": PAST, "deleteOnExpiration": True, "disabled": False}
        return {**fields, "scopes": ["a"], "expandedScopes": ["a", "queue:*"]}

    def _auth_reset_access_token(self, received: Received) -> Any:
        return {**self._auth_client(received), "accessToken": SECRET}

    def _secrets_get(self, _received: Received) -> Any:
        return {"secret": {"token": SECRET, "list": [SECRET]}, "expires": FAR}


def finish_sign_in(errors: Path, stop: threading.Event) -> None:
    """
    Be the browser: load the callback of the page that is printed to a file.
    """
    while not stop.wait(0.01):
        text = errors.read_text("utf-8", "replace") if errors.exists() else ""
        found = re.search(r"^https?://\S+\n", text, re.MULTILINE)
        if found:
            query = parse_qs(urlsplit(found[0].strip()).query)
            address = query["callback_url"][0]
            # The command may have ended.
            with suppress(httpx.HTTPError), httpx.Client(trust_env=False, follow_redirects=True) as browser:
                browser.get(address, params={"clientId": "tester/cli", "accessToken": CREDENTIALS_TOKEN})
            return


CREDENTIALS_TOKEN = CREDENTIALS["TASKCLUSTER_ACCESS_TOKEN"]


def write_profiles(home: Path, url: str) -> None:
    """
    Write profiles of the deployment.
    """
    home.mkdir(parents=True, exist_ok=True)
    keys = f'rootUrl = "{url}"\nclientId = "tester/one"\naccessToken = "{CREDENTIALS_TOKEN}"\n'
    (home / "profiles.toml").write_text(f"[one]\n{keys}[two]\n{keys}")
    (home / "profiles.toml").chmod(0o600)


def is_wrong(argv: list[str], code: Any, shown: str, printed: str) -> str:
    """
    Return what is wrong with the end of a command, or an empty string.

    Args:
        shown: On stderr.
        printed: On stdout, if that is a terminal.
    """
    lines = shown.splitlines()
    if code not in {0, 1, 4, 5, 6, 7, 8, 9, 124, *([2] if is_choice(shown) else [])}:
        return "exit code"
    if code and not lines:
        return "no message"
    if SECRET in shown or CREDENTIALS_TOKEN in shown or "bewit=" in shown:
        return "a secret"
    if argv[0] not in {"signin", "exec"} and not all(line.startswith("tc: ") for line in lines):
        return "lines"
    is_display = argv[:2] == ["group", "watch"]
    without = re.sub("\x1b\\[[0-9;?]*[A-Za-z]", "", printed) if is_display or argv[1:2] == ["logs"] else printed
    if CONTROL.search(shown + (without.replace("\r", "") if is_display else without)):
        return "control characters"
    return ""


def is_choice(shown: str) -> bool:
    """
    Return whether an error is that the user must choose: the words have several meanings in this deployment.
    """
    return bool(
        re.search(
            r"has \d+ (tasks|task groups)|cannot use [ab]|is a worker pool and a hook|cannot tell whether|--flat", shown
        )
    )


# A connection may be left to the garbage collector after an error, which is not what is tested here.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("terminal", [False, True], ids=["no terminal", "terminal"])
def test_no_wrong_response_among_good_ones_is_a_bug_of_ours(
    http_server: ScriptedServer,
    bare_environment: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    terminal: bool,
) -> None:
    """
    An exit code of the table, a message if it is not 0, each message on its line, no secret, and no control characters.
    """
    seed = read_seed("TC_FUZZ_SEED")
    draw = random.Random(seed)
    monkeypatch.setattr("tccli.core.tasks.pauses.MIN_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr("tccli.core.tasks.pauses.MAX_PAUSE_SECONDS", 0.02)
    env = {**bare_environment, **http_server.env, "TERM": "xterm", "TC_PAGER": "cat -"}
    wrong = []
    number_good = 0
    for number in range(COUNT // 2):
        here = tmp_path / "here"
        shutil.rmtree(here, ignore_errors=True)
        here.mkdir()
        monkeypatch.chdir(here)
        write_profiles(tmp_path / "home/.config/tc", http_server.url)
        deployment = Deployment(draw, http_server.url)
        http_server.respond_with(deployment.respond)
        command = COMMANDS[number] if number < len(COMMANDS) else draw.choice(COMMANDS)
        options = ["--retries", "0", "--color", "never"]
        if command[0] in PRINTS_DATA and command[1:2] not in (["logs"], ["download"]) and "--log" not in command:
            options += draw.choice([[], ["--jq", "."], *(["--format", name] for name in FORMATS)])
        given = dict(env)
        if command[0] == "signin" and "--check" not in command:
            given = {name: value for name, value in env.items() if name not in CREDENTIALS}
        stop = threading.Event()
        browser = threading.Thread(target=finish_sign_in, args=(tmp_path / "stderr", stop))
        (tmp_path / "stderr").unlink(missing_ok=True)
        if "--no-browser" in command:
            browser.start()
        began = time.monotonic()
        code, output = run_on_terminal([*options, *command], given, tmp_path / "stderr", terminal=terminal)
        taken = time.monotonic() - began
        stop.set()
        if browser.is_alive():
            browser.join()
        shown = (tmp_path / "stderr").read_bytes().decode("utf-8", "surrogateescape")
        printed = output.decode("utf-8", "replace").replace("\r\n", "\n") if terminal else ""
        number_good += code == 0
        problem = is_wrong(command, code, shown, printed)
        if taken > MAX_SECONDS and taken > MAX_SECONDS * measure_load():
            problem = "time"
        if problem:
            argv = " ".join([*options, *command])
            wrong.append(f"{problem}: {argv}: {code} {shown[-600:]!r} {printed[:200]!r} {deployment.sent}"[:5000])

    assert not wrong, f"TC_FUZZ_SEED={seed}, {len(wrong)} wrong\n" + "\n".join(wrong[:10])
    assert number_good > COUNT // 20
