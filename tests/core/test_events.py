"""
Routing-key patterns, as the JavaScript client's event classes make them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tccli import references
from tccli.core.events import routing_key_pattern
from tccli.errors import UsageError
from tests.vectors import load

if TYPE_CHECKING:
    from tccli.references.exchanges import Exchange

VECTORS = load("bindings")


@pytest.mark.parametrize(
    "vector", VECTORS, ids=[f"{vector['service']}.{vector['event']} {vector['keys']}" for vector in VECTORS]
)
def test_patterns_are_the_references(vector: dict[str, Any]) -> None:
    """
    The same pattern, and a refusal where the reference refuses.
    """
    exchange = references.service(vector["service"]).exchanges[vector["event"]]
    if "error" in vector:
        with pytest.raises(UsageError, match="has a dot"):
            routing_key_pattern(exchange, vector["keys"])
        return

    assert vector["exchange"] == exchange.exchange
    assert vector["routingKeyPattern"] == routing_key_pattern(exchange, vector["keys"])


@pytest.mark.parametrize(
    "exchange",
    [
        pytest.param(exchange, id=f"{name}.{event}")
        for name in references.service_names()
        for event, exchange in references.service(name).exchanges.items()
    ],
)
def test_without_keys_a_pattern_is_open(exchange: Exchange) -> None:
    """
    Constants stay, several words are ``#``, and one word is ``*``, for every exchange there is.
    """
    words = [key.constant or ("#" if key.multiple_words else "*") for key in exchange.keys]

    assert ".".join(words) == routing_key_pattern(exchange, {})


def test_keys_may_be_spelled_in_any_way() -> None:
    """
    As everywhere on the command line.
    """
    exchange = references.service("queue").exchanges["taskPending"]

    patterns = {routing_key_pattern(exchange, {key: "abc"}) for key in ("taskId", "task-id", "TASKID")}

    assert {"primary.abc.*.*.*.*.*.*.*.#"} == patterns


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        pytest.param("taskIdd", "did you mean taskId", id="near miss"),
        pytest.param("zebra", "there are taskId", id="nothing like it"),
        pytest.param("routingKeyKind", "", id="a constant"),
    ],
)
def test_refuses_keys_that_there_are_not(key: str, hint: str) -> None:
    """
    And names those that there are.
    """
    with pytest.raises(UsageError, match="has no key") as caught:
        routing_key_pattern(references.service("queue").exchanges["taskPending"], {key: "x"})

    assert hint in str(caught.value)
