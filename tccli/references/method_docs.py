"""
Documentation of services, methods and their parameters, written by hand in ``docs/``.

``<service>.md`` documents a service below its title and each method below a heading of its own, in a fixed form::

    ## cancelTask

    Cancels a task. Returns its status.

    Repeating: idempotent.
    Errors: 409 after the deadline.
    <!-- source: services/queue/src/api.js cancelTask -->

        tc queue cancelTask fN1SbArXTPSVFNUvaOlinQ

The labels are those of ``LABELS``, in that order, each at most once. The text of a label ends at the next label, at an
empty line or at a comment. Comments name the source of a statement and are not shown.

``parameters.json`` documents path arguments and query options. A name applies to every service, unless there is an
entry for ``service.name`` or ``service.method.name``.

``fields/<service>.json`` documents the fields of payloads by the name of the schema, or ``*`` for all of them, and then
by path, as ``core/schemas/descriptions.py`` defines it. The fields of an object that a schema leaves open, such as the
payload of a task, have a line with their type before the description.
"""

from __future__ import annotations

import json
import os
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tccli.references import Method

DOCS_DIRECTORY = os.path.join(os.path.dirname(__file__), "docs")
LABELS = ("Requires", "Repeating", "Errors", "Limits", "Notes", "Events", "See also")

_METHOD_HEADING = "\n## "
_CODE_INDENT = "    "


class MethodDocs:
    """
    The documentation of a service or a method.

    Args:
        paragraphs: What it does; each without line breaks.
        parts: Labels and their texts, each without line breaks; a service has none.
        example: Lines for a shell, or empty.
    """

    # Not a named tuple: to define one takes a hundredth of a start.
    def __init__(
        self, paragraphs: tuple[str, ...] = (), parts: tuple[tuple[str, str], ...] = (), example: str = ""
    ) -> None:
        self.paragraphs = paragraphs
        self.parts = parts
        self.example = example

    @property
    def text(self) -> str:
        """
        The paragraphs and parts in one line, as ``tc find`` searches them.
        """
        return " ".join([*self.paragraphs, *(f"{label}: {text}" for label, text in self.parts)])


class ParameterDocs:
    """
    The documentation of a path argument or a query option.

    Args:
        description: A sentence.
        pattern: The regular expression that a service checks the value against, or empty.
        example: A value, or empty.
    """

    # Not a named tuple: to define one takes a hundredth of a start.
    def __init__(self, description: str = "", pattern: str = "", example: str = "") -> None:
        self.description = description
        self.pattern = pattern
        self.example = example


def load_service_docs(service: str) -> tuple[str, ...]:
    """
    Return the paragraphs about a service; none for a service that is not bundled.
    """
    return _parse(_read(service).partition(_METHOD_HEADING)[0].partition("\n")[2]).paragraphs


def load_method_docs(service: str, method: str) -> MethodDocs:
    """
    Return the documentation of a method; it is empty for a method that is not bundled.
    """
    _, found, rest = _read(service).partition(f"{_METHOD_HEADING}{method}\n")
    return _parse(rest.partition(_METHOD_HEADING)[0]) if found else MethodDocs()


def list_documented_methods(service: str) -> list[str]:
    """
    Return the names of a service's documented methods, in the order of the file.
    """
    return [section.partition("\n")[0] for section in _read(service).split(_METHOD_HEADING)[1:]]


def load_parameter_docs(method: Method, name: str) -> ParameterDocs:
    """
    Return the documentation of a method's path argument or query option; it is empty for an unknown name.
    """
    known = _read_parameters()
    for key in (f"{method.id}.{name}", f"{method.service}.{name}", name):
        if key in known:
            return ParameterDocs(**known[key])
    return ParameterDocs()


def load_field_docs(service: str, schema: str) -> Mapping[str, str]:
    """
    Return the descriptions of the fields of a payload, by path; none for a payload that is not bundled.
    """
    try:
        with open(os.path.join(DOCS_DIRECTORY, "fields", f"{service}.json"), encoding="utf-8") as file:
            known = json.load(file)
    except FileNotFoundError:
        return {}
    return {**known.get("*", {}), **known[schema]} if schema in known else {}


@cache
def _read_parameters() -> Mapping[str, Mapping[str, str]]:
    with open(os.path.join(DOCS_DIRECTORY, "parameters.json"), encoding="utf-8") as file:
        parameters: dict[str, dict[str, str]] = json.load(file)
    return parameters


@cache
def _read(service: str) -> str:
    try:
        with open(os.path.join(DOCS_DIRECTORY, f"{service}.md"), encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def _parse(section: str) -> MethodDocs:
    paragraphs: list[list[str]] = []
    parts: list[tuple[str, list[str]]] = []
    example: list[str] = []
    block: list[str] | None = None
    in_comment = False
    # Not with expressions: compiling them would take longer than the lines of one method.
    for line in section.split("\n"):
        label, colon, text = line.partition(": ")
        if in_comment or line.startswith("<!--"):
            in_comment, block = "-->" not in line, None
        elif line.startswith(_CODE_INDENT):
            example.append(line.removeprefix(_CODE_INDENT))
        elif not line.strip():
            block = None
        elif colon and label in LABELS:
            # A label begins a block of its own, as an empty line does.
            block = [text]
            parts.append((label, block))
        elif block is None:
            block = [line]
            paragraphs.append(block)
        else:
            block.append(line)
    return MethodDocs(
        paragraphs=tuple(_join(block) for block in paragraphs),
        parts=tuple((label, _join(block)) for label, block in parts),
        example="\n".join(example),
    )


def _join(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())
