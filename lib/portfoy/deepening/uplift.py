"""Whom does a contact move, whom does it put off, and what does choosing by that earn?

Not who responds (`selection.response`), nor what choosing by that earns (`selection.campaign`): many who respond would
have bought anyway. Here the difference of the arms is forecast, customer by customer.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.deepening.learners import LOGISTIC, TREES, learn, places, qini_parts, scores
from portfoy.errors import DataError
from portfoy.firm import analysis
from portfoy.intervals import bounded, corrected, two_sided, wald, z_value
from portfoy.locale import _
from portfoy.models.arms import FEWEST, draw, lots
from portfoy.models.columns import HISTORY, TREATED
from portfoy.models.examples import TRAITS, examples_of, examples_today
from portfoy.models.leaks import leak_table
from portfoy.models.lists import check_limits, effect_of, held_out, held_out_list, read_back
from portfoy.models.responders import PRIOR
from portfoy.models.terms import campaign_terms
from portfoy.people import age_bands, with_type
from portfoy.words import figure, shapes, style
from portfoy.words.codes import said_as
from portfoy.words.result import Action, Finding, Result
from portfoy.words.table import show

LIST, SPARED = "persuadable", "do_not_disturb"  # names of the lists; by the first, arms are drawn
CHOSEN = "as chosen"  # by the way that did best before each campaign, as stored
NOBODY, MOVED, EVERYBODY, BY_LOT, PUT_OFF = "nobody", "those moved", "everybody", "as many by lot", "those put off"
CLEARLY = 0.8  # of what those put off surely lose: who is left in peace loses as much by forecast, which is shrunken
BY = ["age_band", *TRAITS]  # what tells groups apart
FEATURES = ["bought_before", "idle", "purchases", "ticket", "age", *BY]
SHOWN = 10  # levels of traits drawn, those that differ most from the others


@dataclass(frozen=True)
class Uplift(Result):
    """Whom contacts move, what choosing by it would have earned in later campaigns, and who that is today.

    Only campaigns whose arms chance drew count. ``judged``: the contacts, of both arms, of those forecast from earlier
    ones, with ``way`` the learner used; ``forecast`` of what a contact adds; ``pays`` whether it is chosen, ``rest``
    what part of it is without choosing; ``moved`` as from `scores`; ``amount`` money it brings. ``choices``, a row per
    policy, had it contacted of both arms: ``whom``, ``contacts``; ``added`` people who bought for it, ``profit`` money
    less cost, ``profit_gain`` of those moved beyond it, with bounds: nobody; those moved; everybody, or as many by lot
    where the budget is not for all; those put off by forecast. ``learners`` the same by ``way``, with ``qini`` as from
    `qini_parts`, and ``curve`` by ``depth``. ``groups``, of all campaigns: ``trait``, ``level``, ``contacts``,
    ``points`` a contact adds, with bounds; ``p_value`` of being like the others of the trait, ``clear`` where it is
    not, beyond chance for so many. ``table``, today's customers: ``forecast``. ``listed``: whom to contact, if that
    surely earned more than nobody and than no choice; ``spared``: whom to leave alone, if contacts surely put off
    those of whom a loss was forecast: who loses `CLEARLY` and is of a clear group that surely does.
    ``total``: what is said.
    """

    table: pd.DataFrame
    choices: pd.DataFrame
    learners: pd.DataFrame
    curve: pd.DataFrame
    groups: pd.DataFrame
    judged: pd.DataFrame
    listed: pd.DataFrame
    spared: pd.DataFrame
    total: dict
    currency: str

    def _say(self, *texts):
        return style.say(" ".join(texts), self.total, currency=self.currency)

    def finding(self):
        if len(self.listed):
            return Finding(self._say(_("Choosing whom a contact moves would have earned {profit_gain:money} more")))
        if len(self.spared):
            return Finding(self._say(_("Contacts put off {n_spared:count} customers: leave them in peace")))
        text = _("Whom a contact moves is not known")
        if self.total["rest_low"] > 0:
            text = _("No choice of whom to contact surely earns more than everybody")
        elif self.total["rest_high"] < 0:
            text = _("No choice of whom to contact surely earns anything")
        return Finding(text, nothing=True)

    def reading(self):
        if len(self.listed):
            text = _(
                "In {campaigns:count} later campaigns that is {profit_gain_interval:money}: {added:count} people moved "
                "({added_interval:count}) by {depth:share} of the contacts."
            )
            then = _(
                "The {listed:count} listed cost {cost:money} and should earn {expected:money} "
                "({expected_interval:money}); {held:count} are held out."
            )
            return self._say(read_back(self.total) if "day" in self.total else text, then)
        if len(self.spared):
            return self._say(_("Contacting {off:count} like them lost {lost:count} buyers ({lost_interval:count})."))
        text = _("Choosing would have earned {profit_gain:money} more ({profit_gain_interval:money}) than no choice.")
        return self._say(text)

    def plot(self, ax=None):
        if self.groups.empty:
            return None
        rows = self.groups.head(SHOWN).sort_values("points", ascending=False, kind="stable")
        rows = rows.rename(columns={f"points{end}": end[1:] or "value" for end in ("", "_low", "_high")})
        rows["name"] = [f"{said_as('trait', row.trait)}: {said_as('level', row.level)}" for row in rows.itertuples()]
        rows["strong"] = rows["clear"].astype(object).mask(rows["high"] < 0, "bad")
        ax = shapes.dots(rows, ax, at=0.0, write=style.writer("points"))
        under = _("points more of those contacted bought; grey: like the others; lines: {level} interval")
        told = "; ".join(style.say(_("{name}: {value:number}"), row) for _place, row in rows.iterrows())
        return figure.name(ax, _("What a contact adds, by group"), self._say(under), told)

    def summary(self):
        tables = [
            (_("What judged campaigns would have earned"), self.choices),
            (_("What a contact adds, by group"), self.groups.drop(columns="p_value")),
            (_("Ways to tell whom a contact moves"), self.learners),
            (_("By depth, most moved first"), self.curve),
            (_("Whom to contact"), self.listed.head(15)),
            (_("Whom to leave in peace"), self.spared.head(15)),
        ]
        hidden = {"columns": ["campaign_id", "contacted_on", "hold_out_share"], "errors": "ignore"}
        return [show(each.drop(**hidden), name, currency=self.currency) for name, each in tables if len(each)]

    def actions(self):
        text = _("Contact the {n:count} whom it moves, not the {held:count} held out")
        other = _("Leave {n_spared:count} customers out of campaigns: contacts put them off")
        lists = (text, self.total["expected"], LIST, self.listed), (other, None, SPARED, self.spared)
        return [Action(self._say(text), *about, table) for text, *about, table in lists if len(table)]

    def method(self):
        text = _(
            "Each campaign drawn at random is forecast from earlier ones: by logistic regression of both arms, "
            "or by trees once they surely earned more. Qini: sum over contacts of (1/2 - place in the order, 0 "
            "to 1) x response (if held out: x -1 x ratio of the arms), in a hundred contacted: {qini:number} "
            "({qini_interval:number}). Which trait makes a group's effect is not known. Intervals ({level}): "
            "customers count once; margin and cost fixed."
        )
        return self._say(text)


@analysis
def uplift(
    firm, *, contact_cost=0.0, response_margin=0.0, budget=0.0, contacts=0, hold_out_share=0.1, answer_days=30
):  # fmt: skip
    """Whom a contact moves, judged on later campaigns drawn at random; what choosing by it earns; and who that is.

    Parameters
    ----------
    firm : Firm
    contact_cost, response_margin : money; 0 takes what campaigns so far cost and brought, as in `campaign_terms`
    budget, contacts : money of a campaign, customers on the list at most; 0 is no limit
    hold_out_share : share of the list that chance holds out, 0 to less than 1
    answer_days : days in which a contact may be answered

    Returns
    -------
    Uplift; not possible without two campaigns drawn at random of which one can be forecast, where what a contact costs
    is not known, or where a parameter is out of its range
    """
    check_limits(budget=budget, contacts=contacts, contact_cost=contact_cost, response_margin=response_margin)
    draw([], LIST, hold_out_share)
    examples, confidence = examples_of(firm, answer_days), firm.confidence
    told = examples[examples["responded"].notna() & examples["arm"].notna()]
    arms = lots(examples, ["bought_before", *HISTORY, "years", *TRAITS], confidence)
    drawn = told[told["campaign_id"].isin(arms.loc[arms["at_random"], "campaign_id"])].reset_index(drop=True)
    if (n := drawn["campaign_id"].nunique()) < 2:
        text = _(
            "uplift: {n} of {all} campaigns held customers out at random; two are needed, one to learn from and a "
            "later one to judge. Hold some out of the next."
        )
        raise DataError(text.format(n=n, all=examples["campaign_id"].nunique()))
    given = {"contact_cost": contact_cost, "response_margin": response_margin}
    terms, leaks = campaign_terms(firm, told[told["arm"] == TREATED], **given), set(leak_table(examples)["column"])
    drawn = _banded(drawn.drop(columns=leaks))
    features = [name for name in FEATURES if name in drawn]
    today = _banded(examples_today(firm, [*features, "years"]))
    most = budget / (terms.contact_cost * len(today) or np.inf)
    judged, fits = _judge(drawn, features, terms, most if 0 < most < 1 else 1.0)
    (choices, learners, curve), groups = _judgement(judged, confidence), _groups(drawn, confidence)
    table = today[["customer_id"]].assign(forecast=fits[_better(judged)](today)).dropna()
    table = table.sort_values(["forecast", "customer_id"], ascending=[False, True])
    pays = table["forecast"] * terms.response_margin > terms.contact_cost
    pays &= (choices["profit_gain_low"].iloc[[0, 2]] > 0).all()
    listed = table[pays & ~table["customer_id"].isin(held_out(firm, answer_days, but=LIST))]
    limits = {"hold_out_share": hold_out_share, "cost": terms.contact_cost, "budget": budget}
    listed = held_out_list(listed.head(int(contacts) or len(listed)), LIST, firm.as_of, **limits)
    worst = CLEARLY * choices["added_high"].iloc[3] / (choices["contacts"].iloc[3] or 1)
    lost = groups[groups["clear"] & (groups["points_high"] < 0) & (worst < 0)]
    off = sum((today[row.trait] == row.level for row in lost.itertuples()), today["customer_id"].isna())
    spared = table[(table["forecast"] < worst) & (off[table.index] > 0)].iloc[::-1]
    lists = [_explained(*each, groups, today, firm.people) for each in ((listed, 1), (spared, -1))]
    total = _total(choices, learners, lists, terms, judged) | {"level": style.level(confidence)}
    total |= effect_of(firm, LIST, days=answer_days) or {}
    return Uplift(table.reset_index(drop=True), choices, learners, curve, groups, judged, *lists, total, firm.currency)


def _judge(drawn, features, terms, share):
    """The contacts of every campaign that could be forecast, as in `Uplift.judged`; and the learners of all answers."""
    parts, starts = [], drawn.groupby("campaign_id")["starts_on"].min().sort_values(kind="stable")
    for campaign_id, start in starts.items():
        own, fits = drawn[drawn["campaign_id"] == campaign_id], learn(drawn[drawn["known_on"] < start], features)
        own = own.assign(**{way: fit(own) for way, fit in fits.items()})
        own = own[own[LOGISTIC].notna()] if fits else own.head(0)
        if own["arm"].nunique() < 2:
            continue
        cost = terms.each.get(campaign_id, terms.contact_cost)
        own = own.assign(moved=scores(own), cost=cost)
        own["amount"] = own["moved"] * terms.response_margin - cost
        for way in fits:
            reached = places(own[way], own["campaign_id"]) <= share
            own[f"pays_{way}"] = reached & (own[way] * terms.response_margin > cost)
        before = [part for part in parts if (part["known_on"] < start).all()]
        way = _better(pd.concat(before)) if before else LOGISTIC
        own = own.assign(way=way, forecast=own[way], pays=own[f"pays_{way}"])
        parts.append(own.assign(rest=own["pays"].mean() if share < 1 else 1.0))
    if not parts:
        text = _(
            "uplift: of {n} contacts with known answers {hits} responded: too few, or nothing tells them apart. "
            "Wait for answers."
        )
        raise DataError(text.format(n=len(drawn), hits=int(drawn["responded"].sum())))
    return pd.concat(parts, ignore_index=True), learn(drawn, features)


def _better(judged):
    """The way to use: trees where their choice surely earned more, with one confidence for every reader."""
    weight = judged[f"pays_{TREES}"].astype(float) - judged[f"pays_{LOGISTIC}"]
    return TREES if _sum("more", judged["amount"], weight, judged, PRIOR)["more_low"] > 0 else LOGISTIC


def _sum(name, amount, weight, rows, confidence):
    """The weighted sum of an amount and its interval, by customers; no bounds without ten responses and both arms."""
    amount, weight = np.asarray(amount, float), np.asarray(weight, float)
    some = weight != 0
    if not some.any():
        return bounded(name, 0.0, (0.0, 0.0))
    alike = pd.Series(amount).groupby([rows["campaign_id"].to_numpy(), weight])
    off = pd.Series(weight * (amount - alike.transform("mean"))).groupby(rows["customer_id"].to_numpy()).sum()
    known = rows["responded"][some].sum() >= FEWEST and rows["arm"][some].nunique() == 2
    error = float(np.sqrt((off**2).sum())) if known else np.nan
    return bounded(name, float((weight * amount).sum()), wald(float((weight * amount).sum()), error, confidence))


def _policies(name, policies, judged, confidence):
    """What each policy of the judged campaigns would have earned, a row each, of what part of each contact it makes."""
    rows = []
    for policy, weight in policies.items():
        row = {name: policy, "contacts": round(weight.sum())}
        row |= _sum("added", judged["moved"], weight, judged, confidence)
        row |= _sum("profit", judged["amount"], weight, judged, confidence)
        rows.append(row | _sum("profit_gain", judged["amount"], judged["pays"] - weight, judged, confidence))
    return pd.DataFrame(rows)


def _judgement(judged, confidence):
    """``choices``, ``learners`` and ``curve`` of `Uplift`."""
    pays, rest, place = judged["pays"] * 1.0, judged["rest"], places(judged["forecast"], judged["campaign_id"])
    choices = {NOBODY: 0 * pays, MOVED: pays, EVERYBODY if (rest == 1).all() else BY_LOT: rest}
    choices[PUT_OFF] = (judged["forecast"] < 0) * 1.0
    ways = {LOGISTIC: LOGISTIC, TREES: TREES, CHOSEN: "forecast"}
    chosen = {way: judged[f"pays_{way}" if way != CHOSEN else "pays"] * 1.0 for way in ways}
    order = [_sum("qini", qini_parts(judged, judged[of]), 1 + 0 * pays, judged, confidence) for of in ways.values()]
    depths = {depth / 10: (place <= depth / 10) * 1.0 for depth in range(1, 11)}
    named = ("whom", choices), ("way", chosen), ("depth", depths)
    choices, learners, curve = (_policies(*each, judged, confidence) for each in named)
    return choices, learners.join(pd.DataFrame(order)), curve


def _banded(rows):
    """Rows of customers with their age as a band, since a contact may move the middle-aged otherwise than both ends."""
    return rows.assign(age_band=age_bands(rows["years"].astype(float)).astype("object")) if "years" in rows else rows


def _groups(drawn, confidence):
    """The ``groups`` of `Uplift`; chance by Benjamini and Hochberg."""
    rows, moved = [], 100 * scores(drawn)
    for trait, levels in drawn[[name for name in BY if name in drawn]].items():
        for level in sorted(levels.dropna().unique()):
            own, other = (levels == level).to_numpy(), (levels.notna() & (levels != level)).to_numpy()
            part = own / max(own.sum(), 1)
            row = _sum("points", moved, part, drawn, confidence)
            apart = _sum("apart", moved, part - other / max(other.sum(), 1), drawn, confidence)
            error = (apart["apart_high"] - apart["apart_low"]) / 2 / z_value(confidence)
            if other.any() and row["points_high"] > row["points_low"]:
                about = {"trait": trait, "level": level, "contacts": int(own.sum())}
                rows.append(about | row | {"p_value": two_sided(apart["apart"], error)})
    names = ["trait", "level", "contacts", "points", "points_low", "points_high", "p_value"]
    groups = pd.DataFrame(rows, columns=names).sort_values("p_value", kind="stable", ignore_index=True)
    return groups.assign(clear=corrected(groups["p_value"]) <= 1 - confidence)


def _explained(listed, sign, groups, today, people):
    """The list with ``why``: the clearest level of a customer at which contacts add more (less) than on the whole."""
    levels, middle = today.loc[listed.index], (groups["points"] * groups["contacts"]).sum()
    unlike = groups["clear"] & (sign * (groups["points"] * groups["contacts"].sum() - middle) > 0)
    listed = listed.assign(why="")
    for row in groups[unlike].iloc[::-1].itertuples():
        said = f"{said_as('trait', row.trait)}: {said_as('level', row.level)}"
        listed["why"] = listed["why"].mask(levels[row.trait] == row.level, said)
    return with_type(listed.reset_index(drop=True), people)


def _total(choices, learners, lists, terms, judged):
    """What is counted and said; what the list should earn is what the chosen contacts of the judged campaigns added."""
    (_nobody, moved, rest, off), (listed, spared) = choices.to_dict("records"), lists
    n = int((listed["arm"] == TREATED).sum())
    total = {"listed": len(listed), "n": n, "held": len(listed) - n, "cost": terms.contact_cost * n}
    total |= {"n_spared": len(spared), "off": off["contacts"], "depth": judged["pays"].mean()}
    total |= {"campaigns": judged["campaign_id"].nunique(), "margin": terms.response_margin}
    for end, other in (("", ""), ("_low", "_high"), ("_high", "_low")):
        total |= {f"added{end}": moved[f"added{end}"], f"profit_gain{end}": rest[f"profit_gain{end}"]}
        total |= {f"rest{end}": rest[f"profit{end}"], f"lost{end}": -off[f"added{other}"]}
        each = moved[f"added{end}"] / max(moved["contacts"], 1) * terms.response_margin - terms.contact_cost
        total |= {f"expected{end}": n * each, f"qini{end}": learners[f"qini{end}"].iloc[2]}
    return total
