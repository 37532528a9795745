"""
Parser of a task's payload: commands, environment, artifacts and limits.

The format is that of generic-worker's multiuser engine. As with docker-worker, a command may be a plain list of
strings, and artifacts may be an object by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tccli.sandbox.clock import from_json

if TYPE_CHECKING:
    from collections.abc import Mapping

SUPPORTED = frozenset({"command", "env", "artifacts", "maxRunTime", "onExitStatus", "features"})
SUPPORTED_FEATURES = frozenset({"backingLog", "liveLog", "taskclusterProxy"})
"""Every task has them here, whether it asks for them or not."""


class PayloadError(ValueError):
    """
    The payload is malformed; the message says why.
    """


class ArtifactRequest(NamedTuple):
    """
    An artifact to upload.

    Attributes:
        kind: ``file`` or ``directory``.
        path: In the task's directory.
        name: Of the artifact, or the prefix of a directory's artifacts.
        expires: RFC 3339.
        content_type: Empty to guess it from the name.
        is_optional: Whether a missing file is accepted.
    """

    kind: str
    path: str
    name: str
    expires: str
    content_type: str = ""
    is_optional: bool = False


class RunPlan(NamedTuple):
    """
    What a run does.

    Attributes:
        commands: Run one after the other while they succeed.
        max_run_time: Seconds for all commands, or None.
        retry_codes: Exit codes after which the task is retried.
        ignored: Unsupported properties and features of the payload, such as ``features.chainOfTrust``.
    """

    commands: list[list[str]]
    env: dict[str, str]
    artifacts: list[ArtifactRequest]
    max_run_time: float | None
    retry_codes: frozenset[int]
    ignored: list[str]


def parse_payload(definition: Mapping[str, Any]) -> RunPlan:
    """
    Return what a task's run does.

    Args:
        definition: As ``queue.task`` returns it.

    Raises:
        PayloadError: The payload is malformed.
    """
    payload = definition["payload"]
    env = payload.get("env", {})
    if not isinstance(env, dict) or not all(isinstance(value, str) for value in env.values()):
        raise PayloadError("payload.env: expected an object of strings")
    if any(not name or "=" in name or "\0" in name + value for name, value in env.items()):
        raise PayloadError("payload.env: expected names without '=', and no NUL")
    limit = payload.get("maxRunTime")
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int | float) or limit <= 0):
        raise PayloadError("payload.maxRunTime: expected seconds")
    return RunPlan(
        commands=_commands(payload.get("command")),
        env=env,
        artifacts=_artifacts(payload.get("artifacts", []), definition),
        max_run_time=limit,
        retry_codes=_retry_codes(payload.get("onExitStatus", {})),
        ignored=sorted([*(payload.keys() - SUPPORTED), *_ignored_features(payload.get("features", {}))]),
    )


def _ignored_features(features: Any) -> list[str]:
    if not isinstance(features, dict):
        raise PayloadError("payload.features: expected an object")
    return [f"features.{name}" for name, is_on in features.items() if is_on and name not in SUPPORTED_FEATURES]


def _commands(command: Any) -> list[list[str]]:
    if _is_words(command):
        return [command]
    if isinstance(command, list) and command and all(_is_words(words) for words in command):
        return command
    raise PayloadError("payload.command: expected a list of lists of strings, or a list of strings")


def _is_words(value: Any) -> bool:
    if not isinstance(value, list) or not value:
        return False
    return all(isinstance(word, str) and "\0" not in word for word in value)


def _retry_codes(on_exit: Any) -> frozenset[int]:
    codes = on_exit.get("retry", []) if isinstance(on_exit, dict) else None
    if not isinstance(codes, list) or not all(isinstance(code, int) for code in codes):
        raise PayloadError("payload.onExitStatus.retry: expected a list of exit codes")
    return frozenset(codes)


def _artifacts(artifacts: Any, definition: Mapping[str, Any]) -> list[ArtifactRequest]:
    if isinstance(artifacts, dict):
        artifacts = [{"name": name, **entry} if isinstance(entry, dict) else entry for name, entry in artifacts.items()]
    if not isinstance(artifacts, list):
        raise PayloadError("payload.artifacts: expected a list")
    return [_artifact(entry, definition, f"payload.artifacts[{number}]") for number, entry in enumerate(artifacts)]


def _artifact(entry: Any, definition: Mapping[str, Any], where: str) -> ArtifactRequest:
    if not isinstance(entry, dict) or not isinstance(entry.get("path"), str) or not entry["path"]:
        raise PayloadError(f"{where}.path: expected a string")
    kind = entry.get("type", "file")
    if kind not in {"file", "directory"}:
        raise PayloadError(f"{where}.type: expected file or directory")
    name, expires = entry.get("name", entry["path"]), entry.get("expires", definition["expires"])
    if not isinstance(name, str):
        raise PayloadError(f"{where}.name: expected a string")
    try:
        is_possible = from_json(definition["deadline"]) <= from_json(expires) <= from_json(definition["expires"])
    except (ValueError, AttributeError):
        raise PayloadError(f"{where}.expires: expected a timestamp") from None
    if not is_possible:
        raise PayloadError(f"{where}.expires: expected a time between the task's deadline and its expires")
    content_type = str(entry.get("contentType", ""))
    return ArtifactRequest(kind, entry["path"], name.strip("/"), expires, content_type, bool(entry.get("optional")))
