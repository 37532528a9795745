"""
The clock of the deployment, from the ``Date`` of its responses. Ages are computed by it, not by this machine's.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class DeploymentClock:
    """
    Tells the time as the deployment has it, to a second; before the first response, as this machine has it.
    """

    def __init__(self) -> None:
        self._date = ""
        self._arrived = 0.0

    def observe(self, headers: Mapping[str, str]) -> None:
        """
        Take the time of a response that has just arrived.
        """
        date = headers.get("date", "")
        # The first response with a date is the one whose second has just begun.
        if date and date != self._date:
            self._date, self._arrived = date, time.time()

    @property
    def offset(self) -> timedelta | None:
        """
        What is to be added to this machine's clock, or None if no response told the time.
        """
        if not self._date:
            return None
        from email.utils import parsedate_to_datetime

        try:
            found = parsedate_to_datetime(self._date)
            return found.replace(tzinfo=found.tzinfo or UTC) - datetime.fromtimestamp(self._arrived, UTC)
        except (ValueError, OverflowError):
            return None

    def now(self) -> datetime:
        """
        Return the time in UTC.
        """
        return datetime.fromtimestamp(time.time(), UTC) + (self.offset or timedelta())
