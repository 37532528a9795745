"""
A worker that claims the sandbox's tasks over HTTP, as any worker does, and runs their commands on this machine.

``worker`` claims tasks, ``run`` performs one run from claim to report, ``payload`` parses what the task asks for,
``processes`` and ``supervisor`` run its commands, ``log`` and ``artifacts`` upload the results, and ``proxy`` signs the
task's own requests.
"""
