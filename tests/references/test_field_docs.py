"""
Every field of every payload is described, and nothing else is.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tccli import references
from tccli.core.schemas.fields import list_fields
from tccli.references.method_docs import DOCS_DIRECTORY, load_field_docs
from tests.references.test_method_docs import BANNED, MAX_SENTENCE_WORDS

SERVICES = references.service_names()
MAX_DESCRIPTION_CHARACTERS = 320
GENERIC_WORKER = {"artifacts", "command", "env", "features", "image", "maxRunTime", "mounts"}
CLOUD_CONFIG = [
    {row.path for row in list_fields(references.service("worker-manager").schemas, f"config-{cloud}.json")}
    for cloud in ("aws", "azure", "google")
]
# What schemas leave open: the payload of a task belongs to its worker, the config of a worker pool to its provider.
FREE_FIELDS = {
    "create-task-request.json": {f"payload.{name}" for name in GENERIC_WORKER},
    "create-worker-pool-request.json": {f"config.{path}" for path in set.intersection(*CLOUD_CONFIG)},
}


def read_file(service: str) -> dict[str, dict[str, str]]:
    """
    Return descriptions by schema and path.
    """
    path = Path(DOCS_DIRECTORY, "fields", f"{service}.json")
    return json.loads(path.read_text()) if path.exists() else {}


def payload_paths(service: str) -> dict[str, set[str]]:
    """
    Return the paths of the fields of each payload; that of the payload itself is empty, for one without fields.
    """
    reference = references.service(service)
    names = {method.input for method in reference.methods.values() if method.input}
    return {name: {row.path for row in list_fields(reference.schemas, name) if not row.form} for name in names}


@pytest.mark.parametrize("service", SERVICES)
def test_every_field_is_described(service: str) -> None:
    """
    By the service's own file, or by what its payloads have in common.
    """
    paths = payload_paths(service)
    missing = {name: paths[name] - load_field_docs(service, name).keys() for name in paths}

    assert not {name: sorted(fields) for name, fields in missing.items() if fields}


@pytest.mark.parametrize("service", SERVICES)
def test_every_description_is_of_a_field(service: str) -> None:
    """
    A field that was removed from a payload loses its description.
    """
    paths = payload_paths(service)
    described = read_file(service)
    common = described.pop("*", {})

    assert described.keys() <= paths.keys()
    unknown = {name: known.keys() - paths[name] - FREE_FIELDS.get(name, set()) for name, known in described.items()}
    assert not {name: sorted(fields) for name, fields in unknown.items() if fields}
    assert all(sum(field in fields for fields in paths.values()) > 1 for field in common)


@pytest.mark.parametrize("service", SERVICES)
def test_descriptions_are_plain_sentences(service: str) -> None:
    """
    Sentences that end in a full stop, of a readable length, in the words that all documentation uses.
    """
    texts = [text.rpartition("\n")[2] for known in read_file(service).values() for text in known.values()]
    sentences = [sentence for text in texts for sentence in re.split(r"(?<=[.:;]) ", text)]

    assert not [text for text in texts if BANNED.search(text)]
    assert not [text for text in texts if not re.fullmatch(r"[A-Z`].*\.", text)]
    assert not [text for text in texts if len(text) > MAX_DESCRIPTION_CHARACTERS]
    assert not [sentence for sentence in sentences if len(sentence.split()) > MAX_SENTENCE_WORDS]
