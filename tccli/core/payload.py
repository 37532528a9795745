"""
Payloads: parse them, and validate them before anything is sent.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from tccli import strict_json
from tccli.errors import UsageError
from tccli.reasons import explain
from tccli.strict_json import StrictJsonError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tccli.references import Method

YAML_SUFFIXES = (".yml", ".yaml")
# The services accept no larger request body.
MAX_PAYLOAD_BYTES = 10 * 1024 * 1024


class Payload(NamedTuple):
    """
    A document and the JSON text that is sent for it.
    """

    document: Any
    body: bytes


def parse(text: bytes, source: str, what: str = "payload", data_format: str | None = None) -> Payload:
    """
    Return the payload in *text*.

    Args:
        source: Names its origin in messages: ``stdin``, a path.
        what: Names it in messages.
        data_format: ``json`` or ``yaml``; None means YAML if *source* ends in .yml or .yaml, else JSON.

    Raises:
        UsageError: It cannot be parsed.
    """
    is_yaml = data_format == "yaml" if data_format else source.lower().endswith(YAML_SUFFIXES)
    return (parse_yaml if is_yaml else parse_json)(text, source, what)


def parse_json(text: bytes, source: str, what: str = "payload") -> Payload:
    """
    Return the payload in a JSON *text*. Its body is *text* without surrounding white space.

    Args:
        source: Names its origin in messages: ``stdin``, a path.
        what: Names it in messages.

    Raises:
        UsageError: It is not UTF-8 or not strict JSON.
    """
    decoded = _decode(text, source, what)
    if not decoded.strip():
        raise UsageError(f"the {what} from {source} is empty", hint="give JSON, such as --data '{}'")
    try:
        document = strict_json.loads(decoded)
    except StrictJsonError as error:
        raise UsageError(f"the {what} from {source} is not JSON: {error}", hint=_suggest_yaml(decoded)) from None
    return Payload(document, decoded.strip().encode())


def parse_yaml(text: bytes, source: str, what: str = "payload") -> Payload:
    """
    Return the payload in *text*, which is YAML as :func:`tccli.core.yaml.load` reads it.

    Raises:
        UsageError: It is not UTF-8, not YAML, empty, or cannot be represented in JSON.
    """
    from tccli.core import yaml

    try:
        document = yaml.load(_decode(text, source, what))
    except yaml.YamlError as error:
        raise UsageError(f"the {what} from {source} is not YAML: {error}") from None
    if document is None:
        raise UsageError(f"the {what} from {source} is empty")
    return encode(document)


def encode(document: Any) -> Payload:
    """
    Return the payload for a document. Numbers of a response are sent as they came.

    Raises:
        UsageError: JSON cannot represent it.
    """
    try:
        try:
            text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        except TypeError:
            # It has an ExactNumber, which is a number for the schema.
            text = strict_json.dump_exactly(document)
            document = strict_json.loads(text)
        return Payload(document, text.encode())
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"cannot write the payload as JSON: {explain(error)}") from None


def check_size(method: Method, payload: Payload) -> None:
    """
    Raise UsageError if a payload is larger than a service accepts.
    """
    if len(payload.body) > MAX_PAYLOAD_BYTES:
        size = len(payload.body) / 1024 / 1024
        raise UsageError(f"{method.id}: the payload has {size:.1f} MiB; a service accepts at most 10 MiB")


def validate(method: Method, payload: Payload, edits: Sequence[str] = ()) -> None:
    """
    Validate a payload against the schema of *method*, if it has one.

    Args:
        edits: The values of ``--set`` that changed it, for the message.

    Raises:
        UsageError: It is not valid. The message names the first five problems; the details name the others.
    """
    if method.input is None:
        return
    from tccli.core.schemas.validate import find_problems

    found = find_problems(method.reference, method.input, payload.document)
    if found:
        shown = [str(problem).removeprefix("payload: " if problem.is_root else "") for problem in found]
        more = f" (and {len(found) - 5} more)" if len(found) > 5 else ""
        raise UsageError(
            f"{method.id}: payload is not valid: {'; '.join(shown[:5])}{more}",
            details="\n".join(shown[5:]),
            hint=next(
                (_suggest_type(problem.path, problem.literal, edits) for problem in found if problem.literal),
                _suggest_time(payload.document),
            ),
        )


def _suggest_yaml(text: str) -> str:
    # A line such as "name: value" or "- value", which no JSON begins with.
    is_yaml = re.match(r"\s*(?:#.*\s+|---\s+)*(?:[\w.-]+:(?:\s|$)|- \S)", text) is not None
    return "give --data-format yaml if it is YAML" if is_yaml else ""


def _suggest_time(document: Any) -> str:
    if isinstance(document, dict) and any(
        isinstance(value, dict) and "$fromNow" in value for value in document.values()
    ):
        return "$fromNow is for hooks, which render it: give a time here, such as that of tc from-now '1 hour'"
    return ""


def _suggest_type(path: str, literal: str, edits: Sequence[str]) -> str:
    edit = next((edit for edit in edits if edit.endswith(f"={literal}") and not edit.endswith(f":={literal}")), None)
    return (
        f"write {literal} without quotes at {path}"
        if edit is None
        else f"write --set {edit[: -len(literal) - 1]}:={literal}"
    )


def _decode(text: bytes, source: str, what: str) -> str:
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(
            f"the {what} from {source} is not UTF-8: byte {text[error.start]:#04x} at offset {error.start}"
        ) from None
