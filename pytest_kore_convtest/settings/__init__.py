"""The settings: the table, their types, where each value came from.

PYTEST_DONT_REWRITE
"""
