"""Property tests look for counterexamples, not slow machines, and find the same in every run."""

from hypothesis import settings

settings.register_profile("ordinary", deadline=None, derandomize=True)
settings.load_profile("ordinary")
