"""The suite that the platform stored: by itself, and beside the file it was imported from."""
