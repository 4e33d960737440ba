"""`plate-reader aim`: how well a camera is aimed, in figures and in a picture, while a technician turns the screws.

    source → frame → the daemon's line → glances → measures ─┐
                           └──────────→ veil → JPEG ─────────┴▶ pipe ▶ server ▶ the technician's browser
                                  areas → the settings' file → read again by the line

Two processes. The one that sees pictures listens on no port; the one that listens gets figures and veiled JPEGs
through a pipe that runs one way. What the technician draws goes into the settings' file, and the line reads it there
like any other change of it.
"""
