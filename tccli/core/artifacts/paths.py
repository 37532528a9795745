"""
Artifact names as patterns and as local paths; a name must not lead out of its directory.
"""

from __future__ import annotations

import errno
import fnmatch
import os
import re
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from tccli.core.files import MAX_NAME_BYTES
from tccli.core.transfer.resume import is_partial_name
from tccli.errors import BrokenAnswerError, LocalFileError, UsageError
from tccli.names import find_similar
from tccli.reasons import explain

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

T = TypeVar("T")


def is_pattern(name: str) -> bool:
    """
    Return whether *name* has a character with a meaning in patterns.
    """
    return bool(re.search(r"[*?\[]", name))


def check_pattern(pattern: str) -> None:
    """
    Check a pattern before names are requested.

    Raises:
        UsageError: It is empty.
    """
    if not pattern:
        raise UsageError("PATTERN is empty", hint="'**' matches all names")


def match_names(pattern: str, names: Iterable[str]) -> list[str]:
    """
    Return the names that match *pattern*, sorted.

    ``*`` and ``?`` do not match a slash, ``**`` does. A pattern without a slash is that of the last part of a name, at
    any depth. A name that equals the pattern is the only match.
    """
    names = list(names)
    if pattern in names:
        return [pattern]
    return sorted(filter(compile_pattern(pattern), names))


def compile_pattern(pattern: str) -> Callable[[str], bool]:
    """
    Return a function that tells whether a name matches *pattern*, as `match_names` describes it.
    """
    pieces = _split(pattern if "/" in pattern else f"**/{pattern}")
    return lambda name: _matches(pieces, name)


def select_entries(
    entries: Iterable[dict[str, Any]],
    pattern: str | None,
    take: Callable[[dict[str, Any]], T],
    *,
    literal: bool = False,
) -> tuple[dict[str, T], list[str]]:
    """
    Return the names of artifacts that match, sorted, and for each what *take* returns of the queue's entry, of which
    nothing else is stored; and the names that do not match, as far as they are known before one does.

    Args:
        pattern: As `match_names` describes it; None for all.
        literal: Whether it is a name.
    """
    matches = (lambda _name: True) if pattern is None else compile_pattern(pattern)
    exact: dict[str, T] = {}
    found: dict[str, T] = {}
    others: list[str] = []
    for entry in entries:
        name = entry["name"]
        if name == pattern:
            exact[name] = take(entry)
        elif not literal and matches(name):
            found[name] = take(entry)
        elif not found:
            others.append(name)
    return exact or {name: found[name] for name in sorted(found)}, others


def suggest_pattern(pattern: str, names: Iterable[str], lister: str) -> str:
    """
    Return a hint for a pattern that none of *names* matches.

    Args:
        lister: The command or option that prints the names.
    """
    names = list(names)
    part = [] if is_pattern(pattern) else [f"*{pattern.rpartition('/')[2]}*"]
    for wider in (f"**/{pattern.lstrip('/')}", f"{pattern.rstrip('/')}/**", *part):
        if count := len(match_names(wider, names)):
            return f"{wider!r} matches {count}"
    return f"{lister} prints all names" if names else "there are no artifacts"


def suggest_name(name: str, names: Iterable[str], lister: str) -> str:
    """
    Return a hint for the name of an artifact that is none of *names*. *lister* is as for `suggest_pattern`.
    """
    names = list(names)
    directory, _, file = name.rpartition("/")
    # Long names with the same directory are all alike: only the ends are compared, near ones first.
    for near in ([each for each in names if each.rpartition("/")[0] == directory], names):
        by_file = {each.rpartition("/")[2]: each for each in near}
        found = [by_file[each] for each in find_similar(file, by_file)] if file else []
        if found:
            return f"did you mean {' or '.join(found)}?"
    return suggest_pattern(name, names, lister)


def last_component(name: str) -> str:
    """
    Return the part of an artifact's name after the last slash.

    Raises:
        UsageError: It cannot be the name of a file.
    """
    component = name.rsplit("/", 1)[-1]
    if component in {"", ".", ".."} or "\\" in component:
        hint = f"{name + '**'!r} is all below it; give -o FILE" if name.endswith("/") else "give -o FILE"
        raise UsageError(f"cannot name a file after {name!r}: {component!r} is not a file name", hint=hint)
    return component


def name_file(name: str) -> str:
    """
    Return the name of the file that an artifact is written to if the user gives none: the part after the last slash.

    Raises:
        UsageError: There is none, or files of incomplete downloads have such names.
    """
    component = last_component(name)
    if is_partial_name(component):
        message = f"cannot name a file after {name!r}: {component!r} is the name of a file of an incomplete download"
        raise UsageError(message, hint="give -o FILE")
    return component


def find_unwritable(names: Collection[str], directory: str) -> dict[str, BrokenAnswerError]:
    """
    Return the names that cannot be paths below *directory*, and why. Nothing is read or written.
    """
    unwritable: dict[str, BrokenAnswerError] = {}
    for name in names:
        try:
            _check_name(name, directory)
        except BrokenAnswerError as error:
            unwritable[name] = error
    return {**unwritable, **find_directories([name for name in names if name not in unwritable], directory)}


def find_directories(names: Collection[str], directory: str) -> dict[str, BrokenAnswerError]:
    """
    Return the names that are those of directories of other names, and the errors that they cannot be written.
    """
    above: set[str] = set()
    for name in names:
        path = name
        while (path := path.rpartition("/")[0]) and path not in above:
            above.add(path)
    hint = "download it by itself"
    return {
        name: BrokenAnswerError(f"cannot write {name!r} below {directory}: other artifacts are below it", hint=hint)
        for name in names
        if name in above
    }


