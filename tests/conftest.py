"""What all tests need: pytest's own fixture for testing plugins, and examples that may take their time."""

from hypothesis import settings

pytest_plugins = ["pytester"]

# How long one example takes says something about the machine only.
settings.register_profile("no-deadline", deadline=None)
settings.load_profile("no-deadline")
