"""
The documentation of services, methods and parameters is complete, in its fixed form, and agrees with the references.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tccli import references
from tccli.cli.help.methods import find_method_docs
from tccli.references import headings, method_docs
from tccli.references.model import load_idempotency_marks
from tccli.sandbox.services.all import create_registry

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVICES = references.service_names()
METHODS = [method for name in SERVICES for method in references.service(name).methods.values()]
EVERY_SERVICE = pytest.mark.parametrize("service", SERVICES)
# A manual page in a terminal of 80 columns has room for this.
MAX_EXAMPLE_COLUMNS = 73
MAX_LINE_COLUMNS = 100
MAX_SENTENCE_WORDS = 40
MAX_SUMMARY_CHARACTERS = 72
# Words that have a plainer or a standard counterpart: not valid, response, directory, wildcard, email, purge request.
BANNED = re.compile(
    r"\b((is|are) no(?! longer)|nobody|somebody|whoever|says?|said|answer(s|ed)?|folders?|stars?|mails?|mailed|anew|"
    r"goes by|go on|goes on|beside|besides|is none|tell of)\b",
    re.IGNORECASE,
)
TIMES = re.compile(r"\b(order|within|default|expires?|idempotent|at most)\b")


def _method_docs(service: str) -> Iterator[tuple[references.Method, method_docs.MethodDocs]]:
    for method in references.service(service).methods.values():
        yield method, find_method_docs(method)


def _read_sections(service: str) -> dict[str, str]:
    with open(f"{method_docs.DOCS_DIRECTORY}/{service}.md", encoding="utf-8") as file:
        head, *sections = file.read().split("\n## ")
    return {"": head, **{name: text for name, _, text in (section.partition("\n") for section in sections)}}


@EVERY_SERVICE
def test_every_method_is_documented_in_order(service: str) -> None:
    """
    The file has a section for each method of the reference, in the same order, and an overview.
    """
    assert references.built_in().service(service).method_names == method_docs.list_documented_methods(service)
    assert method_docs.load_service_docs(service)


@EVERY_SERVICE
def test_every_method_has_the_fixed_form(service: str) -> None:
    """
    First what it does, then labels that are known, each once and in order, Repeating among them, then an example.
    """
    for method, docs in _method_docs(service):
        labels = [label for label, _ in docs.parts]
        section = _read_sections(service)[method.name]

        assert docs.paragraphs, method.id
        assert labels == sorted(set(labels), key=method_docs.LABELS.index), method.id
        assert "Repeating" in labels, method.id
        assert not re.search(r"^[A-Z][a-z]+: ", "\n".join(docs.paragraphs).replace("Deprecated: ", "")), method.id
        assert f"tc {service} {method.name}" in docs.example, method.id
        assert all(len(line) <= MAX_EXAMPLE_COLUMNS for line in docs.example.split("\n")), method.id
        assert all(len(line) <= MAX_LINE_COLUMNS for line in section.split("\n") if "<!--" not in line), method.id
        assert "<!--" not in docs.text, method.id


@pytest.mark.parametrize("name", ["ping", "heartbeat", "lbheartbeat", "version"])
def test_what_every_service_has_reads_the_same(name: str) -> None:
    """
    The summary, and the first paragraph up to what it names of the service.
    """
    found = [method for method in METHODS if method.name == name]
    texts = {re.split(r"[.,] ", find_method_docs(method).paragraphs[0])[0] for method in found}

    assert len(found) == len(SERVICES)
    assert 1 == len({method.summary for method in found}) == len(texts)


@EVERY_SERVICE
def test_repeating_agrees_with_the_reference(service: str) -> None:
    """
    "idempotent" if tc retries the call, "not idempotent" if not; if that depends on the payload, the text has both.
    """
    marks = load_idempotency_marks()
    wrong = []
    for method, docs in _method_docs(service):
        text = dict(docs.parts)["Repeating"]
        expected = "idempotent" if method.is_idempotent else "not idempotent"
        if not text.startswith(expected) or ("tc does not retry" in text) != (method.id in marks):
            wrong.append((method.id, text))

    assert wrong == []


@EVERY_SERVICE
def test_statements_have_sources(service: str) -> None:
    """
    A section that states a limit, an order, an expiry or a second call names its source in a comment.
    """
    assert [
        name
        for name, text in _read_sections(service).items()
        if TIMES.search(text.replace("Repeating: idempotent.\n", "")) and "<!-- source: " not in text and name
    ] == []


@EVERY_SERVICE
def test_the_english_is_plain(service: str) -> None:
    """
    No banned words, no sentence of more than 40 words, no summary that a line cannot hold.
    """
    texts = {method.id: f"{method.summary}. {docs.text}" for method, docs in _method_docs(service)}
    texts[service] = " ".join(method_docs.load_service_docs(service))
    sentences = [(name, each) for name, text in texts.items() for each in re.split(r"(?<=[.!?:;])\s", text)]
    known = [
        method_docs.load_parameter_docs(method, name)
        for method, _ in _method_docs(service)
        for name in (*method.args, *method.query)
    ]

    assert [(name, each) for name, each in sentences if len(each.split()) > MAX_SENTENCE_WORDS] == []
    assert [(name, each[0]) for name, text in texts.items() if (each := BANNED.search(text))] == []
    assert [each.description for each in known if BANNED.search(each.description)] == []
    assert [method.id for method, _ in _method_docs(service) if len(method.summary) > MAX_SUMMARY_CHARACTERS] == []


def test_see_also_names_methods_that_exist() -> None:
    """
    As ``name`` in the same service, ``service name``, or a ``tc`` command.
    """
    known = {method.name for method in METHODS} | {f"{method.service} {method.name}" for method in METHODS}
    for method in METHODS:
        see_also = dict(find_method_docs(method).parts).get("See also", "")
        for each in re.split(r", (?![^(]*\))", see_also.removesuffix(".")):
            name = re.sub(r" \(.*\)$", "", each)
            assert not name or name.startswith("tc ") or name in known, (method.id, each)
            assert not name or " " in name or name in references.service(method.service).methods, (method.id, each)


def test_events_are_those_of_the_service() -> None:
    """
    Events names topics of exchanges of the method's service, as ``tc events`` does.
    """
    for method in METHODS:
        topics = {each.exchange.rpartition("/")[2] for each in references.service(method.service).exchanges.values()}
        named = re.findall(r"\b[a-z]+(?:-[a-z]+)+\b", dict(find_method_docs(method).parts).get("Events", ""))
        assert set(named) <= topics, method.id


def test_a_deprecated_method_names_its_replacement() -> None:
    """
    One that exists and is not deprecated itself; other methods do not have this sentence.
    """
    for method in METHODS:
        found = re.match(r"Deprecated: use ([\w -]+?) instead\.", find_method_docs(method).text)

        assert bool(found) == (method.stability == "deprecated"), method.id
        if found is not None:
            service, _, name = found[1].rpartition(" ")
            assert "deprecated" != references.method(service or method.service, name).stability


def test_every_parameter_is_documented() -> None:
    """
    With an example that matches its pattern, unless the value can only come from a response.
    """
    for method in METHODS:
        for name in (*method.args, *method.query):
            docs = method_docs.load_parameter_docs(method, name)
            assert docs.description.endswith((".", ":")), (method.id, name)
            assert docs.example or name in {"token", "continuationToken", "errorId"}, (method.id, name)
            assert not docs.pattern or not docs.example or re.search(docs.pattern, docs.example), (method.id, name)


def test_patterns_are_those_of_the_services() -> None:
    """
    The sandbox refuses an argument that does not match its pattern, and accepts the example.
    """
    registry = create_registry()
    for method in METHODS:
        for name in method.args:
            docs = method_docs.load_parameter_docs(method, name)
            refused = registry.argument_problems(method.service, {name: "not a value\n of anything"})
            assert bool(docs.pattern) >= bool(refused), (method.id, name)
            if docs.example:
                assert not registry.argument_problems(method.service, {name: docs.example}), (method.id, name)


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        pytest.param("\nDoes a\nthing.\n\nMore.\n", (("Does a thing.", "More."), (), ""), id="paragraphs"),
        pytest.param(
            "\nDoes it.\n\nErrors: 400\n  or 404.\nSee also: b, c\n",
            (("Does it.",), (("Errors", "400 or 404."), ("See also", "b, c")), ""),
            id="labels, with a text of two lines",
        ),
        pytest.param(
            "\nDoes it.\n<!-- source: a.js -->\nNotes: one.\n<!-- source: b.js\nline 2 -->\nMore.\n",
            (("Does it.", "More."), (("Notes", "one."),), ""),
            id="comments are not shown, and end a label",
        ),
        pytest.param(
            "\nDoes it.\n\n    tc a \\\n      b\n    tc c\n", (("Does it.",), (), "tc a \\\n  b\ntc c"), id="example"
        ),
        pytest.param("\nA word: Notes: x.\n", (("A word: Notes: x.",), (), ""), id="only at the start of a line"),
    ],
)
def test_sections_are_parsed(
    monkeypatch: pytest.MonkeyPatch, section: str, expected: tuple[tuple[str, ...], tuple[tuple[str, str], ...], str]
) -> None:
    """
    Into paragraphs, labelled parts and an example.
    """
    monkeypatch.setattr(
        method_docs, "_read", lambda _service: f"# a\n\nAbout a.\n\n## do\n{section}\n## other\n\nNo.\n"
    )
    found = method_docs.load_method_docs("a", "do")

    assert expected == (found.paragraphs, found.parts, found.example)
    assert ("About a.",) == method_docs.load_service_docs("a")
    assert "" == method_docs.load_method_docs("a", "unknown").text


@EVERY_SERVICE
def test_every_method_is_in_one_group(service: str) -> None:
    """
    Under a heading of ours; deprecated methods are last.
    """
    found = headings.group_methods(references.service(service).methods.values())
    names = [heading for heading, _ in found]

    assert sorted(references.built_in().service(service).method_names) == sorted(
        each.name for _, group in found for each in group
    )
    assert "Other methods" not in names
    assert "Deprecated" not in names or "Deprecated" == names[-1]
    assert len(names) == len(set(names))
