"""
The API as data: the references of the services (``data/``), and texts about them written by hand (``docs/``).
"""

from __future__ import annotations

from tccli.references.library import ReferenceSet, built_in, method, service, service_names
from tccli.references.model import Method, ServiceReference

__all__ = [
    "Method",
    "ReferenceSet",
    "ServiceReference",
    "built_in",
    "method",
    "service",
    "service_names",
]
