"""What is wrong with this camera, where, and what to do: one small function a question, each with one answer.

    settings → networks → the daemon's own words → camera, picture → device → broker → findings, the worst first

Nothing here changes anything, and nothing of it runs beside the daemon: it reads what the daemon left in its folder.
"""
