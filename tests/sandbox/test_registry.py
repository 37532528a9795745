"""
The registry of handlers: complete, and without duplicates.
"""

from __future__ import annotations

import importlib
import pkgutil

import pytest

from tccli.sandbox import services
from tccli.sandbox.registry import Registry, Service
from tccli.sandbox.services import all as all_services


def test_every_module_is_registered() -> None:
    """
    A module that has a service is in the list of all modules.
    """
    names = [module.name for module in pkgutil.walk_packages(services.__path__, f"{services.__name__}.")]
    found = {name for name in names if isinstance(getattr(importlib.import_module(name), "service", None), Service)}
    listed = {module.__name__ for module in vars(all_services).values() if hasattr(module, "service")}

    assert found
    assert found == listed


def test_a_method_has_one_handler() -> None:
    """
    A second one is an error, in the same module or in another.
    """
    first, second = Service("queue"), Service("queue")
    first.method("task")(print)
    second.method("task")(print)

    with pytest.raises(ValueError, match=r"queue\.task"):
        first.method("task")(print)
    with pytest.raises(ValueError, match="task"):
        Registry([first, second])
