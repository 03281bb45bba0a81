"""Suite files and the gate as pytest's items: which there are, and what they do."""
