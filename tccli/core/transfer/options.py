"""
What is asked of a download, and what came of it.
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
    How something is downloaded.

    Attributes:
        connections: At most so many; None chooses by size.
        hashes: Digests to verify beside those that the source promises.
        compressed: Keep the encoding in which it is stored.
    """

    connections: int | None = None
    hashes: Mapping[str, str] = field(default_factory=dict)
    compressed: bool = False

    def decodes(self, metadata: RemoteMetadata) -> bool:
        """
        Tell whether what is stored so has to be decoded.

        Raises:
            BrokenAnswerError: It has, and nobody here knows how.
        """
        if not metadata.encoding or self.compressed:
            return False
        if metadata.encoding not in SUPPORTED_ENCODINGS:
            raise BrokenAnswerError(
                f"it is stored in the encoding {metadata.encoding!r}", hint="--compressed keeps that"
            )
        return True


@dataclass(frozen=True, slots=True)
class DownloadResult:
    """
    What was downloaded.

    Attributes:
        size: Bytes, decoded.
        verified: What was checked: ``length``, ``sha256``, …
    """

    size: int
    verified: tuple[str, ...]


def verified(metadata: RemoteMetadata, expected: Mapping[str, str]) -> tuple[str, ...]:
    """
    Return what a download can be checked by.
    """
    return (*(["length"] if metadata.length is not None else []), *sorted(expected))
