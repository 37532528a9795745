"""
Features of a sandbox for tests and demonstrations: faults, controls, the log of calls, and the tour.
"""
