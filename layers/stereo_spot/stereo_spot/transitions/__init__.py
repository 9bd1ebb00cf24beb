"""The protocol as data: each transition is one conditional write on one row.

`change.py` is the small language (conditions and what a write sets), `job.py` and `segment.py`
are the table. The stores apply these objects as they are; the protocol model explores them.
"""
