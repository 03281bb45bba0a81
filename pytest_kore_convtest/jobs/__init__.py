"""Jobs: upload, import, run, waiting, limits, once only; no pytest."""
