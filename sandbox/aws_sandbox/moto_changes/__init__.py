"""All that the sandbox changes in moto: a file a service, and the one way in which it is done.

A file `<service>.py` has what is put in the place of moto's own, and functions that take a
`Replacements` and put it there: `install_permanently` for what stays (`permanent.py` calls it),
`install` for what lasts as long as the pump or Athena runs. A further service (SSM, SES) is a
further file, and nothing outside this folder sets an attribute of moto's or gives it a route. So a
new version of moto that no longer has what is replaced is found by a test, and not by a user.
"""
