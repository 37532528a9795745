"""
A first session with ``tc``, as a newcomer would type it, against a new sandbox.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tccli.core.http.messages import Request
from tccli.core.http.transport import HttpTransport
from tccli.errors import NegativeAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAX_OUTPUT_LINES = 24
RESOLVED = ("completed", "failed", "exception")
POLL_INTERVAL_SECONDS = 0.1
RESOLVE_TIMEOUT_SECONDS = 20.0
FETCH_TIMEOUT_SECONDS = 10.0
COMMAND_TIMEOUT_SECONDS = 60

TASK = """\
provisionerId: proj-demo
workerType: ci
created: {created}
deadline: {deadline}
payload:
  command: [[sh, -c, "echo hello from $TASK_ID | tee out.txt"]]
  maxRunTime: 60
  artifacts: [{{type: file, path: out.txt, name: public/out.txt}}]
metadata: {{name: hello, description: a first task, owner: you@example.com, source: https://example.com}}
"""


@dataclass(frozen=True)
class Step:
    """
    A command of the session.

    Attributes:
        comment: Printed before it.
        words: After ``tc``; ``{name}`` is the stored output of an earlier step.
        store_as: The name under which its output is stored.
        fails: Whether the command is expected to fail.
        waits: Whether it is repeated until the task in its output is resolved.
    """

    comment: str
    words: str
    store_as: str = ""
    fails: bool = False
    waits: bool = False


STEPS = (
    Step("Every service has a ping method.", "auth ping"),
    Step("Which client am I? The root client of this sandbox, with all scopes.", "whoami"),
    Step(
        "A role adds scopes to all clients that assume it. This one is for all names that begin with team:.",
        """auth createRole 'team:*' --data '{{"description": "a team", "scopes": ["secrets:get:team/<..>/*"]}}'""",
    ),
    Step(
        "Create a client; the response contains its access token.",
        "auth createClient demo/one --data "
        """'{{"description": "me", "expires": "{expires}", "scopes": ["assume:team:blue"]}}'""",
    ),
    Step(
        "Store a secret under a name, until it expires.",
        """secrets set team/blue/token --data '{{"secret": {{"token": "s3cr3t"}}, "expires": "{expires}"}}'""",
    ),
    Step("Read it back.", "secrets get team/blue/token"),
    Step("The client chooses a task's id.", "slugid", store_as="task"),
    Step("Create a task from a definition, here in YAML.", "queue createTask {task} --data @task.yml"),
    Step("A worker of this sandbox claims the task, and runs its command here.", "queue status {task}", waits=True),
    Step("The output of the command is in the task's log.", "download-artifact {task} public/logs/live.log -"),
    Step("The files that the task names are artifacts.", "queue listLatestArtifacts {task}"),
    Step("Download one: the file appears complete or not at all.", "download-artifact {task} public/out.txt out.txt"),
    Step("Lists come in pages; --paginate fetches all of them.", "queue listTaskGroup {task} --paginate"),
    Step(
        "A signed URL works without credentials, for fifteen minutes.",
        "signed-url secrets get team/blue/token",
        store_as="url",
    ),
    Step(
        "Temporary credentials have fewer scopes, and expire.",
        "temp-credentials --scope 'secrets:get:team/blue/*' --expires '1 hour'",
    ),
    Step(
        "A call without the required scopes fails, and the error lists the missing ones.",
        "secrets get team/red/token --authorized-scope 'secrets:get:team/blue/*'",
        fails=True,
    ),
)


def run_tour(environment: Mapping[str, str], write: Callable[[str], object]) -> None:
    """
    Run the session, and print each command and its output.

    Args:
        environment: With the root URL and credentials of the sandbox.
        write: Receives the text.

    Raises:
        NegativeAnswerError: A command did not exit as expected.
    """
    write("A tour of tc, against a sandbox that exists as long as the tour. Every command below is run.\n")
    with tempfile.TemporaryDirectory() as directory:

        def run_tc(words: str) -> subprocess.CompletedProcess[str]:
            return _run_tc(words, directory, environment)

        created, deadline, expires = (
            run_tc(f"from-now {offset}").stdout.strip() for offset in ("0 seconds", "1 hour", "1 day")
        )
        stored = {"expires": expires}
        task = TASK.format(created=created, deadline=deadline)
        (Path(directory) / "task.yml").write_text(task, encoding="utf-8")
        for step in STEPS:
            words = step.words.format(**stored)
            if "@task.yml" in words:
                write(f"\n# This is task.yml:\n{task}")
            write(f"\n# {step.comment}\n$ tc {words}\n")
            done = _run_until_resolved(words, run_tc) if step.waits else run_tc(words)
            write(_shorten(done.stdout + done.stderr))
            if step.fails != (done.returncode != 0):
                raise NegativeAnswerError(f"the tour failed: tc {words} exited with {done.returncode}")
            if step.store_as:
                stored[step.store_as] = done.stdout.strip()
            if step.store_as == "url":
                write(f"\n# curl can fetch it.\n$ curl {shlex.quote(stored['url'])}\n{_fetch(stored['url'])}\n")
    write(
        "\nNext: `tc sandbox start` runs a sandbox until Ctrl-C, `tc sandbox run -- COMMAND` runs one for a command.\n"
    )


def _run_tc(words: str, directory: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own commands
        [sys.executable, "-m", "tccli", *shlex.split(words)],
        cwd=directory,
        env={**environment, "PYTHONPATH": str(Path(__file__).resolve().parents[3])},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=COMMAND_TIMEOUT_SECONDS,
    )


def _run_until_resolved(
    words: str, run_tc: Callable[[str], subprocess.CompletedProcess[str]]
) -> subprocess.CompletedProcess[str]:
    deadline = time.monotonic() + RESOLVE_TIMEOUT_SECONDS
    while True:
        done = run_tc(words)
        is_resolved = not done.returncode and json.loads(done.stdout)["status"]["state"] in RESOLVED
        if done.returncode or is_resolved or time.monotonic() > deadline:
            return done
        time.sleep(POLL_INTERVAL_SECONDS)


def _fetch(url: str) -> str:
    # No environment, since the sandbox is on this machine: requests use no proxy.
    transport = HttpTransport(FETCH_TIMEOUT_SECONDS, {})
    try:
        return transport.send(Request("GET", url, {})).body.decode()
    finally:
        transport.close()


def _shorten(output: str) -> str:
    # As at a terminal: JSON is indented, and long output is cut off.
    with suppress(ValueError):
        output = json.dumps(json.loads(output), indent=2)
    lines = output.rstrip("\n").splitlines()
    if len(lines) > MAX_OUTPUT_LINES:
        lines = [*lines[: MAX_OUTPUT_LINES - 1], f"… and {len(lines) - MAX_OUTPUT_LINES + 1} more lines"]
    return "".join(f"{line}\n" for line in lines)
