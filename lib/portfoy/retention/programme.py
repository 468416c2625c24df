"""Does a loyalty programme, or contact, keep customers? By experiment where there is one; else no number."""

from dataclasses import dataclass

import pandas as pd

from portfoy.customers import DAY
from portfoy.errors import DataError
from portfoy.firm import analysis
from portfoy.locale import _
from portfoy.models.arms import difference, lots
from portfoy.models.lists import bought_within, contacts_by
from portfoy.people import TRAITS, with_traits
from portfoy.retention.afterwards import KNOWN, afterwards
from portfoy.retention.histories import LATELY
from portfoy.words import style
from portfoy.words.result import Finding, Result
from portfoy.words.table import show

KEEP = "retention"  # phase of the campaigns that are to keep customers, as the contract has it


@dataclass(frozen=True)
class Programme(Result):
    """What contact adds to buying again within `days`.

    ``table``, one row per campaign of the phase retention with customers held out, as from `lots`: an answer is a
    purchase within the days. ``effect``: of those whose arms chance drew, as from `difference`; None without.
    ``members``: whether there is a programme with members, of which nobody was held out.
    """

    table: pd.DataFrame
    effect: dict | None
    members: bool
    days: int
    confidence: float

    def _say(self, *texts):
        return style.say(" ".join(texts), (self.effect or {}) | {"days": self.days})

    def finding(self):
        if self.effect is None:
            return Finding(_("Effect of contact on staying not known: chance did not choose"), nothing=True)
        if self.effect["points_low"] > 0:
            text = _("Contact makes {points:number} more customers in a hundred buy again")
        elif self.effect["points_high"] < 0:
            text = _("Contact changes by {points:number} in a hundred who buy again")
        else:
            return Finding(_("The effect of contact on staying cannot be told from chance"), nothing=True)
        return Finding(self._say(text))

    def reading(self):
        contact = _(
            "Within {days:days}, {response:share} of those contacted bought again, and {held_out_response:share} of "
            "those held out ({points_interval:number} points)."
        )
        club = _("The programme's effect is not known: members chose themselves, nobody was held out.")
        return self._say(*[contact] * bool(self.effect), *[club] * self.members)

    def summary(self):
        table = self.table.drop(columns=["at_random", "differs"])
        return show(table, _("Campaigns to keep customers"))

    def method(self):
        text = _(
            "Answer: a purchase within {days:days} of a campaign of the phase retention, in both arms. At "
            "random: arms differ in nothing known before beyond chance; others do not count."
        )
        return self._say(text)


@analysis
def programme(firm, *, days=LATELY):
    """What contact, and a loyalty programme, do for staying: by experiment only.

    Parameters
    ----------
    firm : Firm
    days : in which a purchase counts as having stayed

    Returns
    -------
    Programme; not possible where no campaign of the phase retention is old enough and held customers out
    """
    campaigns, members = firm.tables.campaigns, firm.tables.subscriptions is not None
    rows = contacts_by(firm.tables.contacts, firm.as_of)
    if campaigns is not None and "phase" in campaigns.columns:
        keeping = campaigns.filter(campaigns.phase.lower() == KEEP).campaign_id.to_pyarrow().to_pylist()
        rows = rows[rows["campaign_id"].isin(set(keeping))]
    else:
        rows = rows.head(0)
    rows = rows.assign(starts_on=rows.groupby("campaign_id")["contacted_on"].transform("min"))
    rows = rows[rows["starts_on"] + days * DAY <= firm.as_of].drop_duplicates(["campaign_id", "customer_id"])
    rows = rows.sort_values(["starts_on", "campaign_id"], kind="stable", ignore_index=True)
    if len(rows):
        rows["responded"] = bought_within(firm.log, rows.assign(contacted_on=rows["starts_on"]), days)
        rows = with_traits(afterwards(firm, rows.assign(day=rows["starts_on"] - DAY), days), firm.people)
    table = lots(rows, [*KNOWN, *TRAITS], firm.confidence)
    if table.empty:
        text = _(
            "programme: no campaign of the phase retention held customers out {days} days ago or more, and "
            "members choose themselves. Hold some out at random next time."
        )
        raise DataError(text.format(days=days))
    drawn = set(table.loc[table["at_random"], "campaign_id"])
    effect = difference(rows[rows["campaign_id"].isin(drawn)], firm.confidence) if drawn else None
    return Programme(table, effect, members, days, firm.confidence)
