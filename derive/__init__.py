"""Derive, prove and write gradients of recurrences."""

__version__ = "0.1.0"
