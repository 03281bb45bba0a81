"""YAML suite files: reading, checking and writing them."""
