"""
Each example in the README runs, with the example deployment.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.examples.commands import complete_task_with_log
from tests.examples.example_deployment import ARTIFACT, QUEUE, TASK, populate_task
from tests.transfer_env import later

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.examples.example_deployment import ExampleDeployment
    from tests.examples.shell import Shell

README = Path(__file__).parent.parent.parent / "README.md"
NOT_HERE = ".venv/bin/"
"""What installs the project, or tests it: the gate runs these."""

TASK_YML = f"""\
taskQueueId: {QUEUE}
created: "$NOW"
deadline: "$LATER"
payload: {{command: ["true"]}}
metadata: {{name: example, description: An example, owner: ci@example.com, source: "https://example.com/ci"}}
"""


def write_task_file(_deployment: ExampleDeployment, folder: Path) -> None:
    (folder / "task.yml").write_text(TASK_YML.replace("$NOW", later()).replace("$LATER", later(hours=1)))


def upload_artifact(deployment: ExampleDeployment, _folder: Path) -> None:
    deployment.claim_task()
    for name in (ARTIFACT, "public/build/app.apk"):
        deployment.transfer_env.artifact(TASK, name, b"a build\n" * 100)


def complete_task(deployment: ExampleDeployment, _folder: Path) -> None:
    complete_task_with_log(deployment)


def write_script(_deployment: ExampleDeployment, folder: Path) -> None:
    program = folder / "my-script.sh"
    program.write_text("#!/bin/sh\nset -e\ntc -q queue ping\ntc whoami\n")
    program.chmod(0o755)


def write_scripts_and_secret(deployment: ExampleDeployment, folder: Path) -> None:
    payload = {"secret": {"key": "value"}, "expires": later(hours=1)}
    deployment.call("secrets.set", "project/x", payload=payload)
    for name in ("deploy.sh", "publish.sh"):
        program = folder / name
        program.write_text('#!/bin/sh\ntest -n "$API_KEY" || test -s "$1"\n')
        program.chmod(0o755)


def write_lines(deployment: ExampleDeployment, folder: Path) -> None:
    deployment.create_task()
    (folder / "ids.txt").write_text(f"{TASK}\n")
    (folder / "builds.csv").write_text(f"name,id,rank\nlinux,{TASK},3\n")
    (folder / "calls.jsonl").write_text('{"service": "queue", "method": "ping"}\n')


PREPARE: dict[str, Callable[[ExampleDeployment, Path], None]] = {
    "@task.yml": write_task_file,
    "*.apk": upload_artifact,
    "tc task wait": complete_task,
    "tc task log": complete_task,
    "tc batch": write_lines,
    "./my-script.sh": write_script,
    "./deploy.sh": write_scripts_and_secret,
}
"""What an example needs in which these words stand."""


def examples() -> list[str]:
    """
    Return the paragraphs of the shell blocks in the README, without those that install.
    """
    blocks = re.findall(r"^```sh\n(.*?)^```$", README.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    found = [paragraph.strip("\n") for block in blocks for paragraph in block.split("\n\n")]
    return [paragraph for paragraph in found if NOT_HERE not in paragraph]


@pytest.mark.parametrize("lines", examples(), ids=lambda lines: lines.split("\n")[0].strip("# ")[:60])
def test_an_example_runs(deployment: ExampleDeployment, shell: Shell, lines: str) -> None:
    """
    As copied into a bash that exits at the first failure.
    """
    if shutil.which("jq") is None and "| jq " in lines:
        pytest.skip("there is no jq")
    deployment.variables |= {"TASK_ID": TASK, "GROUP": TASK}
    for words, prepare in PREPARE.items():
        if words in lines:
            prepare(deployment, shell.folder)
    populate_task(deployment)
    done = shell.run(lines, deployment)

    assert 0 == done.returncode, done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


def test_there_are_examples() -> None:
    """
    So that a README in another format does not go untested.
    """
    assert len(examples()) > 10
