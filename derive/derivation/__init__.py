"""The derivers: each writes a derivation from the model and hands it to the kernel."""
