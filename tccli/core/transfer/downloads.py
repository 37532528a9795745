"""
Downloads: into a file that appears when it is whole and right, or in order into a pipe.
"""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING

from tccli.core.files import check_target, is_special
from tccli.core.http.decoding import PlainReader
from tccli.core.transfer.digests import StreamHashes, compare
from tccli.core.transfer.file_download import WORTH_KEEPING, FileDownload
from tccli.core.transfer.reader import Reader
from tccli.core.transfer.remote import ChangedError
from tccli.core.transfer.request import Outcome, Wanted, verified
from tccli.core.transfer.resume import Partial
from tccli.errors import BrokenAnswerError, LocalFileError

if TYPE_CHECKING:
    from tccli.core.transfer.remote import Remote

MOST_RESTARTS = 3


def download_to_file(remote: Remote, target: str, wanted: Wanted) -> Outcome:
    """
    Download into *target*, which stays as it is until all bytes are there and right.

    What an earlier run has left beside it is used, if the remote side is still the same.

    Raises:
        BrokenAnswerError: What came is not what was promised; nothing is left behind.
        LocalFileError: It cannot be written.
        TcError: It cannot be fetched; what has been fetched is kept for the next run.
    """
    if not is_special(target):
        # What /dev/stdout is a link to may have no path at all.
        target = os.path.realpath(target)
    check_target(target)
    # What cannot be found leaves nothing behind.
    remote.location()
    if is_special(target):
        try:
            with open(target, "wb") as device:
                return download_to_stream(remote, device, wanted)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise LocalFileError(f"cannot write {target}: {error.strerror or error}") from None
    with Partial(target) as partial:
        for _ in range(MOST_RESTARTS):
            try:
                return FileDownload(remote, partial, wanted).run(target)
            except ChangedError:
                partial.discard_bytes()
                remote.stopped.clear()
            except OSError as error:
                partial.leave(WORTH_KEEPING)
                raise LocalFileError(
                    f"cannot write {target}: {error.strerror or error}",
                    hint="what is there is kept: run it again to go on",
                ) from None
            except BaseException:
                partial.leave(WORTH_KEEPING)
                raise
        partial.discard()
    raise BrokenAnswerError(f"{remote.source.name} changes faster than it can be downloaded")


def download_to_stream(remote: Remote, out: IO[bytes], wanted: Wanted) -> Outcome:
    """
    Download into *out* in order, over one connection; what is wrong at the end is said after all has been written.

    Raises:
        BrokenAnswerError: What came is not what was promised.
        TcError: It cannot be fetched.
    """
    expected = {**remote.location().hashes, **wanted.hashes}
    reader = Reader(remote, 0, None)
    try:
        facts = reader.open().facts
        remote.carrier.meter.begin(facts.length)
        hashes = StreamHashes(expected)
        read = reader.readinto
        if wanted.decodes(facts):
            read = PlainReader(read, remote.source.name, is_empty=facts.length == 0).readinto
        for block in hashes.passing(read):
            out.write(block)
        out.flush()
    except ChangedError as error:
        raise BrokenAnswerError(f"{error}, and part of it has been written already") from None
    finally:
        reader.close()
    compare(hashes.digests(), expected, remote.source.name)
    return Outcome(hashes.count, verified(facts, expected))
