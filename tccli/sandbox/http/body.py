"""
Decoding of request bodies: content encoding, character encoding, byte order mark.

Source: the package ``body-parser`` of express.
"""

from __future__ import annotations

import re
import zlib

from tccli.sandbox.http.errors import BodyError

MAX_BODY_BYTES = 10 * 1024 * 1024
_CHARSET = re.compile(r';\s*charset\s*=\s*"?([^\s;"]+)', re.IGNORECASE)
_WINDOW_BITS = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


def decode_body(body: bytes, content_type: str, content_encoding: str) -> str:
    """
    Return the text of a body.

    Raises:
        BodyError: The body is too large, compressed or not, or it does not have its encoding, or that is not supported.
    """
    coding = content_encoding.strip().lower() or "identity"
    if coding != "identity" and coding not in _WINDOW_BITS:
        raise BodyError(f'UnsupportedMediaTypeError: unsupported content encoding "{coding}"')
    if coding != "identity":
        body = _decompress(body, coding)
    if len(body) > MAX_BODY_BYTES:
        raise BodyError("PayloadTooLargeError: request entity too large")
    charset = parse_charset(content_type)
    try:
        text = body.decode(charset, "replace")
    except (LookupError, ValueError):
        # ValueError: what Python calls a codec may be something else than a character encoding.
        raise BodyError(f'UnsupportedMediaTypeError: unsupported charset "{charset.upper()}"') from None
    return text.removeprefix("\ufeff")


def parse_charset(content_type: str) -> str:
    """
    Return the character encoding in a content type, or UTF-8.
    """
    found = _CHARSET.search(content_type)
    return found[1].lower() if found else "utf-8"


def _decompress(body: bytes, coding: str) -> bytes:
    plain, rest = b"", body
    while (rest or not body) and len(plain) <= MAX_BODY_BYTES:
        decoder = zlib.decompressobj(_WINDOW_BITS[coding])
        try:
            # A body of zeros would grow by a factor of a thousand.
            plain += decoder.decompress(rest, MAX_BODY_BYTES + 1 - len(plain))
        except zlib.error as error:
            raise BodyError(f"Error: {error}") from None
        if not decoder.eof and len(plain) <= MAX_BODY_BYTES:
            raise BodyError("Error: unexpected end of file")
        # What follows must be another member.
        rest = decoder.unused_data
    return plain
