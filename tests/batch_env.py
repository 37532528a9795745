"""
What tests of ``tc batch`` share: lines, a service that fails at random, and worker processes for short inputs.
"""

from __future__ import annotations

import json
import os
import random
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import tccli
from tests.http_server import DROPPED, NO_RESPONSE, Received, Response, ScriptedServer, error_response, json_response
from tests.seeds import read_seed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.conftest import Result

SEED = read_seed("TC_BATCH_SEED")
"""``TC_BATCH_SEED`` repeats a run."""
QUICK_RETRIES = ("--delay-factor", "1ms", "--timeout", "1s")
WORKERS = 2
# Python imports this module when it starts, if it finds it.
SITE = f"""
import tccli.core.dispatch as dispatch
import tccli.cli.batch.workers as workers

dispatch.MIN_PROCESSOR_SHARE, dispatch.SAMPLE_JOBS, dispatch.MIN_SAMPLE_SECONDS = 0, 1, 0
workers.count_processors = lambda: {WORKERS}
"""
PATIENCE = """
import tccli.cli.batch.make_calls as make_calls
import tccli.cli.batch.run as run

make_calls.MAX_END_SECONDS = run.MAX_END_SECONDS = 30
"""
"""After Ctrl-C, a busy machine may need more than half a second until each call has told how far it is."""
FOR_SHORT_INPUTS = "workers.MIN_INPUT_BYTES = 0\n"


def write_site(directory: Path, site: str = SITE + FOR_SHORT_INPUTS + PATIENCE) -> dict[str, str]:
    """
    Return the environment in which ``tc batch`` uses worker processes from its second call on, on any machine.

    Args:
        site: What each Python executes first.
    """
    (directory / "site").mkdir(exist_ok=True)
    (directory / "site" / "sitecustomize.py").write_text(site)
    return {"PYTHONPATH": f"{directory / 'site'}{os.pathsep}{Path(tccli.__file__).parent.parent}"}


@pytest.fixture(params=["threads", "workers"])
def makers(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """
    The environment in which threads of the process make the calls, or worker processes.
    """
    if request.param == "threads":
        return write_site(tmp_path, PATIENCE)
    if sys.platform != "linux":
        pytest.skip("there are worker processes on Linux only")
    return write_site(tmp_path)


def make_lines(calls: Iterable[Any]) -> str:
    """
    Return calls as lines of JSON.
    """
    return "".join(f"{call if isinstance(call, str) else json.dumps(call)}\n" for call in calls)


def read(result: Result) -> list[Any]:
    """
    Return the results on stdout.
    """
    return [json.loads(line) for line in result.stdout.split("\n")[:-1]]


class Service:
    """
    A service that fails at random: it responds with 503 or drops the connection, before or after it has done what was
    asked for, and sometimes does not respond at all.

    Attributes:
        effects: How often each call was done, by the URL's target.
        unknown: The targets whose first caller has no proof that they were done.
    """

    def __init__(self, server: ScriptedServer, seed: int) -> None:
        self.effects: Counter[str] = Counter()
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._stalls = 2
        server.respond_with(self.respond)

    def respond(self, request: Received) -> Response:
        """
        Do what is asked for, or not, and respond, or not.
        """
        with self._lock:
            draw, is_done = self._random.random(), self._random.random() < 0.5
            fault = None
            if draw < 0.05:
                fault = error_response(503, "E", "not now")
            elif draw < 0.06:
                fault = DROPPED
            elif draw < 0.07 and self._stalls:
                self._stalls -= 1
                fault = NO_RESPONSE
            if fault is None or is_done:
                self.effects[request.target.partition("/v1/")[2]] += 1
        return fault or json_response({})


def make_calls(count: int) -> list[dict[str, Any]]:
    """
    Return calls of which a third must not be repeated.
    """
    return [
        {"id": f"c{number}", "service": "hooks", "method": "triggerHook", "args": ["g", f"h{number}"], "payload": {}}
        if number % 3 == 0
        else {"id": f"c{number}", "service": "secrets", "method": "remove", "args": [f"s{number}"]}
        for number in range(count)
    ]


def check_effects(service: Service, calls: list[dict[str, Any]], uncertain: set[str], failed: set[str]) -> None:
    """
    Check that each call was done once if it is idempotent; else at most once, and once if it is said to be done.
    """
    for call in calls:
        if call["service"] == "secrets":
            assert service.effects[f"secret/{call['args'][0]}"] >= 1, (call, SEED)
            assert call["id"] not in uncertain | failed
            continue
        done = service.effects[f"hooks/g/{call['args'][1]}/trigger"]
        assert done <= 1, (call, SEED)
        if call["id"] not in uncertain:
            assert done == (call["id"] not in failed), (call, SEED)
