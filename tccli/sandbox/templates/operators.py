"""
Rendering of templates: texts with expressions, and objects with an operator such as ``$if``.
"""

from __future__ import annotations

import re
from functools import cmp_to_key, reduce
from typing import TYPE_CHECKING, Any, TypeAlias

from tccli.sandbox.javascript.values import is_number, replace_dates, sort_key, stringify, to_doubles
from tccli.sandbox.templates.errors import TemplateError
from tccli.sandbox.templates.expressions import evaluate, interpolate
from tccli.sandbox.templates.functions import FUNCTIONS, add_offset, is_function

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Template: TypeAlias = dict[str, Any]
Context: TypeAlias = dict[str, Any]

NOTHING: dict[str, Any] = {}
"""What a template renders to that is to be left out. Where the services forget to do so, it is an empty object."""
_IDENTIFIER = "[a-zA-Z_][a-zA-Z0-9_]*"
_EACH = rf"each\(({_IDENTIFIER})(?:,\s*({_IDENTIFIER}))?\)"
_EACH_OF_REDUCE = rf"each\(({_IDENTIFIER}),\s*({_IDENTIFIER})(?:,\s*({_IDENTIFIER}))?\)"
_BY = rf"by\(({_IDENTIFIER})\)"
_FALSE = (None, "", 0)
"""What JavaScript's own conditions take for false; an empty list or object is true there."""
_OPERATORS: dict[str, Callable[[Template, Context], Any]] = {}


def render_template(template: Any, context: Mapping[str, Any]) -> Any:
    """
    Return a rendered template; None if it renders to nothing.

    Raises:
        TemplateError: The template cannot be rendered, or renders to a function.
    """
    if not all(re.fullmatch(_IDENTIFIER, name) for name in context):
        raise TemplateError("top level keys of context must follow /[a-zA-Z_][a-zA-Z0-9_]*/")
    result = _render(template, {**FUNCTIONS, **to_doubles(dict(context))})
    _reject_functions(result)
    return None if result is NOTHING else replace_dates(result)


def _render(template: Any, context: Context) -> Any:
    if isinstance(template, str):
        return interpolate(template, context)
    if isinstance(template, list):
        entries = (_render_at(f"[{place}]", entry, context) for place, entry in enumerate(template))
        return [entry for entry in entries if entry is not NOTHING]
    if not isinstance(template, dict):
        return to_doubles(template)
    found = [name for name in template if name in _OPERATORS]
    if len(found) > 1:
        raise TemplateError("only one operator allowed")
    if found:
        return _OPERATORS[found[0]](template, context)
    rendered = {}
    for name, member in template.items():
        plain = re.fullmatch("[a-zA-Z][a-zA-Z0-9]*", name)
        value = _render_at(f".{name}" if plain else f"[{stringify(name)}]", member, context)
        if value is not NOTHING:
            rendered[_render_name(name, context)] = value
    return rendered


def _render_at(location: str, template: Any, context: Context) -> Any:
    try:
        return _render(template, context)
    except TemplateError as error:
        error.location = location + error.location
        raise


def _render_name(name: str, context: Context) -> str:
    if name.startswith("$$"):
        return name[1:]
    if re.fullmatch(r"\$[a-zA-Z][a-zA-Z0-9]*", name):
        raise TemplateError("$<identifier> is reserved; use $$<identifier>")
    return interpolate(name, context)


def _reject_functions(value: Any) -> None:
    if is_function(value):
        raise TemplateError("evaluated template contained uncalled functions")
    for entry in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _reject_functions(entry)


def _operator(
    name: str, *others: str
) -> Callable[[Callable[[Template, Context], Any]], Callable[[Template, Context], Any]]:
    # As in the services, the pattern of the properties has an end and no beginning.
    allowed = re.compile("|".join((re.escape(name), *others)) + r"\Z")

    def register(function: Callable[[Template, Context], Any]) -> Callable[[Template, Context], Any]:
        def check_and_render(template: Template, context: Context) -> Any:
            unknown = [key for key in sorted(template, key=sort_key) if not allowed.search(key)]
            if unknown:
                raise TemplateError(f"{name} has undefined properties: {' '.join(unknown)}")
            return function(template, context)

        _OPERATORS[name] = check_and_render
        return function

    return register


