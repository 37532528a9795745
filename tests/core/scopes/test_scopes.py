"""
Scopes: a partial order, its normal form, roles, and the templates of the references.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tccli import references
from tccli.core import scopes

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


# One star, at the end: `*` and `**` cover each other, and yet are two.
SIMPLE = st.builds(str.__add__, st.text("ab:", max_size=4), st.sampled_from(["", "*"]))


@given(SIMPLE, SIMPLE, SIMPLE)
def test_covering_is_a_partial_order(a: str, b: str, c: str) -> None:
    """
    Reflexive, transitive, antisymmetric.
    """
    assert scopes.covers(a, a)
    if scopes.covers(a, b) and scopes.covers(b, c):
        assert scopes.covers(a, c)
    if scopes.covers(a, b) and scopes.covers(b, a):
        assert a == b


@given(SCOPES)
def test_normal_form_is_minimal_sorted_and_means_the_same(held: list[str]) -> None:
    """
    No scope of the normal form covers another, each given scope is covered, nothing is new.
    """
    normal = scopes.normalize(held)

    assert sorted(normal, key=scopes.order) == normal
    assert scopes.normalize(normal) == normal
    assert set(normal) <= set(held)
    assert all(any(scopes.covers(one, wanted) for one in normal) for wanted in held)
    assert not any(scopes.covers(a, b) for a in normal for b in normal if a != b)


@given(SCOPES, SCOPES)
def test_merging_is_normalizing_the_union(first: list[str], second: list[str]) -> None:
    """
    Merging two normal forms gives the normal form of both together.
    """
    merged = scopes.merge(scopes.normalize(first), scopes.normalize(second))

    assert scopes.normalize([*first, *second]) == merged


def test_a_pattern_sorts_before_what_it_covers() -> None:
    """
    The order of the services: the star is less than the end of the string.
    """
    assert ["*", "", "a*", "a", "a(", "aa", "b"] == sorted(["", "b", "aa", "a(", "a", "a*", "*"], key=scopes.order)


@given(ROLES, SCOPES.map(lambda held: ["assume:" + one for one in held]))
def test_expanding_twice_is_expanding_once(roles: dict[str, list[str]], held: list[str]) -> None:
    """
    Expansion is idempotent and keeps what was held, whatever the roles are, as long as the services accept them.
    """
    try:
        scopes.check_roles(roles)
    except scopes.RoleError:
        return
    known = scopes.Roles(roles)
    once = known.expand(held)

    assert once == known.expand(once)
    assert all(any(scopes.covers(one, wanted) for one in once) for wanted in held)


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
        pytest.param("assume:nobody", ["assume:nobody"], id="no such role"),
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
def test_roles_that_cannot_be_expanded_are_refused(roles: dict[str, list[str]]) -> None:
    """
    Circles and misplaced parameters.
    """
    with pytest.raises(scopes.RoleError):
        scopes.check_roles(roles)


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
def test_says_what_is_missing(held: list[str], lacking: scopes.Expression | None) -> None:
    """
    What is missing is itself an expression, as small as may be.
    """
    assert lacking == scopes.missing(held, {"AllOf": ["a", "b", {"AnyOf": ["c", "d"]}]})
    assert (lacking is None) == scopes.satisfies(held, {"AllOf": ["a", "b", {"AnyOf": ["c", "d"]}]})


def test_nothing_is_enough_for_an_empty_all_of_and_no_scope_for_an_empty_any_of() -> None:
    """
    AllOf of nothing is always satisfied, AnyOf of nothing never.
    """
    assert scopes.satisfies([], {"AllOf": []})
    assert not scopes.satisfies(["*"], {"AnyOf": []})


def test_template_of_create_task_is_filled_in() -> None:
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
    } == scopes.render(template, values)
    kinds = scopes.parameters(template)
    assert {"routes": list, "projectId": str} == {name: kinds[name] for name in ("routes", "projectId")}


def test_conditions_choose_a_branch_or_nothing() -> None:
    """
    A false condition without an alternative asks for no scope at all.
    """
    template = {"if": "private", "then": {"AllOf": ["get:<name>"]}}

    assert scopes.render(template, {"private": True, "name": "x"}) == {"AllOf": ["get:x"]}
    assert scopes.render(template, {"private": False}) is None
    assert {"private": bool, "name": str} == scopes.parameters(template)


@pytest.mark.parametrize(
    "method",
    [method for service in references.service_names() for method in references.service(service).methods.values()],
    ids=lambda method: method.id,
)
def test_every_template_of_the_references_can_be_filled_in(method: references.Method) -> None:
    """
    The templates of all methods render with values of the kinds that they ask for.
    """
    if method.scopes is None:
        return
    values = {
        name: {str: "v", list: ["v"], bool: True}[kind] for name, kind in scopes.parameters(method.scopes).items()
    }

    assert scopes.render(method.scopes, values)
