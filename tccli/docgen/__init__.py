"""
What is generated from the tree of commands in a checkout: completion scripts, manual pages, the README's table.

It is not part of the wheel: nothing else imports it.
"""
