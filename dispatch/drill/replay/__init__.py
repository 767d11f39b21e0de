"""Replay: what happened at some utility, told line by line, through the house's own use cases."""
