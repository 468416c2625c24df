"""Who responds to a campaign? A model that every campaign after the first puts to the test."""

from dataclasses import dataclass, replace

import pandas as pd

from portfoy.errors import DataError
from portfoy.firm import analysis
from portfoy.locale import _
from portfoy.models.arms import difference, lots
from portfoy.models.columns import ABOUT, CONTROL, HISTORY, TREATED
from portfoy.models.examples import FEATURES, TRAITS, examples_of, join_people
from portfoy.models.holdout import holdout_table
from portfoy.models.judging import gains_table, judgement, within_campaigns
from portfoy.models.leaks import leak_table
from portfoy.models.logistic import said_terms
from portfoy.models.responders import Fit, forecast_campaigns, odds_table
from portfoy.models.threads import one_thread
from portfoy.words import figure, shapes, style
from portfoy.words.codes import said_as
from portfoy.words.result import Finding, Result
from portfoy.words.table import show

MATTERS = 0.05  # of the revenue: customers never contacted who bring less are no finding
CALIBRATION = {  # of a `holdout_table`
    **{"customers": "contacts", "predicted": "predicted_response", "actual": "response"},
    **{f"actual{end}": f"response{end}" for end in ("_low", "_high")},
}


@dataclass(frozen=True)
class Response(Result):
    """Who responds to a campaign, and how forecasts of campaigns fared that the model had not seen.

    ``examples``: everybody contacted or held out so far, as from `response_examples`. ``leaks``: their columns that are
    kept out, as from `leak_table`. ``judged``: those contacted in every campaign that could be forecast from earlier
    ones, with ``p_response`` the forecast; ``held``: those held out of them. ``judgement``: one row per judged
    campaign, the last for all together: ``campaign_id``, ``contacts``, ``responses``, ``response``,
    ``predicted_response``; ``auc`` the chance that a responder was ranked above another customer of the campaign,
    missing with fewer than two of each; ``skill`` by what share the mean squared error of the forecast is smaller than
    that of giving everybody the mean forecast of the campaign; shares with bounds. ``gains``: of all judged contacts,
    as from `gains_table`. ``calibration``: one row per tenth of each campaign by forecast, the highest first: ``group``
    1 to 10, a number is missing where equal forecasts span it; ``contacts``; ``predicted_response`` mean forecast;
    ``response`` share who responded, with its Wilson interval. ``odds``: one row per column of the model, the clearest
    first: ``feature``; ``level`` against ``reference``, both empty for a number; ``step`` one standard deviation of it,
    by which it is higher (if skewed: by which it is multiplied); ``odds_ratio`` with bounds, what that makes of the
    odds of a response. ``fit``: the model of all answers so far. ``arms``: the campaigns with customers held out, as
    from `lots`. ``unreached``: today's customers with a trait that nobody contacted or held out so far had, one row per
    ``trait`` and ``level``, the most revenue first: ``customers``, ``revenue``, ``revenue_share`` of all.
    """

    examples: pd.DataFrame
    leaks: pd.DataFrame
    judged: pd.DataFrame
    held: pd.DataFrame
    judgement: pd.DataFrame
    gains: pd.DataFrame
    calibration: pd.DataFrame
    odds: pd.DataFrame
    fit: Fit
    arms: pd.DataFrame
    unreached: pd.DataFrame | None = None
    confidence: float = 0.95

    @property
    def total(self):
        return self.judgement.iloc[-1]

    @property
    def sorts(self):
        """Whether the forecasts ranked responders higher than guessing would, chance allowed for."""
        return bool(self.total["auc_low"] > 0.5)

    @property
    def best(self):
        """The row of the gains that comes nearest to three contacts in ten."""
        return self.gains.loc[(self.gains["depth"] - 0.3).abs().idxmin()]

    @property
    def effect(self):
        """What contacts added in the judged campaigns whose arms chance drew, as from `difference`; None without."""
        return self._effect(set(self.judged["campaign_id"]))

    @property
    def effect_of_all(self):
        """As `effect`, in all campaigns whose arms chance drew."""
        return self._effect(set(self.arms["campaign_id"]))

    def _effect(self, among):
        drawn = among & set(self.arms.loc[self.arms["at_random"], "campaign_id"])
        return difference(self.examples[self.examples["campaign_id"].isin(drawn)], self.confidence)

    @property
    def chosen(self):
        """The judged campaigns with customers held out whom chance did not draw."""
        own = self.arms["campaign_id"].isin(self.judged["campaign_id"]) & ~self.arms["at_random"]
        return self.arms.loc[own, "campaign_id"].tolist()

    @property
    def unread(self):
        """How many contacts have an arm that was not understood, and count nowhere."""
        return int(self.examples["arm"].isna().sum())

    @property
    def never(self):
        """``customers``, ``revenue_share`` and ``groups`` (words) of the unreached; None where they bring under 5 %."""
        if self.unreached is None or not len(self.unreached) or self.unreached["revenue_share"].sum() < MATTERS:
            return None
        first = self.unreached[self.unreached["trait"] == self.unreached["trait"].iloc[0]]
        groups = ", ".join(style.shorten(said_as("level", level)) for level in first["level"])
        sums = first[["customers", "revenue_share"]].sum().to_dict()
        return sums | {"groups": groups}

    def finding(self):
        if self.sorts:
            return Finding(style.say(_("The best {depth:share} hold {gain:share} of the responses"), self.best))
        if self.never:
            text = _("{revenue_share:share} of the revenue comes from customers never contacted")
            return Finding(style.say(text, self.never))
        return Finding(_("Who responds cannot be foreseen"), nothing=True)

    def reading(self):
        said, values = [], {**self.total, **self.best, **(self.never or {}), "unread": self.unread}
        if self.sorts:
            said.append(_("That is {lift:ratio} times as many as at random ({lift_interval:ratio})."))
        elif self.never:
            said.append(_("They are all {customers:count} who are {groups}; the others' response cannot be foreseen."))
        if self.unread:
            said.append(_("Left out: {unread:count} contacts whose arm is not understood; portfoy.toml can say it."))
        elif self.sorts and self.never:
            said.append(_("Never contacted: {customers:count} of {groups}, {revenue_share:share} of the revenue."))
        return style.say(" ".join(said), values)

    def plot(self, ax=None):
        if not self.sorts:
            return None
        ax = shapes.gains(self.gains, self.best, (_("best forecasts first"), _("at random")), ax)
        under = _("by share contacted; band: {confidence} interval")
        told = (style.say(_("best {depth:share}: {gain:share}"), row) for _place, row in self.gains.iterrows())
        under = under.format(confidence=style.level(self.confidence))
        return figure.name(ax, _("Share of all responses reached"), under, "; ".join(told))

    def summary(self):
        each, gains = (
            self.judgement.drop(columns=["skill", "skill_low", "skill_high"]),
            self.gains,
        )
        tables = [
            show(gains, _("The best forecasts of each campaign")),
            show(each, _("By campaign")),
            show(self.calibration, _("By forecast, within campaigns")),
            show(said_terms(self.odds.head(10), "odds_ratio"), _("What goes with a response")),
        ]
        tables += [show(self.leaks, _("Left out, as known only afterwards"))] if len(self.leaks) else []
        if self.unreached is None or self.unreached.empty:
            return tables
        never = show(self.unreached.drop(columns="revenue"), _("Like nobody contacted so far"))
        return [*tables, never] if self.sorts else [never, *tables]

    def method(self):
        text = _(
            "Logistic regression, a level for each campaign, forecast from earlier ones. Within one, it ranks "
            "who responded higher in {auc:share} of pairs ({auc_interval:share}; guessing: 50%)."
        )
        if self.sorts and self.total["skill_high"] < 0:
            text += " " + _("Use the order, not the probabilities.")
        text += " " + _(
            "Columns whose name, dates or power betray that they came after the contact are out; others filled in "
            "later are not seen. Intervals: {level}."
        )
        return style.say(text, {**self.total, "level": style.level(self.confidence)})


