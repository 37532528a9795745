"""
Options and results of downloads.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tccli.core.http.decompress import SUPPORTED_ENCODINGS
from tccli.errors import BrokenAnswerError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tccli.core.transfer.remote import RemoteMetadata


@dataclass(frozen=True, slots=True)
class DownloadOptions:
    """
    How to download.

    Attributes:
        connections: The maximum; None adds connections when the first one is slow.
        hashes: Hexadecimal digests of the written bytes, to verify in addition to those of the source, by algorithm.
        compressed: Do not decode the content encoding.
        syncs_directory: Whether the name of a file is on the disk when it is complete. Otherwise the caller syncs the
            directory, once for many files.
    """

    connections: int | None = None
    hashes: Mapping[str, str] = field(default_factory=dict)
    compressed: bool = False
    syncs_directory: bool = True

    def expected_digests(self, metadata: RemoteMetadata, hashes: Mapping[str, str]) -> dict[str, str]:
        """
        Return the digests that the written bytes must have.

        Args:
            hashes: Those of the source, which are of the decoded bytes. They do not apply to bytes that are not
                decoded.
        """
        return {**({} if self.compressed and metadata.encoding else hashes), **self.hashes}

    def must_decode(self, metadata: RemoteMetadata) -> bool:
        """
        Return whether the content encoding of a remote file must be decoded.

        Raises:
            BrokenAnswerError: The encoding is not supported.
        """
        if not metadata.encoding or self.compressed:
            return False
        if metadata.encoding not in SUPPORTED_ENCODINGS:
            raise BrokenAnswerError(
                f"cannot decode the content encoding {metadata.encoding!r}", hint="--compressed stores it as it is"
            )
        return True


@dataclass(frozen=True, slots=True)
class DownloadResult:
    """
    What was downloaded.

    Attributes:
        size: In bytes, as written.
        verified: What was checked: ``length``, ``sha256``, ``sha512``; ``md5`` only of a file that was complete.
        content_type: As the storage reports it; may be empty.
        digests: The hexadecimal digests that were verified, by algorithm.
        was_complete: Whether nothing was written, because the file had these bytes already.
    """

    size: int
    verified: tuple[str, ...]
    content_type: str = ""
    digests: Mapping[str, str] = field(default_factory=dict)
    was_complete: bool = False


def describe_result(size: int, metadata: RemoteMetadata, expected: Mapping[str, str]) -> DownloadResult:
    """
    Return the result of a complete download that has the *expected* digests.
    """
    verified = (*(["length"] if metadata.length is not None else []), *sorted(expected))
    return DownloadResult(size, verified, metadata.content_type, dict(expected))
