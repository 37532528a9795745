"""
The commands for tasks and groups: their options, the tasks that they name, what is done, waited for and printed.
"""
