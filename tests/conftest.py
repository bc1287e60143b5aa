"""How many cases the property tests try: few in every run, many in `make soak`."""

from hypothesis import settings

settings.register_profile("every-run", max_examples=60, deadline=None)
settings.register_profile("soak", max_examples=3_000, deadline=None)
settings.load_profile("every-run")
