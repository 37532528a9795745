"""
Whom to trust.
"""

from __future__ import annotations

import os
import ssl
from typing import TYPE_CHECKING

from tccli.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping


def create_tls_context(environ: Mapping[str, str]) -> ssl.SSLContext:
    """
    Return a context that trusts what ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` name, else what the system does.

    A directory of hashed certificates is read as they are needed; a bundle is parsed whole, which takes tens of
    milliseconds, so the directory is preferred.

    Raises:
        ConfigurationError: A named file or folder is not there, or holds no certificates.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    file, folder = environ.get("SSL_CERT_FILE"), environ.get("SSL_CERT_DIR")
    if file or folder:
        for name, path in (("SSL_CERT_FILE", file), ("SSL_CERT_DIR", folder)):
            if path and not os.path.exists(path):
                raise ConfigurationError(f"{name} names {path}, which is not there")
        try:
            context.load_verify_locations(cafile=file or None, capath=folder or None)
        except OSError as error:
            raise ConfigurationError(f"SSL_CERT_FILE cannot be used: {error}") from None
        return context
    for path in (ssl.get_default_verify_paths().capath, "/etc/ssl/certs"):
        if path and os.path.isdir(path) and any(name.endswith(".0") for name in os.listdir(path)):
            context.load_verify_locations(capath=path)
            return context
    context.load_default_certs()
    return context
