"""
Ends a test that hangs: a plugin of pytest, which has such a limit, but none that goes on after a failure.
"""

from __future__ import annotations

import faulthandler
import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_SECONDS = 300
"""Of a test's setup, call or teardown, on a busy machine. The slowest takes half a minute on a quiet one."""


class HangWatch:
    """
    Prints what all threads do when a test takes too long, and ends the process. pytest-xdist reports that as a failure
    of the test, and another process makes the others.
    """

    def __init__(self, config: pytest.Config) -> None:
        capture = config.pluginmanager.getplugin("capturemanager")
        assert capture is not None
        with capture.global_and_fixture_disabled():
            self._stderr = os.dup(2)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self) -> Iterator[None]:
        """
        Watch the setup.
        """
        yield from self._watch()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Iterator[None]:
        """
        Watch the test itself.
        """
        yield from self._watch()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self) -> Iterator[None]:
        """
        Watch the teardown.
        """
        yield from self._watch()

    def _watch(self) -> Iterator[None]:
        faulthandler.dump_traceback_later(MAX_SECONDS, exit=True, file=self._stderr)
        try:
            return (yield)
        finally:
            faulthandler.cancel_dump_traceback_later()
