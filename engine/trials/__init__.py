"""Process folders played on a virtual clock, without a database: walks as tests, their coverage, the playground.

`ground` is what a walk stands on, `script` what a walk file says, `walk` one instance on its way, `play` a whole walk
compared with what it expects, `coverage` what walks have passed, `report` all walks of a folder, `recorder` makes a
walk file of what was done.
"""
