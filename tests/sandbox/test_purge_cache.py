"""
The purge-cache service.
"""

from __future__ import annotations

import urllib.parse
from typing import TYPE_CHECKING, Any

import pytest
import taskcluster

from tccli.sandbox.clock import from_json
from tests.sandbox.conftest import timestamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import RunningSandbox
    from tests.sandbox.conftest import HttpResponse

    Send = Callable[..., HttpResponse]

PURGE = "/api/purge-cache/v1/purge-cache"
DAY = 86_400_000


def test_the_official_client_purges(sandbox: RunningSandbox) -> None:
    """
    Workers see which caches to purge, and since when.
    """
    options = {"rootUrl": sandbox.root_url, "credentials": dict(sandbox.credentials), "maxRetries": 0}
    service = taskcluster.PurgeCache(options)
    service.purgeCache("proj/ci", {"cacheName": "a"})
    service.purgeCache("proj/ci", {"cacheName": "b"})
    service.purgeCache("proj/other", {"cacheName": "a"})
    requests = service.purgeRequests("proj/ci")["requests"]

    assert [("proj", "ci", "a"), ("proj", "ci", "b")] == [
        (found["provisionerId"], found["workerType"], found["cacheName"]) for found in requests
    ]
    since = {"since": requests[0]["before"]}
    assert requests == service.purgeRequests("proj/ci", query=since)["requests"]
    assert [] == service.purgeRequests("proj/ci", query={"since": timestamp("1 minute")})["requests"]
    assert 3 == len(service.allPurgeRequests()["requests"])


def test_the_response_is_empty(send: Send) -> None:
    """
    204, also with an unescaped slash in the pool.
    """
    for pool in ("proj/ci", "proj%2Fci"):
        reply = send("POST", f"{PURGE}/{pool}", {"cacheName": "a"})
        assert (204, "") == (reply.status, reply.text)
    assert 1 == len(send("GET", f"{PURGE}/list", signed=False).json["requests"])


def test_requests_come_in_pages_and_expire(send: Send, sandbox: RunningSandbox) -> None:
    """
    After a day.
    """
    for name in ("a", "b", "c"):
        send("POST", f"{PURGE}/proj%2Fci", {"cacheName": name})
    first = send("GET", f"{PURGE}/list?limit=2").json
    second = send("GET", f"{PURGE}/list?continuationToken={first['continuationToken']}").json

    assert ["a", "b", "c"] == [found["cacheName"] for page in (first, second) for found in page["requests"]]
    sandbox.clock.offset += DAY + 1000
    assert [] == send("GET", f"{PURGE}/list", signed=False).json["requests"]
    assert [] == send("GET", f"{PURGE}/proj%2Fci", signed=False).json["requests"]


@pytest.mark.parametrize(
    ("since", "status"),
    [
        pytest.param("2026-01-31T00:00:00Z", 200, id="moment"),
        pytest.param("2026", 200, id="year"),
        pytest.param("2026-02-30T00:00:00Z", 200, id="30 February"),
        pytest.param("2026-01-31T24:00:00Z", 200, id="24 o'clock"),
        pytest.param("0000-01-01T00:00:00Z", 200, id="year 0"),
        pytest.param("2026-01-31%2000:00", 200, id="no zone"),
        pytest.param("2026-01-31T00:00:00.123456789%2b05:30", 200, id="many digits"),
        pytest.param("2026-01-32", 400, id="day 32"),
        pytest.param("2026-13-01", 400, id="month 13"),
        pytest.param("2026-01-31T24:00:00.5Z", 400, id="after 24 o'clock"),
        pytest.param("2026-01-31T23:59:60Z", 400, id="leap second"),
        pytest.param("2026-01-31T00:00:00%2b24:00", 400, id="offset"),
        pytest.param("2026-01-31T00:00:00,5Z", 400, id="comma"),
        pytest.param("20900101T000000Z", 400, id="basic format"),
        pytest.param("2026-W01-1", 400, id="week"),
        pytest.param("x", 400, id="no date"),
        pytest.param("1970-01-01T00:00:00Z", 400, id="the first instant"),
    ],
)
def test_since_is_read_as_javascript_reads_it(send: Send, since: str, status: int) -> None:
    """
    Otherwise 400 InvalidRequestArguments.
    """
    reply = send("GET", f"{PURGE}/proj%2Fci?since={since}", signed=False)

    assert status == reply.status
    written = urllib.parse.unquote(since)
    assert (status == 200) or f'since="{written}" is not valid, error: Invalid Date' in reply.message


def test_since_may_be_a_day_that_its_month_does_not_have(send: Send, sandbox: RunningSandbox) -> None:
    """
    It is the one after the month's last day.
    """
    sandbox.clock.offset += from_json("2030-03-02T00:00:00Z") - sandbox.clock.now()
    send("POST", f"{PURGE}/proj%2Fci", {"cacheName": "a"})
    found = [send("GET", f"{PURGE}/proj%2Fci?since=2030-02-{day}").json["requests"] for day in (28, 30, 31)]

    assert [1, 1, 0] == [len(requests) for requests in found]


@pytest.mark.parametrize(
    ("verb", "target", "payload", "signed", "code"),
    [
        pytest.param("POST", "proj%2Fci", {"cacheName": "a"}, False, "InsufficientScopes", id="purge, anonymous"),
        pytest.param("POST", "proj%2Fci", {}, True, "InputValidationError", id="payload"),
        pytest.param("POST", "proj", {"cacheName": "a"}, True, "InvalidRequestArguments", id="half a pool"),
        pytest.param("GET", "a/b/c", None, True, "InvalidRequestArguments", id="too much of a pool"),
        pytest.param("GET", "list?limit=x", None, True, "InvalidRequestArguments", id="limit"),
    ],
)
def test_bad_requests_are_errors(send: Send, verb: str, target: str, payload: Any, code: str, *, signed: bool) -> None:
    """
    With the service's codes.
    """
    assert code == send(verb, f"{PURGE}/{target}", payload, signed=signed).code