def _check_name(name: str, directory: str) -> None:
    parts = name.split("/")
    try:
        sizes = [len(os.fsencode(part)) for part in parts]
    except UnicodeEncodeError:
        raise BrokenAnswerError(f"cannot write {name!a} below {directory}: it cannot be the name of a file") from None
    if max(sizes) > MAX_NAME_BYTES:
        raise BrokenAnswerError(
            f"cannot write {name[:40]!r}… below {directory}: a part of the name is too long for a file"
        )
    for part in parts:
        if part in {"", ".", ".."} or "\\" in part or "\0" in part:
            raise BrokenAnswerError(
                f"cannot write {name!r} below {directory}: its name leads out of the directory, or may: "
                f"the part {part!r} is not a file name"
            )
        if is_partial_name(part):
            # Its bytes would be those of another file, or deleted with the partial ones of that file.
            raise BrokenAnswerError(
                f"cannot write {name!r} below {directory}: {part!r} is the name of a file of an incomplete download"
            )


class TargetDirectory:
    """
    A directory below which artifacts are written. Of the directories between, each is checked and created once for
    names that follow each other; then `remove_empty` can remove what has remained empty.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._root = os.path.realpath(path)
        self._checked = ""
        # The uppermost ones only: there may be many below them.
        self._created: list[str] = []

    def find_path(self, name: str) -> str:
        """
        Return the path for an artifact. It is safe if `prepare` accepts the name.
        """
        return os.path.join(self._root, name)

    def prepare(self, name: str) -> None:
        """
        Check that an artifact can be written to its path, and create the directories on the way.

        Raises:
            BrokenAnswerError: The name, which the service returned, leads out of the directory or cannot be that of a
                file.
            LocalFileError: A directory cannot be created or written, or a link leads out.
            UsageError: There is a directory at the path.
        """
        _check_name(name, self.path)
        path = self.find_path(name)
        parent = os.path.dirname(path)
        if parent != self._checked:
            self._create(name, parent)
            self._checked = parent
        try:
            mode = os.lstat(path).st_mode
        except OSError:
            return
        if stat.S_ISLNK(mode):
            raise self._explain_link(name)
        if stat.S_ISDIR(mode):
            raise UsageError(f"cannot write {path}: it is a directory", hint="give another directory")

    def _create(self, name: str, parent: str) -> None:
        # Checked first, because makedirs follows links.
        if os.path.realpath(parent) != parent:
            raise self._explain_link(name)
        missing, above = "", parent
        while not os.path.lexists(above):
            missing, above = above, os.path.dirname(above)
        if missing:
            self._created.append(missing)
        try:
            os.makedirs(parent, exist_ok=True)
        except OSError as error:
            raise LocalFileError(f"cannot create the directory {parent}: {explain(error)}") from error
        if not os.access(parent, os.W_OK):
            is_read_only = hasattr(os, "statvfs") and os.statvfs(parent).f_flag & os.ST_RDONLY
            code = errno.EROFS if is_read_only else errno.EACCES
            cause = OSError(code, os.strerror(code))
            raise LocalFileError(f"cannot write {self.find_path(name)}: {explain(cause).lower()}") from cause

    def _explain_link(self, name: str) -> LocalFileError:
        return LocalFileError(f"cannot write {name!r} below {self.path}: a link leads out of the directory")

    def remove_empty(self) -> None:
        """
        Remove the directories that were created and have no files.
        """
        for created in reversed(self._created):
            for path, _, _ in os.walk(created, topdown=False):
                with suppress(OSError):
                    os.rmdir(path)


def _split(pattern: str) -> list[str]:
    # Adjacent stars are one, so that each of them costs its own time only.
    pattern = re.sub(r"\*{3,}", "**", pattern)
    pattern = re.sub(r"(\*\*/)+", "**/", pattern)
    return re.findall(r"\*\*/?|\*|\?|\[!?\]?[^\]]*\]|[^*?\[]+|\[", pattern, re.DOTALL)


def _matches(pieces: Iterable[str], name: str) -> bool:
    """
    Return whether *name* matches, in a time that is proportional to its length and the number of pieces.

    A regular expression would try all ways to divide a name between the stars.
    """
    positions = {0}
    for piece in pieces:
        if not positions:
            return False
        first = min(positions)
        if piece == "**":
            positions = set(range(first, len(name) + 1))
        elif piece == "**/":
            positions |= {slash + 1 for slash in range(first, len(name)) if name[slash] == "/"}
        elif piece == "*":
            positions = _extend_to_slash(name, positions)
        elif piece == "?" or (piece[0] == "[" and piece[-1] == "]" and len(piece) > 2):
            # fnmatch knows all forms of sets.
            positions = {
                start + 1
                for start in positions
                if start < len(name) and name[start] != "/" and fnmatch.fnmatchcase(name[start], piece)
            }
        else:
            positions = {start + len(piece) for start in positions if name.startswith(piece, start)}
    return len(name) in positions


def _extend_to_slash(name: str, positions: set[int]) -> set[int]:
    """
    Return the positions from any of *positions* up to the next slash.
    """
    extended: set[int] = set()
    for start in sorted(positions):
        if start not in extended:
            slash = name.find("/", start)
            extended.update(range(start, (len(name) if slash < 0 else slash) + 1))
    return extended
