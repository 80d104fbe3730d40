"""A page of claims to verdicts."""
