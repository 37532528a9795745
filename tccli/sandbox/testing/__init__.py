"""
What a sandbox offers to tests: faults, the log of calls, the tour.
"""
