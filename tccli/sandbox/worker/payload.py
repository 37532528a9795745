"""
What a task asks a worker for: commands, environment, artifacts and limits.

The shape is that of generic-worker's multiuser engine, and of docker-worker as far as it fits: a command may be a plain
list of strings, and artifacts may be keyed by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tccli.sandbox.clock import from_json

if TYPE_CHECKING:
    from collections.abc import Mapping

KNOWN = frozenset({"command", "env", "artifacts", "maxRunTime", "onExitStatus"})


class PayloadError(ValueError):
    """
    The payload cannot be run; the message says why.
    """


class Wanted(NamedTuple):
    """
    An artifact to be uploaded.

    Attributes:
        kind: ``file`` or ``directory``.
        path: In the task's folder.
        name: Of the artifact, or what the names of a directory's artifacts begin with.
        expires: As JSON writes it.
        content_type: If the task knows it.
        is_optional: Whether the task may do without.
    """

    kind: str
    path: str
    name: str
    expires: str
    content_type: str = ""
    is_optional: bool = False


class Plan(NamedTuple):
    """
    What is to be done.

    Attributes:
        commands: Each with its arguments, to be run one after the other while they succeed.
        max_run_time: Seconds for all of them, or None.
        retry_codes: Exit codes after which the task is to be tried again.
        ignored: Parts of the payload that mean nothing here.
    """

    commands: list[list[str]]
    env: dict[str, str]
    artifacts: list[Wanted]
    max_run_time: float | None
    retry_codes: frozenset[int]
    ignored: list[str]


def read(definition: Mapping[str, Any]) -> Plan:
    """
    Return what a task asks for.

    Args:
        definition: As ``queue.task`` answers it.

    Raises:
        PayloadError: It cannot be run.
    """
    payload = definition["payload"]
    env = payload.get("env", {})
    if not isinstance(env, dict) or not all(isinstance(value, str) for value in env.values()):
        raise PayloadError("payload.env: an object of strings is expected")
    limit = payload.get("maxRunTime")
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int | float) or limit <= 0):
        raise PayloadError("payload.maxRunTime: seconds are expected")
    return Plan(
        commands=_commands(payload.get("command")),
        env=env,
        artifacts=_artifacts(payload.get("artifacts", []), definition),
        max_run_time=limit,
        retry_codes=_retry_codes(payload.get("onExitStatus", {})),
        ignored=sorted(payload.keys() - KNOWN),
    )


def _commands(command: Any) -> list[list[str]]:
    if _is_words(command):
        return [command]
    if isinstance(command, list) and command and all(_is_words(words) for words in command):
        return command
    raise PayloadError("payload.command: a list of lists of strings, or a list of strings, is expected")


def _is_words(value: Any) -> bool:
    if not isinstance(value, list) or not value:
        return False
    return all(isinstance(word, str) and "\0" not in word for word in value)


def _retry_codes(on_exit: Any) -> frozenset[int]:
    codes = on_exit.get("retry", []) if isinstance(on_exit, dict) else None
    if not isinstance(codes, list) or not all(isinstance(code, int) for code in codes):
        raise PayloadError("payload.onExitStatus.retry: a list of exit codes is expected")
    return frozenset(codes)


def _artifacts(artifacts: Any, definition: Mapping[str, Any]) -> list[Wanted]:
    if isinstance(artifacts, dict):
        artifacts = [{"name": name, **entry} if isinstance(entry, dict) else entry for name, entry in artifacts.items()]
    if not isinstance(artifacts, list):
        raise PayloadError("payload.artifacts: a list is expected")
    return [_artifact(entry, definition, f"payload.artifacts[{number}]") for number, entry in enumerate(artifacts)]


def _artifact(entry: Any, definition: Mapping[str, Any], where: str) -> Wanted:
    if not isinstance(entry, dict) or not isinstance(entry.get("path"), str) or not entry["path"]:
        raise PayloadError(f"{where}.path: a string is expected")
    kind = entry.get("type", "file")
    if kind not in {"file", "directory"}:
        raise PayloadError(f"{where}.type: file or directory is expected")
    name, expires = entry.get("name", entry["path"]), entry.get("expires", definition["expires"])
    if not isinstance(name, str):
        raise PayloadError(f"{where}.name: a string is expected")
    try:
        is_possible = from_json(definition["deadline"]) <= from_json(expires) <= from_json(definition["expires"])
    except (ValueError, AttributeError):
        raise PayloadError(f"{where}.expires: a moment is expected") from None
    if not is_possible:
        raise PayloadError(f"{where}.expires: between the task's deadline and its end is expected")
    content_type = str(entry.get("contentType", ""))
    return Wanted(kind, entry["path"], name.strip("/"), expires, content_type, bool(entry.get("optional")))
