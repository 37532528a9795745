"""
Scopes: their order, normal form, roles and templates.
"""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tccli import references
from tccli.core import scopes
from tccli.core.scopes import algebra

SCOPE = st.text("ab*:", max_size=5)
SCOPES = st.lists(SCOPE, max_size=8)
ROLES = st.dictionaries(
    st.text("ab", max_size=2) | st.text("ab", max_size=2).map(lambda prefix: prefix + "*"),
    st.lists(
        st.text("ab", min_size=1, max_size=3) | st.sampled_from(["assume:a", "assume:b", "x<..>", "assume:b<..>y"]),
        max_size=3,
    ),
    max_size=4,
)


# At most one star, at the end: `*` and `**` cover each other without being equal.
SIMPLE = st.builds(str.__add__, st.text("ab:", max_size=4), st.sampled_from(["", "*"]))


@given(SIMPLE, SIMPLE, SIMPLE)
def test_covering_is_a_partial_order(a: str, b: str, c: str) -> None:
    """
    Reflexive, transitive, antisymmetric.
    """
    assert algebra.covers(a, a)
    if algebra.covers(a, b) and algebra.covers(b, c):
        assert algebra.covers(a, c)
    if algebra.covers(a, b) and algebra.covers(b, a):
        assert a == b


@given(SCOPES)
def test_normal_form_is_minimal_sorted_and_means_the_same(held: list[str]) -> None:
    """
    No scope covers another, each given scope is covered, none is added.
    """
    normal = algebra.normalize(held)

    assert sorted(normal, key=scopes.sort_key) == normal
    assert algebra.normalize(normal) == normal
    assert set(normal) <= set(held)
    assert all(any(algebra.covers(one, wanted) for one in normal) for wanted in held)
    assert not any(algebra.covers(a, b) for a in normal for b in normal if a != b)


@given(SCOPES, SCOPES)
def test_merging_is_normalizing_the_union(first: list[str], second: list[str]) -> None:
    """
    Merging two normal forms gives the normal form of both together.
    """
    merged = scopes.merge(algebra.normalize(first), algebra.normalize(second))

    assert algebra.normalize([*first, *second]) == merged


@given(SCOPES, SCOPES)
@example(["**"], ["***"])
@example(["*"], ["**"])
def test_subtracting_leaves_what_is_not_satisfied(wanted: list[str], held: list[str]) -> None:
    """
    A search in a normalized list finds what a comparison with each scope finds.
    """
    rest = [scope for scope in wanted if not scopes.satisfies(held, scope)]

    assert rest == scopes.subtract(wanted, algebra.normalize(held))


def test_a_pattern_sorts_before_what_it_covers() -> None:
    """
    As in the services: the star is less than the end of the string.
    """
    assert ["*", "", "a*", "a", "a(", "aa", "b"] == sorted(["", "b", "aa", "a(", "a", "a*", "*"], key=scopes.sort_key)


@given(ROLES, SCOPES.map(lambda held: ["assume:" + one for one in held]))
def test_expanding_twice_is_expanding_once(roles: dict[str, list[str]], held: list[str]) -> None:
    """
    Expansion is idempotent and keeps the given scopes, for all roles that the services accept.
    """
    try:
        scopes.check_roles(roles)
    except scopes.RoleError:
        return
    known = scopes.Roles(roles)
    once = known.expand(held)

    assert once == known.expand(once)
    assert all(any(algebra.covers(one, wanted) for one in once) for wanted in held)


@pytest.mark.parametrize(
    ("held", "expanded"),
    [
        pytest.param("assume:plain", ["assume:plain", "p:1", "p:2"], id="role"),
        pytest.param("assume:chain", ["assume:chain", "assume:plain", "c", "p:1", "p:2"], id="chain"),
        pytest.param("assume:repo:x/y", ["assume:repo:x/y", "branch:x/y:done", "repo"], id="parameter"),
        pytest.param("assume:repo:x*", ["assume:repo:x*", "branch:x*", "repo"], id="parameter ends in a star"),
        pytest.param("assume:repo:", ["assume:repo:", "branch::done", "repo"], id="empty parameter"),
        pytest.param("assume:rep*", ["assume:rep*", "branch:*", "repo"], id="pattern covers a role with a star"),
        pytest.param("assume:pl*", ["assume:pl*", "p:1", "p:2"], id="pattern covers a role"),
        pytest.param("assume:unknown", ["assume:unknown"], id="no such role"),
        pytest.param("ass*", ["ass*", "branch:*", "c", "p:1", "p:2", "repo"], id="covers assume:"),
        pytest.param("as", ["as"], id="begins like assume: but is no pattern"),
        pytest.param("*", ["*"], id="everything"),
    ],
)
def test_roles_are_expanded(held: str, expanded: list[str]) -> None:
    """
    Plain roles, chains, roles with a star and their parameter.
    """
    roles = scopes.Roles(
        {"plain": ["p:2", "p:1"], "chain": ["assume:plain", "c"], "repo:*": ["branch:<..>:done", "repo"]}
    )

    assert expanded == roles.expand([held])


