"""
What a request adds to a start, in CPU time: ``tc queue ping`` relative to other programs that send one, and over TLS
with as many authorities as the system has.
"""

from __future__ import annotations

import os
import ssl
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import trustme

from tests.benchmarks.measure import (
    TC,
    Figure,
    alternate,
    clean_environment,
    compare,
    install_tool,
    median,
    run,
    show,
    show_seconds,
)
from tests.benchmarks.servers import Handler, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

PATH = "/api/queue/v1/ping"
OFFICIAL = "import os, taskcluster; taskcluster.Queue(taskcluster.optionsFromEnvironment()).ping()"
BARE = f"import os, click, httpx; httpx.get(os.environ['TASKCLUSTER_ROOT_URL'] + '{PATH}').raise_for_status()"
COUNT_OF_AUTHORITIES = 140
"""As many as Mozilla's list has, from which most systems have theirs."""
MAX_TLS_MILLISECONDS = 10


class PingHandler(Handler):
    """
    Responds to each request as the queue does to a ping.
    """

    def do_GET(self) -> None:  # noqa: N802 - the base class calls it so
        """
        Respond.
        """
        self.respond(b'{"alive":true,"uptime":1234.5}', content_type="application/json")


def prepare_authorities(directory: Path) -> ssl.SSLContext:
    """
    Write authorities as systems have them, hashed; return the context of a server that one of them has certified.
    """
    for number in range(COUNT_OF_AUTHORITIES):
        authority = trustme.CA(organization_name=f"Authority {number}")
        authority.cert_pem.write_to_path(str(directory / f"{number}.pem"))
    run(["openssl", "rehash", str(directory)], os.environ)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


def measure(runs: int) -> Iterator[Figure]:
    """
    Yield a figure for each program that is compared, and one for TLS.
    """
    http = install_tool("httpie", "http")
    with tempfile.TemporaryDirectory() as authorities, serve(PingHandler) as root_url:
        environment = {**clean_environment(), "TASKCLUSTER_ROOT_URL": root_url}
        commands = {
            "tc queue ping": [TC, "queue", "ping"],
            "the official Python client": [sys.executable, "-c", OFFICIAL],
            "httpie": [http, "--ignore-stdin", "GET", root_url + PATH],
            "a script with click and httpx": [sys.executable, "-c", BARE],
        }
        cases = {name: partial(run, words, environment) for name, words in commands.items()}
        with serve(PingHandler, prepare_authorities(Path(authorities))) as tls_url:
            over_tls = {
                **environment,
                "TASKCLUSTER_ROOT_URL": tls_url,
                "SSL_CERT_FILE": "",
                "SSL_CERT_DIR": authorities,
            }
            # A bundle in SSL_CERT_FILE would be parsed whole.
            cases["tc queue ping over https"] = partial(run, commands["tc queue ping"], over_tls)
            usages = alternate(2 * runs, cases)
    for base, goal in zip(list(commands)[1:], (1.0, 0.5, 1.15), strict=True):
        yield compare(usages, "tc queue ping", base, goal, resource="cpu", in_readme=True)
    plain, secure = median(usages["tc queue ping"], "cpu"), median(usages["tc queue ping over https"], "cpu")
    what, compared = "tc queue ping over https, CPU", f"{show_seconds(plain)} over http"
    milliseconds = (secure - plain) * 1000
    yield Figure(
        what, show(secure * 1000, "ms"), compared, milliseconds, "ms more", MAX_TLS_MILLISECONDS, in_readme=True
    )
