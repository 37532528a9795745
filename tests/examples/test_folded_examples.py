"""
Manual pages fold the lines of examples that are too long for them: what is copied from a page does the same.
"""

from __future__ import annotations

import shutil
import textwrap
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from tccli import references
from tccli.docgen.man.folding import folded
from tccli.docgen.man.parts import CODE_WIDTH
from tccli.references import method_docs
from tests.examples.example_deployment import populate_task
from tests.examples.test_commands import COMMANDS, EXAMPLES, list_examples

if TYPE_CHECKING:
    from tests.examples.example_deployment import ExampleDeployment
    from tests.examples.shell import Shell

OF_METHODS = [
    (service.replace("-", "_"), method, method_docs.load_method_docs(service, method).example)
    for service in references.service_names()
    for method in method_docs.list_documented_methods(service)
]
OF_COMMANDS = [("commands", name, list_examples(COMMANDS[name])[number]) for name, number in EXAMPLES]
FOLDED = [each for each in (*OF_METHODS, *OF_COMMANDS) if each[2] != folded(each[2], CODE_WIDTH)]


@pytest.mark.parametrize(("module", "name", "example"), FOLDED, ids=[f"{module}.{name}" for module, name, _ in FOLDED])
def test_a_folded_example_runs(
    deployment: ExampleDeployment, shell: Shell, module: str, name: str, example: str
) -> None:
    """
    Indented as it is there.
    """
    if "curl " in example and shutil.which("curl") is None:
        pytest.skip("there is no curl")
    preparations = import_module(f"tests.examples.{module}")
    preparations.PREPARE.get(name, lambda _deployment: None)(deployment)
    populate_task(deployment)
    done = shell.run(textwrap.indent(folded(example, CODE_WIDTH), "     "), deployment)

    assert preparations.EXIT_CODES.get(name, 0) == done.returncode, done.stderr.decode()


def test_every_example_fits_when_it_is_folded() -> None:
    """
    All of them can be.
    """
    lines = [line for _, _, example in (*OF_METHODS, *OF_COMMANDS) for line in folded(example, CODE_WIDTH).split("\n")]

    assert not [line for line in lines if len(line) > CODE_WIDTH]
