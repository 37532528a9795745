"""
The cache directory.
"""

from __future__ import annotations

import pytest

from tccli.core.cache.paths import cache_directory


@pytest.mark.parametrize(
    ("environ", "platform", "expected"),
    [
        pytest.param({"HOME": "/home/x"}, "linux", "/home/x/.cache/tc", id="linux"),
        pytest.param({"HOME": "/Users/x"}, "darwin", "/Users/x/Library/Caches/tc", id="macOS"),
        pytest.param({"HOME": "/h", "LOCALAPPDATA": "/local"}, "win32", "/local/tc", id="windows"),
        pytest.param({"HOME": "/h"}, "win32", "/h/AppData/Local/tc", id="windows without its variable"),
        pytest.param({"HOME": "/h", "XDG_CACHE_HOME": "/cache"}, "darwin", "/cache/tc", id="set in the environment"),
        pytest.param(
            {"HOME": "/h", "XDG_CACHE_HOME": "cache"}, "linux", "/h/.cache/tc", id="a relative one is ignored"
        ),
        pytest.param({"HOME": "/h", "XDG_CACHE_HOME": ""}, "linux", "/h/.cache/tc", id="an empty one is ignored"),
    ],
)
def test_the_cache_directory(environ: dict[str, str], platform: str, expected: str) -> None:
    """
    Below XDG_CACHE_HOME, or where the system has caches.
    """
    assert expected == cache_directory(environ, platform)
