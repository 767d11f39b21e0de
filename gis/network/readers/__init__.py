"""Readers of network files: each takes what is whole and says of every other row why not."""
