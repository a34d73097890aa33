"""The `duban` command. Errors are one line on standard error; exit code 1 means the answer is no, 2 a wrong call."""

from web.cli.main import main

__all__ = ["main"]
