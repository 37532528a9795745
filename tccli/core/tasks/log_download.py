"""
Download a log that grows: in order, to the end of its run, however long it is silent.
"""

from __future__ import annotations

import hashlib
from typing import IO, TYPE_CHECKING

from tccli.core.transfer.digests import check_digests
from tccli.core.transfer.options import DownloadResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tccli.core.tasks.log_follow import RunLog


def download_log(log: RunLog, out: IO[bytes], expected: Mapping[str, str]) -> DownloadResult:
    """
    Write a log to *out* as it grows.

    Args:
        expected: Hexadecimal digests of all of it, by algorithm.

    Raises:
        BrokenAnswerError: It has other digests.
        TcError: As `RunLog.read`.
    """
    states = {algorithm: hashlib.new(algorithm) for algorithm in expected}
    log.remote.context.progress.start(None)
    size = 0
    for block in log.read_blocks():
        size += len(block)
        for state in states.values():
            state.update(block)
        out.write(block)
        out.flush()
    check_digests({name: state.hexdigest() for name, state in states.items()}, expected, log.remote.source.name)
    return DownloadResult(size, tuple(sorted(expected)), log.content_type, dict(expected))
