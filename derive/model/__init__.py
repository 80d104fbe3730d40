"""Definitions become a recurrence; a recurrence is unrolled into a graph."""
