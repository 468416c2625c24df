"""Early adopters: what those who took up a launch first had in common before it, and who of today's customers has it.

A logistic regression on what was known the day before the launch. A mild penalty (a normal prior of standard deviation
1 on each coefficient) keeps rare levels near the others; odds ratios so lean a little towards 1. The judge is time: a
model that saw the first half of the early adopters has to find the second.

Rogers (2003), Diffusion of Innovations, 5th ed., chapter 7: innovators and early adopters are the first 16 %.
DeLong, DeLong & Clarke-Pearson (1988), Biometrics 44(3), 837-845: the interval of the area under the curve.
"""

from dataclasses import dataclass

import ibis
import numpy as np
import pandas as pd

from portfoy.customers import DAY, customer_table
from portfoy.errors import FitError
from portfoy.firm import analysis
from portfoy.intervals import on_logs
from portfoy.locale import _
from portfoy.models.examples import join_people
from portfoy.models.judging import area_with_interval
from portfoy.models.lists import reach
from portfoy.models.logistic import OTHERS, Levels, Number, regress, stack
from portfoy.models.responders import Fit
from portfoy.models.threads import one_thread
from portfoy.rows import with_ids
from portfoy.selection.launch import first_buyers
from portfoy.words import style
from portfoy.words.codes import feature_labels, leaning_words
from portfoy.words.result import Action, Finding, Result
from portfoy.words.table import show

EARLY = 0.16  # innovators and early adopters, share of all who will adopt
MOST = 50_000  # customers looked at; more change the third digit only
ACTIVE = 365  # days; who bought within them can be reached
FEWEST = 30  # early adopters, and others
PENALTY = 1.0  # one over the variance of a coefficient, as the text above has it
RARE = 0.02  # share of the customers; levels of a trait with fewer go together
NUMBERS = {"years": 10.0, "purchases": np.log(2), "ticket": np.log(2), "idle": np.log(2)}  # the step of an odds ratio
TRAITS = ["channel", "region", "income_band"]


@dataclass(frozen=True)
class EarlyAdopters(Result):
    """What told the early adopters of a launch from other customers, and who of today's has it.

    ``table``: one row per step or level: ``feature`` and ``comparison`` in words (a level is held against the most
    frequent one); ``odds_ratio``, by which it multiplies the odds of being an early adopter, with bounds. ``surest``:
    its rows whose interval leaves 1 out, the clearest first. ``auc`` with bounds: the chance that a later early adopter
    is ranked above another customer by what the first half of them showed; 0.5 is a coin. ``early``: early adopters who
    were active customers before the launch; ``others``: active customers who had not bought it by ``until``, the day on
    which the first 16 % had, or of the buyers so far where m stays open; ``sampled``: the share of the customers looked
    at, 1 but for very many. ``listed``: today's active customers, the likeliest first: ``customer_id``, ``why``,
    ``p_early`` with bounds, and ``expected_value`` where it is known; empty where the interval of `auc` includes 0.5.
    """

    table: pd.DataFrame
    surest: pd.DataFrame
    auc: float
    auc_low: float
    auc_high: float
    early: int
    others: int
    sampled: float
    until: pd.Timestamp
    listed: pd.DataFrame
    currency: str
    confidence: float

    def finding(self):
        if not self.auc_low > 0.5:
            return Finding(_("Nothing known tells who takes a launch up first"), nothing=True)
        text = _("Customers most like early adopters: {n:count}")
        return Finding(style.say(text, {"n": len(self.listed)}))

    def reading(self):
        if not self.auc_low > 0.5:
            return ""
        text = _("The next launch will tell whether it holds.")
        if self.surest.empty:
            return style.say(text, {})
        surest = _("Surest: {feature} ({comparison}), {odds_ratio:ratio} times the odds ({odds_ratio_interval:ratio}).")
        return style.say(f"{surest} {text}", self.surest.iloc[0])

    def summary(self):
        odds = show(self.table, _("Odds of being early"))
        if self.listed.empty:
            return odds
        return [odds, show(self.listed.head(15), _("Most like early adopters"), currency=self.currency)]

    def actions(self):
        if self.listed.empty:
            return []
        text = _("Show these {n:count} customers the next launch first")
        return [Action(style.say(text, {"n": len(self.listed)}), name="early_adopters", table=self.listed)]

    def method(self):
        text = _(
            "Early: the first 16% of buyers expected (or so far): {early:count} active customers until "
            "{until:day}, against {others:count} who had not bought."
        )
        if self.sampled < 1:
            text += " " + _("A random sample: {sampled:share}.")
        text += " " + _(
            "Logistic regression on what was known before; from the first half, it ranks the second right in "
            "{auc:share} of pairs ({auc_interval:share}; guessing: 50%). Intervals: {level}."
        )
        return style.say(text, vars(self) | {"level": style.level(self.confidence)})


