"""Suite files that are made to expect what the bot said."""
