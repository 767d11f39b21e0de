"""Bulk loading of a utility's own data: read a file, stage it by COPY, merge it in sets.

Every function here works inside the caller's transaction, so that a file is taken whole or leaves
nothing. `files.py` is the door: one function per kind of input, each giving a `LoadReport`.
"""
