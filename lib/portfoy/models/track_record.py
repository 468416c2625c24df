"""How far a forecast may be off: the errors of forecasts of the same length, made on earlier days of the same data.

In plain words. On each of K earlier days the same models forecast, and by now we know what came. The error of a group
of customers is e = log(forecast / came). Squared errors are taken about zero, not about their mean: a model that is
always too high is off by all of that. What all customers share is A, and what groups add to it falls with the number of
customers that their forecast f rests on, 1 / n with n = sum(f^2) / sum(f)^2, measured on tenths by forecast:

    s^2 = A + B / n,    B = sum of f (e_tenth - e_all)^2 over sum of f / n_tenth,    A = mean of e_all^2 - B / n_all

with A at least 0; tenths count by their forecast, for it is money that the interval is of.
Of a group that can be found on the earlier days too, its own errors count as well: (s^2 + sum of its K e^2) / (1 + K).
The interval is the forecast times and divided by exp(t s), with Student's t of K degrees of freedom, K + 1 with its
own. It holds the error of the estimate, of the model and the chance of individual buyers, for all of them were in what
came. It misleads where the future is unlike all of the past, and the earlier periods may overlap: K is then generous.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from portfoy.intervals import t_value
from portfoy.locale import _
from portfoy.models.holdout import groups_of
from portfoy.words import style

FEWEST = 2  # earlier days without which there is no interval
FARTHEST = (
    3.0  # the largest error that is counted or told, a factor of 20: of a group of which nothing came it is endless
)


@dataclass(frozen=True, eq=False)
class TrackRecord:
    """Forecasts of one length made on earlier days; false where there are too few for an interval.

    ``tests``: for each earlier day the customer table of that day, with ``forecast`` and ``came``, money.
    """

    tests: tuple = ()

    def __bool__(self):
        return len(self.tests) >= FEWEST

    @cached_property
    def errors(self):
        """The error of all customers together on each earlier day, log(forecast / came)."""
        return np.array([_errors(test, pd.Series(0, test.index))["error"].iloc[0] for test in self.tests])

    @cached_property
    def shared(self):
        """(A, B) of the module."""
        tenths = [
            _errors(test, pd.Series(groups_of(test["forecast"], 10), test.index)).assign(error_all=error)
            for test, error in zip(self.tests, self.errors, strict=True)
        ]
        tenths = pd.concat(tenths)
        far = tenths["forecast"] @ np.square(tenths["error"] - tenths["error_all"])
        own = float(far / (tenths["forecast"] @ tenths["rests_on"]))
        whole = np.mean([rests_on(test["forecast"]) for test in self.tests])
        return max(float(np.mean(np.square(self.errors))) - own * whole, 0.0), own

    def interval(self, value, rest, confidence, *, again=None, names=None):
        """Low and high of forecasts, arrays: missing where the record is too short.

        Parameters
        ----------
        value, rest : arrays, the forecast of each group, and its `rests_on`
        again : function that puts the customers of an earlier day (a customer table) into the same groups, optional
        names : those of the groups, where `again` is given
        """
        value = np.asarray(value, dtype=float)
        if not self:
            return np.full_like(value, np.nan), np.full_like(value, np.nan)
        common, own = self.shared
        square, count = common + own * np.asarray(rest, dtype=float), np.zeros(len(value))
        if again is not None:
            errors = [_errors(test, again(test))["error"].reindex(list(names)).to_numpy() for test in self.tests]
            count = np.isfinite(errors).sum(axis=0)
            square = (square + np.nansum(np.square(errors), axis=0)) / (1 + count)
        times = t_value(confidence, np.maximum(len(self.tests), count + 1))
        factor = np.exp(np.minimum(times * np.sqrt(square), FARTHEST))
        return value / factor, value * factor


def tests_said(tests, confidence):
    """What the interval of a forecast is made of, in a sentence."""
    text = _("Interval ({level}): errors of {tests:count} such forecasts on earlier days.")
    return style.say(text, {"level": style.level(confidence), "tests": tests})


def rests_on(forecast):
    """1 / n of the module: one over the number of customers that a forecast rests on; 0 where nothing is forecast."""
    total = np.sum(forecast)
    return float(np.sum(np.square(forecast)) / total**2) if total > 0 else 0.0


def _errors(test, groups):
    """By group of one earlier day: ``error``, ``forecast``, ``rests_on``; without those of whom nothing is forecast."""
    columns = {"forecast": test["forecast"], "came": test["came"], "square": np.square(test["forecast"])}
    sums = pd.DataFrame(columns).groupby(groups.astype(object)).sum()
    sums = sums[sums["forecast"] > 0]
    with np.errstate(divide="ignore"):
        error = np.log(sums["forecast"] / sums["came"].clip(lower=0)).clip(-FARTHEST, FARTHEST)
    return sums.assign(error=error, rests_on=sums["square"] / np.square(sums["forecast"]))
