"""
Addresses of pages in the web interface. Pure.

Source: as in `tccli.core.addresses`, which reads them.
"""

from __future__ import annotations

import re
from urllib.parse import quote


def make_page_url(root_url: str, kind: str, parts: list[str]) -> str:
    """
    Return the address of a page.

    Args:
        kind: ``task``, ``group``, ``artifact`` (task, run, name), ``hook`` (group, id), ``worker`` (provisioner, worker
            type, worker group, worker id) or ``pool`` (its id).
        parts: What names it.
    """
    quoted = [quote(part, safe="") for part in parts]
    if kind == "artifact":
        task_id, run, _ = quoted
        is_log = re.fullmatch(r"public/logs/[^/]+\.log", parts[2]) is not None
        name = quote(parts[2], safe="/")
        path = f"tasks/{task_id}/runs/{run}/{'logs/live/' if is_log else ''}{name}"
    elif kind == "worker":
        path = "provisioners/{}/worker-types/{}/workers/{}/{}".format(*quoted)
    else:
        start = {"task": "tasks", "group": "tasks/groups", "hook": "hooks", "pool": "worker-manager"}[kind]
        path = "/".join([start, *quoted])
    return f"{root_url}/{path}"
