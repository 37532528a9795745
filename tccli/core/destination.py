"""
Where requests go, through which proxy, and with which credentials, in words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tccli.core.http.proxies import describe_proxy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tccli.core.account import Account


def describe_destination(account: Account, discovery: str, environ: Mapping[str, str]) -> Iterator[str]:
    """
    Yield a line about the URL, and one about the credentials.

    Args:
        discovery: As of `Client`.
        environ: Has the proxies.
    """
    url, source = account.root_url, account.root_url_source
    if account.proxy_url is not None:
        url, source = account.proxy_url, "TASKCLUSTER_PROXY_URL"
    elif discovery == "k8s-dns":
        url, source = "http://taskcluster-SERVICE", "service discovery"
    proxy = describe_proxy(url, environ)
    yield f"requests go to {url} ({source}){f' through {proxy}' if proxy else ''}"
    credentials = account.credentials
    if credentials is not None:
        kind = "permanent" if credentials.certificate is None else "temporary"
        limit = "" if credentials.authorized_scopes is None else ", limited by authorized scopes"
        yield f"{kind} credentials of {credentials.client_id} ({account.credentials_source}){limit}"
    elif account.proxy_url is not None:
        yield "no credentials: the task's proxy signs the requests"
    else:
        yield f"no credentials{f': {account.unused}' if account.unused else ''}"
