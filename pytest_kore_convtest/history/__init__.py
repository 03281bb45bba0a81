"""Runs beside each other: what newly fails, what is accepted, and how suites did over time; no network."""
