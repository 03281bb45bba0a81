"""Wait for, judge and run conversation test suites of the Kore.ai XO Platform."""
