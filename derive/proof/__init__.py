"""The kernel: it makes the axioms from the model, checks each step, and alone makes a theorem."""
