"""Forecasts of who responds to a campaign, each made from the answers to earlier ones.

A logistic regression: the log odds of a response are a sum with one term for each feature. Not trees: responses are
few, so that a tree would learn single customers by heart; and the money of a campaign rests on probabilities that are
true on average, which a logistic regression gives by construction and trees have to be taught.

Every campaign has a level of its own, so that a rate that changes from one to the next is no skill; a forecast is that
of a campaign of their mean level. Skewed features (days, purchases, money) enter as logarithms, numbers are centred and
scaled, levels of a trait are held against the most frequent one. A mild ridge penalty keeps what rests on few responses
near no effect: before any contact was seen, one step of a feature was taken to change the odds by no more than the
factor two, with probability `PRIOR`. Intervals treat customers, not contacts, as independent, and allow for what the
penalty pulls: they are those of the posterior of that assumption.

Hastie, Tibshirani & Friedman (2009), The Elements of Statistical Learning, 2nd ed., sections 4.4 and 3.4.1.
Liang & Zeger (1986), Biometrika 73(1), 13-22, for the covariance over customers.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import expit

from portfoy.errors import FitError
from portfoy.intervals import bounded, delta_error, on_logits, on_logs, wald, z_value
from portfoy.locale import _
from portfoy.models.columns import ABOUT, CONTACTS, TREATED
from portfoy.models.leaks import MOST, hashed
from portfoy.models.logistic import CAMPAIGNS, campaign_effects, make_terms, regress, stack

FEWEST = 50  # responses, and others, before a campaign is forecast
PRIOR = 0.95  # fixed, whatever the confidence of the intervals: the same model for every reader
PENALTY = (z_value(PRIOR) / np.log(2)) ** 2  # one over the variance of a coefficient, as the text above has it


@dataclass(frozen=True)
class Fit:
    """A logistic regression: its terms, coefficients (the constant first), their covariance, and the mean columns."""

    terms: tuple
    beta: np.ndarray
    covariance: np.ndarray
    centre: np.ndarray

    @property
    def features(self):
        """Columns that `predict` needs."""
        return [term.name for term in self.terms]

    def strange(self, table):
        """Which customers have a trait that nobody had whom the model was fitted to."""
        return np.any([term.strange(table) for term in self.terms], axis=0)

    def predict(self, table, confidence=0.95):
        """Probability that each customer responds, were the next campaign like those so far.

        `table` needs the columns of `features`. On its index: ``p_response`` with bounds (of the estimate; campaigns
        also differ among themselves), missing for customers with a trait that nobody contacted so far had.
        """
        told = self.chances(table, "p_response", confidence)
        return told.mask(pd.Series(self.strange(table), table.index))

    def chances(self, table, name, confidence):
        """As `predict`, under a name, whatever traits the customers have."""
        columns = self._columns(table)
        logit = columns @ self.beta
        bounds = on_logits(logit, delta_error(columns, self.covariance), confidence)
        return pd.DataFrame(bounded(name, expit(logit), bounds), table.index)

    def expected_responses(self, table, confidence=0.95):
        """How many of these customers are expected to respond: (number, low, high), of the estimate."""
        columns = self._columns(table)
        p = expit(columns @ self.beta)
        total, error = float(p.sum()), delta_error((p * (1 - p)) @ columns, self.covariance)
        low, high = wald(total, float(error), confidence)
        return total, max(low, 0.0), high

    def pull(self, table):
        """What each feature adds to the log odds of each customer, compared with the contacts so far; a column each."""
        added = (stack(self.terms, table) - self.centre) * self.beta[1:]
        owner = np.array([row["feature"] for term in self.terms for row in term.rows()])
        return pd.DataFrame({name: added[:, owner == name].sum(axis=1) for name in dict.fromkeys(owner)}, table.index)

    def _columns(self, table):
        return np.column_stack([np.ones(len(table)), stack(self.terms, table)])


def forecast_campaigns(examples, features):
    """Every campaign as forecast from those before it, and the model of all answers so far: (DataFrame, Fit).

    The frame holds everybody treated or held out, with a known answer, in a campaign that could be forecast, as they
    came, with ``p_response``; models see those treated. FitError where there are too few campaigns or responses, or no
    feature tells anybody from others.
    """
    told = examples.loc[examples["responded"].notna() & examples["arm"].notna(), [*ABOUT, *features]]
    known = told[told["arm"] == TREATED].reset_index(drop=True)
    if not forecastable(known):
        text = _(
            "response: no campaign can be forecast (campaigns {campaigns}, answers {contacts}, responses {responses}); "
            "{fewest} responses and {fewest} others must come before it. Wait, or look at segments."
        )
        seen = {"campaigns": known["campaign_id"].nunique(), "contacts": len(known)}
        raise FitError(text.format(**seen, responses=int(known["responded"].sum()), fewest=FEWEST))
    judged, fit = forecast_periods(known, told, features)
    if fit is None:
        text = _("response: those contacted differ in no feature. Add traits to customers.")
        raise FitError(text)
    judged = judged[~judged.pop("strange")].reset_index(drop=True)
    if judged.empty:
        text = _("response: each campaign went to customers unlike those before. Wait, or give fewer features.")
        raise FitError(text)
    return judged, fit


def forecastable(known, roles=CONTACTS):
    """Campaigns that can be forecast, in order of time: those with enough answers known before they began."""
    starts = known.groupby(roles.within)["starts_on"].min().sort_values(kind="stable")
    days = known.groupby("known_on")[roles.hit].agg(["sum", "size"]).sort_index().cumsum()
    found = []
    for period, start in starts.items():
        before = days[days.index < start]
        if len(before) and min(before["sum"].iloc[-1], (before["size"] - before["sum"]).iloc[-1]) >= FEWEST:
            found.append((period, start))
    return found[-CAMPAIGNS:]


def forecast_periods(known, told, features, roles=CONTACTS, *, penalty=PENALTY, most=MOST, level_days=None):
    """Each campaign or period of `told` as forecast from those `known` before it began, and the model of all known.

    Gives (DataFrame, Fit): the rows of the periods that are `forecastable`, as they came, with the forecast ``p`` of
    `roles` and ``strange``, whether the model had seen nobody like them; None for the Fit where no feature tells rows
    apart. At most so many rows (`most`) go into a fit. With `level_days` the level of a forecast is not the mean of the
    periods before, but that of the latest rows: see `levelled`.
    """
    found = forecast_ways(known, told, {"": features}, roles, penalty=penalty, most=most, level_days={"": level_days})
    return found[""]


def forecast_ways(known, told, ways, roles=CONTACTS, *, penalty=PENALTY, most=MOST, level_days=None):
    """As `forecast_periods`, by several lists of features, name -> list: name -> (DataFrame, Fit).

    What the models share, such as the rows that they look at, is worked out once; `level_days` by name.
    """
    features, level_days = list(dict.fromkeys(each for some in ways.values() for each in some)), level_days or {}
    own = [roles.within, roles.of, roles.hit, "starts_on", "known_on", *features]
    known, draw = known[list(dict.fromkeys(own))], hashed(known[roles.of])
    judged, fits = {name: [] for name in ways}, {}
    for period, start in [*forecastable(known, roles), (None, None)]:  # at last the model of all
        seen = np.ones(len(known), dtype=bool) if period is None else (known["known_on"] < start).to_numpy()
        examples, weight = _drawn(known, seen, draw, roles.hit, most)
        terms = {term.name: (term, term.columns(examples)) for term in make_terms(examples, features, roles.logs)}
        effects, rows = campaign_effects(examples[roles.within], weight), told[told[roles.within] == period]
        columns = {name: term.columns(rows) for name, (term, _columns) in terms.items()}
        for name, some in ways.items():
            mine = [terms[feature] for feature in some if feature in terms]
            fit = _fit(mine, examples, effects, weight, roles, penalty) if mine else None
            if fit is not None and level_days.get(name):
                fit = levelled(fit, known[seen], roles, level_days[name])
            fits[name] = fit
            if fit is not None and period is not None:
                p = expit(fit.beta[0] + _beside([columns[term.name] for term in fit.terms], len(rows)) @ fit.beta[1:])
                judged[name].append(rows.assign(**{roles.p: p, "strange": fit.strange(rows)}))
    none = told.head(0)
    return {name: (pd.concat(own, ignore_index=True) if own else none, fits[name]) for name, own in judged.items()}


def _beside(columns, rows):
    every = [column for term in columns for column in term]
    return np.column_stack(every) if every else np.empty((rows, 0))


def levelled(fit, known, roles, days):
    """The model with the constant that makes its forecasts true, on the whole, for the latest of the rows known.

    Those that began in so many days before the last did, or all where they hold fewer than 50 hits or others. So a base
    rate that drifts does not carry into a forecast; the order of forecasts stays.
    """
    since = known["starts_on"].max() - pd.Timedelta(days=days)
    late = known[known["starts_on"] > since]
    hits = late[roles.hit].sum()
    late = late if min(hits, len(late) - hits) >= FEWEST else known
    columns, constant = stack(fit.terms, late), fit.beta[0]
    rest, hits = columns @ fit.beta[1:], late[roles.hit].sum()
    for _step in range(50):
        p = expit(constant + rest)
        move = (hits - p.sum()) / (p * (1 - p)).sum()
        constant += np.clip(move, -1, 1)
        if abs(move) < 1e-9:
            break
    weight = p * (1 - p)
    slopes, covariance = -(weight @ columns) / weight.sum(), fit.covariance.copy()
    covariance[0, 1:] = covariance[1:, 0] = slopes @ covariance[1:, 1:]
    covariance[0, 0] = 1 / weight.sum() + covariance[0, 1:] @ slopes
    return replace(fit, beta=np.concatenate([[constant], fit.beta[1:]]), covariance=covariance)


def _fit(terms, examples, effects, weight, roles, penalty):
    """A logistic regression on rows, by terms, each with its columns of them; None where these are none."""
    columns, outcome = (
        _beside([each for _term, each in terms], len(examples)),
        examples[roles.hit].to_numpy(dtype=float),
    )
    own = columns.shape[1]
    if not own:
        return None
    centre = np.average(columns, axis=0, weights=weight)
    columns = np.hstack([columns, effects])
    beta, bread, whole, p = regress(columns, outcome, penalty, weight)
    prior = np.diag([0.0] + [penalty] * columns.shape[1])
    score = whole * (weight * (outcome - p))[:, None]
    if not examples[roles.of].is_unique:
        score = pd.DataFrame(score).groupby(pd.factorize(examples[roles.of])[0]).sum().to_numpy()
    covariance = bread @ (score.T @ score + prior) @ bread
    return Fit(tuple(term for term, _each in terms), beta[: own + 1], covariance[: own + 1, : own + 1], centre)


def _drawn(known, seen, draw, hit, most):
    """The rows seen; if very many, some of those who responded and some of those who did not, with their weights."""
    rows, weights, outcome = [], [], known[hit].to_numpy()
    for side in (np.flatnonzero(seen & (outcome == told)) for told in (1, 0)):
        kept = side
        if len(side) > most // 2 and seen.sum() > most:
            kept = side[draw[side] <= np.partition(draw[side], most // 2 - 1)[most // 2 - 1]]
        rows.append(kept)
        weights.append(np.full(len(kept), len(side) / max(len(kept), 1)))
    order = np.argsort(rows := np.concatenate(rows), kind="stable")
    return known.iloc[rows[order]], np.concatenate(weights)[order]


def odds_table(fit, confidence):
    """The odds ratios of a model, those first that are far from 1 for their error, at whatever confidence.

    One row per column of it: ``feature``; ``level`` against ``reference``, both empty for a number; ``step``, one
    standard deviation of it (by which it is multiplied, where it is skewed); ``odds_ratio`` with bounds.
    """
    log, error = fit.beta[1:], np.sqrt(np.diag(fit.covariance))[1:]
    low, high = on_logs(np.exp(log), error, confidence)
    rows = pd.DataFrame([row for term in fit.terms for row in term.rows()])
    rows = rows.assign(odds_ratio=np.exp(log), odds_ratio_low=low, odds_ratio_high=high)
    order = np.argsort(z_value(PRIOR) * error - np.abs(log), kind="stable")
    return rows.iloc[order].reset_index(drop=True)
