"""What a test run puts on pytest's reports, and the files it leaves at the end."""
