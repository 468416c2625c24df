"""How what is known of a customer enters a model: numbers scaled, traits as one column a level."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from portfoy.locale import _
from portfoy.models.columns import HISTORY, as_number
from portfoy.words import style
from portfoy.words.codes import feature_labels

RARE = 20  # contacts; levels of a trait with fewer go together
LEVELS = 12  # levels of a trait at most; the rarest go together
CAMPAIGNS = 24  # campaigns with a level of their own; the latest are judged, if there are more
FREE = 10.0  # times the prior deviation of a feature is that of a campaign's level
OTHERS, NOT_KNOWN = "(all others)", "(not known)"


@dataclass(frozen=True)
class Number:
    """A number as a column: its logarithm where it is skewed, less its mean, in standard deviations.

    What is missing counts as the mean, and is `flagged` by a column of its own where that is not rare.
    """

    name: str
    log: bool
    mean: float
    sd: float
    low: float
    high: float
    flagged: bool

    def columns(self, table):
        """Arrays; values beyond those that the model was fitted to count as the nearest of them."""
        value = np.clip(_numbers(table[self.name]).to_numpy(), self.low, self.high)
        missing = np.isnan(value)
        scaled = np.where(missing, 0.0, ((_logarithm(value) if self.log else value) - self.mean) / self.sd)
        return [scaled, *([missing.astype(float)] if self.flagged else [])]

    def rows(self):
        """What each column is: ``feature``, ``level``, ``reference``, ``step``."""
        step = float(np.exp(self.sd)) if self.log else self.sd
        rows = [{"feature": self.name, "level": "", "reference": "", "step": step}]
        return [*rows, rows[0] | {"level": NOT_KNOWN, "step": np.nan}] if self.flagged else rows

    def strange(self, table):
        """Which customers are like nobody the model was fitted to: none."""
        return np.zeros(len(table), dtype=bool)


@dataclass(frozen=True)
class Levels:
    """A trait as columns of 0 and 1, one for each level but the most frequent; rare levels go together."""

    name: str
    reference: str
    others: tuple
    seen: frozenset

    def columns(self, table):
        """Arrays; a level that is not known, where it always was, counts as the most frequent."""
        codes, level = pd.factorize(_texts(table[self.name]))
        rest = OTHERS if OTHERS in self.others else self.reference
        level = np.where(level.isin([self.reference, *self.others]), level, rest)
        return [(level == one).astype(float)[codes] for one in self.others]

    def rows(self):
        """What each column is: ``feature``, ``level``, ``reference``, ``step``."""
        return [
            {"feature": self.name, "level": level, "reference": self.reference, "step": np.nan} for level in self.others
        ]

    def strange(self, table):
        """Which customers are like nobody the model was fitted to: those of a level it never saw."""
        return ~_texts(table[self.name]).isin(self.seen | {NOT_KNOWN}).to_numpy()


def make_terms(examples, features, logs=HISTORY):
    """The terms of a model, in the order of the features; a number that is the same for all is left out."""
    return tuple(term for term in (_term(examples[name], name, logs) for name in features) if term)


def stack(terms, table):
    """The columns of all terms side by side."""
    columns = [column for term in terms for column in term.columns(table)]
    return np.column_stack(columns) if columns else np.empty((len(table), 0))


def said_terms(rows, ratio, names=None, logs=HISTORY):
    """The rows of terms with ``feature`` and ``comparison`` in words, and the columns of their `ratio`.

    `names`: what a reader calls a feature, by default those of `feature_labels`; `logs`: numbers taken as logarithms.
    """
    names = feature_labels() if names is None else names
    features = [names.get(name, style.shorten(name)) for name in rows["feature"]]
    words = {"feature": features, "comparison": [_comparison(row, logs) for row in rows.itertuples()]}
    return pd.DataFrame(words, rows.index).join(rows.filter(like=ratio))


def _comparison(row, logs):
    words = {NOT_KNOWN: _("not known"), OTHERS: _("all others"), "True": _("yes"), "False": _("no"), "": _("average")}
    if row.level:
        level, reference = (words.get(one, style.shorten(one)) for one in (row.level, row.reference))
        return _("{level} rather than {reference}").format(level=level, reference=reference)
    text = _("{step} times as high") if row.feature in logs else _("higher by {step}")
    return text.format(step=style.number(row.step, 1 if row.feature in [*logs, "years"] else 2))


def campaign_effects(campaign_id, weight=None):
    """Columns that leave every campaign a level of its own, so that only what tells its customers apart counts.

    Each is centred (by `weight`), so that the constant is that of a campaign like those so far, and large, so that the
    penalty hardly holds it. Campaigns of fewer than 20 contacts, or beyond the 24 largest, have one level together.
    """
    counts = campaign_id.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    own = counts[counts >= RARE].index[:CAMPAIGNS]
    own = own[1:] if len(own) == len(counts) else own
    columns = (own.get_indexer(campaign_id)[:, None] == np.arange(len(own))).astype(float)
    weight = np.ones(len(columns)) if weight is None else weight
    return FREE * (columns - weight @ columns / weight.sum())


def regress(columns, outcome, penalty, weight=1.0):
    """A ridge logistic regression; `penalty` is one over the variance that a coefficient was taken to have.

    Gives the constant and coefficients, the inverse of the information at the maximum, the columns with that of the
    constant, and the fitted probabilities.
    """
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1 / penalty, solver="newton-cholesky", tol=1e-8, max_iter=200)
    model.fit(columns, outcome, sample_weight=weight)
    beta, whole = np.concatenate([model.intercept_, model.coef_[0]]), np.column_stack([np.ones(len(columns)), columns])
    p, ridge = expit(whole @ beta), np.diag([0.0] + [penalty] * columns.shape[1])
    return beta, np.linalg.inv((whole * (weight * p * (1 - p))[:, None]).T @ whole + ridge), whole, p


def _term(values, name, logs):
    number = None if pd.api.types.is_bool_dtype(values) else as_number(values)
    if number is None:
        return _levels(_texts(values).value_counts(), name)
    used = _logarithm(number) if name in logs else number
    sd = float(used.std(ddof=0))
    if not sd > 1e-9:
        return None
    flagged = name not in HISTORY and number.isna().sum() >= RARE  # of history, bought_before tells
    mean, low, high = float(used.mean()), float(number.min()), float(number.max())
    return Number(name, name in logs, mean, sd, low, high, bool(flagged))


def _levels(counts, name):
    counts = counts.sort_index().sort_values(ascending=False, kind="stable")
    kept = [level for level, n in counts.head(LEVELS).items() if n >= RARE] or [counts.index[0]]
    rest = counts.sum() - counts[kept].sum()
    return Levels(name, kept[0], (*kept[1:], *([OTHERS] if rest >= RARE else [])), frozenset(counts.index))


def _logarithm(value):
    return np.log1p(np.maximum(value, 0))


def _numbers(values):
    number = as_number(values)
    return pd.to_numeric(values, errors="coerce").astype(float) if number is None else number


def _texts(values):
    if not pd.api.types.is_string_dtype(values):
        values = values.astype("object").where(values.notna(), NOT_KNOWN).astype("str")
    return values.fillna(NOT_KNOWN)