@analysis(without=["value"])
@one_thread("sklearn.linear_model")
def early_adopters(firm, launch, *, value=None, contacts=50, budget=0.0, contact_cost=0.0):
    """Who took up a launch first, against customers who were active then and had not; and who is like them today.

    Parameters
    ----------
    firm : Firm, whose order lines have ``product_id``; ``birth_year``, ``channel``, ``region``, ``income_band`` too
    launch : Launch; the first 16 % of the m of its model are early, or of those so far where m stays open
    value : LifetimeValue of the same customers, optional; adds their ``expected_value`` to the list
    contacts, budget, contact_cost : how long the list may be, as in `shortlist.reach`

    Returns
    -------
    EarlyAdopters; not possible where fewer than 30 early adopters were customers before, or fewer than 30 customers had
    not bought it, or nobody can say what a contact costs and there is a budget
    """
    customers, as_of = with_ids(firm.customers, "early_adopters"), firm.as_of
    most, _cost = reach(firm, contacts=contacts, budget=budget, contact_cost=contact_cost)
    product, bass, confidence = launch.product, launch.bass, firm.confidence
    bought = first_buyers(firm.log, product.product_id, as_of).sort_values()
    wanted = int(np.ceil(EARLY * (len(bought) if bass.open else bass.m)))
    until = bought.iloc[min(wanted, len(bought)) - 1]
    before, sampled = _before(firm.log, customers, product.launched_on)
    people = join_people(before, firm.tables.customers, product.launched_on.year)
    day = people["customer_id"].map(bought)
    early = (day <= until).to_numpy()
    if min(early.sum(), (~early).sum()) < FEWEST:
        text = _("early_adopters: {early} were early, {others} not; {fewest} of each are needed. Take another product.")
        raise FitError(text.format(early=early.sum(), others=(~early).sum(), fewest=FEWEST))
    people = _logged(people)
    terms = _terms(people)
    columns = stack(terms, people)
    if not columns.shape[1]:
        raise FitError(_("early_adopters: customers differ in nothing known. Add traits."))
    auc = _judge(columns, early, day, confidence)
    fit = Fit(terms, *regress(columns, early, PENALTY)[:2], columns.mean(axis=0))
    today = customers[customers["idle"] <= (ACTIVE if auc[1] > 0.5 else -1)]
    today = _logged(join_people(today, firm.tables.customers, as_of.year))
    scored = today[["customer_id"]].join(fit.chances(today, "p_early", confidence))
    scored = scored.sort_values(["p_early", "customer_id"], ascending=[False, True]).head(most)
    scored["why"] = _why(fit, stack(terms, today.loc[scored.index]))
    listed = ["customer_id", "why", "p_early", "p_early_low", "p_early_high"]
    if value is not None:
        scored["expected_value"] = value.of(scored).table["expected_value"]
        listed += ["expected_value"]
    odds = _odds(fit, confidence)
    sure = odds[(odds["odds_ratio_low"] > 1) | (odds["odds_ratio_high"] < 1)]
    far = np.log(sure["odds_ratio"]).abs() / np.log(sure["odds_ratio_high"] / sure["odds_ratio_low"])
    sure = sure.loc[far.sort_values(ascending=False).index].reset_index(drop=True)
    counts = int(early.sum()), int((~early).sum()), sampled, until
    return EarlyAdopters(odds, sure, *auc, *counts, scored[listed].reset_index(drop=True), firm.currency, confidence)


