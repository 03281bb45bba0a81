"""Coverage: which part of a bot the conversations reach. No pytest, no network."""
