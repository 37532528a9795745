"""
One run of a task, from claim to report.
"""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
import threading
import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

from tccli.sandbox.clock import MINUTE, from_json, to_json
from tccli.sandbox.worker import payload, processes
from tccli.sandbox.worker.api import Api, read_credentials
from tccli.sandbox.worker.artifacts import LOG_TYPE, ArtifactError, Artifacts
from tccli.sandbox.worker.log import Log, Page
from tccli.sandbox.worker.proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tccli.sandbox.clock import Clock

LIVE, BACKING = "public/logs/live.log", "public/logs/live_backing.log"
INHERITED = ("PATH", "LANG", "LC_ALL", "TMPDIR", "TZ")
GLANCE = 1.0
"""Seconds between two looks at whether the run is still ours."""
AHEAD = 10 * MINUTE
"""How long before its end a claim is renewed."""

COMPLETED, FAILED = "completed", "failed"
MALFORMED, INTERMITTENT, SHUTDOWN = "malformed-payload", "intermittent-task", "worker-shutdown"


class GoneError(Exception):
    """
    The run is not ours any more: cancelled, past its deadline, or given to somebody else.
    """


class Run:
    """
    A claimed run.

    Args:
        claim: What ``claimWork`` says of it.
        root_url: Without a trailing slash.
        clock: The deployment's.
        is_stopping: Whether the worker is to end.
    """

    def __init__(self, claim: Mapping[str, Any], root_url: str, clock: Clock, is_stopping: Callable[[], bool]) -> None:
        self._task_id, self._run_id = claim["status"]["taskId"], claim["runId"]
        self._definition = claim["task"]
        self._taken_until = from_json(claim["takenUntil"])
        self._api = Api(root_url, clock, claim["credentials"])
        self._path = f"/api/queue/v1/task/{self._task_id}/runs/{self._run_id}"
        self._is_stopping = is_stopping
        self._is_gone = threading.Event()
        self._is_over = threading.Event()

    def perform(self) -> None:
        """
        Do what the task asks for, and report how it went; nothing is reported of a run that is not ours any more.
        """
        folder = tempfile.mkdtemp(prefix="tc-task-")
        keeper = threading.Thread(target=self._keep, daemon=True)
        keeper.start()
        try:
            with suppress(GoneError, OSError):
                self._report(self._perform(folder))
        finally:
            self._is_over.set()
            keeper.join()
            shutil.rmtree(folder, ignore_errors=True)

    def _perform(self, folder: str) -> str:
        """
        Return how the run ended: ``completed``, ``failed``, or the reason of an exception.
        """
        work = os.path.join(folder, "work")
        os.mkdir(work)
        log = Log(os.path.join(folder, "log"))
        artifacts = Artifacts(self._api, self._path, work)
        expires = self._definition["expires"]
        with ExitStack() as stack:
            stack.callback(log.finish)
            page = stack.enter_context(Page(log))
            self._say(log, f"Task {self._task_id}, run {self._run_id}")
            try:
                live = {"storageType": "reference", "url": page.address, "contentType": LOG_TYPE, "expires": expires}
                artifacts.create(LIVE, live)
                result = self._work(log, work, artifacts)
                self._say(log, f"Resolved: {result}")
                log.finish()
                artifacts.put(BACKING, log.path, expires, LOG_TYPE)
                link = {"storageType": "link", "artifact": BACKING, "contentType": LOG_TYPE, "expires": expires}
                artifacts.create(LIVE, link)
            except ArtifactError as error:
                if self._is_ours():
                    return FAILED
                raise GoneError from error
        return result

    def _work(self, log: Log, work: str, artifacts: Artifacts) -> str:
        try:
            plan = payload.read(self._definition)
        except payload.PayloadError as error:
            self._say(log, f"The payload is malformed: {error}")
            return MALFORMED
        for name in plan.ignored:
            self._say(log, f"Ignored: payload.{name}")
        scopes = (*self._definition["scopes"], f"queue:create-artifact:{self._task_id}/{self._run_id}")
        with Proxy(self._api, scopes) as proxy:
            result = self._run_commands(plan, log, work, self._environment(plan.env, work, proxy.url))
        if result != SHUTDOWN:
            for wanted in plan.artifacts:
                for problem in self._upload(wanted, artifacts):
                    self._say(log, f"Artifact {wanted.name}: {problem}")
                    result = FAILED if result == COMPLETED else result
        return result

    def _upload(self, wanted: payload.Wanted, artifacts: Artifacts) -> list[str]:
        try:
            return artifacts.upload(wanted)
        except ArtifactError as error:
            return [str(error)]

    def _run_commands(self, plan: payload.Plan, log: Log, work: str, environment: Mapping[str, str]) -> str:
        ends = None if plan.max_run_time is None else time.monotonic() + plan.max_run_time
        for number, words in enumerate(plan.commands):
            self._say(log, f"Command {number}: {shlex.join(words)}")
            try:
                code = processes.run(
                    words,
                    folder=work,
                    environment=environment,
                    write=log.write,
                    ends=ends,
                    is_aborted=lambda: self._is_gone.is_set() or self._is_stopping(),
                )
            except processes.OutOfTimeError:
                self._say(log, f"Ended: it took longer than payload.maxRunTime, {plan.max_run_time} s")
                return FAILED
            except processes.AbortedError:
                if self._is_gone.is_set():
                    raise GoneError from None
                return SHUTDOWN
            self._say(log, f"Exit code: {code}")
            if code != 0:
                return INTERMITTENT if code in plan.retry_codes else FAILED
        return COMPLETED

    def _environment(self, wanted: Mapping[str, str], work: str, proxy_url: str) -> dict[str, str]:
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        return {
            **inherited,
            "HOME": work,
            "TASK_WORKDIR": work,
            "TASK_GROUP_ID": self._definition["taskGroupId"],
            **wanted,
            "TASK_ID": self._task_id,
            "RUN_ID": str(self._run_id),
            "TASKCLUSTER_ROOT_URL": self._api.root_url,
            "TASKCLUSTER_PROXY_URL": proxy_url,
        }

    def _report(self, result: str) -> None:
        if result in {COMPLETED, FAILED}:
            self._api.call("POST", f"{self._path}/{result}")
        else:
            self._api.call("POST", f"{self._path}/exception", {"reason": result})

    def _keep(self) -> None:
        """
        Look whether the run is still ours, and make its claim last.
        """
        while not self._is_over.wait(GLANCE):
            with suppress(OSError):
                if not self._is_ours():
                    self._is_gone.set()
                    return
                if self._taken_until - self._api.clock.now() < AHEAD:
                    self._reclaim()

    def _is_ours(self) -> bool:
        reply = self._api.call("GET", f"/api/queue/v1/task/{self._task_id}/status")
        if reply.status != 200:
            return reply.status >= 500
        runs: list[dict[str, Any]] = reply.json["status"]["runs"]
        return len(runs) == self._run_id + 1 and bool(runs[self._run_id]["state"] == "running")

    def _reclaim(self) -> None:
        reply = self._api.call("POST", f"{self._path}/reclaim")
        if reply.status == 200:
            self._taken_until = from_json(reply.json["takenUntil"])
            self._api.credentials = read_credentials(reply.json["credentials"])

    def _say(self, log: Log, line: str) -> None:
        log.say(line, to_json(self._api.clock.now()))
