"""
A first session, as a newcomer would type it, against a fresh sandbox.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tccli.errors import NegativeAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LONGEST_OUTPUT = 24
RESOLVED = ("completed", "failed", "exception")
PATIENCE, GLANCE = 20.0, 0.1

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
    One command of the session.

    Attributes:
        says: A sentence before it.
        words: After ``tc``; ``{name}`` is what an earlier step kept.
        keep: The name under which its output is kept.
        fails: Whether it is meant to.
        waits: Whether it is run until the task in its output is resolved.
    """

    says: str
    words: str
    keep: str = ""
    fails: bool = False
    waits: bool = False


STEPS = (
    Step("Every service answers a ping.", "auth ping"),
    Step("Who am I here? The root of this sandbox, with every scope there is.", "whoami"),
    Step(
        "A role gives scopes to all whose name fits.",
        """auth createRole 'team:*' --data '{{"description": "a team", "scopes": ["secrets:get:team/<..>/*"]}}'""",
    ),
    Step(
        "A client has credentials of its own.",
        "auth createClient demo/one --data "
        """'{{"description": "me", "expires": "{expires}", "scopes": ["assume:team:blue"]}}'""",
    ),
    Step(
        "Secrets are kept under a name, until they expire.",
        """secrets set team/blue/token --data '{{"secret": {{"token": "s3cr3t"}}, "expires": "{expires}"}}'""",
    ),
    Step("They come back whole.", "secrets get team/blue/token"),
    Step("Tasks have ids of our own choice.", "slugid", keep="task"),
    Step("A task is made from a definition, here in YAML.", "queue createTask {task} --data @task.yml"),
    Step("A worker of this sandbox takes it, and runs its command here.", "queue status {task}", waits=True),
    Step("What it printed is its log,", "download-artifact {task} public/logs/live.log -"),
    Step("and the files that it was to keep are artifacts.", "queue listLatestArtifacts {task}"),
    Step("They are downloaded whole, or not at all.", "download-artifact {task} public/out.txt out.txt"),
    Step("Lists come in pages; this asks for all of them.", "queue listTaskGroup {task} --paginate"),
    Step(
        "A signed URL opens without credentials, for fifteen minutes.",
        "signed-url secrets get team/blue/token",
        keep="url",
    ),
    Step(
        "Temporary credentials can do less, and end by themselves.",
        "temp-credentials --scope 'secrets:get:team/blue/*' --expires '1 hour'",
    ),
    Step(
        "With fewer scopes some calls are refused, and the error says what is missing.",
        "secrets get team/red/token --authorized-scope 'secrets:get:team/blue/*'",
        fails=True,
    ),
)


def walk(environment: Mapping[str, str], write: Callable[[str], object]) -> None:
    """
    Run the session, showing each command and then what it printed.

    Args:
        environment: Leads ``tc`` to the sandbox.
        write: Takes text for people.

    Raises:
        NegativeAnswerError: A command did not end as the tour says.
    """
    write("A tour of tc, against a sandbox that lives as long as the tour. Every command below really runs.\n")
    with tempfile.TemporaryDirectory() as folder:
        kept = {"expires": _tc("from-now 1 day", folder, environment).stdout.strip()}
        offsets = ("0 seconds", "1 hour")
        created, deadline = (_tc(f"from-now {offset}", folder, environment).stdout.strip() for offset in offsets)
        task = TASK.format(created=created, deadline=deadline)
        (Path(folder) / "task.yml").write_text(task, encoding="utf-8")
        for step in STEPS:
            words = step.words.format(**kept)
            if "@task.yml" in words:
                write(f"\n# This is task.yml:\n{task}")
            write(f"\n# {step.says}\n$ tc {words}\n")
            done = _until_resolved(words, folder, environment) if step.waits else _tc(words, folder, environment)
            write(_shortened(done.stdout + done.stderr))
            if step.fails != (done.returncode != 0):
                raise NegativeAnswerError(f"the tour went astray: tc {words} exited with {done.returncode}")
            if step.keep:
                kept[step.keep] = done.stdout.strip()
            if step.keep == "url":
                write(f"\n# So curl can have it.\n$ curl {shlex.quote(kept['url'])}\n{_fetched(kept['url'])}\n")
    write("\nThat was it. `tc sandbox start` runs a sandbox for you, `tc sandbox run -- COMMAND` one for a test.\n")


def _tc(words: str, folder: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own commands
        [sys.executable, "-m", "tccli", *shlex.split(words)],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(Path(__file__).resolve().parents[3])},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def _until_resolved(words: str, folder: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    ends = time.monotonic() + PATIENCE
    while True:
        done = _tc(words, folder, environment)
        if done.returncode or json.loads(done.stdout)["status"]["state"] in RESOLVED or time.monotonic() > ends:
            return done
        time.sleep(GLANCE)


def _fetched(url: str) -> str:
    # The URL is the sandbox's own, on this machine: no proxy in between.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=10) as answer:
        return str(answer.read().decode())


def _shortened(output: str) -> str:
    """
    Return output as it would look at a terminal: JSON indented, long answers cut.
    """
    with suppress(ValueError):
        output = json.dumps(json.loads(output), indent=2)
    lines = output.rstrip("\n").splitlines()
    if len(lines) > LONGEST_OUTPUT:
        lines = [*lines[: LONGEST_OUTPUT - 1], f"… and {len(lines) - LONGEST_OUTPUT + 1} more lines"]
    return "".join(f"{line}\n" for line in lines)
