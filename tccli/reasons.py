"""
What errors of Python and of the system mean, in words for the end of a message.
"""

from __future__ import annotations

import re


def explain(error: Exception) -> str:
    """
    Return why a file or a text cannot be read or written: on one line, without numbers of errors and names of codecs.
    """
    if isinstance(error, OSError):
        # OpenSSL adds the names of its library and of a line of Python.
        return re.sub(r"^\[[A-Z0-9_: ]+\] | \(_ssl\.c:\d+\)$", "", error.strerror or str(error)) or "the system refuses"
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8: byte {error.object[error.start]:#04x} at offset {error.start}"
    if isinstance(error, UnicodeEncodeError):
        return f"it has a character that UTF-8 does not have, at offset {error.start}"
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    if isinstance(error, OverflowError):
        return "it has a number that is too large"
    text = " ".join(str(error).split())
    if "integer string conversion" in text:
        return "it has a number of more than 4300 digits"
    if "chr() arg" in text:
        return "it has an escape of a character that does not exist"
    if "embedded null" in text:
        return "it has a NUL character"
    return text or type(error).__name__
