"""
Manual pages fold the lines of examples that are too long for them: what is copied from a page does the same.
"""

from __future__ import annotations

import textwrap
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from tccli import references
from tccli.documents.folding import folded
from tccli.documents.man_parts import CODE_WIDTH
from tccli.references import words
from tests.examples.shell import depot, hung_up, shell, world
from tests.examples.world import furnish_task

if TYPE_CHECKING:
    from tests.examples.shell import Shell
    from tests.examples.world import World

__all__ = ["depot", "hung_up", "shell", "world"]
EVERY_EXAMPLE = {
    (service, method): words.of_method(service, method).example
    for service in references.service_names()
    for method in words.method_names(service)
}
FOLDED = [place for place, example in EVERY_EXAMPLE.items() if example != folded(example, CODE_WIDTH)]


@pytest.mark.parametrize(("service", "method"), FOLDED, ids=[f"{service}.{method}" for service, method in FOLDED])
def test_a_folded_example_runs(world: World, shell: Shell, service: str, method: str) -> None:
    """
    Indented as it is there.
    """
    preparations = import_module(f"tests.examples.{service.replace('-', '_')}")
    preparations.PREPARE.get(method, lambda _world: None)(world)
    furnish_task(world)
    lines = textwrap.indent(folded(EVERY_EXAMPLE[service, method], CODE_WIDTH), "     ")
    done = shell.run(lines, world)

    assert preparations.ENDS_WITH.get(method, 0) == done.returncode, done.stderr.decode()


def test_every_example_fits_when_it_is_folded() -> None:
    """
    All of them can be.
    """
    lines = [line for example in EVERY_EXAMPLE.values() for line in folded(example, CODE_WIDTH).split("\n")]

    assert not [line for line in lines if len(line) > CODE_WIDTH]
