"""What formulas are worth: numbers along the unrolled graph."""
