"""
A run of a task, from claim to report.
"""

from __future__ import annotations

import logging
import os
import shlex
import shutil
import tempfile
import threading
import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

from tccli.errors import TcError
from tccli.sandbox.clock import MINUTE, from_json, to_json
from tccli.sandbox.worker import processes
from tccli.sandbox.worker.artifacts import LOG_TYPE, ArtifactError, Artifacts, StorageUnavailableError
from tccli.sandbox.worker.client import Client, parse_credentials, parse_json
from tccli.sandbox.worker.log import Log, LogServer
from tccli.sandbox.worker.payload import ArtifactRequest, PayloadError, RunPlan, parse_payload
from tccli.sandbox.worker.proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LIVE_LOG, BACKING_LOG = "public/logs/live.log", "public/logs/live_backing.log"
INHERITED_VARIABLES = ("PATH", "LANG", "LC_ALL", "TMPDIR", "TZ")
STATUS_INTERVAL_SECONDS = 1.0
RECLAIM_BEFORE = 10 * MINUTE
"""Milliseconds before the end of a claim."""

COMPLETED, FAILED = "completed", "failed"
MALFORMED, INTERMITTENT, SHUTDOWN = "malformed-payload", "intermittent-task", "worker-shutdown"
INTERNAL = "internal-error"
MAX_LOGGED_CHARACTERS = 10_000
"""Of a command."""

logger = logging.getLogger("uvicorn.error")


class LostRunError(Exception):
    """
    The run no longer belongs to this worker: it was cancelled, its deadline or claim expired.
    """


