"""`python cli.py …` in a checkout; an installed `derive` needs no such file."""

from derive.commands import app

if __name__ == "__main__":
    app(prog_name="derive")
