"""
Wall time of large transfers relative to curl or to hashing alone, with CPU time and peak memory.

nginx on loopback is the storage for downloads. A small server in Python is the services, and drops what is uploaded:
nginx would store it first, which adds to the time of the upload.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.measure import (
    MEBIBYTE,
    TC,
    Usage,
    alternate,
    clean_environment,
    compare,
    find_program,
    install_tool,
    peak_memory,
    run,
)
from tests.benchmarks.servers import Handler, serve, start_nginx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.benchmarks.measure import Figure

CURL = "curl"
HASHING = "hashing alone, sha512"
ONE_CONNECTION = "one connection"
MEBIBYTES = 1024
TASK = "AAAAAAAAQwSAAAAAAAAAAA"
OFFICIAL = "the official Python client"
OFFICIAL_DOWNLOAD = f"""
import sys, taskcluster, taskcluster.download
queue = taskcluster.Queue(taskcluster.optionsFromEnvironment())
with open(sys.argv[1], "wb") as file:
    taskcluster.download.downloadArtifactToFile(file=file, taskId="{TASK}", name="big", queueService=queue)
"""
OFFICIAL_UPLOAD = """
import datetime, os, sys, taskcluster, taskcluster.upload
with open(sys.argv[1], "rb") as file:
    taskcluster.upload.uploadFromFile(
        file=file, projectId="p", name="object", contentType="application/octet-stream",
        contentLength=os.path.getsize(sys.argv[1]), expires=datetime.datetime(2999, 1, 1),
        objectService=taskcluster.Object(taskcluster.optionsFromEnvironment()),
    )
