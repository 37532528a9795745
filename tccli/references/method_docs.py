"""
What people need to know of services, methods and their parameters, in words written by hand.

``<service>.md`` beside this file holds a heading for the service and for each of its methods; below it stand
paragraphs, and below a method's an example, indented::

    ## createTask

    Makes a task …

        tc queue createTask "$(tc slugid)" --data @task.yml

``parameters.json`` holds an entry for each path argument and query option. A name counts for all services, unless
there is a ``service.name`` or a ``service.method.name``.
"""

from __future__ import annotations

import json
import os
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tccli.references import Method

FOLDER = os.path.join(os.path.dirname(__file__), "docs")
METHOD = "\n## "
CODE = "    "


class Words(NamedTuple):
    """
    What is said of a service or a method.

    Attributes:
        paragraphs: Each without line breaks.
        example: Lines for a shell, or empty.
    """

    paragraphs: tuple[str, ...]
    example: str


class Parameter(NamedTuple):
    """
    What is said of a path argument or a query option.

    Attributes:
        meaning: A sentence.
        pattern: The expression that the service holds a value against, or empty where it takes anything.
        example: A value, or empty.
    """

    meaning: str
    pattern: str
    example: str


def of_service(service: str) -> Words:
    """
    Return what is said of a service; nothing, if it is one that nobody here knows.
    """
    return _words(_text(service).partition(METHOD)[0].partition("\n")[2])


def of_method(service: str, method: str) -> Words:
    """
    Return what is said of a method; nothing, if it is one that nobody here knows.
    """
    _, found, rest = _text(service).partition(f"{METHOD}{method}\n")
    return _words(rest.partition(METHOD)[0] if found else "")


def method_names(service: str) -> list[str]:
    """
    Return the names of the methods of which something is said, in their order.
    """
    return [section.partition("\n")[0] for section in _text(service).split(METHOD)[1:]]


def of_parameter(method: Method, name: str) -> Parameter:
    """
    Return what is said of a path argument or query option of a method.
    """
    known = _parameters()
    for key in (f"{method.id}.{name}", f"{method.service}.{name}", name):
        if key in known:
            return known[key]
    return Parameter("", "", "")


@cache
def _parameters() -> Mapping[str, Parameter]:
    with open(os.path.join(FOLDER, "parameters.json"), encoding="utf-8") as file:
        known = json.load(file)
    return {
        name: Parameter(said["means"], said.get("pattern", ""), said.get("example", "")) for name, said in known.items()
    }


@cache
def _text(service: str) -> str:
    try:
        with open(os.path.join(FOLDER, f"{service}.md"), encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def _words(section: str) -> Words:
    lines = section.strip("\n").split("\n")
    example = [line.removeprefix(CODE) for line in lines if line.startswith(CODE)]
    prose = "\n".join("" if line.startswith(CODE) else line for line in lines)
    paragraphs = tuple(" ".join(part.split()) for part in prose.split("\n\n") if part.strip())
    return Words(paragraphs, "\n".join(example))
