"""What the models' fits share: the columns as numbers, the distinct rows, and the search for the highest likelihood."""

import math

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from portfoy.errors import DataError, FitError, has_columns
from portfoy.locale import _
from portfoy.models.threads import one_thread

FEWEST_REPEATERS = 30
MANY_ROWS = 5_000
REACH = 9.0  # bound on each log-parameter, time in mean ages: nine is a factor of 8,000 either way
LARGEST_LOG_ERROR = 5.0  # a parameter uncertain by a factor of e^5 is not estimated at all


def time_columns(where, customers, *, whole=False):
    """`repeats`, `span` and `age` of a customer table as arrays, as `number_columns`; no span may exceed its age."""
    x, t, age = number_columns(where, customers, ["repeats", "span", "age"], whole=whole)
    late = int((t > age).sum())
    if late:
        text = _("{where}: 'span' is longer than 'age' in {count} of {rows} rows. Take firm.customers.")
        raise DataError(text.format(where=where, count=late, rows=len(t)))
    return x, t, age


def number_columns(where, table, names, present=(), advice=None, *, whole=False):
    """The columns `names` as arrays of floats; with `whole`, those of int64 as they are, without a copy.

    DataError where one of `names` or `present` is not there, or one of `names` holds a missing or negative value.
    """
    has_columns(table, [*names, *present], where, advice)
    columns = [
        column.to_numpy() if whole and column.dtype == "int64" else column.to_numpy(dtype=float, na_value=np.nan)
        for column in (table[name] for name in names)
    ]
    for name, values in zip(names, columns, strict=True):
        wrong = int((~(np.isfinite(values) & (values >= 0))).sum())
        if wrong:
            text = _("{where}: {name!r} is missing or below 0 in {count} of {rows} rows. Correct or leave them out.")
            raise DataError(text.format(where=where, name=name, count=wrong, rows=len(values)))
    return columns


def distinct(*columns):
    """Distinct rows of equally long arrays: the row each element belongs to, and the columns of the sorted rows."""
    frame = pd.DataFrame(dict(enumerate(columns)))
    groups = frame.groupby(list(frame), sort=True)
    rows = groups.size().index
    return groups.ngroup().to_numpy(), [rows.get_level_values(place).to_numpy(dtype=float) for place in frame]


def counted(*columns):
    """Distinct rows of equally long columns of whole numbers, and how often each is there; of others each row, once."""
    sizes = [int(column.max()) + 1 for column in columns]
    whole = all(column.dtype.kind == "i" or np.array_equal(column, np.floor(column)) for column in columns)
    if not whole or math.prod(sizes) > 2**53:  # where a float no longer holds every whole number
        return *(column.astype(float) for column in columns), np.ones(len(columns[0]))
    key, rows = np.zeros(len(columns[0])), []
    for column, size in zip(columns, sizes, strict=True):
        key *= size
        key += column
    key.sort()
    first = np.append(0, np.flatnonzero(key[1:] != key[:-1]) + 1)
    weight, key = np.diff(np.append(first, len(key))).astype(float), key[first]
    for size in reversed(sizes):
        above = np.floor(key / size)
        rows.append(key - above * size)
        key = above
    return *reversed(rows), weight


def coarsened(x, *columns, cells):
    """Rows with their weights last; those of one x and one cell of the columns' roots become their mean.

    That is near enough to tell starting points apart, and to be one.
    """
    *columns, weight = columns
    key = x
    for column in columns:
        cell = np.round(np.sqrt(column) * cells)
        key = key * (cell.max() + 1) + cell
    at, keys = pd.factorize(key)
    few, own = np.bincount(at, weight), np.empty(len(keys))
    own[at] = x
    return own, *(np.bincount(at, weight * column) / few for column in columns), few


@one_thread()
def maximise(where, gain, starts, count, *, rough=None, full=None):
    """Highest point of a log-likelihood in log-parameters: (point, value, information matrix).

    `gain(point)` gives the log-likelihood of `count` observations and its gradient; `full`, where there is one, these
    and the information matrix; `rough`, if given, is a cheaper `gain` on which the `starts` compete. FitError where the
    search stops short of a maximum.
    """

    def climb(function, start):
        def descent(point):
            value, slope = function(point)
            return -value / count, -slope / count

        box = [(-REACH, REACH)] * len(start)
        options = {"maxiter": 2000, "ftol": 1e-13, "gtol": 1e-8}
        start = np.clip(start, -REACH, REACH)
        return minimize(descent, start, jac=True, method="L-BFGS-B", bounds=box, options=options)

    rough = rough or gain
    point, near = min((climb(rough, start) for start in starts), key=lambda found: found.fun).x, rough is gain
    for _step in range(20):
        value, slope, information = full(point) if full else (*gain(point), _information(gain, point))
        ridge = np.linalg.eigvalsh(information)[0] < LARGEST_LOG_ERROR**-2 or np.abs(point).max() > REACH - 1e-3
        if ridge and near:
            return point, value, information  # a ridge or a bound: for the caller to explain
        step = np.zeros_like(slope) if ridge else np.linalg.solve(information, slope)
        if not near and (ridge or np.abs(step).max() > 0.5):
            point, near = climb(gain, point).x, True
        elif step @ slope < (1e-8 * count if np.abs(step).max() < 1e-4 else 1e-8):  # the rise still to be had
            return point + step, value + step @ slope / 2, information  # the error left is about the square of the step
        else:
            point = point + step / max(1.0, np.abs(step).max())
    text = _(
        "{where}: no maximum from {starts} starting points, last step {step:.2g}. Look for extreme customers, or "
        "use a longer history."
    )
    raise FitError(text.format(where=where, starts=len(starts), step=np.abs(step).max()))


def inverse(point, information):
    """Inverse of the information along the directions that the data determine; nothing is known of the others."""
    free = np.flatnonzero(np.abs(point) <= REACH - 1e-3)
    values, directions = np.linalg.eigh(information[np.ix_(free, free)])
    sure = values >= LARGEST_LOG_ERROR**-2
    covariance = np.zeros_like(information)
    covariance[np.ix_(free, free)] = (directions[:, sure] / values[sure]) @ directions[:, sure].T
    return covariance


def _information(gain, point, step=1e-4):
    """Minus the second derivatives of `gain`, by central differences of its gradient."""
    slopes = [gain(point + d)[1] - gain(point - d)[1] for d in step * np.eye(len(point))]
    second = np.array(slopes) / (-2 * step)
    return (second + second.T) / 2
