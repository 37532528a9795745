"""
Durations and probabilities of faults, which must not be ambiguous.
"""

from __future__ import annotations

from tccli.core.times import parse_duration


def parse_delay(text: str) -> float:
    """
    Return seconds: a number with a unit (``50ms``, ``2s``), or 0.

    Raises:
        UsageError: *text* is not a duration.
        ValueError: It has no unit. Network tools differ in the one that they assume.
    """
    seconds = parse_duration(text)
    if seconds and text.strip()[-1] in "0123456789.":
        raise ValueError(f"{text} may be {text.strip()}ms or {text.strip()}s: write the unit")
    return seconds


def parse_share(text: str) -> float:
    """
    Return a probability, written as ``1%``, or as a fraction such as ``0.01``.

    Raises:
        ValueError: *text* is not a probability, or it is 1, which may be 1% or all.
    """
    share = parse_probability(text)
    if share == 1 and not text.endswith("%"):
        raise ValueError(f"{text} may be 1% or 100%: write the %")
    return share


def parse_probability(text: str) -> float:
    """
    As `parse_share`; 1 is certainty.
    """
    digits = text.removesuffix("%")
    try:
        probability = float(digits) / (100 if text.endswith("%") else 1)
    except ValueError:
        probability = -1
    if not 0 <= probability <= 1:
        meant = f"; did you mean {text}%?" if digits.isdecimal() and 1 < int(digits) <= 100 and digits == text else ""
        raise ValueError(f"{text} is not a share: write 0% to 100%, or 0 to 1{meant}")
    return probability
