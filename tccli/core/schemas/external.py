"""
Validation against schemas from files and URLs: of any draft, with references to other documents.

References are only followed to where the schema itself comes from: a schema from the network reads no files, and a
schema in a file causes no requests.

Source: JSON Schema drafts 4, 6, 7, 2019-09 and 2020-12; a reference is relative to the url of its document.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urljoin, urlsplit

from jsonschema import FormatChecker, validators
from jsonschema.exceptions import SchemaError
from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]
from referencing import Registry, Resource
from referencing.jsonschema import specification_with

from tccli.core.schemas.dialect import FORMAT_CHECKER, BrokenSchemaError, convert_schema_errors, use_javascript_patterns
from tccli.core.schemas.problems import collect_problems
from tccli.errors import TcError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tccli.core.schemas.problems import Problem

DRAFTS = {
    "json-schema.org/draft-04/schema": validators.Draft4Validator,
    "json-schema.org/draft-06/schema": validators.Draft6Validator,
    "json-schema.org/draft-07/schema": validators.Draft7Validator,
    "json-schema.org/draft/2019-09/schema": validators.Draft201909Validator,
    "json-schema.org/draft/2020-12/schema": validators.Draft202012Validator,
}
TASKCLUSTER_METASCHEMAS = ("/schemas/common/metaschema.json", "/schemas/common/metadata-metaschema.json")
"""
The services' own schemas name draft 6 so. The second one also requires metadata, which no validation needs.

Source: libraries/references/schemas of Taskcluster.
"""

MAX_MESSAGE_LENGTH = 120


class ExternalSchema(NamedTuple):
    """
    A schema and its URL; the fragment of the URL selects a part of it.
    """

    url: str
    schema: Any


def find_problems(source: ExternalSchema, document: Any, load: Callable[[str], Any], *, root: str) -> list[Problem]:
    """
    Return the problems of *document* in its order; an empty list if it is valid.

    Args:
        load: Returns the document at a URL without a fragment.
        root: The path of the whole document.

    Raises:
        BrokenSchemaError: The schema cannot be used.
        TcError: Raised by *load*.
    """
    failures: list[Exception] = []
    try:
        with convert_schema_errors():
            return collect_problems(_validator(source, load, failures), document, root=root)
    except BrokenSchemaError:
        # jsonschema does not tell why a document could not be loaded.
        if failures:
            raise failures[0] from None
        raise


def _validator(source: ExternalSchema, load: Callable[[str], Any], failures: list[Exception]) -> Any:
    # Other documents are loaded when validation reaches a reference to them.
    url, _, part = source.url.partition("#")
    draft = _draft(source.schema)
    _check(draft, source.schema)
    specification = specification_with(draft.META_SCHEMA.get("$schema"))

    def retrieve(wanted: str) -> Resource[Any]:
        try:
            _check_url(url, wanted)
            found = load(wanted)
            _check_part(wanted, found, draft)
        except (TcError, BrokenSchemaError) as error:
            failures.append(error)
            raise
        return Resource.from_contents(found, default_specification=specification)

    schema, names = _without_names(url, source.schema, draft)
    resource = specification.create_resource(schema)
    own: Registry[Any] = Registry(retrieve=retrieve)  # type: ignore[call-arg] # attrs makes the argument
    registry = REGISTRY.combine(own).with_resources((name, resource) for name in names)
    formats = FormatChecker(formats=())
    formats.checkers = {**draft.FORMAT_CHECKER.checkers, **FORMAT_CHECKER.checkers}
    return use_javascript_patterns(draft)({"$ref": f"{url}#{part}"}, registry=registry, format_checker=formats)


def _draft(schema: Any, default: Any = validators.Draft7Validator) -> Any:
    if not isinstance(schema, dict) or "$schema" not in schema:
        return default
    named = str(schema["$schema"]).partition("#")[0]
    if named.endswith(TASKCLUSTER_METASCHEMAS):
        return validators.Draft6Validator
    known = DRAFTS.get(named.partition("://")[2])
    if known is None:
        raise BrokenSchemaError(f"has the unknown draft {named!r}; use 4, 6, 7, 2019-09 or 2020-12")
    return known


def _check(draft: Any, schema: Any) -> None:
    if not isinstance(schema, dict | bool):
        raise BrokenSchemaError("is not a JSON schema: an object is expected")
    try:
        draft.check_schema(schema)
    except SchemaError as error:
        where = "/".join(map(str, error.absolute_path))
        reason = error.message
        if len(reason) > MAX_MESSAGE_LENGTH:
            reason = reason[: MAX_MESSAGE_LENGTH - 1] + "…"
        raise BrokenSchemaError(f"is not a JSON schema{': ' if where else ''}{where}: {reason}") from None


def _check_part(url: str, schema: Any, draft: Any) -> None:
    try:
        _check(_draft(schema, draft), schema)
    except BrokenSchemaError as error:
        raise BrokenSchemaError(f"refers to {url}, which {error}") from None


def _without_names(url: str, schema: Any, draft: Any) -> tuple[Any, list[str]]:
    # Without its own name, so that references are relative to the URL it came from; and all URLs of the schema.
    if not isinstance(schema, dict):
        return schema, [url]
    key = "id" if draft is validators.Draft4Validator else "$id"
    name = schema.get(key)
    own = [urljoin(url, name).partition("#")[0]] if isinstance(name, str) else []
    return {word: value for word, value in schema.items() if word not in {key, "$schema"}}, [url, *own]


def _check_url(asking: str, url: str) -> None:
    if urlsplit(asking).scheme != urlsplit(url).scheme:
        kind = "a file" if urlsplit(asking).scheme == "file" else "the network"
        raise BrokenSchemaError(f"comes from {kind}, and refers to {url}, which is not loaded for it")
