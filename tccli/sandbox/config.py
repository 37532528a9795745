"""
What a sandbox is to be like, as it was written on the command line.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from tccli import references
from tccli.core.times import parse_duration
from tccli.errors import LocalFileError, UsageError
from tccli.sandbox.storage import faults
from tccli.sandbox.testing.fault_injection import Mischief, parse_share, read_answers

if TYPE_CHECKING:
    from collections.abc import Callable


def read_mischief(**options: Any) -> Mischief:
    """
    Return what is to befall calls.

    Args:
        **options: ``faults``, ``latency``, ``drop`` and ``fake``, as they were written.

    Raises:
        UsageError: One of them is wrong.
        LocalFileError: The file of ``fake`` cannot be read.
    """
    made = Mischief()
    for spec in options.get("faults", ()):
        checked("--fault", spec, made.add)
    if options.get("latency"):
        made.latency = checked("--latency", options["latency"], parse_duration)
    if options.get("drop"):
        made.drop = checked("--drop", options["drop"], parse_share)
    if options.get("fake"):
        methods = [
            method.id for name in references.service_names() for method in references.service(name).methods.values()
        ]
        made.answers = checked("--fake", options["fake"], lambda path: read_answers(path, methods))
    return made


def checked(option: str, value: Any, read: Callable[[Any], Any]) -> Any:
    """
    Return what *read* makes of a value; its errors name the option.

    Raises:
        UsageError: The value is wrong.
        LocalFileError: It is the path of a file that cannot be read.
    """
    try:
        return read(value)
    except OSError as error:
        raise LocalFileError(f"{option}: cannot read {value}: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"{option}: {error}", hint="tc sandbox start --help lists what there is") from error


def read_storage_faults(specs: tuple[str, ...]) -> tuple[str, ...]:
    """
    Return the faults of the storage host, which are good.

    Raises:
        UsageError: One of them is not.
    """
    for spec in specs:
        checked("--storage-fault", spec, faults.parse)
    return specs


def check_address(host: str) -> None:
    """
    Refuse what cannot be listened on, or cannot stand in URLs.

    Raises:
        UsageError: It is no IPv4 address, or stands for all.
    """
    try:
        address = ipaddress.IPv4Address(host)
    except ValueError:
        raise UsageError(f"--listen: {host!r} is no IPv4 address") from None
    if address.is_unspecified:
        hint = "give the address under which others find this machine"
        raise UsageError(f"--listen: {host} stands for all addresses, and cannot stand in URLs", hint=hint)
