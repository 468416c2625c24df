"""What asks for a look now: out of the ordinary, and about money."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.errors import DataError
from portfoy.firm import analysis
from portfoy.locale import _
from portfoy.words import style
from portfoy.words.codes import said_as
from portfoy.words.result import Action, Finding, Result
from portfoy.words.table import show

MOST = 5
ALIKE = {  # figures that tell the same news: the one with the most money speaks for all
    **dict.fromkeys(["month_active", "month_revenue", "month_revenue_paid", "month_margin", "month_ticket"], "revenue"),
    **dict.fromkeys(["month_lost", "month_churn"], "churn"),
    **dict.fromkeys(["month_new", "month_cac"], "newcomers"),
}


@dataclass(frozen=True)
class Alerts(Result):
    """The signals of the month that are about money, the most money first.

    ``table``, at most `MOST` rows: ``kpi``; ``unit``; ``value`` of the month; ``normal`` with its limits; ``stake``
    money a year if the month stays as it is: what it is off, twelve times; ``changed_on`` since when. ``quiet``:
    signals that are about no money that the tables tell. ``n``: figures that were looked at.
    """

    table: pd.DataFrame
    quiet: list
    n: int
    currency: str

    def finding(self):
        if self.table.empty:
            return Finding(_("Nothing worth money is out of the ordinary"), nothing=True)
        row = self.table.iloc[0]
        text = _("{kpi}: {stake:money} a year at stake")
        said = style.say(text, {**row, "kpi": said_as("kpi", row["kpi"])}, currency=self.currency)
        return Finding(said, 0.0, abs(float(row["stake"])))

    def reading(self):
        if self.table.empty:
            return style.say(_("Figures looked at: {n:count}."), {"n": self.n})
        text = _(
            "It was {value:figure} where {normal_interval:figure} is usual; it was chance if the next month is back."
        )
        return style.say(text, dict(self.table.iloc[0]), currency=self.currency)

    def actions(self):
        text = _("Find out why: {kpi}, {value:figure} where {normal_interval:figure} is usual")
        rows = [{**row, "kpi": said_as("kpi", row["kpi"])} for _place, row in self.table.iterrows()]
        return [Action(str(style.say(text, row, currency=self.currency)), worth=row["stake"]) for row in rows]

    def summary(self):
        if self.table.empty:
            return []
        table = self.table.drop(columns=["changed_on"]) if self.table["changed_on"].isna().all() else self.table
        return show(table, _("Out of the ordinary, by money"), currency=self.currency)

    def method(self):
        text = _(
            "Signals in money, twelve months of it: of revenue and margin what the month is off, of churn the "
            "fees or yearly revenue of those lost beyond the usual, of newcomers that of those who did not "
            "come. Of figures with the same news the dearest speaks."
        )
        return style.say(text, {})


@analysis
def alerts(firm, kpis):
    """At most five figures that are out of the ordinary and about money, the most money first.

    Parameters
    ----------
    firm : Firm
    kpis : Kpis

    Returns
    -------
    Alerts; not possible where `kpis` is not, or no figure has the history that limits need
    """
    rows, quiet, looked = [], [], int(kpis.table["normal"].notna().sum())
    if not looked:
        raise DataError(_("alerts: no figure of the month has limits yet. Use a longer history."))
    for _place, row in kpis.signals.iterrows():
        stake = _stake(kpis, row)
        if not stake > 0:
            quiet.append(row["kpi"])
            continue
        names = ["kpi", "unit", "value", "normal", "normal_low", "normal_high", "changed_on"]
        rows.append({name: row[name] for name in names} | {"stake": stake, "news": ALIKE.get(row["kpi"], row["kpi"])})
    table = pd.DataFrame(rows, columns=["kpi", "unit", "value", "normal", "normal_low", "normal_high", "stake",
                                        "changed_on", "news"])  # fmt: skip
    table = table.sort_values("stake", ascending=False).drop_duplicates("news").drop(columns="news").head(MOST)
    return Alerts(table.reset_index(drop=True), quiet, looked, firm.currency)


def _stake(kpis, row):
    """Money a year that a signal is about, good or bad news; missing where the tables do not tell."""
    name, off = row["kpi"], abs(row["value"] - row["normal"])
    month = {kpi: each["value"].iloc[-12:] for kpi, each in kpis.months.groupby("kpi")}

    def last(kpi):
        return float(month[kpi].iloc[-1]) if kpi in month else np.nan

    def yearly(kpi):
        return float(month[kpi].sum()) if kpi in month else np.nan

    held = last("month_lost") / last("month_churn") if last("month_churn") else np.nan
    each = yearly("month_revenue") / held  # a current customer's year
    fee = 12 * last("month_fees") / last("month_contracts") if last("month_contracts") else np.nan
    worth = {
        "month_revenue": 1.0, "month_revenue_paid": 1.0, "month_margin": 1.0,
        "month_active": yearly("month_revenue") / (yearly("month_active") or np.nan),
        "month_ticket": yearly("month_revenue") / (yearly("month_ticket") or np.nan),
        "month_lost": each, "month_churn": held * each, "month_new": each, "month_cac": last("month_new"),
        "month_begun": fee, "month_contract_churn": last("month_contracts") * fee,
    }  # fmt: skip
    return 12 * off * worth.get(name, np.nan)
