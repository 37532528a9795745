"""
The pages that the browser shows after the callback. They load nothing and have no script.
"""

from __future__ import annotations

import hashlib
import html
from base64 import b64encode

STYLE = """
:root { color-scheme: light dark; --text: #1f2328; --quiet: #57606a; --page: #f6f8fa; --card: #fff; --line: #d0d7de;
  --mark: #1a7f37; }
:root.refused { --mark: #b42318; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6edf3; --quiet: #9da7b3; --page: #0d1117; --card: #161b22; --line: #30363d; --mark: #56d364; }
  :root.refused { --mark: #ff8f85; }
}
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; }
main { box-sizing: border-box; width: min(36rem, 100vw - 2rem); margin: 1rem; padding: 2rem; background: var(--card);
  border: 1px solid var(--line); border-top: 4px solid var(--mark); border-radius: 8px; }
h1 { margin: 0 0 1rem; font-size: 1.5rem; line-height: 1.25; }
p { margin: 0 0 1rem; }
p:last-child { margin: 0; color: var(--quiet); }
dl { margin: 0 0 1rem; display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; }
dt { color: var(--quiet); }
dd { margin: 0; font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
@media (max-width: 30rem) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .5rem; } }
"""
_STYLE_HASH = b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
}


def render_success(client_id: str, root_url: str) -> str:
    """
    Return the page after a sign-in.
    """
    rows = "".join(
        f"<dt>{name}</dt><dd>{html.escape(value)}</dd>"
        for name, value in (("Client", client_id), ("Deployment", root_url))
    )
    text = "The terminal has received the credentials. You can close this tab."
    return _render("You are signed in", f"<dl>{rows}</dl><p>{text}</p>", "done")


def render_refusal(reason: str) -> str:
    """
    Return the page for a request that is not the callback.

    Args:
        reason: A sentence.
    """
    text = "Nothing was changed. To sign in, run <code>tc signin</code> again and use the page that it opens."
    return _render("This request was refused", f"<p>{html.escape(reason)}</p><p>{text}</p>", "refused")


def _render(title: str, content: str, kind: str) -> str:
    return (
        f'<!doctype html><html lang="en" class="{kind}"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title} - tc</title><style>{STYLE}</style><main><h1>{title}</h1>{content}</main></html>"
    )
