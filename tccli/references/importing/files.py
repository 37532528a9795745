"""
References in local files.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from tccli.errors import UsageError
from tccli.references.importing.errors import InvalidReferenceError
from tccli.references.importing.schemas import FILE_NAME
from tccli.references.importing.validate import MAX_ENTRIES, REFERENCE_PATH, split_rollup, validate_documents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def load_file(path: str, read: Callable[[str], Any], skip: Callable[[str], None] | None = None) -> dict[str, Any]:
    """
    Return the validated documents at *path*: an ``api.json``, an ``exchanges.json`` or a roll-up.

    A roll-up contains its schemas. Those of a single document are looked up where a deployment has them, in
    ``schemas/<service>/<version>/`` next to ``references/``, and in a directory ``schemas`` next to the file.

    Args:
        read: Returns the JSON document at a path, or raises UsageError.
        skip: As for :func:`validate_documents`.

    Raises:
        UsageError: A file cannot be read, or is not valid.
    """
    document = read(path)
    try:
        documents = split_rollup(document)
        if not isinstance(document, list):
            documents.update(_schemas(path, next(iter(documents)), read))
        return validate_documents(documents, skip)
    except InvalidReferenceError as error:
        raise UsageError(f"cannot use {path} as a reference: {error}") from None


def _schemas(path: str, name: str, read: Callable[[str], Any]) -> Iterator[tuple[str, Any]]:
    found = REFERENCE_PATH.fullmatch(name)
    assert found
    service, version = found[1], found[2]
    parent = os.path.dirname(os.path.abspath(path))
    candidates = [os.path.join(parent, "schemas", *below) for below in ((service, version), (version,), ())]
    if parent.split(os.sep)[-3:] == ["references", service, version]:
        candidates.insert(0, os.path.join(parent, "..", "..", "..", "schemas", service, version))
    directory = next(filter(os.path.isdir, candidates), None)
    if directory is not None:
        files = sorted(file for file in os.listdir(directory) if re.fullmatch(FILE_NAME, file))
        for file in files[: MAX_ENTRIES + 1]:
            yield f"schemas/{service}/{version}/{file}", read(os.path.join(directory, file))
