"""The red pen: other people's notes, judged line by line."""
