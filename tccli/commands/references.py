"""
``tc references``: make the built-in API references from published ones.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import click

from tccli.command import Group
from tccli.errors import UsageError
from tccli.options import Settings, pass_settings

if TYPE_CHECKING:
    from collections.abc import Iterator


@click.group(cls=Group, name="references")
def command() -> None:
    """
    The API references: services, methods, exchanges and schemas.
    """


@command.command(
    "distill",
    short_help="Turn published references into the compact files of tccli/references",
    examples=(
        (
            'curl -sSfo references.json "$TASKCLUSTER_ROOT_URL/references/references.json"\n'
            "mkdir -p new\ntc references distill references.json -o new"
        ),
    ),
)
@click.argument("rollup", metavar="ROLLUP")
@click.option("--methods", metavar="FILE", help="A newer list of methods, which decides which there are.")
@click.option(
    "-o", "--output", "folder", metavar="DIR", required=True, help="Where the files go, one for each service."
)
@pass_settings
def distill(settings: Settings, rollup: str, methods: str | None, folder: str) -> None:
    """
    Turn ROLLUP, what a deployment serves as /references/references.json, into one compact file for each service.

    Summaries are written by hand: those that DIR or the built-in references have are kept, and what has none is listed.
    """
    from tccli.core.files import whole_file
    from tccli.references import FOLDER, SUFFIX
    from tccli.references.distill import distill as distilled

    if not os.path.isdir(folder):
        raise UsageError(f"there is no folder {folder}", hint="make it first")
    summaries = dict(_summaries(FOLDER)) | dict(_summaries(folder))
    files = distilled(_read(rollup), _read(methods) if methods is not None else None, summaries)
    for service, text in files.items():
        with whole_file(os.path.join(folder, service + SUFFIX)) as file:
            file.write(text.encode())
    missing = [name for text in files.values() for name, summary in _summaries_in(text.splitlines()) if not summary]
    if missing:
        settings.note(f"no summary yet: {', '.join(missing)}")
    settings.note(f"wrote {len(files)} files to {folder}")


def _read(path: str) -> Any:
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not JSON ({error})") from None


def _summaries(folder: str) -> Iterator[tuple[str, str]]:
    """
    Yield what the files in a folder say about services, methods and exchanges.
    """
    from tccli.references import SUFFIX

    for name in sorted(os.listdir(folder)):
        if name.endswith(SUFFIX):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                yield from _summaries_in(file.read().splitlines())


def _summaries_in(lines: list[str]) -> Iterator[tuple[str, str]]:
    service = ""
    for line in lines:
        record = json.loads(line)
        if "service" in record:
            service = record["service"]
            yield service, record["summary"]
        elif "summary" in record:
            yield f"{service}.{record.get('method') or record['exchange']}", record["summary"]
