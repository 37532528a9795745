"""
A method and its values become an answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tccli import references
from tccli.core.account import Account
from tccli.core.client import Client, escape, route_url
from tccli.core.hawk import Credentials
from tccli.core.http.messages import Request, Response
from tccli.errors import BrokenAnswerError, UsageError

METHODS = [method for name in references.service_names() for method in references.service(name).methods.values()]
ROOT = "https://tc.example.com"
VALUES = st.text(
    st.characters(min_codepoint=0x20, exclude_categories=["Cs"], exclude_characters="\x7f"), min_size=1, max_size=12
).filter(lambda value: value not in {".", ".."})


@dataclass
class Scripted:
    """
    A transport that answers from a list.
    """

    answers: list[Response]
    sent: list[Request] = field(default_factory=list)

    def send(self, request: Request) -> Response:
        """
        Answer with what is next.
        """
        self.sent.append(request)
        return self.answers.pop(0)


@given(VALUES)
def test_escaping_can_be_undone(value: str) -> None:
    """
    Nothing but unreserved characters and percent signs is left.
    """
    escaped = escape("x", value)

    assert value == unquote(escaped)
    assert not set(escaped) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%")


@given(st.text(max_size=10))
def test_what_would_reach_another_endpoint_is_refused(value: str) -> None:
    """
    And control characters, and what is not UTF-8; nothing else.
    """
    bad = value in {"", ".", ".."} or any(ord(each) < 0x20 or ord(each) == 0x7F for each in value)
    bad = bad or any(0xD800 <= ord(each) <= 0xDFFF for each in value)
    try:
        escape("x", value)
    except UsageError:
        assert bad
    else:
        assert not bad


@given(st.sampled_from(METHODS), st.data())
def test_a_url_says_its_values(method: references.Method, data: st.DataObject) -> None:
    """
    Each argument is one segment at its place, each option one pair.
    """
    args = [data.draw(VALUES) for _ in method.args]
    query = {name: data.draw(VALUES) for name in method.query}
    found = urlsplit(route_url(ROOT, method, args, query))
    pattern = f"/api/{method.service}/{method.version}{method.route}".split("/")
    segments = found.path.split("/")

    assert len(pattern) == len(segments)
    assert args == [unquote(segment) for place, segment in zip(pattern, segments, strict=True) if place.startswith("<")]
    assert list(query.items()) == parse_qsl(found.query, keep_blank_values=True)


@given(VALUES)
def test_a_value_that_looks_like_an_argument_stays_one(value: str) -> None:
    """
    ``<runId>`` as a task's name is no placeholder.
    """
    method = references.method("queue", "artifact")
    url = route_url(ROOT, method, ["<runId>", value, "<name>"], {})

    assert ["<runId>", value, "<name>"] == [unquote(url.split("/")[place]) for place in (7, 9, 11)]


@pytest.mark.parametrize("args", [[], ["a", "b"]])
def test_counts_arguments(args: list[str]) -> None:
    """
    And names those that there are.
    """
    with pytest.raises(UsageError, match=rf"queue.task takes 1 arguments \(taskId\), not {len(args)}"):
        route_url(ROOT, references.method("queue", "task"), args, {})


@pytest.mark.parametrize(
    ("account", "discovery", "internal", "base"),
    [
        pytest.param(Account(ROOT), "default", True, ROOT, id="default"),
        pytest.param(Account(ROOT, "http://proxy"), "default", True, "http://proxy", id="proxy"),
        pytest.param(Account(ROOT, "http://proxy"), "default", False, ROOT, id="proxy, for others"),
        pytest.param(Account(ROOT), "k8s-dns", True, "http://taskcluster-queue", id="k8s-dns"),
        pytest.param(Account(ROOT), "k8s-dns", False, ROOT, id="k8s-dns, for others"),
    ],
)
def test_where_requests_go(account: Account, discovery: str, internal: bool, base: str) -> None:
    """
    To proxy or service; URLs for others are the deployment's.
    """
    client = Client(account, Scripted([]), discovery=discovery)

    assert f"{base}/api/queue/v1/ping" == client.url(references.method("queue", "ping"), [], {}, internal=internal)


def test_signs_what_is_sent() -> None:
    """
    A new nonce each time.
    """
    client = Client(Account(ROOT, None, Credentials("me", "t")), Scripted([]))
    method = references.method("queue", "ping")
    headers = [client.request(method, [], {}).headers["Authorization"] for _ in range(20)]

    assert 20 == len(set(headers))


@pytest.mark.parametrize("tokens", [["a"] * 3, ["a", "b", "a"], ["a", "b", "c", "b"]], ids=repr)
def test_tokens_that_go_round_are_noticed(tokens: list[str]) -> None:
    """
    There would be no end.
    """
    answers = [Response(200, {}, b'{"a": [], "continuationToken": "%s"}' % token.encode()) for token in tokens]
    client = Client(Account(ROOT), Scripted(answers))

    with pytest.raises(BrokenAnswerError, match="came twice"):
        list(client.pages(references.method("queue", "listTaskGroup"), ["g"], {}))


@pytest.mark.parametrize("token", [1, True, ["a"], {"a": 1}], ids=repr)
def test_a_token_is_text(token: Any) -> None:
    """
    Anything else is not what was promised.
    """
    import json

    body = json.dumps({"a": [], "continuationToken": token}).encode()
    client = Client(Account(ROOT), Scripted([Response(200, {}, body)]))

    with pytest.raises(BrokenAnswerError):
        list(client.pages(references.method("queue", "listTaskGroup"), ["g"], {}))


@pytest.mark.parametrize("token", ["", None], ids=repr)
def test_an_empty_token_is_the_end(token: Any) -> None:
    """
    As is none.
    """
    import json

    body = json.dumps({"a": [], "continuationToken": token}).encode()
    client = Client(Account(ROOT), Scripted([Response(200, {}, body)]))

    assert 1 == len(list(client.pages(references.method("queue", "listTaskGroup"), ["g"], {})))
