"""Days played through with every way of sending crews: who keeps more promises.

`ground` is a place, `day` what happens there, `playing` the simulator, `choosing` the ways to send,
`bounds` what nobody could do better than, `scores` the figures, `running` many days in one run.
"""
