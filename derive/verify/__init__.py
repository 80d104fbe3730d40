"""The red pen: other people's notes, judged line by line."""

import sys

from derive import Task

sys.modules[__name__].__class__ = Task