@pytest.mark.parametrize(
    "roles",
    [
        pytest.param({"a": ["assume:a"]}, id="itself"),
        pytest.param({"a": ["assume:b"], "b": ["assume:a"]}, id="two"),
        pytest.param({"a*": ["assume:a<..>x"]}, id="grows for ever"),
        pytest.param({"a": ["assume:*"]}, id="pattern"),
        pytest.param({"a*": ["x:<..>:<..>"]}, id="parameter twice"),
        pytest.param({"a*": ["x:*<..>"]}, id="ambiguous star"),
    ],
)
def test_invalid_roles_are_refused(roles: dict[str, list[str]]) -> None:
    """
    Cycles and misplaced parameters.
    """
    with pytest.raises(scopes.RoleError):
        scopes.check_roles(roles)


def test_many_roles_are_checked_quickly() -> None:
    """
    The time grows with the number of scopes, not with its square, and a chain may be longer than Python's stack.
    """
    roles = {f"r{number}": [f"assume:r{number + 1}", *(f"s:{number}:{k}" for k in range(50))] for number in range(3000)}
    started = time.process_time()
    scopes.check_roles(roles)

    assert time.process_time() - started < 2
    with pytest.raises(scopes.RoleError, match="found: 'assume:r0' -> 'assume:r1' -> "):
        scopes.check_roles({**roles, "r3000": ["assume:r0"]}, changed="r3000")


@pytest.mark.parametrize(
    ("held", "lacking"),
    [
        pytest.param(["a", "b", "c"], None, id="all"),
        pytest.param(["*"], None, id="star"),
        pytest.param(["a", "c"], "b", id="one of AllOf"),
        pytest.param(["c"], {"AllOf": ["a", "b"]}, id="several of AllOf"),
        pytest.param(["a", "b"], {"AnyOf": ["c", "d"]}, id="AnyOf"),
        pytest.param(["a", "b", "d"], None, id="one of AnyOf is enough"),
    ],
)
def test_the_unsatisfied_part_is_returned(held: list[str], lacking: scopes.Expression | None) -> None:
    """
    It is an expression, as small as possible.
    """
    assert lacking == scopes.find_missing(held, {"AllOf": ["a", "b", {"AnyOf": ["c", "d"]}]})
    assert (lacking is None) == scopes.satisfies(held, {"AllOf": ["a", "b", {"AnyOf": ["c", "d"]}]})


def test_empty_expressions() -> None:
    """
    AllOf of nothing is always satisfied, AnyOf of nothing never.
    """
    assert scopes.satisfies([], {"AllOf": []})
    assert not scopes.satisfies(["*"], {"AnyOf": []})


def test_the_template_of_create_task() -> None:
    """
    Lists inside AllOf become several scopes, lists inside AnyOf alternatives.
    """
    template = references.method("queue", "createTask").scopes
    values = {
        "scopes": ["s"],
        "routes": [],
        "projectId": "p",
        "schedulerId": "-",
        "priorities": ["high", "low"],
        "provisionerId": "a",
        "workerType": "b",
    }

    assert {
        "AllOf": [
            "s",
            "queue:create-task:project:p",
            "queue:scheduler-id:-",
            {"AnyOf": ["queue:create-task:high:a/b", "queue:create-task:low:a/b"]},
        ]
    } == scopes.render_template(template, values)
    kinds = scopes.find_parameters(template)
    assert {"routes": list, "projectId": str} == {name: kinds[name] for name in ("routes", "projectId")}


def test_conditions_choose_a_branch_or_nothing() -> None:
    """
    A false condition without an alternative requires no scope.
    """
    template = {"if": "private", "then": {"AllOf": ["get:<name>"]}}

    assert scopes.render_template(template, {"private": True, "name": "x"}) == {"AllOf": ["get:x"]}
    assert scopes.render_template(template, {"private": False}) is None
    assert {"private": bool, "name": str} == scopes.find_parameters(template)


def test_every_template_of_the_references_can_be_rendered() -> None:
    """
    With values of the types that :func:`find_parameters` gives.
    """
    methods = [method for name in references.service_names() for method in references.service(name).methods.values()]
    empty = []
    for method in methods:
        kinds = scopes.find_parameters(method.scopes or "")
        values = {name: {str: "v", list: ["v"], bool: True}[kind] for name, kind in kinds.items()}
        if method.scopes and not scopes.render_template(method.scopes, values):
            empty.append(method.id)

    assert empty == []
