"""
How long the queue remembers workers and task queues.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tccli.sandbox.clock import from_json
from tests.sandbox.queue_client import API, DAY, HOUR, MINUTE, WORKER

if TYPE_CHECKING:
    from tests.sandbox.queue_client import QueueClient

NAME = "/provisioners/proj/worker-types/ci/group/worker"
SEEN = "/provisioners/proj/worker-types/ci/workers/group/worker"


def declare(queue: QueueClient, after: int) -> Any:
    """
    Declare the worker until some time from now, and return the response.
    """
    return queue.send("PUT", API + NAME, {"expires": queue.timestamp(after)}).json


def days_left(queue: QueueClient, path: str) -> float:
    """
    Return the days until something expires, rounded.
    """
    return round((from_json(queue.get(path)["expires"]) - queue.sandbox.clock.now()) / DAY, 2)


def test_a_declaration_makes_no_expiry_sooner(queue: QueueClient) -> None:
    """
    Neither of the worker nor of its queue.
    """
    later = declare(queue, 10 * DAY)
    again = declare(queue, DAY)

    assert later["expires"] == again["expires"] == queue.get("/task-queues/proj%2Fci")["expires"]
    assert 11 == round((from_json(declare(queue, 11 * DAY)["expires"]) - queue.sandbox.clock.now()) / DAY)


def test_a_claim_makes_a_queue_known_for_a_day(queue: QueueClient) -> None:
    """
    As the worker; claimTask makes the queue known for five days, and no worker.
    """
    task_id = queue.create()
    queue.claim()
    assert (1, 1) == (days_left(queue, "/task-queues/proj%2Fci"), days_left(queue, SEEN))

    other = queue.create(taskQueueId="proj/other")
    assert 200 == queue.post(f"/task/{other}/runs/0/claim", WORKER).status
    assert 5 == days_left(queue, "/task-queues/proj%2Fother")
    assert 404 == queue.send("GET", API + SEEN.replace("/ci/", "/other/")).status
    queue.pass_time(10 * MINUTE)
    assert 200 == queue.post(f"/task/{task_id}/runs/0/reclaim").status
    assert 0.99 == days_left(queue, SEEN)  # the use is recorded every 30 minutes
    queue.pass_time(DAY + HOUR)
    assert 404 == queue.send("GET", f"{API}/task-queues/proj%2Fci").status


@pytest.mark.parametrize("hours", [pytest.param(1, id="in the future"), pytest.param(-1, id="in the past")])
def test_a_quarantine_extends_the_expiry_to_a_day(queue: QueueClient, hours: int) -> None:
    """
    Also if it ends a quarantine; before the first one, the end lies ten years before the first use.
    """
    first = declare(queue, HOUR)
    assert 10 == round((from_json(first["firstClaim"]) - from_json(first["quarantineUntil"])) / (365 * DAY))
    queue.send("PUT", API + SEEN, {"quarantineUntil": queue.timestamp(hours * HOUR)})

    assert 1 == days_left(queue, SEEN)


def test_responses_have_no_details_of_quarantines(queue: QueueClient) -> None:
    """
    Only the method of the worker manager has them.
    """
    responses = [declare(queue, DAY), queue.get(SEEN)]
    responses.append(queue.send("PUT", API + SEEN, {"quarantineUntil": queue.timestamp(HOUR)}).json)

    assert [] == [response for response in responses if "quarantineDetails" in response]
    assert 1 == len(queue.send("GET", f"/api/worker-manager/v1{SEEN}").json["quarantineDetails"])
