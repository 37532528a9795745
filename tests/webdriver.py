"""
A headless Chromium, driven over the WebDriver protocol of its chromedriver.

Source: W3C WebDriver.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from base64 import b64decode
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

START_SECONDS = 60
POLL_SECONDS = 0.05


class Browser:
    """
    One window.

    Attributes:
        profile: The directory in which Chromium stores its history and everything else.
    """

    def __init__(self, driver: subprocess.Popen[bytes], url: str, profile: Path) -> None:
        self.profile = profile
        self._driver = driver
        self._http = httpx.Client(base_url=url, timeout=START_SECONDS, trust_env=False)
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
        options = {
            "binary": shutil.which("chromium"),
            "args": [*arguments, "--window-size=900,700", f"--user-data-dir={profile}"],
        }
        capabilities = {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options}}
        self._session = ""
        self._session = f"/session/{self._send('POST', '/session', {'capabilities': capabilities})['sessionId']}"

    def open(self, url: str) -> None:
        """
        Show a page.
        """
        self._send("POST", "/url", {"url": url})

    @property
    def url(self) -> str:
        """
        What the address bar has.
        """
        return str(self._send("GET", "/url"))

    def text(self) -> str:
        """
        Return the text that the page shows.
        """
        return str(self.run("return document.body ? document.body.innerText : ''"))

    def run(self, script: str, *args: Any) -> Any:
        """
        Run a script in the page; return its result.
        """
        return self._send("POST", "/execute/sync", {"script": script, "args": args})

    def wait(self, script: str, *args: Any) -> Any:
        """
        Run a script that calls its last argument with the result.
        """
        return self._send("POST", "/execute/async", {"script": script, "args": args})

    def click(self, selector: str) -> None:
        """
        Click an element.
        """
        element = self._send("POST", "/element", {"using": "css selector", "value": selector})
        self._send("POST", f"/element/{next(iter(element.values()))}/click", {})

    def emulate(self, **features: str) -> None:
        """
        Set media features, such as ``prefers_color_scheme="dark"``.
        """
        listed = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        parameters = {"cmd": "Emulation.setEmulatedMedia", "params": {"features": listed}}
        self._send("POST", "/goog/cdp/execute", parameters)

    def screenshot(self) -> bytes:
        """
        Return what the window shows, as PNG.
        """
        return b64decode(self._send("GET", "/screenshot"))

    def close(self) -> None:
        """
        Quit, so that everything is in the files of the profile.
        """
        if self._session:
            self._send("DELETE", "")
            self._session = ""
        self._http.close()

    def _send(self, verb: str, path: str, payload: Any = None) -> Any:
        response = self._http.request(verb, self._session + path, json=payload)
        value = response.json()["value"]
        if response.is_error:
            raise AssertionError(f"{verb} {path}: {value['message']}")
        return value


def wait_until(condition: Callable[[], Any], seconds: float = START_SECONDS) -> Any:
    """
    Return the first result of a condition that is true.
    """
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "nothing came"
        time.sleep(POLL_SECONDS)
    return found


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    """
    A Chromium with a profile of its own.
    """
    program = shutil.which("chromedriver")
    if program is None or shutil.which("chromium") is None:
        # The gate installs both.
        pytest.skip("needs Debian's chromium and chromium-driver")
    home = tmp_path / "browser-home"
    home.mkdir()
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "TMPDIR": str(tmp_path)}
    log = (tmp_path / "chromedriver.log").open("wb")
    driver = subprocess.Popen([program, "--port=0"], stdout=log, stderr=log, env=env)
    try:
        found = wait_until(
            lambda: re.search(rb"started successfully on port (\d+)", (tmp_path / log.name).read_bytes())
        )
        opened = Browser(driver, f"http://127.0.0.1:{int(found[1])}", tmp_path / "browser-profile")
        yield opened
        opened.close()
    finally:
        driver.terminate()
        driver.wait(START_SECONDS)
        log.close()
