"""
Schemas from anywhere: of any draft that is in use, and with parts in other files.

What a schema refers to is fetched only from where it came from itself: one that came over the network reads no files,
and one that is in a file does not tell a host that it was read.

Source: JSON Schema drafts 4, 6, 7, 2019-09 and 2020-12; a reference is relative to the address of its document.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urljoin, urlsplit

from jsonschema import FormatChecker, validators
from jsonschema.exceptions import SchemaError
from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]
from referencing import Registry, Resource
from referencing.jsonschema import specification_with

from tccli.core.schemas.formats import FORMATS
from tccli.core.schemas.validate import (
    BrokenSchemaError,
    collect_problems,
    convert_schema_errors,
    use_javascript_patterns,
)
from tccli.errors import TcError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tccli.core.schemas.validate import Problem

DRAFTS = {
    "json-schema.org/draft-04/schema": validators.Draft4Validator,
    "json-schema.org/draft-06/schema": validators.Draft6Validator,
    "json-schema.org/draft-07/schema": validators.Draft7Validator,
    "json-schema.org/draft/2019-09/schema": validators.Draft201909Validator,
    "json-schema.org/draft/2020-12/schema": validators.Draft202012Validator,
}
TASKCLUSTER_METASCHEMA = "/schemas/common/metaschema.json"
"""How the services' own schemas name draft 6."""

MAX_MESSAGE_LENGTH = 120


class ExternalSchema(NamedTuple):
    """
    A schema, and the address that it came from; behind a # in it, the part that is meant.
    """

    address: str
    schema: Any


def find_problems(source: ExternalSchema, document: Any, load: Callable[[str], Any], *, root: str) -> list[Problem]:
    """
    Return what is wrong with *document*, in its order; nothing when it fits.

    Args:
        load: Returns the document at an address without a fragment: what the schema refers to.
        root: What the whole document is called.

    Raises:
        BrokenSchemaError: The schema is not one that can be used.
        TcError: What *load* raises.
    """
    failures: list[Exception] = []
    try:
        with convert_schema_errors():
            return collect_problems(_validator(source, load, failures), document, root=root)
    except BrokenSchemaError:
        # The library says of a part that could not be fetched only that it was not.
        if failures:
            raise failures[0] from None
        raise


def _validator(source: ExternalSchema, load: Callable[[str], Any], failures: list[Exception]) -> Any:
    """
    Return a validator of jsonschema, which fetches what the schema refers to when it comes to it.
    """
    address, _, part = source.address.partition("#")
    draft = _draft(source.schema)
    _check(draft, source.schema)
    specification = specification_with(draft.META_SCHEMA.get("$schema"))

    def retrieve(wanted: str) -> Resource[Any]:
        try:
            _check_address(address, wanted)
            found = load(wanted)
            _check_part(wanted, found, draft)
        except (TcError, BrokenSchemaError) as error:
            failures.append(error)
            raise
        return Resource.from_contents(found, default_specification=specification)

    schema, names = _without_names(address, source.schema, draft)
    resource = specification.create_resource(schema)
    own: Registry[Any] = Registry(retrieve=retrieve)  # type: ignore[call-arg] # attrs makes the argument
    registry = REGISTRY.combine(own).with_resources((name, resource) for name in names)
    formats = FormatChecker(formats=())
    formats.checkers = {**draft.FORMAT_CHECKER.checkers, **FORMATS.checkers}
    return use_javascript_patterns(draft)({"$ref": f"{address}#{part}"}, registry=registry, format_checker=formats)


def _draft(schema: Any, default: Any = validators.Draft7Validator) -> Any:
    """
    Return the validator class for the draft that a schema names.
    """
    if not isinstance(schema, dict) or "$schema" not in schema:
        return default
    named = str(schema["$schema"]).partition("#")[0]
    if named.endswith(TASKCLUSTER_METASCHEMA):
        return validators.Draft6Validator
    known = DRAFTS.get(named.partition("://")[2])
    if known is None:
        raise BrokenSchemaError(f"names a draft that is not known, {named!r}: drafts are 4, 6, 7, 2019-09 and 2020-12")
    return known


def _check(draft: Any, schema: Any) -> None:
    """
    Hold a schema against the schema of its draft.
    """
    if not isinstance(schema, dict | bool):
        raise BrokenSchemaError("is not a JSON schema: an object is expected")
    try:
        draft.check_schema(schema)
    except SchemaError as error:
        where = "/".join(map(str, error.absolute_path))
        said = (
            error.message if len(error.message) <= MAX_MESSAGE_LENGTH else error.message[: MAX_MESSAGE_LENGTH - 1] + "…"
        )
        raise BrokenSchemaError(f"is not a JSON schema{': ' if where else ''}{where}: {said}") from None


def _check_part(address: str, schema: Any, draft: Any) -> None:
    try:
        _check(_draft(schema, draft), schema)
    except BrokenSchemaError as error:
        raise BrokenSchemaError(f"refers to {address}, which {error}") from None


def _without_names(address: str, schema: Any, draft: Any) -> tuple[Any, list[str]]:
    """
    Return a schema without its own name, so that what it refers to is looked for beside it, and all its addresses.
    """
    if not isinstance(schema, dict):
        return schema, [address]
    key = "id" if draft is validators.Draft4Validator else "$id"
    name = schema.get(key)
    own = [urljoin(address, name).partition("#")[0]] if isinstance(name, str) else []
    return {word: value for word, value in schema.items() if word not in {key, "$schema"}}, [address, *own]


def _check_address(asking: str, address: str) -> None:
    """
    Refuse what a schema has no business to refer to.
    """
    if urlsplit(asking).scheme != urlsplit(address).scheme:
        kind = "a file" if urlsplit(asking).scheme == "file" else "the network"
        raise BrokenSchemaError(f"comes from {kind}, and refers to {address}, which is not fetched for it")
