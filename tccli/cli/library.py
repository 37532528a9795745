"""
The references in use: the built-in ones, overridden by the cached ones of the deployment, then by ``--reference``.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from tccli import references
from tccli.core.cache import paths
from tccli.errors import BrokenAnswerError, ConfigurationError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tccli.cli.options import Options
    from tccli.core.config_files import ConfigFiles
    from tccli.core.reference_fetch import Fetcher
    from tccli.references import ReferenceSet

MAX_SKIP_NOTES = 5


def active_library(
    options: Options,
    environ: Mapping[str, str],
    config_files: Callable[[], ConfigFiles],
    fetcher: Callable[[], Fetcher],
    note: Callable[[str], None],
) -> ReferenceSet:
    """
    Return the references that these options select.

    Args:
        config_files: Called only if the root URL is needed and neither *options* nor *environ* has it.
        fetcher: Called only for a ``--reference`` that is a URL.
        note: Prints a line to stderr.

    Raises:
        UsageError: A ``--reference`` cannot be read.
        BrokenAnswerError: A ``--reference`` that was fetched is not valid.
    """
    library = references.built_in()
    if os.path.isdir(paths.reference_directory(environ)):
        root_url = _root_url(options, environ, config_files)
        if root_url:
            library = _with_cached(library, environ, root_url, note)
    return with_references(library, options.reference, fetcher, note)


def report_skipped(note: Callable[[str], None], source: str, skipped: Sequence[str]) -> None:
    """
    Report what is left out of references, because it is not valid or this version does not know it.
    """
    for line in skipped[:MAX_SKIP_NOTES]:
        note(f"left out of {source}: {line}")
    if len(skipped) > MAX_SKIP_NOTES:
        note(f"left out of {source}: {len(skipped) - MAX_SKIP_NOTES} more")


def with_references(
    library: ReferenceSet, sources: Iterable[str], fetcher: Callable[[], Fetcher], note: Callable[[str], None]
) -> ReferenceSet:
    """
    Return *library* with services added or replaced by the references at paths and URLs.
    """
    for source in sources:
        library = _with_reference(library, source, fetcher, note)
    return library


def _with_reference(
    library: ReferenceSet, source: str, fetcher: Callable[[], Fetcher], note: Callable[[str], None]
) -> ReferenceSet:
    from tccli.core.http.redact import redact_text
    from tccli.references.importing.errors import InvalidReferenceError
    from tccli.references.importing.merge import complete, convert_documents

    skipped: list[str] = []
    if is_url := source.lower().startswith(("http://", "https://")):
        from tccli.core.reference_fetch import fetch_references_at

        contents = fetch_references_at(fetcher(), source, skipped.append)
    else:
        from tccli.core.documents import read_document
        from tccli.references.importing.files import load_file
        from tccli.references.importing.validate import MAX_DOCUMENT_BYTES

        def read(path: str) -> Any:
            return read_document(path, max_bytes=MAX_DOCUMENT_BYTES, formats=["json"], what="reference").content

        contents = load_file(source, read, skipped.append)
    report_skipped(note, redact_text(source), skipped)
    try:
        return library.override_contents(complete(convert_documents(contents, library), library), source)
    except InvalidReferenceError as error:
        raise (BrokenAnswerError if is_url else UsageError)(f"{source}: {error}") from None


def _with_cached(
    library: ReferenceSet, environ: Mapping[str, str], root_url: str, note: Callable[[str], None]
) -> ReferenceSet:
    from tccli.core.cache import references as reference_cache

    try:
        cached = reference_cache.load(environ, root_url)
    except reference_cache.CorruptCacheError as error:
        note(f"ignored the cached references: {error} is damaged; tc references update fetches them again")
        return library
    return library if cached is None else library.override_contents(cached.contents, cached.path)


def _root_url(options: Options, environ: Mapping[str, str], config_files: Callable[[], ConfigFiles]) -> str | None:
    """
    Return the root URL, or None if there is none or its source is broken: the commands that need it report errors.
    """
    profile = options.profile or environ.get("TC_PROFILE")
    root_url = options.root_url
    if root_url is None and not profile:
        root_url = environ.get("TASKCLUSTER_ROOT_URL")
    if root_url:
        return root_url.strip().rstrip("/")
    files = config_files()
    if not (profile or files.exist):
        return None
    from tccli.core.root_url import resolve_root_url

    try:
        return resolve_root_url(None, profile, environ, files)[0]
    except ConfigurationError:
        return None
