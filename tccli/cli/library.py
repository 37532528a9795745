"""
Which references a command line is about: the built-in ones, below those that are kept of the deployment in use, below
those that ``--reference`` gives.

Commands are made from references, so this has to be known before the command line has been parsed: the few options
that decide it are looked for in the words themselves, wherever they stand.
"""

from __future__ import annotations

import os
from itertools import islice
from typing import TYPE_CHECKING

from tccli import names, references
from tccli.core.cache import paths
from tccli.errors import BrokenAnswerError, ConfigurationError, UsageError
from tccli.references import Library

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tccli.core.reference_fetch import Fetcher


def said(words: Sequence[str]) -> tuple[str | None, str | None, list[str]]:
    """
    Return the root URL, the profile and the references that *words* name, in any spelling of the options.

    After ``--`` there are no options. Of a root URL and a profile, the later one counts.
    """
    found: dict[str, list[str]] = {"rooturl": [], "profile": [], "reference": []}
    rest = iter(words)
    for word in rest:
        if word == "--":
            break
        if not word.startswith("--"):
            continue
        name, equals, value = word[2:].partition("=")
        values = found.get(names.fold(name))
        if values is not None:
            # Without a value, there is an error for click to say.
            values += [value] if equals else [*islice(rest, 1)]
    root_url, profile, given = found.values()
    return (root_url[-1] if root_url else None), (profile[-1] if profile else None), given


def is_quiet(words: Sequence[str]) -> bool:
    """
    Say whether notes are not wanted, as far as can be told without parsing.
    """
    return not {"-q", "--quiet"}.isdisjoint(words)


def in_use(
    words: Sequence[str], environ: Mapping[str, str], fetcher: Callable[[], Fetcher], note: Callable[[str], None]
) -> Library:
    """
    Return the references that a command line is about.

    Args:
        words: Of the command line.
        fetcher: Makes what fetches a ``--reference`` that is a URL.
        note: Takes lines for people.

    Raises:
        UsageError: A ``--reference`` cannot be read.
        BrokenAnswerError: One that was fetched is not what it should be.
    """
    root_url, profile, given = said(words)
    library = references.built_in()
    if os.path.isdir(paths.references(environ)):
        root_url = _root_url(root_url, profile, environ)
        if root_url:
            library = _with_kept(library, environ, root_url, note)
    return with_given(library, given, fetcher)


def laid_over(library: Library, where: str, texts: Mapping[str, bytes]) -> Library:
    """
    Return a library in which the services of *texts* take the place of those in *library*.

    Args:
        where: They came from, for people.
        texts: By service, in the form of the built-in files.
    """
    return Library({**library.files, **{service: references.hold(where, text) for service, text in texts.items()}})


def with_given(library: Library, given: Iterable[str], fetcher: Callable[[], Fetcher]) -> Library:
    """
    Return a library in which the references at paths and URLs take the place of those in *library*.
    """
    for each in given:
        library = _with_one(library, each, fetcher)
    return library


def _with_one(library: Library, given: str, fetcher: Callable[[], Fetcher]) -> Library:
    from tccli.references.importing.errors import InvalidReferenceError
    from tccli.references.importing.merge import completed, texts

    if is_url := given.lower().startswith(("http://", "https://")):
        from tccli.core.reference_fetch import of_url

        contents = of_url(fetcher(), given)
    else:
        from tccli.references.importing.files import of_file

        contents = of_file(given)
    try:
        return laid_over(library, given, completed(texts(contents, library), library))
    except InvalidReferenceError as error:
        raise (BrokenAnswerError if is_url else UsageError)(f"{given}: {error}") from None


def _with_kept(library: Library, environ: Mapping[str, str], root_url: str, note: Callable[[str], None]) -> Library:
    from tccli.core.cache import references as kept_references

    try:
        found = kept_references.kept(environ, root_url)
    except kept_references.DamagedError as error:
        note(f"{error} is damaged, and not used; tc references update fetches it again")
        return library
    return library if found is None else laid_over(library, found.path, found.texts)


def _root_url(root_url: str | None, profile: str | None, environ: Mapping[str, str]) -> str | None:
    """
    Return the root URL of a command line, if there is one; what is wrong with it is said by what needs it.
    """
    found = root_url if root_url is not None or profile else environ.get("TASKCLUSTER_ROOT_URL")
    if found:
        return found.strip().rstrip("/")
    from tccli.core import account

    try:
        return account.root_url(account.Wishes(profile=profile), environ)
    except ConfigurationError:
        return None
