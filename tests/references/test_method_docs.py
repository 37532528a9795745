"""
Nothing is without words: every service, every method, every parameter; and what they say of each other is so.
"""

from __future__ import annotations

import re

import pytest

from tccli import references
from tccli.references import headings as groups
from tccli.references import method_docs
from tccli.sandbox import registry

SERVICES = references.service_names()
METHODS = [method for name in SERVICES for method in references.service(name).methods.values()]
EVERY_SERVICE = pytest.mark.parametrize("service", SERVICES)
EVERY_METHOD = pytest.mark.parametrize("method", METHODS, ids=[method.id for method in METHODS])
WIDEST_EXAMPLE = 96


@EVERY_SERVICE
def test_the_words_are_those_of_the_methods(service: str) -> None:
    """
    In the same order, none missing and none left over.
    """
    assert references.built_in().method_names(service) == method_docs.method_names(service)
    assert method_docs.of_service(service).paragraphs


@EVERY_METHOD
def test_a_method_is_explained(method: references.Method) -> None:
    """
    In two sentences or more, and with an example that calls it and fits into a terminal.
    """
    said = method_docs.of_method(method.service, method.name)
    text = " ".join(said.paragraphs)

    assert 2 <= len(re.findall(r"[.!?:;](?:\\s|$)|[.!?](?= )", text)), text
    assert f"tc {method.service} {method.name}" in said.example
    assert all(len(line) <= WIDEST_EXAMPLE for line in said.example.split("\n"))


@EVERY_METHOD
def test_a_deprecated_method_says_what_to_use(method: references.Method) -> None:
    """
    One that exists; and only those that are deprecated say so.
    """
    found = re.match(
        r"Deprecated: use ([\w -]+?) instead\.", " ".join(method_docs.of_method(method.service, method.name).paragraphs)
    )

    assert bool(found) == (method.stability == "deprecated")
    if found is not None:
        service, _, name = found[1].rpartition(" ")
        assert "deprecated" != references.method(service or method.service, name).stability


@EVERY_METHOD
def test_every_parameter_has_a_meaning(method: references.Method) -> None:
    """
    And an example that fits its pattern, unless it only comes from another answer.
    """
    for name in (*method.args, *method.query):
        said = method_docs.of_parameter(method, name)
        assert said.meaning.endswith((".", ":"))
        assert said.example or name in {"token", "continuationToken", "errorId"}
        assert not said.pattern or not said.example or re.search(said.pattern, said.example)


@EVERY_METHOD
def test_patterns_are_those_of_the_services(method: references.Method) -> None:
    """
    The sandbox refuses what they refuse.
    """
    registry.load()
    for name in method.args:
        said = method_docs.of_parameter(method, name)
        value = "no value\n has this"
        assert bool(said.pattern) >= bool(registry.problems(method.service, {name: value}))
        assert not said.example or not registry.problems(method.service, {name: said.example})


@EVERY_SERVICE
def test_every_method_is_in_one_group(service: str) -> None:
    """
    What is deprecated comes last, and no group is without a name of ours.
    """
    found = groups.grouped(references.service(service).methods.values())
    headings = [heading for heading, _ in found]

    assert sorted(references.built_in().method_names(service)) == sorted(
        each.name for _, group in found for each in group
    )
    assert "Other methods" not in headings
    assert "Deprecated" not in headings or "Deprecated" == headings[-1]
    assert len(headings) == len(set(headings))
