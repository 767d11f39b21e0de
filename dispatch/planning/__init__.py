"""The rolling plan of a district: which crew does what, in which order, and when it is there.

`problem` states what is to be planned, `search` finds a plan, `evaluate` checks one without
knowing how it was found, `policies` are the simpler ways it is compared with, `explain` says why.
"""
