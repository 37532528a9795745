"""
Read-only mode: only calls that change nothing are sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tccli.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tccli.references import Method

WITH_SECRETS = "with-secrets"
_ON = ("true", "1", "yes", "on")
_OFF = ("", "false", "0", "no", "off")


class ReadOnly(NamedTuple):
    """
    The mode, where it is on.

    Attributes:
        source: What turned it on, for messages.
        with_secrets: Whether secrets and rights may be returned.
    """

    source: str
    with_secrets: bool

    def check(self, method: Method) -> None:
        """
        Check that a method may be called.

        Raises:
            UsageError: It changes something, or returns secrets that the mode does not allow.
        """
        from tccli.references.effects import CHANGES, RETURNS_SECRETS, find_effect

        effect = find_effect(method)
        if effect == CHANGES:
            raise UsageError(f"cannot call {method.id}: refused by {self.source}", hint="nothing was sent")
        if effect == RETURNS_SECRETS:
            self.check_secrets(f"call {method.id}", "it returns secrets")

    def check_secrets(self, action: str, reason: str) -> None:
        """
        Check that secrets or rights may be returned.

        Args:
            action: What would be done: ``sign a URL``.
            reason: Why that is refused: ``anyone who has it can use it``.

        Raises:
            UsageError: They may not.
        """
        if not self.with_secrets:
            raise UsageError(
                f"cannot {action}: refused by {self.source}: {reason}",
                hint=f"nothing was sent; the value {WITH_SECRETS} allows it",
            )


def choose_strictest(given: Mapping[str, Any]) -> ReadOnly | None:
    """
    Return the strictest of several modes, or None if none of them is on.

    Args:
        given: Values by the name of their source; None for one that was not given.

    Raises:
        ConfigurationError: A value is not one.
    """
    modes = [parse_read_only(value, source) for source, value in given.items() if value is not None]
    return min((mode for mode in modes if mode is not None), key=lambda mode: mode.with_secrets, default=None)


def parse_read_only(value: Any, source: str) -> ReadOnly | None:
    """
    Return the mode that a setting turns on, or None if it does not.

    Args:
        value: A boolean, or a word: ``1``, ``0``, ``with-secrets`` and the like.
        source: Names the setting in messages.

    Raises:
        ConfigurationError: It is something else.
    """
    word = str(value).strip().lower() if isinstance(value, bool | str | int) else "?"
    if word in _OFF:
        return None
    if word not in _ON and word != WITH_SECRETS:
        words = f"{', '.join(_ON)} or {WITH_SECRETS} turn it on; {', '.join(filter(None, _OFF))} turn it off"
        raise ConfigurationError(f"invalid {source}: {value!r} is not a mode", hint=words)
    return ReadOnly(source, word == WITH_SECRETS)