@analysis
def response(firm, *, answer_days=30, features=None):
    """Who responds to a campaign: a model of what was known before, judged on later campaigns only.

    A campaign is judged if, before its first contact, the answers of earlier campaigns were known and held 50 responses
    and 50 others. There is no random split: it would let a model learn from what came later.

    Parameters
    ----------
    firm : Firm
    answer_days : days in which a contact may be answered
    features : list of columns of the examples, by default `FEATURES` less those that a `leak_table` guards

    Returns
    -------
    Response; not possible where nobody was contacted or nothing tells who responded, a feature is not there or known
    only after the contact, there are too few campaigns or responses to forecast one from earlier ones, or nobody
    responded to those that could be
    """
    examples = examples_of(firm, answer_days)
    found = fit_response(examples, features=features, confidence=firm.confidence)
    return replace(found, unreached=_unreached(firm, examples))


@one_thread("sklearn.linear_model")
def fit_response(examples, *, features=None, confidence=0.95):
    """Fit who responds, and forecast every campaign from those before it: a `Response`.

    At most 50,000 of the `examples` (`response_examples`) go into a fit. DataError and FitError as `response` says.
    """
    leaks = leak_table(examples)
    features = _features(examples, features, leaks)
    scored, fit = forecast_campaigns(examples, features)
    judged, held = (scored[scored["arm"] == arm].reset_index(drop=True) for arm in (TREATED, CONTROL))
    gains, told = gains_table(judged, confidence=confidence), judgement(judged, confidence)
    calibration = holdout_table(
        judged["p_response"], judged["responded"], within_campaigns(judged, 10) + 1, confidence=confidence
    ).rename(columns=CALIBRATION)
    arms = lots(examples, ["bought_before", *HISTORY, "years", *TRAITS], confidence)
    odds = odds_table(fit, confidence)
    return Response(examples, leaks, judged, held, told, gains, calibration, odds, fit, arms, confidence=confidence)


def _unreached(firm, examples):
    """`Response.unreached`: each customer under the first trait whose level is not among the examples."""
    customers = join_people(firm.customers, firm.tables.customers, firm.as_of.year)
    rows, left = [], pd.Series(True, customers.index)
    for trait in (trait for trait in TRAITS if trait in examples and trait in customers):
        new = left & customers[trait].notna() & ~customers[trait].isin(set(examples[trait]))
        left &= ~new
        revenue = customers[new].groupby(customers[trait].astype("object"))["revenue"].agg(["size", "sum"])
        rows += [(trait, level, int(row["size"]), row["sum"]) for level, row in revenue.iterrows()]
    table = pd.DataFrame(rows, columns=["trait", "level", "customers", "revenue"])
    table["revenue_share"] = table["revenue"] / customers["revenue"].sum()
    return table.sort_values("revenue", ascending=False, kind="stable", ignore_index=True)


def _features(examples, wanted, leaks):
    """The columns to use, as wanted or those of `FEATURES` that are there; none that is known only afterwards."""
    possible = [name for name in examples if name not in [*ABOUT, *leaks["column"]]]
    if wanted is None:
        return [name for name in FEATURES if name in possible]
    wrong = [name for name in wanted if name not in possible]
    if wrong:
        text = _("response: {names} cannot be features. Take those known before: {possible}.")
        listed = {"names": ", ".join(map(repr, wrong)), "possible": ", ".join(map(repr, possible))}
        raise DataError(text.format(**listed))
    return list(wanted)
