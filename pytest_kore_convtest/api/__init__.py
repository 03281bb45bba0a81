"""The platform's public API: one method per endpoint, one exchange each."""
