"""
The configuration of a sandbox, from the options of ``tc sandbox start`` and ``run``.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from tccli import references
from tccli.core.http.fake import load_fake_responses
from tccli.errors import LocalFileError, UsageError
from tccli.sandbox.services.worker_manager.providers import parse_providers
from tccli.sandbox.storage.faults import parse_storage_fault
from tccli.sandbox.storage.host import DEFAULT_HOST
from tccli.sandbox.testing.fault_injection import FaultInjector
from tccli.sandbox.units import parse_delay, parse_share

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    V = TypeVar("V")
    P = TypeVar("P")

TASK_QUEUE = re.compile(r"[\w-]{1,38}/[a-z]([-a-z0-9]{0,36}[a-z0-9])?", re.ASCII)

BROADCAST = ipaddress.IPv4Address("255.255.255.255")


@dataclass(frozen=True)
class SandboxConfig:
    """
    The options of a sandbox, checked.

    Attributes:
        directory: For the state; None keeps it in memory.
        worker: The task queue of a worker on this machine, or an empty string for all queues; None for no worker.
        amqp: The URL of a broker.
        storage_faults: As written.
        providers: Of the worker manager: types by name.
    """

    host: str = DEFAULT_HOST
    port: int = 0
    directory: Path | None = None
    worker: str | None = None
    amqp: str | None = None
    fault_injector: FaultInjector = field(default_factory=FaultInjector)
    storage_faults: tuple[str, ...] = ()
    providers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_options(
        cls,
        *,
        port: int = 0,
        data: Path | None = None,
        host: str | None = None,
        worker: str | None = None,
        amqp: str | None = None,
        storage_faults: tuple[str, ...] = (),
        providers: tuple[str, ...] = (),
        **faults: Any,
    ) -> SandboxConfig:
        """
        Check the options of a command line.

        Args:
            **faults: See :func:`create_fault_injector`.

        Raises:
            UsageError: An option is not valid.
            LocalFileError: The file of ``--fake`` cannot be read.
        """
        host = host or DEFAULT_HOST
        _check_address(host)
        for spec in storage_faults:
            _parse("--storage-fault", spec, parse_storage_fault)
        if worker:
            _parse("--worker", worker, _check_queue)
        named: dict[str, str] = {}
        for text in providers:
            named |= _parse("--provider", text, parse_providers)
        return cls(host, port, data, worker, amqp, create_fault_injector(**faults), storage_faults, named)


def create_fault_injector(
    *, faults: tuple[str, ...] = (), latency: str | None = None, drop: str | None = None, fake: str | None = None
) -> FaultInjector:
    """
    Return the fault injector for the options of these names.

    Raises:
        UsageError: An option is not valid.
        LocalFileError: The file of ``--fake`` cannot be read.
    """
    injector = FaultInjector()
    for spec in faults:
        _parse("--fault", spec, injector.add)
    if latency:
        injector.latency_seconds = _parse("--latency", latency, parse_delay)
    if drop:
        injector.drop_probability = _parse("--drop", drop, parse_share)
    if fake:
        ids = references.built_in().method_ids()
        injector.fake_responses = _parse("--fake", fake, lambda path: load_fake_responses(path, ids))
    return injector


def _parse(option: str, value: V, parse: Callable[[V], P]) -> P:
    try:
        return parse(value)
    except OSError as error:
        raise LocalFileError(f"{option}: cannot read {value}: {error.strerror}") from error
    except (UsageError, ValueError) as error:
        raise UsageError(f"{option}: {error}", hint="see tc sandbox start --help") from error


def _check_address(host: str) -> None:
    try:
        address = ipaddress.IPv4Address(host)
    except ValueError:
        raise UsageError(f"--listen: {host!r} is not an IPv4 address") from None
    if address.is_unspecified:
        hint = "give the address by which others reach this machine"
        raise UsageError(f"--listen: {host} means all addresses and cannot appear in URLs", hint=hint)
    if address.is_multicast or address == BROADCAST:
        raise UsageError(f"--listen: {host} is the address of many machines", hint="give an address of this machine")


def _check_queue(name: str) -> None:
    if not TASK_QUEUE.fullmatch(name):
        raise ValueError(f"{name!r} is not a task queue (PROVISIONER/TYPE); write -- before a command that follows")
