"""`python -m derive`."""

from derive.commands import app

app(prog_name="derive")
