"""What a run of a suite says: whether it is this run's, what was verified, what failed."""
