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
from tccli.core.calls import escape, prepare_call
from tccli.core.client import Client
from tccli.core.hawk import Credentials
from tccli.core.http.messages import Request, Response
from tccli.core.payload import encode
from tccli.errors import BrokenAnswerError, UsageError
from tests.ids import TASK_ID

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
def test_a_url_contains_its_arguments(method: references.Method, data: st.DataObject) -> None:
    """
    Each argument is one segment at its place, each option one pair.
    """
    args = [data.draw(VALUES) for _ in method.args]
    query = {name: data.draw(VALUES) for name in method.query if name != "limit"}
    found = urlsplit(prepare_call(ROOT, method, args, query).url)
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
    url = prepare_call(ROOT, method, ["<runId>", value, "<name>"]).url

    assert ["<runId>", value, "<name>"] == [unquote(url.split("/")[place]) for place in (7, 9, 11)]


@pytest.mark.parametrize("args", [[], ["a", "b"]])
def test_counts_arguments(args: list[str]) -> None:
    """
    And names those that there are.
    """
    with pytest.raises(UsageError, match=rf"queue.task takes 1 argument \(taskId\), not {len(args)}"):
        prepare_call(ROOT, references.method("queue", "task"), args)


@pytest.mark.parametrize(
    ("service", "name", "query", "named"),
    [
        pytest.param("queue", "task", {"limit": "1"}, "limit", id="an option of other methods"),
        pytest.param("queue", "listTaskGroup", {"limits": "1"}, "did you mean limit", id="a near miss"),
        pytest.param("queue", "listTaskGroup", {"limit": "0"}, "--limit", id="a limit of nothing"),
        pytest.param("queue", "listTaskGroup", {"limit": "ten"}, "--limit", id="a limit in words"),
        pytest.param("queue", "listTaskGroup", {"continuationToken": ""}, "--continuation-token", id="no token"),
    ],
)
def test_checks_the_query(service: str, name: str, query: dict[str, str], named: str) -> None:
    """
    Callers of the library get the same checks as the command line.
    """
    with pytest.raises(UsageError, match=named):
        prepare_call(ROOT, references.method(service, name), ["a"], query)


def test_checks_that_a_payload_is_given_and_expected() -> None:
    """
    Before anything is sent. The URL does not depend on the payload.
    """
    client = Client(Account(ROOT), Scripted([]))
    call = client.prepare(references.method("auth", "createRole"), ["a"])

    assert call.url == f"{ROOT}/api/auth/v1/roles/a"
    with pytest.raises(UsageError, match="needs a payload"):
        client.send(call)
    with pytest.raises(UsageError, match="takes no payload"):
        client.prepare(references.method("auth", "role"), ["a"], payload=encode({}))


def test_checks_what_the_command_line_checks() -> None:
    """
    Ids, query options and payloads; a caller may leave out the check against the schema.
    """
    client = Client(Account(ROOT), Scripted([]))
    create = references.method("auth", "createRole")
    for args, match in (
        ((references.method("queue", "task"), ["a"]), "slugid"),
        ((references.method("queue", "listTaskGroup"), [TASK_ID], {"limits": "1"}), "limits"),
        ((references.method("auth", "listClients"), [], {"limit": "x"}), "--limit"),
        ((create, ["a"], None, encode({"scopes": []})), "missing field description"),
    ):
        with pytest.raises(UsageError, match=match):
            client.prepare(*args)

    assert client.prepare(create, ["a"]).with_payload(encode({}), checks_schema=False).payload == encode({})


@pytest.mark.parametrize(
    ("account", "discovery", "base"),
    [
        pytest.param(Account(ROOT), "default", ROOT, id="default"),
        pytest.param(Account(ROOT, "http://proxy"), "default", "http://proxy", id="proxy"),
        pytest.param(Account(ROOT), "k8s-dns", "http://taskcluster-queue", id="k8s-dns"),
    ],
)
def test_where_requests_go(account: Account, discovery: str, base: str) -> None:
    """
    To the deployment, the proxy or the service.
    """
    client = Client(account, Scripted([]), discovery=discovery)

    assert f"{base}/api/queue/v1/ping" == client.prepare(references.method("queue", "ping"), []).url


def test_signs_what_is_sent() -> None:
    """
    A new nonce each time.
    """
    client = Client(Account(ROOT, None, Credentials("me", "t")), Scripted([]))
    call = client.prepare(references.method("queue", "ping"), [])
    headers = [client.build_request(call).headers["Authorization"] for _ in range(20)]

    assert 20 == len(set(headers))


@pytest.mark.parametrize("tokens", [["a"] * 3, ["a", "b", "a"], ["a", "b", "c", "b"]], ids=repr)
def test_tokens_that_go_round_are_noticed(tokens: list[str]) -> None:
    """
    There would be no end.
    """
    answers = [Response(200, {}, b'{"a": [], "continuationToken": "%s"}' % token.encode()) for token in tokens]
    client = Client(Account(ROOT), Scripted(answers))

    with pytest.raises(BrokenAnswerError, match="came twice"):
        list(client.paginate(client.prepare(references.method("queue", "listTaskGroup"), [TASK_ID])))


@pytest.mark.parametrize("token", [1, True, ["a"], {"a": 1}, "\ud800", "a\nb"], ids=ascii)
def test_a_token_is_text_that_can_be_sent(token: Any) -> None:
    """
    Anything else is not what was promised.
    """
    import json

    body = json.dumps({"a": [], "continuationToken": token}).encode()
    client = Client(Account(ROOT), Scripted([Response(200, {}, body)]))

    with pytest.raises(BrokenAnswerError):
        list(client.paginate(client.prepare(references.method("queue", "listTaskGroup"), [TASK_ID])))


@pytest.mark.parametrize("token", ["", None], ids=repr)
def test_an_empty_token_is_the_end(token: Any) -> None:
    """
    As is none.
    """
    import json

    body = json.dumps({"a": [], "continuationToken": token}).encode()
    client = Client(Account(ROOT), Scripted([Response(200, {}, body)]))

    assert 1 == len(list(client.paginate(client.prepare(references.method("queue", "listTaskGroup"), [TASK_ID]))))
