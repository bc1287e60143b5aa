"""All that the sandbox changes in moto: a file a service, and the one way in which it is done.

`replacements.py` names each attribute that gives way to one of ours, so that a new version of moto
that no longer has it is found by a test, and not by a user.
"""
