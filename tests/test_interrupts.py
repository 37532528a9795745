"""
Signals that come while something runs that must run as a whole.
"""

from __future__ import annotations

import signal

import pytest

from tccli.interrupts import Interrupts


@pytest.fixture
def interrupts() -> Interrupts:
    """
    An object of its own, whose signals the test makes up.
    """
    return Interrupts()


def test_a_signal_interrupts(interrupts: Interrupts) -> None:
    """
    At once, and it is recorded.
    """
    with pytest.raises(KeyboardInterrupt):
        interrupts.receive(signal.SIGTERM, None)
    assert [signal.SIGTERM] == interrupts.numbers


def test_a_block_runs_as_a_whole(interrupts: Interrupts) -> None:
    """
    It is interrupted at its end, and the next one is not.
    """
    done = []
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012, SIM117 - the end of the block is what raises
        with interrupts:
            interrupts.receive(signal.SIGINT, None)
            done.append(1)
    with interrupts:
        done.append(2)

    assert [1, 2] == done


def test_a_second_signal_interrupts_a_block(interrupts: Interrupts) -> None:
    """
    It may wait for something that never comes.
    """
    done = []
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012, SIM117
        with interrupts:
            interrupts.receive(signal.SIGINT, None)
            done.append(1)
            interrupts.receive(signal.SIGINT, None)
            done.append(2)

    assert [1] == done


def test_an_interruption_replaces_an_error(interrupts: Interrupts) -> None:
    """
    As it would have without the block.
    """
    with pytest.raises(KeyboardInterrupt), interrupts:  # noqa: PT012
        interrupts.receive(signal.SIGINT, None)
        raise ValueError
