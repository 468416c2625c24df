"""Sums of money without the last digits, which go by the order in which an engine adds up."""

import numpy as np

DIGITS = 12  # that are kept of what was added up, whatever the money: cents, millions or parts of a coin


def added(money, size=None, **where):
    """The sum of an amount (ibis), to the digits of all that was added up: of ten bought and brought back it is 0.

    `size` is what it was worked out from, where that is another amount: the price of what has a margin.
    """
    whole = (money.abs() if size is None else money.abs() + size.abs()).sum(**where)
    digits = DIGITS - 1 - whole.nullif(0).log10().floor().cast("int32")
    return money.sum(**where).round(digits.fill_null(0))


def settled(value, size):
    """The same of an array that was worked out from numbers of this size."""
    size = np.abs(np.asarray(size, dtype=float))
    tens = np.floor(np.log10(size, out=np.zeros_like(size), where=size > 0))
    up, down = (10.0 ** np.maximum(sign * (DIGITS - 1 - tens), 0) for sign in (1, -1))
    return np.round(value * up / down) / up * down
