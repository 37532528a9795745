"""
What can be downloaded: a source, which is asked where its bytes are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tccli.core.http.deadline import Cancellation


@dataclass(frozen=True, slots=True)
class Location:
    """
    Where a remote file can be downloaded, for a limited time.

    Attributes:
        url: Requested as it is, without credentials.
        hashes: Hexadecimal digests of the decoded bytes, by algorithm.
        expires: Unix time, or None if not known.
        follow: Whether redirects are followed.
        hint: For a file that is not found.
        unreachable_hint: If there is no response.
        is_reference: Whether a task has chosen the address, which may be that of a live log.
    """

    url: str
    hashes: Mapping[str, str] = field(default_factory=dict)
    expires: float | None = None
    follow: bool = False
    hint: str = ""
    unreachable_hint: str = ""
    is_reference: bool = False


class Source(Protocol):
    """
    Something that can be downloaded.

    Attributes:
        name: For messages.
        identity: Distinguishes it from all other sources, so that a partial file is resumed only by the right one.
            JSON values.
    """

    name: str
    identity: Mapping[str, Any]

    def locate(self, cancellation: Cancellation) -> Location:
        """
        Request its location from the service; called again when a URL has expired.

        Args:
            cancellation: Ends the request from another thread.
        """
