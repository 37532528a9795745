"""
Scopes: their algebra, the scope templates of the references, and the scopes that a call requires.
"""

from tccli.core.scopes.algebra import (
    Expression,
    RoleError,
    Roles,
    check_roles,
    find_missing,
    is_valid,
    merge,
    satisfies,
    sort_key,
    subtract,
)
from tccli.core.scopes.templates import find_parameters, render_template

__all__ = [
    "Expression",
    "RoleError",
    "Roles",
    "check_roles",
    "find_missing",
    "find_parameters",
    "is_valid",
    "merge",
    "render_template",
    "satisfies",
    "sort_key",
    "subtract",
]
