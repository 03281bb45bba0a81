"""Whether a test run would work here: settings, files, the way to the platform, access."""
