"""Suites: files, lint, what was stored, what was run; no network."""
