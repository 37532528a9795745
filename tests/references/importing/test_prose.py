"""
What a deployment says in its own words, as it is shown.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tccli import references
from tccli.core.schemas.fields import list_fields
from tccli.references import deployment_docs
from tccli.references.importing import merge, sanitize
from tccli.references.importing.convert import PROSE_WITHOUT_DESCRIPTIONS, strip_prose
from tccli.references.importing.validate import split_rollup, validate_documents
from tests.references.documents import CONTENTS, HELLO, rollup


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        pytest.param("", (), id="nothing"),
        pytest.param("One\nline.\n\n\nAnother.", ("One line.", "Another."), id="paragraphs"),
        pytest.param("## How\nSo.", ("How", "So."), id="a heading"),
        pytest.param("These:\n- a\n  b\n* c + d\n\n2. e", ("These:", "- a b", "- c + d", "2. e"), id="lists"),
        pytest.param(
            "So:\n```sh\ntc x \\\n\n  y\n```\nand", ("So:", "    tc x \\", "      y", "and"), id="a block of code"
        ),
        pytest.param("So:\n\n    tc x\n\nand", ("So:", "    tc x", "and"), id="indented code"),
        pytest.param("So\n    it goes", ("So it goes",), id="an indented line in a paragraph"),
        pytest.param("**Bold**, `code`, 2 ** 3", ("Bold, `code`, 2 ** 3",), id="marks"),
        pytest.param("See [the docs](https://x.example/a).", ("See the docs (https://x.example/a).",), id="a link"),
        pytest.param("See [that](/docs/a 'x').", ("See that.",), id="a link within a site"),
        pytest.param("a\x1b[31mb\x1b[0m\u202e", ("ab",), id="colours"),
    ],
)
def test_markdown_becomes_paragraphs(markdown: str, expected: tuple[str, ...]) -> None:
    """
    Without line breaks; code stays the same, indented.
    """
    assert expected == sanitize.split_paragraphs(markdown)


@given(text=st.text(alphabet="ab \n*#`-[]()1.>~_\x1b\x9b\t;m", max_size=60))
def test_any_text_is_sanitized(text: str) -> None:
    """
    No paragraph has a control character.
    """
    for paragraph in sanitize.split_paragraphs(text):
        assert paragraph.strip()
        assert paragraph.isprintable()


def test_docs_of_a_deployment() -> None:
    """
    Built-in references have none; their documentation is in files.
    """
    texts = merge.convert_documents(validate_documents(split_rollup(rollup())), references.built_in())
    library = references.built_in().override_contents(texts, "x")

    assert ("Greets people, not machines.",) == deployment_docs.load_service_docs(library.service("greet"))
    assert ("Says hello to somebody.", "Twice, if need be.") == deployment_docs.load_method_docs(
        library.method("greet", "hello")
    )
    assert () == deployment_docs.load_method_docs(library.method("greet", "listGreeted"))
    assert () == deployment_docs.load_method_docs(library.method("queue", "task"))
    assert () == deployment_docs.load_service_docs(library.service("queue"))


def test_built_in_docs_apply_to_the_same_verb_and_route() -> None:
    """
    Another method of that name may do something else.
    """
    task = references.method("queue", "task")
    elsewhere = references.ServiceReference("queue", Path(references.service("queue").origin).read_bytes())

    def changed(**changes: str) -> references.Method:
        return references.Method(elsewhere, {**task.record, **changes})

    library = references.built_in().override_contents(
        merge.convert_documents(validate_documents(split_rollup(rollup())), references.built_in()), "x"
    )

    assert deployment_docs.matches_built_in(task)
    assert deployment_docs.matches_built_in(changed())
    assert not deployment_docs.matches_built_in(changed(route="/tasks/<taskId>"))
    assert not deployment_docs.matches_built_in(changed(verb="POST"))
    assert not deployment_docs.matches_built_in(changed(method="nothing"))
    assert not deployment_docs.matches_built_in(library.method("greet", "hello"))


def test_the_description_of_a_field_is_bounded() -> None:
    """
    A megabyte of it would make help useless.
    """
    kept = strip_prose({"description": "word " * 100_000}, prose=PROSE_WITHOUT_DESCRIPTIONS)["description"]

    assert 2001 == len(kept)
    assert kept.startswith("word word")
    assert kept.endswith("…")


def test_fields_have_the_descriptions_of_the_deployment() -> None:
    """
    In one line, without control characters. Ours are for the fields that it does not describe.
    """
    tone = {**HELLO["properties"]["tone"], "description": "High\x1b[31m or **low**.\n\n- Not both."}
    hello = {**HELLO, "properties": {**HELLO["properties"], "tone": tone, "description": {"type": "string"}}}
    hello["properties"]["words"] = {**hello["properties"]["words"], "description": ["not", "a", "string"]}
    documents = split_rollup(rollup(CONTENTS | {"schemas/greet/v1/hello.json": hello}))
    texts = merge.convert_documents(validate_documents(documents), references.built_in())
    schemas = references.built_in().override_contents(texts, "x").service("greet").schemas
    ours = {"tone": "Our words.", "words": "What to say."}

    assert {"words": "What to say.", "tone": "High or low. - Not both.", "description": ""} == {
        row.path: row.description for row in list_fields(schemas, "hello.json", ours)
    }
