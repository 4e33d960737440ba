"""A technician's recordings: whole pictures, encrypted as they come, for a reason, until a time, gone by their age.

The daemon watches the `shelf`; the recorder, a program of its own, fills it. Only the recorder can encrypt.
"""
