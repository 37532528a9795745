"""
A schema and all schemas that it refers to as one schema.

Pure. In draft 6, keywords next to a ``$ref`` do not count. Titles, descriptions and defaults next to one are kept:
they do no harm, and help a reader.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tccli.errors import ConfigurationError
from tccli.references.json_schema import NAMES, VALUES, resolve_pointer, split_reference

if TYPE_CHECKING:
    from collections.abc import Mapping

DRAFT = "http://json-schema.org/draft-06/schema#"
MAX_NODES = 200_000
"""The largest published schema has a few thousand."""
ANNOTATIONS = ("title", "description", "default", "examples")

# The name of a schema, and the JSON pointer to a part of it.
_Place = tuple[str, str]


def bundle(schemas: Mapping[str, Any], name: str) -> dict[str, Any]:
    """
    Return the schema *name* with every reference replaced by its target; only recursive schemas remain references.

    Args:
        schemas: By name; they refer to each other by name, and to parts by JSON pointer.

    Returns:
        A schema with ``$schema``, whose references, if any, point into its own ``definitions``.

    Raises:
        ConfigurationError: A reference leads nowhere, or the result would be too large.
    """
    try:
        return _Bundle(schemas).build(name)
    except RecursionError:
        raise ConfigurationError(f"cannot use the schema {name}: nested too deeply") from None


class _Bundle:
    def __init__(self, schemas: Mapping[str, Any]) -> None:
        self._schemas = schemas
        # Recursive schemas, with their names in the definitions of the result.
        self._definitions: dict[_Place, str] = {}
        # The schemas around the one that is being replaced.
        self._path: list[_Place] = []
        self._nodes = 0

    def build(self, name: str) -> dict[str, Any]:
        # Again from the start with each recursive schema that is found: few are.
        while True:
            found = len(self._definitions)
            self._nodes = 0
            body = self._replace((name, ""))
            definitions = {known: self._expand(place) for place, known in list(self._definitions.items())}
            if len(self._definitions) == found:
                whole = {"$schema": DRAFT, **(body if isinstance(body, dict) else {"allOf": [body]})}
                return {**whole, "definitions": definitions} if definitions else whole

    def _replace(self, place: _Place) -> Any:
        """
        Return what stands for a reference to a schema.
        """
        if place in self._path:
            self._definitions.setdefault(place, self._new_name(place))
        if place in self._definitions:
            name = self._definitions[place].replace("~", "~0").replace("/", "~1")
            return {"$ref": f"#/definitions/{name}"}
        return self._expand(place)

    def _expand(self, place: _Place) -> Any:
        self._path.append(place)
        body = self._inline(self._at(place), place[0])
        self._path.pop()
        return body

    def _new_name(self, place: _Place) -> str:
        wanted = place[1].rpartition("/")[2] or place[0].rpartition("/")[2].removesuffix(".json")
        taken = set(self._definitions.values())
        return next(each for each in (wanted, *(f"{wanted}-{n}" for n in range(2, MAX_NODES))) if each not in taken)

    def _inline(self, node: Any, base: str) -> Any:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise ConfigurationError(f"cannot use the schema {base}: too large with all that it refers to")
        if isinstance(node, list):
            return [self._inline(each, base) for each in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            place = self._place(node["$ref"], base)
            annotations = {key: node[key] for key in ANNOTATIONS if key in node}
            body = self._replace(place)
            return {**body, **annotations} if isinstance(body, dict) else body
        inlined = {}
        for key, value in node.items():
            if key in {"definitions", "$id", "id", "$schema"} and not isinstance(value, list):
                continue
            if key in VALUES or not isinstance(value, (dict, list)):
                inlined[key] = value
            elif key in NAMES and isinstance(value, dict):
                inlined[key] = {name: self._inline(each, base) for name, each in value.items()}
            else:
                inlined[key] = self._inline(value, base)
        return inlined

    def _place(self, reference: Any, base: str) -> _Place:
        try:
            return split_reference(reference, base)
        except (TypeError, ValueError, AttributeError):
            raise ConfigurationError(f"a schema refers to {reference!r}, which is not a URL") from None

    def _at(self, place: _Place) -> Any:
        name, pointer = place
        try:
            return resolve_pointer(self._schemas[name], pointer)
        except LookupError:
            where = f"{name}#{pointer}" if pointer else name
            raise ConfigurationError(f"a schema refers to {where}, which does not exist") from None