class Run:
    """
    A claimed run.

    Args:
        claim: From the response of ``claimWork``.
        client: The worker's; the run gets one of its own with the claim's credentials.
        is_stopping: Returns whether the worker shuts down.
    """

    def __init__(self, claim: Mapping[str, Any], client: Client, is_stopping: Callable[[], bool]) -> None:
        self._task_id, self._run_id = claim["status"]["taskId"], claim["runId"]
        self._definition = claim["task"]
        self._taken_until = from_json(claim["takenUntil"])
        self._client = Client(client.root_url, client.clock, claim["credentials"], client.transport)
        self._path = f"/api/queue/v1/task/{self._task_id}/runs/{self._run_id}"
        self._is_stopping = is_stopping
        self._is_lost = threading.Event()
        self._is_finished = threading.Event()

    def perform(self) -> None:
        """
        Run the task's commands, upload its artifacts, and report the result, unless the run is lost.
        """
        directory = tempfile.mkdtemp(prefix="tc-task-")
        reclaimer = threading.Thread(target=self._reclaim_until_finished, daemon=True)
        reclaimer.start()
        try:
            with suppress(LostRunError):
                # Without a report, the task would run until its claim expires.
                try:
                    result = self._perform(directory)
                except LostRunError:
                    raise
                except (StorageUnavailableError, TcError) as error:
                    self._log_failure(str(error))
                    result = INTERNAL
                except Exception:
                    logger.exception("cannot perform run %s of %s", self._run_id, self._task_id)
                    result = INTERNAL
                self._report(result)
        finally:
            self._is_finished.set()
            reclaimer.join()
            shutil.rmtree(directory, ignore_errors=True)

    def _perform(self, directory: str) -> str:
        # Returns completed, failed, or the reason of an exception.
        work = os.path.join(directory, "work")
        os.mkdir(work)
        log = Log(os.path.join(directory, "log"))
        artifacts = Artifacts(self._client, self._path, work)
        expires = self._definition["expires"]
        with ExitStack() as stack:
            stack.callback(log.finish)
            server = stack.enter_context(LogServer(log))
            self._log(log, f"Task {self._task_id}, run {self._run_id}")
            try:
                reference = {
                    "storageType": "reference",
                    "url": server.log_url,
                    "contentType": LOG_TYPE,
                    "expires": expires,
                }
                artifacts.create(LIVE_LOG, reference)
                result = self._work(log, work, artifacts)
                self._log(log, f"Resolved: {result}")
                log.finish()
                artifacts.put(BACKING_LOG, log.path, expires, LOG_TYPE)
                link = {"storageType": "link", "artifact": BACKING_LOG, "contentType": LOG_TYPE, "expires": expires}
                artifacts.create(LIVE_LOG, link)
            except ArtifactError as error:
                if self._is_running_here():
                    self._log_failure(str(error))
                    return FAILED
                raise LostRunError from error
        return result

    def _work(self, log: Log, work: str, artifacts: Artifacts) -> str:
        try:
            plan = parse_payload(self._definition)
        except PayloadError as error:
            log.write_error(f"The payload is malformed: {error}")
            return MALFORMED
        for name in plan.ignored:
            self._log(log, f"Ignored: payload.{name}")
        scopes = (*self._definition["scopes"], f"queue:create-artifact:{self._task_id}/{self._run_id}")
        with Proxy(self._client, scopes) as proxy:
            result = self._run_commands(plan, log, work, self._environment(plan.env, work, proxy.url))
        if result != SHUTDOWN:
            try:
                for request in plan.artifacts:
                    for problem in self._upload(request, artifacts):
                        log.write_error(f"Artifact {request.name}: {problem}")
                        result = FAILED if result == COMPLETED else result
            except StorageUnavailableError as error:
                self._log_failure(str(error))
                log.write_error(str(error))
                result = INTERNAL
        return result

    def _upload(self, request: ArtifactRequest, artifacts: Artifacts) -> list[str]:
        try:
            return artifacts.upload(request)
        except ArtifactError as error:
            return [str(error)]

    def _run_commands(self, plan: RunPlan, log: Log, work: str, environment: Mapping[str, str]) -> str:
        ends = None if plan.max_run_time is None else time.monotonic() + plan.max_run_time
        for number, words in enumerate(plan.commands):
            self._log(log, f"Command {number}: {shlex.join(words)[:MAX_LOGGED_CHARACTERS]}")
            try:
                code = processes.run(
                    words,
                    directory=work,
                    environment=environment,
                    write=log.write,
                    ends=ends,
                    is_aborted=lambda: self._is_lost.is_set() or self._is_stopping(),
                )
            except processes.StartError as error:
                log.write_error(f"Cannot start the command: {error}")
                return FAILED
            except processes.RunTimeoutError:
                log.write_error(f"Task aborted - max run time exceeded: payload.maxRunTime is {plan.max_run_time} s")
                return FAILED
            except processes.AbortedError:
                if self._is_lost.is_set():
                    raise LostRunError from None
                return SHUTDOWN
            self._log(log, f"Exit code: {code}")
            if code != 0:
                return INTERMITTENT if code in plan.retry_codes else FAILED
        return COMPLETED

    def _environment(self, env: Mapping[str, str], work: str, proxy_url: str) -> dict[str, str]:
        inherited = {name: os.environ[name] for name in INHERITED_VARIABLES if name in os.environ}
        return {
            **inherited,
            "HOME": work,
            "TASK_WORKDIR": work,
            "TASK_GROUP_ID": self._definition["taskGroupId"],
            **env,
            "TASK_ID": self._task_id,
            "RUN_ID": str(self._run_id),
            "TASKCLUSTER_ROOT_URL": self._client.root_url,
            "TASKCLUSTER_PROXY_URL": proxy_url,
        }

    def _report(self, result: str) -> None:
        try:
            if result in {COMPLETED, FAILED}:
                response = self._client.call("POST", f"{self._path}/{result}")
            else:
                response = self._client.call("POST", f"{self._path}/exception", {"reason": result})
        except TcError as error:
            self._log_failure(f"cannot report {result}: {error}")
        else:
            # 409: it was cancelled meanwhile, or a response to an earlier attempt was lost.
            if response.status not in {200, 409}:
                self._log_failure(f"cannot report {result}: the queue responded with {response.status}")

    def _log_failure(self, problem: str) -> None:
        """
        Log why a run does not end as its commands did.
        """
        logger.error("run %s of %s: %s", self._run_id, self._task_id, problem)

    def _reclaim_until_finished(self) -> None:
        while not self._is_finished.wait(STATUS_INTERVAL_SECONDS):
            with suppress(TcError):
                if not self._is_running_here():
                    self._is_lost.set()
                    return
                if self._taken_until - self._client.clock.now() < RECLAIM_BEFORE:
                    self._reclaim()

    def _is_running_here(self) -> bool:
        response = self._client.call("GET", f"/api/queue/v1/task/{self._task_id}/status")
        if response.status != 200:
            return response.status >= 500
        runs: list[dict[str, Any]] = parse_json(response)["status"]["runs"]
        return len(runs) == self._run_id + 1 and bool(runs[self._run_id]["state"] == "running")

    def _reclaim(self) -> None:
        response = self._client.call("POST", f"{self._path}/reclaim")
        if response.status == 200:
            claim = parse_json(response)
            self._taken_until = from_json(claim["takenUntil"])
            self._client.credentials = parse_credentials(claim["credentials"])

    def _log(self, log: Log, line: str) -> None:
        log.write_line(line, to_json(self._client.clock.now()))
