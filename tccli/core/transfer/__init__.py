"""
Uploads and downloads: bytes between files and storage, resumed and verified.
"""