def _before(log, customers, launched_on):
    """The customer table of the day before a launch, of those active on it; and the share of customers it looks at."""
    known = customers.loc[customers["first_order"] < launched_on, "customer_id"].sort_values()
    if known.empty:
        return customers.head(0), 1.0
    some = known.sample(min(MOST, len(known)), random_state=7)
    if len(some) < len(known):
        log = log.semi_join(ibis.memtable(pd.DataFrame({"customer_id": some})), "customer_id")
    table = customer_table(log, as_of=launched_on - DAY)
    return table[table["idle"] <= ACTIVE].reset_index(drop=True), len(some) / len(known)


def _logged(people):
    """The customers with their numbers as the model takes them."""
    years = people["years"].astype(float) if "years" in people else pd.Series(np.nan, people.index)
    ticket = np.log(people["ticket"].where(people["ticket"] > 0))
    return people.assign(
        years=years, purchases=np.log(people["purchases"]), ticket=ticket, idle=np.log1p(people["idle"])
    )


def _terms(people):
    """Numbers in standard deviations, one that is not known as the mean; levels against the most frequent one."""
    spread = {name: people[name].std(ddof=0) for name in NUMBERS}
    known = [name for name in NUMBERS if spread[name] > 1e-9]
    terms = [Number(name, False, people[name].mean(), spread[name], -np.inf, np.inf, False) for name in known]
    for trait in [trait for trait in TRAITS if trait in people]:
        share = people[trait].astype("object").value_counts(normalize=True)
        kept = [level for level in share.index if share[level] >= RARE]
        rest = [OTHERS] if not people[trait].isin(kept).all() else []
        terms += [Levels(trait, kept[0], (*kept[1:], *rest), frozenset(kept))] if kept else []
    return tuple(terms)


def _judge(columns, early, day, confidence):
    """Area under the curve, with its interval, of a model that saw the first half of the early adopters.

    The other customers are parted by turns, so that none is both learnt from and judged by.
    """
    first = (day <= day[early].quantile(0.5, interpolation="lower")).to_numpy() & early
    other = np.flatnonzero(~early)
    learn = np.sort(np.concatenate([np.flatnonzero(first), other[::2]]))
    judge = np.sort(np.concatenate([np.flatnonzero(early & ~first), other[1::2]]))
    if not (early & ~first).any():
        return np.nan, np.nan, np.nan
    beta = regress(columns[learn], first[learn], PENALTY)[0]
    return area_with_interval(columns[judge] @ beta[1:], early[judge], confidence)


def _odds(fit, confidence):
    twice, labels, rows = _("twice as many"), feature_labels(), []
    steps = {"years": _("ten years older"), "ticket": _("twice as much"), "purchases": twice, "idle": twice}
    for place, row in enumerate((row for term in fit.terms for row in term.rows()), 1):
        name, step = row["feature"], NUMBERS[row["feature"]] / row["step"] if row["feature"] in NUMBERS else 1.0
        ratio, error = float(np.exp(fit.beta[place] * step)), np.sqrt(fit.covariance[place, place]) * step
        if row["level"]:
            level = _("other or not known") if row["level"] == OTHERS else row["level"]
            steps[name] = _("{level}, against {reference}").format(level=level, reference=row["reference"])
        rows.append([labels[name], steps[name], ratio, *on_logs(ratio, error, confidence)])
    return pd.DataFrame(rows, columns=["feature", "comparison", "odds_ratio", "odds_ratio_low", "odds_ratio_high"])


def _why(fit, columns):
    """For each customer the two things that raise the odds most, in words."""
    words, labels, texts = leaning_words(), feature_labels(), []
    rows = [row for term in fit.terms for row in term.rows()]
    traits = np.array([bool(row["level"]) for row in rows])
    added = np.where(traits & (columns <= 0), 0.0, (columns - fit.centre) * fit.beta[1:])
    for raised, own in zip(added, columns, strict=True):
        told = []
        for place in [place for place in np.argsort(-raised, kind="stable")[:2] if raised[place] > 0.05]:
            name, level = rows[place]["feature"], rows[place]["level"]
            level = _("other") if level == OTHERS else level
            told.append(f"{labels[name]}: {level}" if level else words[name][int(own[place] > 0)])
        texts.append("; ".join(told))
    return texts
