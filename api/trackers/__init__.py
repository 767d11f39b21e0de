"""Devices of other makers that say where crews are: their wires, and the way in.

`traccar`, `osmand`, `owntracks`, `gpslogger` and `jt808` are pure: bytes and parameters in,
readings or named refusals out. The other modules are what a process does with them.
"""
