"""Errors that say all a person needs: the command prints them without a traceback."""


class ToldError(Exception):
    """What went wrong, where, and what to do about it."""
