"""The five most-used figures of customer management, what each is counted from, and what they were a year ago."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.errors import DataError
from portfoy.intervals import change_p
from portfoy.locale import _
from portfoy.metrics import churn, churn_change, clv, contract_churn, first_contact_resolution, nps, row_of, sales_cycle
from portfoy.words import style
from portfoy.words.codes import figure_names
from portfoy.words.result import Figure, Finding, NotPossible, Past, Result
from portfoy.words.table import show

DOWN = ("churn", "contract_churn", "sales_cycle")  # less is better
WINDOWED = ("churn", "contract_churn")  # a share of those there at the start of so many days, which the label says
BOUNDS = ["value", "value_low", "value_high"]


@dataclass(frozen=True)
class KeyFigures(Result):
    """The five most-used figures, churn in both its kinds.

    ``table``, one row per metric, always all six: ``metric`` churn, contract_churn, nps, clv, sales_cycle,
    first_contact_resolution; ``value``, ``value_low``, ``value_high`` in ``unit``; ``counted`` of ``base``; ``days``
    looked at (ahead, for clv); ``missing`` why there is no value, else empty. ``past``: "year" and "half" (a year)
    before -> the same as seen on that ``day`` (YYYY-MM-DD), with the churn window of today and without clv, the mean of
    a base that only grows, and ``p_value`` of the difference since, missing where one of the two is.
    """

    table: pd.DataFrame
    past: dict
    currency: str
    confidence: float

    def finding(self):
        rows = self.table[self.table["missing"] == ""].set_index("metric")
        if rows.empty:
            return Finding(_("No figure can be counted"), nothing=True)
        texts = {
            "churn": _("{value:share} of customers did not buy again in time"),
            "contract_churn": _("{value:share} of contracts ended within a year"),
        }
        told = next((metric for metric in texts if metric in rows.index), None)
        return None if told is None else Finding(style.say(texts[told], rows.loc[told]))

    def reading(self):
        rows, texts = self.table.set_index("metric"), []
        missing = int((rows["missing"] != "").sum())
        if not rows.loc["churn", "missing"]:
            texts.append(_("In time is within {days:days}."))
        if missing:
            texts.append(_("Not countable: {n:count}."))
        return style.say(" ".join(texts), {"days": rows.loc["churn", "days"], "n": missing})

    def figures(self):
        rows = [row for _place, row in self.table[self.table["missing"] == ""].iterrows()]
        past = {when: table.set_index("metric") for when, table in self.past.items()}
        return [
            Figure(
                row["metric"],
                *row[BOUNDS],
                unit=row["unit"],
                note=str(_basis(row, window=row["metric"] not in WINDOWED)),
                days=int(row["days"]) if row["metric"] in WINDOWED else None,
                better="down" if row["metric"] in DOWN else "up",
                **{
                    when: Past(*then.loc[row["metric"], ["day", "value", "p_value"]])
                    for when, then in past.items()
                    if not then.loc[row["metric"], "missing"]
                },
            )
            for row in rows
        ]

    def summary(self):
        basis = [row["missing"] or str(_basis(row)) for _place, row in self.table.iterrows()]
        shown = self.table.assign(figure=self.table["metric"].map(figure_names()), basis=basis)
        shown = shown[["figure", "value", "value_low", "value_high", "unit", "basis"]]
        return show(shown, _("The five figures"), currency=self.currency)

    def method(self):
        return style.say(
            _(
                "Churn: customers of a day so long ago who have lapsed since. Net promoter score (NPS): per cent "
                "9 and 10 less per cent 0 to 6. Lifetime value: margin, or revenue where no cost is known. Sales "
                "cycle: from first contact until half of those won within half a year are. First contact resolution: "
                "no second contact. Intervals ({confidence:share}): Wilson for shares, normal for NPS."
            ),
            vars(self),
        )


def key_figures(firm, *, states=None, value=None):
    """The five most-used metrics, churn in both its kinds, and why one cannot be counted.

    Parameters
    ----------
    firm : Firm
    states : States, optional; its lapsed limit is the window of churn without contracts
    value : LifetimeValue, optional

    Returns
    -------
    KeyFigures; where `states` or `value` is not possible, the row that needs it says why
    """
    table, then = metric_table(firm, states=states, value=value), {"year": firm.before(12), "half": firm.before(6)}
    past = {when: metric_table(day, states=states, value=None, whole=True) for when, day in then.items()}
    for when, day in then.items():
        p_value = _moved(firm, day, table, past[when])
        past[when] = past[when].assign(day=f"{day.as_of:%Y-%m-%d}", p_value=p_value)
    return KeyFigures(table, past, firm.currency, firm.confidence)


def metric_table(firm, *, states, value, whole=False):
    """The table of `KeyFigures`; `whole`: of an earlier day, only what has all the days that it looks back to."""
    tables, terms = firm.tables, {"as_of": firm.as_of, "confidence": firm.confidence}
    ways = {
        "churn": lambda: churn(firm.log, days=_window(states), **terms),
        "contract_churn": lambda: contract_churn(tables.subscriptions, **terms),
        "nps": lambda: nps(tables.surveys, **terms),
        "clv": lambda: clv(_given(value)),
        "sales_cycle": lambda: sales_cycle(tables.leads, **terms, whole=whole),
        "first_contact_resolution": lambda: first_contact_resolution(tables.tickets, **terms),
    }
    return pd.DataFrame([row_of(name, way) for name, way in ways.items()])


def _moved(firm, then, table, earlier):
    """The p-values of what has changed, a row each; that of churn sees that both days count the same customers."""
    found = []
    for (_place, now), (_same, was) in zip(table.iterrows(), earlier.iterrows(), strict=True):
        if now["missing"] or was["missing"]:
            found.append(np.nan)
        elif now["metric"] == "churn":
            found.append(churn_change(firm.log, days=now["days"], as_of=firm.as_of, since=then.as_of))
        else:
            found.append(change_p(*(row[BOUNDS].to_numpy(float) for row in (now, was)), firm.confidence))
    return found


def _given(result):
    """A result, unless it is not possible."""
    if isinstance(result, NotPossible):
        raise DataError(result.reason)
    return result


def _window(states):
    if _given(states) is None:
        raise DataError(_("churn: gaps between purchases give no window. Give lapsed_days."))
    return states.rule.lapsed_days


def _basis(row, window=True):
    """What a metric is counted from; with its window, unless the label has it."""
    if not window:
        customers, contracts = (
            _("{counted:count} of {base:count} customers"),
            _("{counted:count} of {base:count} contracts"),
        )
        return style.say(customers if row["metric"] == "churn" else contracts, row)
    text = {
        "churn": _("{counted:count} of {base:count} customers, in {days:days}"),
        "contract_churn": _("{counted:count} of {base:count} contracts, in {days:days}"),
        "nps": _("{base:count} customers who answered, in {days:days}"),
        "clv": _("mean of {base:count} customers, next {days:days}"),
        "sales_cycle": _("{base:count} deals won, begun in {days:days}"),
        "first_contact_resolution": _("{counted:count} of {base:count} closed tickets, in {days:days}"),
    }[row["metric"]]
    return style.say(text, row)
