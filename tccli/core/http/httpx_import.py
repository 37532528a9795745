"""
httpx and httpcore, imported without the parts that a call does not need. The only module that imports them.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any


class _LateModule(ModuleType):
    """
    Stands for a module that is imported when one of its attributes is used.
    """

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self.__name__), name)


_substitutes: dict[str, ModuleType | None] = {
    # The tables for international domain names (6 ms), a list of authorities that is not used, since the system has one
    # (8 ms), and asynchronous sockets (2 ms).
    **{name: _LateModule(name) for name in ("idna", "certifi", "anyio")},
    # None makes an import fail, which both libraries expect. httpx imports its command line tool, and with it rich and
    # pygments, wherever click is installed (45 ms). httpcore imports HTTP/2 and SOCKS where they are installed (10 ms),
    # and again when it uses them.
    **dict.fromkeys(("httpx._main", "h2", "socksio")),
}
_substitutes = {name: module for name, module in _substitutes.items() if name not in sys.modules}
sys.modules.update(_substitutes)  # type: ignore[arg-type] # the type does not know of None
try:
    import httpcore
    import httpx
finally:
    for _name in _substitutes:
        del sys.modules[_name]

__all__ = ["http2_module", "httpcore", "httpx"]


def http2_module() -> Any:
    """
    Return httpcore's module for HTTP/2, which it does not export, because its import needs h2.
    """
    return import_module("httpcore._sync.http2")
