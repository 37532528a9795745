"""
Threads of a command.
"""

from __future__ import annotations

import importlib
import signal
from typing import TYPE_CHECKING

import pytest

from tccli.core.threads import start_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ENDING = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="threads have no signals of their own")
def test_signals_are_for_the_main_thread() -> None:
    """
    Another one must not take a signal, which the main thread would not learn of while it waits.
    """
    masks: list[set[int]] = []
    start_thread(lambda: masks.append(signal.pthread_sigmask(signal.SIG_BLOCK, ()))).join()
    own = signal.pthread_sigmask(signal.SIG_BLOCK, ())

    assert ENDING <= masks[0]
    assert not ENDING & own


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="threads have no signals of their own")
def test_an_interruption_while_a_thread_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Leaves no signal blocked: the next Ctrl-C, and programs that are started later, get it.
    """
    # What the module signal wraps.
    module = importlib.import_module("_signal")
    set_mask: Callable[[int, Iterable[int]], set[int]] = module.pthread_sigmask

    def set_mask_late(how: int, numbers: Iterable[int]) -> set[int]:
        before = set_mask(how, numbers)
        if how == signal.SIG_BLOCK and numbers:
            # As it does for a signal that came just before.
            raise KeyboardInterrupt
        return before

    own = set_mask(signal.SIG_BLOCK, ())
    monkeypatch.setattr(module, "pthread_sigmask", set_mask_late)
    with pytest.raises(KeyboardInterrupt):
        start_thread(int)
    assert own == set_mask(signal.SIG_BLOCK, ())
