"""What the models' fits share: the columns as numbers, the distinct rows, and the search for the highest likelihood."""

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from portfoy.errors import DataError, FitError, has_columns
from portfoy.locale import _
from portfoy.models.threads import one_thread

FEWEST_REPEATERS = 30
MANY_ROWS = 20_000
REACH = 9.0  # bound on each log-parameter, time in mean ages: nine is a factor of 8,000 either way
LARGEST_LOG_ERROR = 5.0  # a parameter uncertain by a factor of e^5 is not estimated at all


def time_columns(where, customers):
    """`repeats`, `span` and `age` of a customer table as arrays, as `number_columns`; no span may exceed its age."""
    x, t, age = number_columns(where, customers, ["repeats", "span", "age"])
    late = int((t > age).sum())
    if late:
        text = _("{where}: 'span' is longer than 'age' in {count} of {rows} rows. Take firm.customers.")
        raise DataError(text.format(where=where, count=late, rows=len(t)))
    return x, t, age


def number_columns(where, table, names, present=(), advice=None):
    """The columns `names` as arrays.

    DataError where one of `names` or `present` is not there, or one of `names` holds a missing or negative value.
    """
    has_columns(table, [*names, *present], where, advice)
    columns = [table[name].to_numpy(dtype=float, na_value=np.nan) for name in names]
    for name, values in zip(names, columns, strict=True):
        wrong = int((~(np.isfinite(values) & (values >= 0))).sum())
        if wrong:
            text = _("{where}: {name!r} is missing or below 0 in {count} of {rows} rows. Correct or leave them out.")
            raise DataError(text.format(where=where, name=name, count=wrong, rows=len(values)))
    return columns


def distinct(*columns):
    """Distinct rows of equally long arrays: the row each element belongs to, and the columns of the sorted rows."""
    frame = pd.DataFrame(dict(enumerate(columns)))
    groups = frame.groupby(list(frame), sort=True)  # in order, the look-ups of a likelihood stay near one another
    rows = groups.size().index
    return groups.ngroup().to_numpy(), [rows.get_level_values(place).to_numpy(dtype=float) for place in frame]


def coarsened(weight, x, *columns, cells):
    """Weighted rows with all columns but x rounded to a share of one, merged: near enough to tell the starts apart."""
    row, rows = distinct(x, *(np.round(column * cells) / cells for column in columns))
    return *rows, np.bincount(row, weight)


@one_thread()
def maximise(where, gain, starts, count, *, rough=None):
    """Highest point of a log-likelihood in log-parameters: (point, value, information matrix).

    `gain(point)` gives the log-likelihood of `count` observations and its gradient; `rough`, if given, is a cheaper one
    on which the `starts` compete. FitError where the search stops short of a maximum.
    """

    def climb(function, start):
        def descent(point):
            value, slope = function(point)
            return -value / count, -slope / count

        box = [(-REACH, REACH)] * len(start)
        options = {"maxiter": 2000, "ftol": 1e-13, "gtol": 1e-8}
        start = np.clip(start, -REACH, REACH)
        return minimize(descent, start, jac=True, method="L-BFGS-B", bounds=box, options=options)

    best = min((climb(rough or gain, start) for start in starts), key=lambda found: found.fun)
    point = best.x
    if rough not in (None, gain):
        point = _finish(gain, point, _information(rough, point), lambda start: climb(gain, start).x)
    for _step in range(10):
        value, slope = gain(point)
        information = _information(gain, point)
        if np.linalg.eigvalsh(information)[0] < LARGEST_LOG_ERROR**-2 or np.abs(point).max() > REACH - 1e-3:
            return point, value, information  # a ridge or a bound: for the caller to explain
        step = np.linalg.solve(information, slope)
        if step @ slope < 1e-8:  # the rise still to be had, in units of log-likelihood
            return point + step, value, information
        point = point + step / max(1.0, np.abs(step).max())
    text = _(
        "{where}: no maximum from {starts} starting points, last step {step:.2g}. Look for extreme customers, or "
        "use a longer history."
    )
    raise FitError(text.format(where=where, starts=len(starts), step=np.abs(step).max()))


def _finish(gain, point, curvature, climb):
    """From the peak of a cheap likelihood to that of the exact one: Newton steps with the cheap curvature."""
    if np.linalg.eigvalsh(curvature)[0] < LARGEST_LOG_ERROR**-2 or np.abs(point).max() > REACH - 1e-3:
        return climb(point)
    start = point
    for _step in range(10):
        step = np.linalg.solve(curvature, gain(point)[1])
        if np.abs(step).max() > 0.5:
            return climb(start)
        point = point + step
        if np.abs(step).max() < 1e-6:
            return point
    return climb(start)


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
