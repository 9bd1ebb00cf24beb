"""Films in and out: what reads, plans, cuts and joins them.

Nothing in here but `child` touches libav, and `child` runs only in its own guarded process.
"""
