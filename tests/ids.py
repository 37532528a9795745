"""
Ids of the form that the services require.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli.references.method_docs import load_parameter_docs

if TYPE_CHECKING:
    from tccli.references import Method

TASK_ID = "fN1SbArXTPSVFNUvaOlinQ"


def example_arguments(method: Method) -> list[str]:
    """
    Return a value for each path argument.
    """
    return [load_parameter_docs(method, name).example or f"{name}/1" for name in method.args]
