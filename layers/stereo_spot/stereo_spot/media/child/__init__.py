"""What runs inside the guarded process, and only there: the one place that opens media."""
