"""
References in files of this machine.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from tccli.errors import UsageError
from tccli.references.importing.errors import InvalidReferenceError
from tccli.references.importing.schemas import FILE_NAME
from tccli.references.importing.validate import (
    MAX_DOCUMENT_BYTES,
    MAX_ENTRIES,
    REFERENCE_PATH,
    parse_document,
    split_rollup,
    validate_documents,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


def load_file(path: str) -> dict[str, Any]:
    """
    Return what a file says, checked: an ``api.json``, an ``exchanges.json`` or a roll-up.

    A roll-up brings its schemas. Those of a single document are looked for where the deployment has them, at
    ``schemas/<service>/<version>/`` beside ``references/``, and in a folder ``schemas`` beside the file.

    Raises:
        UsageError: It cannot be read, or is not what it should be.
    """
    document = _read(path)
    try:
        found = split_rollup(document)
        if not isinstance(document, list):
            found.update(_schemas(path, next(iter(found))))
        return validate_documents(found)
    except InvalidReferenceError as error:
        raise UsageError(f"{path}: {error}") from None


def _read(path: str) -> Any:
    try:
        with open(path, "rb") as file:
            text = file.read(MAX_DOCUMENT_BYTES + 1)
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read {path!a}: {getattr(error, 'strerror', None) or error}") from None
    try:
        return parse_document(text)
    except InvalidReferenceError as error:
        raise UsageError(f"{path}: {error}") from None


def _schemas(path: str, name: str) -> Iterator[tuple[str, Any]]:
    """
    Yield the schemas that lie beside the document *name* at *path*, by their names in a roll-up.
    """
    found = REFERENCE_PATH.fullmatch(name)
    assert found
    service, version = found[1], found[2]
    beside = os.path.dirname(os.path.abspath(path))
    folders = [os.path.join(beside, "schemas", *below) for below in ((service, version), (version,), ())]
    if beside.split(os.sep)[-3:] == ["references", service, version]:
        folders.insert(0, os.path.join(beside, "..", "..", "..", "schemas", service, version))
    folder = next(filter(os.path.isdir, folders), None)
    if folder is not None:
        files = sorted(file for file in os.listdir(folder) if re.fullmatch(FILE_NAME, file))
        for file in files[: MAX_ENTRIES + 1]:
            yield f"schemas/{service}/{version}/{file}", _read(os.path.join(folder, file))
