"""
The calls of a batch that begin while it is interrupted.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from tccli.cli.batch.items import Item
from tccli.cli.batch.make_calls import CallMaker, CallNotMadeError
from tccli.core.batch.calls import BatchCall
from tccli.core.http.deadline import Cancellation


def test_a_call_that_begins_at_an_interruption_is_waited_for() -> None:
    """
    From before it looks whether it may begin: otherwise it would be recorded as begun after the end of the batch has
    named what is uncertain.
    """
    idle: list[bool] = []

    class LateCancellation(Cancellation):
        @property
        def is_cancelled(self) -> bool:
            was_cancelled = super().is_cancelled
            # Just then, the calls are cancelled, and those that run are waited for.
            self.cancel()
            idle.append(maker.is_idle)
            return was_cancelled

    client = SimpleNamespace(cancellation=LateCancellation())
    maker = CallMaker(cast("Any", client), cast("Any", None), None, cast("Any", None), 0)
    item = Item(BatchCall(1, None, "hooks", "triggerHook", [], {}, {}), is_recorded=True)
    assert maker.is_idle
    maker.begin([item])
    assert [False] == idle
    assert {1} == set(maker.unfinished)
    with pytest.raises(CallNotMadeError):
        maker.begin([item._replace(call=BatchCall(2, None, "hooks", "triggerHook", [], {}, {}))])
    assert {1} == set(maker.unfinished)
