"""The address of the gate: ``pytest --pyargs pytest_kore_convtest.gate``; ``plugin.gate`` collects it."""
