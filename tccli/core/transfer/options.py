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
        hashes: Hexadecimal digests to verify in addition to those of the source, by algorithm.
        compressed: Do not decode the content encoding.
    """

    connections: int | None = None
    hashes: Mapping[str, str] = field(default_factory=dict)
    compressed: bool = False

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
        size: In bytes, after decoding.
        verified: What was checked: ``length``, ``sha256``, ``sha512``.
    """

    size: int
    verified: tuple[str, ...]


def list_checks(metadata: RemoteMetadata, expected: Mapping[str, str]) -> tuple[str, ...]:
    """
    Return what a complete download has been checked by, for :attr:`DownloadResult.verified`.
    """
    return (*(["length"] if metadata.length is not None else []), *sorted(expected))
