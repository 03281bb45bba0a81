"""What a test run shows on the terminal."""
