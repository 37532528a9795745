"""
Journals: which of many calls are done, so that the next run does nothing twice.
"""
