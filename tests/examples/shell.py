"""
Runs an example in bash, with ``tc`` on the PATH and a deployment in the environment.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from textwrap import indent
from typing import TYPE_CHECKING

import pytest

from tests.examples.example_deployment import ExampleDeployment, populate

if TYPE_CHECKING:
    from pathlib import Path

    from tccli.sandbox.server import Server
    from tests.transfer_env import TransferEnv

MAX_SECONDS = 120
"""Of an example, on a busy machine. The slowest takes some seconds on a quiet one."""


@dataclass(frozen=True)
class Shell:
    """
    A bash that exits at the first line that fails.

    Attributes:
        folder: The working directory.
        environment: Without the deployment's variables.
    """

    folder: Path
    environment: dict[str, str]

    def shorten_retries(self) -> None:
        """
        Let ``tc`` wait for a moment only before it retries.
        """
        (self.folder / "bin" / "tc").write_text(format_program("tests.quick_tc"))

    def run(self, lines: str, deployment: ExampleDeployment) -> subprocess.CompletedProcess[bytes]:
        """
        Run lines as the root client of the deployment.
        """
        process = self.start(lines, deployment)
        output, errors = finish(process)
        return subprocess.CompletedProcess(lines, process.returncode, output, errors)

    def start(self, lines: str, deployment: ExampleDeployment) -> subprocess.Popen[bytes]:
        """
        Start lines in a process group of their own, indented as in the help text.
        """
        return subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", indent(lines, "  ")],
            env={**self.environment, **deployment.sandbox.environment, **deployment.variables},
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )


def finish(process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    """
    Wait for the end of a process that was started with :meth:`Shell.start`, and return the rest of stdout and stderr.
    """
    with process:
        try:
            return process.communicate(timeout=MAX_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise


def format_program(module: str) -> str:
    """
    Return a program that runs a module of Python.
    """
    return f'#!/bin/sh\nexec {sys.executable} -m {module} "$@"\n'


@pytest.fixture
def deployment(transfer_env: TransferEnv, sandbox_server: Server, tmp_path: Path) -> ExampleDeployment:
    """
    A populated deployment without the task, which a preparation may create.
    """
    deployment = ExampleDeployment(transfer_env, sandbox_server.sandbox.state, tmp_path)
    populate(deployment)
    return deployment


@pytest.fixture
def shell(tmp_path: Path, process_environment: dict[str, str]) -> Shell:
    """
    A bash in the test's directory, with ``tc`` on its PATH.
    """
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "tc"
    program.write_text(format_program("tccli"))
    program.chmod(0o755)
    # Does what the page of the sandbox makes a browser do.
    browser = folder / "browser"
    browser.write_text(
        f"#!{sys.executable}\nimport json, sys\nfrom urllib.request import ProxyHandler, Request, build_opener\n"
        "opener = build_opener(ProxyHandler({}))\n"
        "with opener.open(Request(sys.argv[1], method='POST')) as created:\n"
        "    opener.open(json.load(created)['callback']).read()\n"
    )
    browser.chmod(0o755)
    path = f"{folder}:{process_environment['PATH']}"
    return Shell(tmp_path, {**process_environment, "PATH": path, "BROWSER": str(browser)})
