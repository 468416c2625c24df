"""The five most-used figures of customer management, what each is counted from, and what they were a year ago."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.errors import DataError, FitError
from portfoy.locale import _, plural
from portfoy.metrics import Metric, churn, clv, contract_churn, first_contact_resolution, nps, sales_cycle
from portfoy.words import style
from portfoy.words.result import Figure, Finding, NotPossible, Result
from portfoy.words.table import show

DOWN = ("churn", "contract_churn", "sales_cycle")  # less is better


@dataclass(frozen=True)
class KeyFigures(Result):
    """The five most-used figures, churn in both its kinds.

    ``table``, one row per metric, always all six: ``metric`` churn, contract_churn, nps, clv, sales_cycle,
    first_contact_resolution; ``value``, ``value_low``, ``value_high`` in ``unit``; ``counted`` of ``base``; ``days``
    looked at (ahead, for clv); ``missing`` why there is no value, else empty. ``earlier`` the same as seen a year
    before, with the churn window of today and without clv.
    """

    table: pd.DataFrame
    earlier: pd.DataFrame
    currency: str
    confidence: float

    def finding(self):
        rows = self.table[self.table["missing"] == ""].set_index("metric")
        if rows.empty:
            return Finding(_("None of the five figures can be counted"), nothing=True)
        texts = {
            "churn": _("{value:share} of customers did not buy again in time"),
            "contract_churn": _("{value:share} of the contracts have ended within a year"),
        }
        told = next((metric for metric in texts if metric in rows.index), None)
        return None if told is None else Finding(style.say(texts[told], rows.loc[told]))

    def reading(self):
        rows, texts = self.table.set_index("metric"), []
        if not rows.loc["churn", "missing"]:
            text = _("In time is within {days:days}, the lapsed limit of the states.")
            texts.append(style.say(text, rows.loc["churn"]))
        missing = int((rows["missing"] != "").sum())
        if missing:
            text = plural(
                "{n:count} figure cannot be counted from these data; the table says why.",
                "{n:count} figures cannot be counted from these data; the table says why.",
                missing,
            )
            texts.append(style.say(text, {"n": missing}))
        return style.Reading(" ".join(texts))

    def figures(self):
        notes = {
            "churn": _("of {base:count} customers, in {days:days}"),
            "contract_churn": _("of {base:count} contracts, in {days:days}"),
            "nps": _("{base:count} customers asked, {days:days}"),
            "clv": _("margin or revenue over the next {days:days}"),
            "sales_cycle": _("median of {base:count} deals won"),
            "first_contact_resolution": _("of {base:count} closed tickets"),
        }
        return [
            Figure(
                row["metric"],
                *row[["value", "value_low", "value_high"]],
                unit=row["unit"],
                note=str(style.say(notes[row["metric"]], row)),
                better="down" if row["metric"] in DOWN else "up",
            )
            for _place, row in self.table[self.table["missing"] == ""].iterrows()
        ]

    def summary(self):
        names, rows = metric_names(), [row for _place, row in self.table.iterrows()]
        shown = self.table.assign(
            figure=self.table["metric"].map(names), basis=[row["missing"] or str(_basis(row)) for row in rows]
        )[["figure", "value", "value_low", "value_high", "unit", "basis"]]
        return show(shown, _("The five figures, and what each is counted from"), currency=self.currency)

    def method(self):
        return style.say(
            _(
                "Churn without contracts takes the lapsed limit of the states as its window. Each customer answers "
                "the question of recommending once, by the latest answer. Leads still open and contracts still "
                "running are not counted as lost. Intervals ({confidence:share}): Wilson for shares, the variance of "
                "an answer for the promoter score, ranks for the median, the error of the forecast for the value."
            ),
            {"confidence": self.confidence},
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
    then, terms = firm.before(12), {"states": states}
    earlier = metric_table(then, value=None, **terms)
    return KeyFigures(metric_table(firm, value=value, **terms), earlier, firm.currency, firm.confidence)


def metric_names():
    """What the five most-used metrics are called; churn is two, with contracts and without."""
    return {
        "churn": _("Churn"),
        "contract_churn": _("Churn of contracts"),
        "nps": _("Net promoter score (NPS)"),
        "clv": _("Customer lifetime value"),
        "sales_cycle": _("Sales cycle length"),
        "first_contact_resolution": _("First contact resolution"),
    }


def metric_table(firm, *, states, value):
    """The table of `KeyFigures`."""
    tables, terms = firm.tables, {"as_of": firm.as_of, "confidence": firm.confidence}
    ways = {
        "churn": lambda: churn(firm.log, days=_window(states), **terms),
        "contract_churn": lambda: contract_churn(tables.subscriptions, **terms),
        "nps": lambda: nps(tables.surveys, **terms),
        "clv": lambda: clv(_given(value)),
        "sales_cycle": lambda: sales_cycle(tables.leads, **terms),
        "first_contact_resolution": lambda: first_contact_resolution(tables.tickets, **terms),
    }
    return pd.DataFrame([_row(name, way) for name, way in ways.items()])


def _given(result):
    """A result, unless it is not possible."""
    if isinstance(result, NotPossible):
        raise DataError(result.reason)
    return result


def _window(states):
    if _given(states) is None:
        raise DataError(_("churn: no window could be derived from the gaps between purchases. Give lapsed_days."))
    return states.rule.lapsed_days


def _row(name, way):
    try:
        found, missing = way(), ""
    except (DataError, FitError) as error:
        found, missing = Metric(name, np.nan, np.nan, np.nan, "number", days=0), str(error)
    bounds = {"value": float(found.value), "value_low": float(found.low), "value_high": float(found.high)}
    counts = {"counted": float(found.counted), "base": float(found.base), "days": found.days}
    return {"metric": name, **bounds, "unit": found.unit, **counts, "missing": missing}


def _basis(row):
    text = {
        "churn": _(
            "{counted:count} of {base:count} customers who bought in one window of {days:days} did not buy in the next "
            "one, which ends on the day of this report"
        ),
        "contract_churn": _("{counted:count} of {base:count} contracts that ran {days:days} ago have ended since"),
        "nps": _(
            "per cent of answers 9 and 10 less per cent of answers 0 to 6; the latest answers of {base:count} "
            "customers in {days:days}"
        ),
        "clv": _("what each of {base:count} customers is expected to bring in the next {days:days}, on average"),
        "sales_cycle": _(
            "median from first contact to the win, of {base:count} deals won in {days:days}; open leads left out"
        ),
        "first_contact_resolution": _(
            "{counted:count} of {base:count} tickets closed in {days:days} took one contact and no second"
        ),
    }[row["metric"]]
    return style.say(text, row)
