r"""
Values in secrets: ``NAME``, or ``NAME:KEY`` for a part of one, and where each of them goes: ``=VARIABLE``, ``=PATH``.

KEY is a path as ``--set`` has it: ``token``, ``aws.keys[0]``. ``\`` makes a colon or an equals sign part of NAME.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from tccli.core.edits import find_value
from tccli.errors import BrokenAnswerError, NotFoundError, UsageError
from tccli.names import suggestion
from tccli.strict_json import ExactNumber

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
ACCOUNT_VARIABLES = frozenset(
    f"TASKCLUSTER_{name}" for name in ("ROOT_URL", "CLIENT_ID", "ACCESS_TOKEN", "CERTIFICATE", "PROXY_URL")
)
"""They are a set, which must not be mixed with values of other sources."""
_ALWAYS_CONTROLS = re.compile(r"(?:_*LD|DYLD|TASKCLUSTER|TC|BASH_FUNC)_.*", re.IGNORECASE)
_IS_VALUE = re.compile(r".*(?:TOKEN|PASSWORD|PASSWD|SECRET|(?<!LOG)(?<!HOST)KEY|KEY_ID)", re.IGNORECASE)
_CONTROLS = re.compile(
    # All variables of a program that runs other programs, or loads code.
    r"(?:_*JAVA|_*JDK|ANSIBLE|BASH|BUNDLE|CARGO|CCACHE|CLICOLOR|CMAKE|CONDA|COR|CORECLR|COREPACK|CURL|DBUS|DENO|DOCKER"
    r"|DOTNET|ERL|FPATH|GCC|GCONV|GDB|GEM|GIO|GIT|GLIBC|GNUPG|GPG|GTK|JULIA|KRB5|KUBE|LC|LESS|LLVM|LUA|MALLOC|MAN|MAVEN"
    r"|MSYS|NIX|NODE|NPM|NVM|OPENSSL|PERL|PHP|PIP|PIPENV|PIPX|PKG|PNPM|POETRY|PYENV|PYTEST|PYTHON|QT|RBENV|READLINE"
    r"|REQUESTS|RUBY|RUST|RUSTC|RUSTUP|SSH|SSL|SSLKEYLOG|SUDO|SYSTEMD|TCL|TERM|TMUX|UV|VIM|VIRTUAL|WGET|XDG|YARN|ZSH)"
    r"(?:_.*|[A-Z0-9]*)"
    # Go has no underscores.
    r"|GO(?!OGLE)[A-Z0-9]*"
    # What the last word means: a place, options, a program or a file that is read at the start of one.
    r"|.*(?:ARGS?|ASKPASS|BROWSER|BUNDLE|CAFILE|CLASS|CMD|COMMAND|CONF|CONFIG|DIRS?|DIRECTORY|EDITOR|ENV|EXEC|FILE|FLAGS"
    r"|HANDLER|HELPER|HOME|HOOKS?|HOSTALIASES|INCLUDE|INIT|LAUNCHER|LIBS?|LIBRARY|LOADER|MODULES?|OPEN"
    r"|OPTIONS?|OPTS?|PAGER|PATHS?|PLUGINS?|PREFIX|PRELOAD|PROFILE|PROGRAM|PROXY|RC|REQUIRE|ROOT|RUNNER|SCRIPT|SHELL"
    r"|SHELLOPTS|SITE|SOCK|STARTUP|TRACE|VISUAL|WRAPPER)"
    # Of shells, the C library and common tools.
    r"|AR|AS|AWK|CC|CPP|CXX|DISPLAY|FC|FIGNORE|GLOBIGNORE|HISTCONTROL|IFS|LANG|LANGUAGE|LD|LINES|COLUMNS|LOCALDOMAIN"
    r"|LOGNAME|LPDEST|MAIL|MAILCHECK|MAKE|NLSPATH|NM|NO_COLOR|OBJC|OLDPWD|OPTERR|OPTIND|POSIXLY_CORRECT|PS[0-9]|PROMPT"
    r"|PWD|SHLVL|TEMP|TMP|TMOUT|TZ|TZDIR|UID|EUID|PPID|VPATH|WINDIR|COMSPEC|PATHEXT|PSMODULEPATH|SYSTEMROOT",
    re.IGNORECASE,
)
MAX_VARIABLE_BYTES = 128 * 1024 - 1
"""Of ``NAME=VALUE``, on Linux."""
_REFERENCE = re.compile(
    r"(?P<name>(?:\\[:=\\]|[^:=\\]|\\(?![:=\\]))+)(?::(?P<key>(?:\\.|[^=\\])*))?(?:=(?P<target>.*))?", re.DOTALL
)


def controls_programs(name: str) -> bool:
    """
    Return whether a variable may change which programs run, what they load or where they connect, by its name.

    No list is complete, so this one has whole families and common endings, and refuses more than it must: a user who
    writes the name of the variable gets it.
    """
    if _ALWAYS_CONTROLS.fullmatch(name):
        return True
    return bool(_CONTROLS.fullmatch(name)) and not _IS_VALUE.fullmatch(name)


class SecretReference(NamedTuple):
    """
    A value in a secret.

    Attributes:
        text: Without the target, for messages.
        name: Of the secret.
        key: The path of the value in it; None for all of it.
        target: A variable or a path of a file; None if it was not given.
    """

    text: str
    name: str
    key: str | None
    target: str | None


def parse_reference(word: str, option: str) -> SecretReference:
    """
    Return the parts of ``NAME[:KEY][=TARGET]``.

    Args:
        option: Named in messages.

    Raises:
        UsageError: The word has another form.
    """
    found = _REFERENCE.fullmatch(word)
    if found is None:
        raise UsageError(f"{option} {word!r} has no name of a secret", hint="write NAME or NAME:KEY")
    name, key, target = found["name"], found["key"], found["target"]
    if key == "":
        raise UsageError(f"{option} {word!r} has no key after the colon", hint="write NAME:KEY, or NAME for all keys")
    text = word if target is None else word[: -len(target) - 1]
    return SecretReference(text, re.sub(r"\\([:=\\])", r"\1", name), key, target)


def parse_variable(word: str) -> SecretReference:
    """
    Return a value that becomes a variable; without a target, the last name in KEY is that of the variable.

    Raises:
        UsageError: The word has another form, or it names no variable, or one that the account has.
    """
    reference = parse_reference(word, "--secret")
    if reference.target is None and reference.key is not None:
        reference = reference._replace(target=re.split(r"(?<!\\)\.", reference.key)[-1])
    target = reference.target
    if target is not None and not VARIABLE.fullmatch(target):
        is_given = word != reference.text
        hint = "it has letters, digits and _, and no digit first" if is_given else "add =VARIABLE"
        raise UsageError(f"--secret {reference.text}: {target!r} is not a name of a variable", hint=hint)
    if target in ACCOUNT_VARIABLES:
        raise UsageError(
            f"--secret {reference.text}: {target} has the value of the account", hint="choose another variable"
        )
    return reference


def check_targets(references: Iterable[SecretReference]) -> None:
    """
    Check that no two values have the same target.

    Raises:
        UsageError: Two different ones have.
    """
    sources: dict[str, SecretReference] = {}
    for reference in references:
        if reference.target is not None:
            first = sources.setdefault(reference.target, reference)
            if (first.name, first.key) != (reference.name, reference.key):
                raise UsageError(f"two values for the variable {reference.target}, one of them from {reference.text}")


class SecretValues:
    """
    Finds values in secrets that were fetched.

    Args:
        secrets: The values of the secrets by name.
        dump: Returns a document as JSON on one line.
    """

    def __init__(self, secrets: Mapping[str, Mapping[str, Any]], dump: Callable[[Any], str]) -> None:
        self._secrets = secrets
        self._dump = dump

    def read(self, reference: SecretReference) -> str:
        """
        Return a value as text: a string as it is, anything else as JSON.

        Raises:
            NotFoundError: The secret does not have the key.
        """
        secret = self._secrets[reference.name]
        if reference.key is None:
            return self._to_text(secret)
        try:
            return self._to_text(find_value(secret, reference.key))
        except LookupError:
            near = suggestion(reference.key, secret)
            hint = near or (r"write \: for a colon in the name of a secret" if ":" in reference.key else "")
            raise NotFoundError(
                f"secret {reference.name} has no key {reference.key!r}", status=404, hint=hint
            ) from None

    def list_variables(self, references: Iterable[SecretReference], environ: Mapping[str, str]) -> dict[str, str]:
        """
        Return the values of variables by name. A reference without key and target stands for all keys of its secret.

        Args:
            environ: What the variables are added to.

        Raises:
            NotFoundError: A secret does not have a key.
            BrokenAnswerError: Two values have one name, a value cannot be in a variable, or a key cannot be the name
                of one.
        """
        variables: dict[str, str] = {}
        for reference in references:
            found = self._expand(reference, environ) if reference.target is None else [reference]
            for each in found:
                assert each.target is not None
                value = self.read(each)
                if variables.get(each.target, value) != value:
                    raise BrokenAnswerError(f"two values for the variable {each.target}, one of them from {each.text}")
                check_variable(each, value)
                variables[each.target] = value
        return variables

    def _expand(self, reference: SecretReference, environ: Mapping[str, str]) -> Iterable[SecretReference]:
        for key in self._secrets[reference.name]:
            escaped = re.sub(r"([.\[\]=\\]|^[0-9])", r"\\\1", key)
            each = SecretReference(f"{reference.text}:{escaped}", reference.name, escaped, key)
            remedy = f"name what you need: --secret '{reference.text}:KEY=VARIABLE'"
            if not VARIABLE.fullmatch(key):
                raise BrokenAnswerError(
                    f"secret {reference.name}: its key {key!r} is not a name of a variable", hint=remedy
                )
            # Who writes a secret does not choose the program that runs.
            if key not in environ and controls_programs(key):
                reason = "may change how programs run"
                raise BrokenAnswerError(
                    f"secret {reference.name}: the variable of its key {key!r} {reason}", hint=remedy
                )
            if environ.get(key, value := self.read(each)) != value or key in ACCOUNT_VARIABLES:
                is_set = "is set to something else"
                raise BrokenAnswerError(
                    f"secret {reference.name}: the variable of its key {key!r} {is_set}", hint=remedy
                )
            yield each

    def _to_text(self, value: Any) -> str:
        if isinstance(value, str):
            return value
        return value.text if isinstance(value, ExactNumber) else self._dump(value)


def check_variable(reference: SecretReference, value: str) -> None:
    """
    Check that a value can be in a variable.

    Raises:
        BrokenAnswerError: It has a NUL byte or a lone surrogate, or it is too long.
    """
    hint = "write it to a file, with --secret-file"
    if "\0" in value:
        raise BrokenAnswerError(f"cannot put {reference.text} into a variable: it has a NUL byte", hint=hint)
    if len(encode_value(reference, value)) + len(reference.target or "") + 1 > MAX_VARIABLE_BYTES:
        raise BrokenAnswerError(f"cannot put {reference.text} into a variable: it is longer than 128 KiB", hint=hint)


def encode_value(reference: SecretReference, value: str) -> bytes:
    """
    Return a value as UTF-8.

    Raises:
        BrokenAnswerError: It has a lone surrogate.
    """
    try:
        return value.encode()
    except UnicodeEncodeError:
        raise BrokenAnswerError(f"cannot use {reference.text}: it is not valid Unicode") from None
