"""
``tc url``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import pytest
import taskcluster
from hypothesis import given
from hypothesis import strategies as st

from tccli import names, references
from tccli.core.calls import prepare_call
from tests.vectors import load

if TYPE_CHECKING:
    from tests.conftest import CommandLine

VECTORS = load("urls")
ROOT = VECTORS["rootUrl"]
ENV = {"TASKCLUSTER_ROOT_URL": ROOT}
VALUES = st.text(st.characters(min_codepoint=0x20, exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)


def segments(url: str) -> tuple[list[str], list[str]]:
    """
    Return the decoded segments of a path, and the decoded pieces of a query.
    """
    found = urlsplit(url)
    return [unquote(each) for each in found.path.split("/")], [unquote(each) for each in found.query.split("&")]


@pytest.mark.parametrize(
    "vector",
    VECTORS["urls"],
    ids=[f"{vector['service']}.{vector['method']} {vector['args'][-1]}" for vector in VECTORS["urls"]],
)
def test_prints_the_same_as_the_reference(tc: CommandLine, vector: dict[str, Any]) -> None:
    """
    Awkward values in path and query.
    """
    options = [f"--{names.kebab(name)}={value}" for name, value in vector["query"].items()]
    result = tc("url", vector["service"], vector["method"], *options, "--", *vector["args"], env=ENV)

    assert (0, "") == (result.exit_code, result.stderr)
    assert segments(vector["url"]) == segments(result.stdout.removesuffix("\n"))
    assert (
        vector["url"].translate(str.maketrans({mark: f"%{ord(mark):X}" for mark in "!'()*"})) == result.stdout.strip()
    )


@given(st.lists(VALUES.filter(lambda value: value not in {".", ".."}), min_size=3, max_size=3), VALUES)
def test_escapes_as_the_official_client_does(values: list[str], query: str) -> None:
    """
    The same endpoint, argument for argument.
    """
    options = {"continuationToken": query}
    options = {"continuationToken": query}
    official = taskcluster.Queue({"rootUrl": ROOT}).buildUrl("listArtifacts", *values[:2], query=options)
    method = references.method("queue", "listArtifacts")
    ours = prepare_call(ROOT, method, values[:2], options).url

    assert segments(official)[0] == segments(ours)[0]
    assert "+" not in ours
    assert all(character.isascii() and character.isprintable() for character in ours)


def test_a_proxy_is_not_for_others(tc: CommandLine) -> None:
    """
    Unless the internal URL is asked for.
    """
    env = {**ENV, "TASKCLUSTER_PROXY_URL": "http://taskcluster"}

    assert f"{ROOT}/api/queue/v1/ping\n" == tc("url", "queue", "ping", env=env).stdout
    assert "http://taskcluster/api/queue/v1/ping\n" == tc("url", "queue", "ping", "--internal", env=env).stdout


@pytest.mark.parametrize("method", ["createTask", "cancelTask", "ping"])
def test_any_method_has_a_url(tc: CommandLine, method: str) -> None:
    """
    Whatever its verb; half a set of credentials does not matter.
    """
    args = [""] * 0 if method == "ping" else ["a"]

    assert 0 == tc("url", "queue", method, *args, env={**ENV, "TASKCLUSTER_CLIENT_ID": "half"}).exit_code