def _render_list(name: str, template: Template, context: Context, what: str = "an array") -> list[Any]:
    value = _render(template[name], context)
    if not isinstance(value, list):
        raise TemplateError(f"{name} value must evaluate to {what}")
    return value


def _render_objects(name: str, template: Template, context: Context) -> list[dict[str, Any]]:
    values = _render_list(name, template, context, "an array of objects")
    if not all(isinstance(value, dict) for value in values):
        raise TemplateError(f"{name} value must evaluate to an array of objects")
    return values


def _get_each(
    name: str, template: Template, pattern: str = _EACH, others: tuple[str, ...] = ()
) -> tuple[Any, tuple[str, ...]]:
    # The template of each entry, and the names of its variables.
    keys = [key for key in template if key != name and key not in others]
    if len(keys) != 1 or len(template) != 2 + len(others):
        raise TemplateError(f"{name} must have exactly {2 + len(others)} properties")
    found = re.fullmatch(pattern, keys[0])
    if not found:
        raise TemplateError(f"{name} requires each(identifier) syntax")
    return template[keys[0]], tuple(variable for variable in found.groups() if variable)


@_operator("$eval")
def _eval(template: Template, context: Context) -> Any:
    if not isinstance(template["$eval"], str):
        raise TemplateError("$eval must be given a string expression")
    return evaluate(template["$eval"], context)


@_operator("$flatten")
def _flatten(template: Template, context: Context) -> Any:
    return _join(_render_list("$flatten", template, context))


@_operator("$flattenDeep")
def _flatten_deep(template: Template, context: Context) -> Any:
    values = _render_list("$flattenDeep", template, context)
    while any(isinstance(value, list) for value in values):
        values = _join(values)
    return values


def _join(values: list[Any]) -> list[Any]:
    return [entry for value in values for entry in (value if isinstance(value, list) else [value])]


@_operator("$fromNow", "from")
def _from_now(template: Template, context: Context) -> Any:
    offset = _render(template["$fromNow"], context)
    reference = _render(template["from"], context) if template.get("from") not in _FALSE else None
    if not isinstance(offset, str):
        raise TemplateError("$fromNow expects a string")
    return add_offset(offset, context["now"] if reference in _FALSE else reference)


@_operator("$if", "then", "else")
def _if(template: Template, context: Context) -> Any:
    if not isinstance(template["$if"], str):
        raise TemplateError("$if can evaluate string expressions only")
    holds = evaluate(template["$if"], context)
    if holds and "$then" in template:
        raise TemplateError("$if Syntax error: $then: should be spelled then: (no $)")
    branch = "then" if holds else "else"
    return _render(template[branch], context) if branch in template else NOTHING


@_operator("$json")
def _json(template: Template, context: Context) -> Any:
    value = _render(template["$json"], context)
    _reject_functions(value)
    return stringify(value)


@_operator("$let", "in")
def _let(template: Template, context: Context) -> Any:
    if not isinstance(template["$let"], dict):
        raise TemplateError("$let value must be an object")
    variables = _render(template["$let"], context)
    if not isinstance(variables, dict):
        raise TemplateError("$let value must be an object")
    if not all(re.fullmatch(_IDENTIFIER, name) for name in variables):
        raise TemplateError("top level keys of $let must follow /[a-zA-Z_][a-zA-Z0-9_]*/")
    if template.get("in") is None:
        raise TemplateError("$let operator requires an `in` clause")
    return _render(template["in"], {**context, **variables})


