"""Variables with time, derivatives that say what they mean, and words: the normal form."""
