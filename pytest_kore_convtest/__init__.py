"""Wait for, judge and run conversation test suites of the Kore.ai XO Platform.

Public names are resolved when they are used, so that importing this package costs
nothing; ``__init__.pyi`` lists them for type checkers. PYTEST_DONT_REWRITE
"""


def __getattr__(name):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202 - see __init__.pyi
    from pytest_kore_convtest.public import resolve

    return resolve(name)
