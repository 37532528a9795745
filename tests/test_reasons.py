"""
What errors of Python and of the system become in messages.
"""

from __future__ import annotations

import os
import ssl
from typing import TYPE_CHECKING

import pytest

from tccli.reasons import explain

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("fail", "expected"),
    [
        (lambda: open("/"), "Is a directory"),  # noqa: SIM115 - it fails
        (lambda: open("a\0b"), "it has a NUL character"),  # noqa: SIM115 - it fails
        (b"ab\xff".decode, "not UTF-8: byte 0xff at offset 2"),
        ("a\ud800".encode, "it has a character that UTF-8 does not have, at offset 1"),
        (lambda: ssl.create_default_context(cafile=os.devnull), "no certificate or crl found"),
        (lambda: chr(int("2" * 7)), "it has an escape of a character that does not exist"),
        (lambda: float(10**400), "it has a number that is too large"),
        (lambda: int("9" * 5000), "it has a number of more than 4300 digits"),
    ],
)
def test_reasons_are_for_people(fail: Callable[[], object], expected: str) -> None:
    """
    On one line, without numbers of errors, names of codecs and advice for Python programs.
    """
    with pytest.raises((OSError, ValueError, OverflowError)) as caught:
        fail()

    assert expected == explain(caught.value)
