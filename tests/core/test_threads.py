"""
Threads of a command.
"""

from __future__ import annotations

import signal

import pytest

from tccli.core.threads import start_thread

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
