"""What a whole test run comes to: its exit code and its last line."""
