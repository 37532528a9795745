"""
A worker beside the sandbox: claims tasks over HTTP, as any worker does, and runs their commands on this machine.

``host`` claims, ``run`` is one run from claim to report, ``payload`` what it asks for, ``processes`` and ``guard`` its
commands, ``log`` and ``artifacts`` what comes of them, ``proxy`` what a task calls the services through.
"""
