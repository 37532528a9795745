"""
Handlers of the github service.
"""