"""
AWS = "aws s3 cp"
AWS_OPTIONS = ("s3", "cp", "--only-show-errors", "--no-sign-request", "--region", "us-east-1")
S3_RESPONSES = {
    "?uploads": "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>",
    "/s3/up?uploadId=u": '<CompleteMultipartUploadResult><ETag>"tag"</ETag></CompleteMultipartUploadResult>',
    "/part": "",
}
"""Of the part of S3 that an upload needs."""
FUTURE = "2999-01-01T00:00:00.000Z"


@contextmanager
def services(responses: dict[str, object]) -> Iterator[str]:
    """
    Serve JSON responses, chosen by the end of the path; yield the root URL.
    """

    class ServiceHandler(Handler):
        def do_GET(self) -> None:  # noqa: N802 - the base class calls it so
            self.drop(int(self.headers.get("content-length", 0)))
            while self.headers.get("transfer-encoding") and (size := int(self.rfile.readline(), 16)):
                self.drop(size)
                self.rfile.readline()
            if self.headers.get("transfer-encoding"):
                self.rfile.readline()
            # The parts of an upload to S3 need no body.
            path = re.sub("[?&]partNumber=.*", "/part", self.path)
            value = next(value for end, value in responses.items() if path.endswith(end))
            body = value.encode() if isinstance(value, str) else json.dumps(value).encode()
            content_type = "application/xml" if isinstance(value, str) else "application/json"
            self.respond(body, content_type=content_type, etag='"tag"')

        def drop(self, remaining: int) -> None:
            buffer = memoryview(bytearray(min(remaining, MEBIBYTE)))
            while remaining and (count := self.rfile.readinto(buffer[:remaining])):
                remaining -= count

        do_PUT = do_POST = do_GET  # noqa: N815 - the base class calls them so

    with serve(ServiceHandler) as url:
        yield url


def check_throttled(url: str, path: Path) -> None:
    """
    Check that one connection gets no more than 20 MB/s: the benchmark of several connections depends on it.
    """
    started = time.perf_counter()
    run(["curl", "-s", "-f", "-o", os.devnull, url], os.environ)
    rate = path.stat().st_size / (time.perf_counter() - started) / 1e6
    if not 10 < rate < 25:
        raise SystemExit(f"{url} is sent with {rate:.0f} MB/s, but this case needs 20 MB/s per connection")


def hashing(path: Path) -> Usage:
    """
    Measure hashing alone, with the slower of the two algorithms.
    """
    code = "import hashlib,sys; hashlib.file_digest(open(sys.argv[1], 'rb'), 'sha512')"
    started = time.perf_counter()
    run([sys.executable, "-c", "import hashlib"], os.environ)
    start_up = time.perf_counter() - started
    usages = run([sys.executable, "-c", code, str(path)], os.environ)
    return Usage(usages.wall - start_up, usages.cpu, usages.memory)


def measure(runs: int) -> Iterator[Figure]:
    """
    Yield figures for each case.
    """
    find_program("curl")
    with tempfile.TemporaryDirectory() as name:
        directory = prepared(Path(name), MEBIBYTES)
        with start_nginx(directory, "", "limit_rate 20m;", workers=2) as (quick, slow):
            yield from measure_transfers(directory, max(1, runs // 2), quick, slow)


def prepared(directory: Path, mebibytes: int) -> Path:
    """
    Create the files to serve.
    """
    (directory / "www" / "s3").mkdir(parents=True)
    for name, count in (("big", mebibytes), ("medium", mebibytes // 4)):
        with (directory / "www" / name).open("wb") as file:
            for _ in range(count):
                file.write(os.urandom(MEBIBYTE))
    # Where aws looks for it, in a bucket.
    os.link(directory / "www" / "big", directory / "www" / "s3" / "big")
    return directory


def measure_transfers(directory: Path, runs: int, quick: str, slow: str) -> Iterator[Figure]:
    """
    Yield figures, with the servers at the URLs *quick* and *slow*.
    """
    big = directory / "www" / "big"
    hashes = {each: hashlib.file_digest(big.open("rb"), each).hexdigest() for each in ("sha256", "sha512")}
    responses: dict[str, object] = {
        "/big": {"storageType": "s3", "url": f"{quick}/big"},
        "/medium": {"storageType": "s3", "url": f"{quick}/medium"},
        "/slow": {"storageType": "s3", "url": f"{slow}/medium"},
        "/start-download/object": {"method": "getUrl", "url": f"{quick}/big", "expires": FUTURE, "hashes": hashes},
        "/finish-upload/object": {},
        f"/task/{TASK}": {"expires": FUTURE},
        "/storage": {},
        **S3_RESPONSES,
    }
    aws = install_tool("awscli", "aws")
    with services(responses) as root_url:
        storage = f"{root_url}/storage"
        method = {"url": storage, "headers": {"Content-Type": "application/octet-stream"}, "expires": FUTURE}
        upload = {"projectId": "p", "uploadId": TASK, "expires": FUTURE, "uploadMethod": {"putUrl": method}}
        responses["/upload/object"] = upload
        responses["/artifacts/up"] = {"storageType": "s3", "putUrl": storage, "expires": FUTURE}
        environment = {**clean_environment(), "TASKCLUSTER_ROOT_URL": root_url}
        target = str(directory / "target")

        def command(*words: str) -> Callable[[], Usage]:
            def once() -> Usage:
                Path(target).unlink(missing_ok=True)
                return run(list(words), environment)

            return once

        def download(name: str, *options: str) -> Callable[[], Usage]:
            return command(TC, "download-artifact", TASK, name, "-q", "-o", target, *options)

        for name, goal in (("big", 1.3), ("medium", 1.8)):
            size = (directory / "www" / name).stat().st_size >> 20
            what = f"download of {size} MiB"
            cases = {CURL: command("curl", "-s", "-o", target, f"{quick}/{name}"), what: download(name)}
            if name == "big":
                cases[OFFICIAL] = command(sys.executable, "-c", OFFICIAL_DOWNLOAD, target)
                cases[AWS] = command(aws, *AWS_OPTIONS, "--endpoint-url", quick, "s3://s3/big", target)
            usages = alternate(runs, cases)
            yield compare(usages, what, CURL, goal, in_readme=name == "big")
            if name == "big":
                yield compare(usages, what, OFFICIAL, None, in_readme=True)
                yield compare(usages, what, AWS, None, in_readme=True)
            yield peak_memory(f"{what}, memory", usages[what], 64, in_readme=name == "big")
        for what, words in (
            (f"download of {MEBIBYTES} MiB, with sha256 and sha512", ("download-object", "object", "-q", "-o", target)),
            (
                f"upload of {MEBIBYTES} MiB, with sha256 and sha512",
                ("upload-object", str(big), "object", "--project-id", "p", "-q"),
            ),
        ):
            cases = {HASHING: lambda: hashing(big), what: command(TC, *words)}
            if words[0] == "upload-object":
                cases[OFFICIAL] = command(sys.executable, "-c", OFFICIAL_UPLOAD, str(big))
            usages = alternate(runs, cases)
            yield compare(usages, what, HASHING, 1.5, in_readme=words[0] == "download-object")
            if OFFICIAL in usages:
                yield compare(usages, what, OFFICIAL, None, in_readme=True)
        what = f"upload of {MEBIBYTES} MiB"
        cases = {
            CURL: command("curl", "-s", "-f", "-T", str(big), "-o", os.devnull, storage),
            what: command(TC, "upload-artifact", TASK, "0", "up", str(big), "-q"),
            AWS: command(aws, *AWS_OPTIONS, "--endpoint-url", root_url, str(big), "s3://s3/up"),
        }
        usages = alternate(runs, cases)
        yield compare(usages, what, CURL, 1.4, in_readme=True)
        yield compare(usages, what, AWS, None, in_readme=True)
        yield peak_memory(f"{what}, memory", usages[what], 64)
        check_throttled(f"{slow}/medium", directory / "www" / "medium")
        what = f"download of {MEBIBYTES // 4} MiB at 20 MB/s for each connection"
        cases = {ONE_CONNECTION: download("slow", "--connections", "1"), what: download("slow")}
        # 3.5 times as fast.
        yield compare(alternate(min(runs, 3), cases), what, ONE_CONNECTION, 0.286, in_readme=True)
