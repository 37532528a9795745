"""
From when and until when credentials can be used. Pure: the clock is an argument.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tccli.core.times import format_span, format_timestamp
from tccli.errors import ConfigurationError

if TYPE_CHECKING:
    from tccli.core.account import Account

TOLERANCE = timedelta(minutes=5)
"""So much before its start and after its end, services accept a certificate: clocks differ."""

WARNING_PERIOD = timedelta(hours=1)
"""So long before their end, tc whoami warns."""


def validity_period(account: Account) -> tuple[datetime | None, datetime | None]:
    """
    Return start and end of the credentials as far as they are known on this machine.
    """
    certificate = account.credentials.certificate if account.credentials is not None else None
    if certificate is None:
        return None, account.valid_until
    start, end = (datetime.fromtimestamp(certificate[key] / 1000, UTC) for key in ("start", "expiry"))
    return start, end if account.valid_until is None else min(end, account.valid_until)


def check_validity(account: Account, *, now: datetime, clock: str = "this machine's clock") -> None:
    """
    Check that the credentials can be used, as far as that is known before a request.

    Args:
        clock: Whose *now* is, for messages.

    Raises:
        ConfigurationError: They have ended, or have not begun.
    """
    start, end = validity_period(account)
    whose = f"the credentials of {account.credentials_source}" if account.credentials_source else "the credentials"
    if end is not None and end < now - TOLERANCE:
        when = f"ended at {format_timestamp(end)}, {format_span((now - end).total_seconds())} ago by {clock}"
        raise ConfigurationError(f"nothing was sent: {whose} {when}", hint=suggest_renewal(account))
    if start is not None and start > now + TOLERANCE:
        when = f"begin at {format_timestamp(start)}, in {format_span((start - now).total_seconds())} by {clock}"
        raise ConfigurationError(f"nothing was sent: {whose} {when}", hint="wait, or check the clock")


def suggest_renewal(account: Account) -> str:
    """
    Return what to do when the credentials end.
    """
    source = account.credentials_source
    if account.credentials is not None and account.credentials.certificate is not None:
        return "make new ones with tc temp-credentials, or sign in with tc signin"
    if source.startswith("profile "):
        return f"sign in again with tc signin --save {source.removeprefix('profile ')}"
    return 'sign in again with eval "$(tc signin)"'
