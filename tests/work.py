"""How much work a function does, counted and not timed: a busy machine counts the same."""

import sys


def count_lines(function, *args):
    """Return how many lines of Python are executed by a call."""
    count = 0

    def trace(_frame, event, _argument):
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function(*args)
    finally:
        sys.settrace(before)
    return count


def growth(prepare, size):
    """Return by what the work grows when its input is twice as large: 2 for linear work, 4 for quadratic.

    Args:
        prepare: Takes a size; returns the function to be counted, without arguments.
        size: The smaller of the two sizes.
    """
    small, large = prepare(size), prepare(2 * size)
    small()  # what is done once only is done now
    return count_lines(large) / count_lines(small)
