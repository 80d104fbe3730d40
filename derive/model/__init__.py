"""Definitions become a recurrence; a recurrence is unrolled into a graph."""

import sys

from derive import Task

sys.modules[__name__].__class__ = Task
