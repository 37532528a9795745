"""
httpx and httpcore, imported without the parts that a call does not need. The only module that imports them.

Both packages import all of their modules, and httpx those of the standard library for cookies, e-mail and URLs, which
takes as long as the rest of a call. So here each is a package whose ``__init__`` has not run: our names are taken from
the modules that define them. It runs as soon as any other name is used, by any code in this process that imports the
package; classes and functions are then the same.
"""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

    import httpcore
    import httpx

NAMES = {
    "httpcore._backends.base": ("NetworkBackend", "NetworkStream"),
    "httpcore._exceptions": (
        "ConnectionNotAvailable",
        "LocalProtocolError",
        "NetworkError",
        "ProtocolError",
        "ProxyError",
        "RemoteProtocolError",
        "UnsupportedProtocol",
        "WriteError",
    ),
    "httpcore._models": ("URL", "Origin", "Proxy", "Request", "Response"),
    "httpcore._sync.connection": ("HTTPConnection",),
    "httpcore._sync.http11": ("HTTP11Connection",),
    "httpcore._sync.interfaces": ("ConnectionInterface",),
    "httpx._content": ("ByteStream",),
    "httpx._exceptions": ("InvalidURL",),
    "httpx._models": ("Request", "Response"),
    "httpx._transports.base": ("BaseTransport",),
    "httpx._types": ("SyncByteStream",),
    "httpx._urls": ("URL",),
}
"""What a call uses, by the module that defines it. Other names import all of the package."""


LATE_MODULES = (
    "anyio",
    "certifi",
    "email.message",
    "http.cookiejar",
    "idna",
    "logging",
    "mimetypes",
    "pathlib",
    "ssl",
    "urllib.request",
)
LATE_NAMES = (
    ("http.cookiejar", "Cookie"),
    ("http.cookiejar", "CookieJar"),
    ("pathlib", "Path"),
    ("ssl", "SSLContext"),
    ("urllib.request", "getproxies"),
)
"""What the two packages take from such modules while they are imported, to call it later."""
LATE_BASES = (("urllib.request", "Request"),)
ATTRIBUTES = ("email.message", "urllib.request")
"""Modules that the two packages use as attributes of their packages. Others must not stay there: what imports
``from http import cookiejar`` later would get the substitute."""


_LATE_PACKAGE_LOCK = threading.RLock()


class _LateModule(ModuleType):
    """
    Stands for a module that is imported when one of its attributes is used.
    """

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            # ``from … import`` looks whether it is a package.
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(import_module(self.__name__), name)


class _LatePackage(ModuleType):
    """
    A package whose ``__init__`` runs when an attribute is used that it does not have yet.
    """

    def __getattr__(self, name: str) -> Any:
        # Another thread waits until all names are there.
        with _LATE_PACKAGE_LOCK:
            if type(self) is _LatePackage:
                if "is_running" in vars(self):
                    raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
                vars(self)["is_running"] = True
                assert self.__spec__ is not None
                assert self.__spec__.loader is not None
                try:
                    with _substitute():
                        self.__spec__.loader.exec_module(self)
                finally:
                    # From now on it is like any other package.
                    self.__class__ = ModuleType  # type: ignore[assignment]
                    del vars(self)["is_running"]
        return getattr(self, name)


class _LateLogger:
    """
    A logger of a process that has no handlers, because nothing has imported the module that makes them.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 - as in logging
        if "logging" not in sys.modules:
            return False
        # From now on at no cost.
        self.isEnabledFor = self.__getattr__("isEnabledFor")  # type: ignore[method-assign]
        return self.isEnabledFor(level)

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module("logging").getLogger(self.name), name)


def _late_base(module: str, name: str) -> type:
    """
    Return a base class that is replaced when an object of a class derived from it is made.
    """

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        real = getattr(import_module(module), name)
        derived: list[type] = stand_in.__subclasses__()
        for each in derived:
            each.__bases__ = (real,)
        real.__init__(self, *args, **kwargs)

    stand_in = type(name, (), {"__init__": init})
    return stand_in


def _late_function(module: str, name: str) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        return getattr(import_module(module), name)(*args, **kwargs)

    return call


def _create_substitutes() -> dict[str, ModuleType | None]:
    substitutes: dict[str, ModuleType | None] = {
        # The tables for international domain names (6 ms), a list of authorities that is not used, since the system has
        # one (8 ms), asynchronous sockets (2 ms), TLS (5 ms), and what only cookies, forms and proxies of httpx.Client
        # need (17 ms).
        **{name: _LateModule(name) for name in LATE_MODULES},
        # None makes an import fail, which both libraries expect. httpx imports its command line tool, and with it rich
        # and pygments, wherever click is installed (45 ms). httpcore imports HTTP/2 and SOCKS where they are installed
        # (10 ms), and again when it uses them.
        **dict.fromkeys(("httpx._main", "h2", "socksio")),
    }
    for module, name in LATE_NAMES:
        vars(substitutes[module])[name] = _late_function(module, name)
    vars(substitutes["logging"]).update(DEBUG=10, getLogger=_LateLogger)
    for module, name in LATE_BASES:
        vars(substitutes[module])[name] = _late_base(module, name)
    return substitutes


@contextmanager
def _substitute() -> Iterator[None]:
    """
    Let imports find substitutes of the modules that have not been imported yet.
    """
    used = {name: module for name, module in _create_substitutes().items() if name not in sys.modules}
    # Packages whose modules are used as their attributes.
    import_module("email")
    import_module("urllib")
    sys.modules.update(used)  # type: ignore[arg-type] # the type does not know of None
    for name, module in used.items():
        # ``import email.message`` only binds the package, which gets the real module when that is imported.
        package, _, child = name.rpartition(".")
        if name in ATTRIBUTES and package in sys.modules:
            vars(sys.modules[package]).setdefault(child, module)
    try:
        yield
    finally:
        for name, module in used.items():
            if sys.modules.get(name, used) is module:
                del sys.modules[name]


def _import_package(name: str) -> ModuleType:
    """
    Return a package that has our names. Its ``__init__`` has not run, unless it was imported before.
    """
    if name in sys.modules:
        return sys.modules[name]
    packages = {module.rpartition(".")[0] for module in NAMES if module.startswith(f"{name}.")}
    for each in sorted(packages):
        spec = find_spec(each)
        if spec is None:
            continue
        sys.modules[each] = package = module_from_spec(spec)
        package.__class__ = _LatePackage
        parent, _, child = each.rpartition(".")
        if parent:
            setattr(sys.modules[parent], child, package)
    for module, names in NAMES.items():
        if module.startswith(f"{name}."):
            # In another release it may be elsewhere: then the package is asked.
            with suppress(ImportError):
                found = import_module(module)
                vars(sys.modules[name]).update({each: getattr(found, each) for each in names if hasattr(found, each)})
    return sys.modules[name]


if not TYPE_CHECKING:
    ssl = _LateModule("ssl")
    """For code that uses it only where TLS is in use."""
    with _substitute():
        httpcore = _import_package("httpcore")
        httpx = _import_package("httpx")


def http2_module() -> Any:
    """
    Return httpcore's module for HTTP/2, which it does not export, because its import needs h2.
    """
    return import_module("httpcore._sync.http2")


__all__ = ["http2_module", "httpcore", "httpx", "ssl"]
