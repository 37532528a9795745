"""
How long commands take to start, in CPU time, as ratios to ``import click``, which cannot be avoided.

Run it in an environment into which the project is installed (not editable: only then is the bytecode compiled).
"""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from typing import TYPE_CHECKING, Any

from tccli import references
from tccli.core.cache import references as kept_references
from tccli.references.importing import merge
from tccli.references.importing.validate import validate_documents
from tccli.sandbox.references import published
from tests.benchmarks.measure import TC, alternate, clean_environment, compare, run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.benchmarks.measure import Figure

BASE = "`import click`"
ROOT_URL = "https://tc.example.com"
CASES = {
    "tc --help": 1.2,
    "tc queue createTask --help": 1.3,
    "tc from-now 1 hour": 1.2,
    "tc slugid": 1.2,
    "tc --help, with references of the deployment": 1.2,
    "tc queue createTask --help, with references of the deployment": 1.3,
}
"""Words of a command → the most that it may take, relative to `BASE`."""


def keep_references(environment: dict[str, str]) -> None:
    """
    Keep references of a deployment, with as much prose as ours have, so that they are in use for its root URL.
    """
    documents = {name: with_prose(content) for name, content in published().items()}
    texts = merge.convert_documents(validate_documents(documents), references.built_in())
    kept_references.store(environment, ROOT_URL, texts, now=1_893_553_445)


def with_prose(document: Any) -> Any:
    """
    Return a reference with a description of ten lines at each of its entries.
    """
    said = "Words that a deployment says of a method, in a line of this length.\n" * 10
    if "entries" not in document:
        return document
    return {**document, "description": said, "entries": [{**each, "description": said} for each in document["entries"]]}


def measure(runs: int) -> Iterator[Figure]:
    """
    Yield a figure for each command.
    """
    with tempfile.TemporaryDirectory() as cache:
        empty = {**clean_environment(), "TASKCLUSTER_ROOT_URL": ROOT_URL, "XDG_CACHE_HOME": f"{cache}/empty"}
        live = {**empty, "XDG_CACHE_HOME": f"{cache}/live"}
        keep_references(live)
        commands = {BASE: partial(run, [sys.executable, "-c", "import click"], empty)}
        for name in CASES:
            words, _, kind = name.partition(", ")
            commands[name] = partial(run, [TC, *words.split()[1:]], live if kind else empty)
        usages = alternate(2 * runs, commands)
    for name, goal in CASES.items():
        yield compare(usages, name, BASE, goal, resource="cpu", in_readme=name == "tc --help")
