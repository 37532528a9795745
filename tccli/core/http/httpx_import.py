"""
httpx and httpcore, imported without the parts that a call does not need. The only module that imports them.

httpx imports its own command line tool, and with it rich and pygments, wherever click is installed: 45 ms. httpcore
imports HTTP/2 and SOCKS where they are installed, 10 ms, and again when it uses them.
"""

from __future__ import annotations

import sys

_UNUSED = [name for name in ("httpx._main", "h2", "socksio") if name not in sys.modules]
# An entry that is None makes the import fail, which both libraries expect.
sys.modules.update(dict.fromkeys(_UNUSED))  # type: ignore[arg-type]
try:
    import httpcore
    import httpx
finally:
    for _name in _UNUSED:
        del sys.modules[_name]

__all__ = ["httpcore", "httpx"]
