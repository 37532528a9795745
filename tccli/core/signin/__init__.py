"""
Sign-in through the web interface of a deployment: its URL, the browser, and the callback with the credentials.
"""