@_operator("$map", _EACH)
def _map(template: Template, context: Context) -> Any:
    value = _render(template["$map"], context)
    if not isinstance(value, list | dict):
        raise TemplateError("$map value must evaluate to an array or object")
    each, names = _get_each("$map", template)
    if isinstance(value, list):
        rendered = [
            _render(each, {**context, **dict(zip(names, (entry, place), strict=False))})
            for place, entry in enumerate(value)
        ]
        return [entry for entry in rendered if entry is not NOTHING]
    merged: dict[str, Any] = {}
    for name, entry in value.items():
        variables = (entry, name) if len(names) > 1 else ({"key": name, "val": entry},)
        one = _render(each, {**context, **dict(zip(names, variables, strict=True))})
        if not isinstance(one, dict):
            raise TemplateError(f"$map on objects expects each({names[0]}) to evaluate to an object")
        merged |= one
    return merged


@_operator("$reduce", "initial", _EACH_OF_REDUCE)
def _reduce(template: Template, context: Context) -> Any:
    values = _render_list("$reduce", template, context)
    each, names = _get_each("$reduce", template, _EACH_OF_REDUCE, ("initial",))
    result = template.get("initial")
    for place, entry in enumerate(values):
        rendered = _render(each, {**context, **dict(zip(names, (result, entry, place), strict=False))})
        result = result if rendered is NOTHING else rendered
    return result


@_operator("$find", _EACH)
def _find(template: Template, context: Context) -> Any:
    values = _render_list("$find", template, context)
    each, names = _get_each("$find", template)
    if not isinstance(each, str):
        raise TemplateError("each can evaluate string expressions only")
    for place, entry in enumerate(values):
        if evaluate(each, {**context, **dict(zip(names, (entry, place), strict=False))}):
            return entry
    return NOTHING


@_operator("$match")
def _match(template: Template, context: Context) -> Any:
    return _render_true("$match", template, context)


@_operator("$switch")
def _switch(template: Template, context: Context) -> Any:
    found = _render_true("$switch", template, context)
    if len(found) > 1:
        raise TemplateError("$switch can only have one truthy condition")
    if not found and "$default" in template["$switch"]:
        return _render(template["$switch"]["$default"], context)
    return found[0] if found else NOTHING


def _render_true(name: str, template: Template, context: Context) -> list[Any]:
    branches = template[name]
    if not isinstance(branches, dict):
        raise TemplateError(f"{name} can evaluate objects only")
    conditions = sorted(branches, key=sort_key)
    if name == "$switch":
        conditions = [condition for condition in conditions if condition != "$default"]
    return [_render(branches[condition], context) for condition in conditions if evaluate(condition, context)]


@_operator("$merge")
def _merge(template: Template, context: Context) -> Any:
    return {name: value for entry in _render_objects("$merge", template, context) for name, value in entry.items()}


@_operator("$mergeDeep")
def _merge_deep(template: Template, context: Context) -> Any:
    return reduce(_merge_values, _render_objects("$mergeDeep", template, context) or [{}])


def _merge_values(left: Any, right: Any) -> Any:
    if isinstance(left, list) and isinstance(right, list):
        return left + right
    if isinstance(left, dict) and isinstance(right, dict):
        merged = {name: _merge_values(left[name], value) if name in left else value for name, value in right.items()}
        return {**left, **merged}
    return right


@_operator("$reverse")
def _reverse(template: Template, context: Context) -> Any:
    return _render_list("$reverse", template, context, "an array of objects")[::-1]


@_operator("$sort", _BY)
def _sort(template: Template, context: Context) -> Any:
    mixed = TemplateError("$sorted values to be sorted must have the same type")
    values = _render(template["$sort"], context)
    if not isinstance(values, list):
        raise mixed
    others = [key for key in template if key != "$sort"]
    found = re.fullmatch(_BY, others[0]) if others else None
    if found:
        keys = [evaluate(template[others[0]], {**context, found[1]: value}) for value in values]
    elif any(isinstance(value, list | dict) for value in values):
        raise mixed
    else:
        keys = values
    if all(isinstance(key, str) for key in keys):
        order: list[Any] = [sort_key(key) for key in keys]
    elif all(is_number(key) for key in keys):
        order = keys
    else:
        raise mixed
    # A comparison instead of a key: NaN is neither less nor greater.

    def compare(one: int, other: int) -> int:
        return -1 if order[one] < order[other] else int(order[one] > order[other])

    return [values[place] for place in sorted(range(len(values)), key=cmp_to_key(compare))]
