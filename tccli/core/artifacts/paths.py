"""
Artifact names as local paths; a name must not lead out of its directory.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from tccli.core.files import MAX_NAME_BYTES
from tccli.core.transfer.resume import is_partial_name
from tccli.errors import BrokenAnswerError, LocalFileError, UsageError
from tccli.reasons import explain

if TYPE_CHECKING:
    from collections.abc import Collection

T = TypeVar("T")


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
