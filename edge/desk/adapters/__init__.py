"""Other systems that are handed each sighting: off by default, in their own formats, at the desk alone.

    store ─▶ cursor ─▶ format ─▶ receiver (HTTP, or the desk's own broker)

The camera speaks to its one broker and to nobody else; whoever wants a plate elsewhere asks the desk, which knows the
policy, tells the public and writes it into the audit log.
"""
