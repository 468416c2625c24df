"""Which leads are won: a score that every quarter after the first puts to the test, and whom to call first."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.acquisition.deals import ENOUGH, deals, ripe_days, year_margins
from portfoy.customers import DAY
from portfoy.errors import DataError, FitError
from portfoy.firm import analysis
from portfoy.intervals import bounded, wilson
from portfoy.locale import _
from portfoy.models.columns import Roles, as_number
from portfoy.models.holdout import holdout_table
from portfoy.models.judging import area_with_interval, gains_table, judgement, within_campaigns
from portfoy.models.leaks import leak_table, sampled
from portfoy.models.logistic import said_terms
from portfoy.models.responders import FEWEST, Fit, forecast_ways, forecastable, odds_table
from portfoy.models.threads import one_thread
from portfoy.source.contract import TABLES
from portfoy.words import figure, shapes, style
from portfoy.words.codes import feature_labels
from portfoy.words.labels import columns
from portfoy.words.result import Action, Finding, Result
from portfoy.words.table import show

KNOWN = ["channel", "product_id", "expected_value"]  # columns of the contract that are known when a lead comes
LEADS = Roles(
    **{"within": "quarter", "of": "lead_id", "hit": "won", "p": "p_win", "logs": ("expected_value",), "arms": False},
    **{"rows": "leads", "hits": "wins", "rate": "win_rate"},
    about=tuple({*TABLES["leads"], "begun_on", "days", "quarter", "starts_on", "known_on", "won", "aged"} - {*KNOWN}),
)
SCORES = {"together": "", "fit": "(?!engagement_|channel$)", "engagement": "engagement_"}  # of features of these names
STAGES = ["contacted_on", "qualified_on", "proposed_on"]
PENALTY = 1.0  # one over the variance of a coefficient: so light that what wins leads comes out as it is
MOST, FITTED = 30_000, 10_000  # leads judged, and those that a fit looks at; more change the third digit only
YEAR = 365  # days whose leads set the level of the forecasts
LIKE_ALL = 20  # leads at the stages of all that are added to those won, and to the others
TOLD = (  # names that tell how a lead ended
    r"(^|_)(outcome|result|won|win|lost|loss|closed?|signed|order(ed|s)?|invoiced?|kazan\w*|kaybed\w*|sonu[cç]\w*"
    r"|wygran\w*|przegran\w*|wynik)(_|$)"
)


@dataclass(frozen=True)
class LeadScores(Result):
    """Which leads are won, how forecasts of leads fared that the model had not seen, and which open lead comes first.

    A lead is won if it is within ``horizon_days`` of coming; after them it is judged, open or not. ``table``: one row
    per quarter that could be forecast from leads whose days were over before it, the last for all together:
    ``quarter``, ``leads``, ``wins``, ``win_rate``, ``predicted_win_rate``, ``auc``, ``skill``, as in a `judgement`.
    ``apart``: one row per ``scored_by`` - together; fit, what a lead is; engagement, what it does -: ``auc`` within
    quarters, ``depth``, ``gain``, ``lift`` of the best fifth, with bounds. ``gains``, ``calibration``: as from
    `gains_table`, `holdout_table`, by tenths within quarters. ``odds``: as from `odds_table`. ``leaks``: columns kept
    out, as from `leak_table`. ``decay``: of judged leads still open after ``days_open``, by ``third`` of the score
    within the quarter (1 the best): ``leads`` and the share ``p_win`` won later within the horizon (Wilson).
    ``listed``: open leads, the first to call on top: ``lead_id``, ``channel``, ``type``, ``owner``, ``days_open``,
    ``p_win`` with bounds of the estimate, given how long it is open and how far it got; ``expected_value`` money,
    ``expected_worth`` = p_win x it; ``why`` the two features that move its score most, + up, - down; ``next_step``.
    Empty where the score does not sort. ``value_from``: "own" expected_value of the lead, "margin" of the first year or
    "". ``open``, ``older``: open leads, and those of them left out, open longer than the horizon. ``judged``: the leads
    forecast; ``fit``: the model of all whose days are over.
    """

    table: pd.DataFrame
    apart: pd.DataFrame
    gains: pd.DataFrame
    calibration: pd.DataFrame
    odds: pd.DataFrame
    leaks: pd.DataFrame
    decay: pd.DataFrame
    listed: pd.DataFrame
    value_from: str
    judged: pd.DataFrame
    fit: Fit
    open: int
    older: int
    horizon_days: int
    currency: str
    confidence: float

    @property
    def total(self):
        return self.table.iloc[-1]

    @property
    def sorts(self):
        """Whether the forecasts ranked wins higher than guessing would, chance allowed for."""
        return bool(self.total["auc_low"] > 0.5)

    @property
    def best(self):
        """The row of the gains that comes nearest to one lead in five."""
        return self.gains.loc[(self.gains["depth"] - 0.2).abs().idxmin()]

    def finding(self):
        if not self.sorts:
            return Finding(_("Which leads are won cannot be foreseen"), nothing=True)
        return Finding(style.say(_("The best {depth:share} of leads hold {gain:share} of the wins"), self.best))

    def reading(self):
        if not self.sorts:
            return _("So no list by score: call open leads as they came.")
        text, values = _("That is {lift:ratio} times as many as by lot ({lift_interval:ratio})."), dict(self.best)
        if len(self.listed):
            values |= {"n": len(self.listed), **self.listed[["expected_worth", "p_win"]].sum()}
            worth = {
                "own": _("The {n:count} open leads to call first are worth {expected_worth:money}, as expected."),
                "margin": _(
                    "Of the {n:count} to call first some {p_win:count} should be won, with {expected_worth:money} of "
                    "first-year margin."
                ),
                "": _("{p_win:count} of the {n:count} to call first will be won."),
            }
            text += " " + worth[self.value_from]
        return style.say(text, values, currency=self.currency)

    def plot(self, ax=None):
        if not self.sorts:
            return None
        ax = shapes.gains(self.gains, self.best, (_("best scores first"), _("by lot")), ax)
        under = _("by share of leads called; {start} to {end}; band: {level} interval")
        ends = self.judged["created_on"].agg(["min", "max"])
        level, (start, end) = style.level(self.confidence), map(style.month, ends)
        told = (style.say(_("best {depth:share}: {gain:share}"), row) for _place, row in self.gains.iterrows())
        under = under.format(start=start, end=end, level=level)
        return figure.name(ax, _("Share of all wins reached"), under, "; ".join(told))

    def summary(self):
        shares, names = {"depth": _("Share called"), "gain": _("Share of wins")}, _labels(self.fit.features)
        each = self.table.drop(columns=["skill", "skill_low", "skill_high"])
        odds = said_terms(
            self.odds.head(10), "odds_ratio", dict(zip(self.fit.features, names, strict=True)), LEADS.logs
        )
        tables = [
            show(self.listed.head(15), _("Whom to call first"), currency=self.currency),
            show(self.apart, _("Fit and engagement"), labels=shares),
            show(each, _("By quarter")),
            show(self.decay, _("Open leads, by third of the score")),
            show(self.calibration, _("By forecast, within quarters")),
            show(odds, _("What goes with a win")),
            show(self.leaks, _("Left out, as known only afterwards")),
        ]
        return tables[self.listed.empty : 6 + (len(self.leaks) > 0)]

    def actions(self):
        if self.listed.empty:
            return []
        worth = float(self.listed["expected_worth"].sum()) if self.value_from else None
        values = {"n": len(self.listed), "wins": self.listed["p_win"].sum()}
        said = style.say(_("Call these {n:count} open leads first: some {wins:count} should be won"), values)
        return [Action(said, worth, "leads_to_call", self.listed)]

    def method(self):
        value = {
            "own": _("Worth: probability times the lead's expected value."),
            "margin": _("Worth: probability times mean first-year margin of won leads, by type where known."),
        }
        text = _(
            "Logistic regression; won: within {horizon_days:days} of coming. Each quarter is forecast from "
            "leads whose days were over before, at the win rate of the latest year known. Within one, it ranks "
            "the won higher in {auc:share} of pairs ({auc_interval:share}; guessing: 50%). An open lead's "
            "chance: that of judged leads open as long and as far. Left out: {older:count} open for longer, and "
            "the owner. Features that grow while a lead is open, and columns filled in later, are not seen. "
            "Intervals: {level}."
        )
        values = vars(self) | dict(self.total) | {"level": style.level(self.confidence)}
        return style.say(f"{text} {value.get(self.value_from, '')}".strip(), values)


@analysis
@one_thread("sklearn.linear_model")
def lead_scores(firm, *, capacity=50, horizon_days=0, features=None):
    """Which leads are won: a score of what is known when they come, judged on later quarters, and whom to call first.

    A quarter is judged if, before it began, the days of 50 won and 50 other leads were over. There is no random split:
    it would let a model learn from what came later. At most 30,000 leads, drawn by a hash, are learnt from and judged.

    Parameters
    ----------
    firm : Firm
    capacity : how many open leads can be called; 0 lists all
    horizon_days : days in which a lead is won or not; 0 takes those of `ripe_days`
    features : list of columns of the leads, by default all that are known when one comes; never those that a
        `leak_table` guards. The owner is none of them: who works on a lead says nothing of it.

    Returns
    -------
    LeadScores; not possible where there is no table of leads, no outcome, nothing known of a lead, a feature is not
    there or known only afterwards, all leads are open, or too few are known to forecast a quarter from earlier ones
    """
    if min(capacity, horizon_days) < 0:
        text = _("leads: capacity is {capacity} and horizon_days {days}; neither may be below 0. Take 50 and 0.")
        raise DataError(text.format(capacity=capacity, days=horizon_days))
    horizon, confidence = horizon_days or ripe_days(firm), firm.confidence
    examples = lead_examples(firm, horizon)
    drawn, still = examples.loc[examples["won"].notna(), ["lead_id"]], examples["outcome"] == "open"
    known = examples.loc[sampled(drawn, "lead_id", MOST).index].reset_index(drop=True)
    fresh = examples[still & (examples["aged"] < horizon)]
    leaks = leak_table(pd.concat([known, fresh], ignore_index=True), LEADS, _words())
    ways = _forecasts(known, len(examples), _features(examples, features, leaks))
    judged, fit = ways["together"]
    tenth = within_campaigns(judged, 10, LEADS) + 1
    calibration = holdout_table(judged["p_win"], judged["won"], tenth, confidence=confidence)
    calibration.columns = ["group", "leads", "predicted_win_rate", "win_rate", "win_rate_low", "win_rate_high"]
    told, listed, value_from = judgement(judged, confidence, LEADS), pd.DataFrame(), ""
    if told["auc_low"].iloc[-1] > 0.5 and len(fresh):
        value, value_from = _value(firm, examples, leaks)
        listed = _listed(fresh, fit, judged, value, confidence).head(capacity or len(fresh))
        listed["why"] = _why(fit, fresh.loc[listed.index], judged)
        listed = listed.reset_index(drop=True)
    tables = gains_table(judged, confidence=confidence, roles=LEADS), calibration, odds_table(fit, confidence), leaks
    found = told, _apart(ways, confidence), *tables, _decay(judged, horizon, confidence), listed, value_from
    counts = int(still.sum()), int(still.sum()) - len(fresh), horizon
    return LeadScores(*found, judged, fit, *counts, firm.currency, confidence)


def lead_examples(firm, horizon):
    """The `deals` of a firm for a model: with ``quarter``, ``starts_on``, ``known_on``, ``aged`` days, and ``won``.

    ``won`` within so many days of coming, 1 or 0, known once they have passed; missing before. ``known_on`` is missing
    for leads open and not that old. Money is at the prices of the firm's day.
    """
    table = deals(firm)
    table = table[table["outcome"].notna()].reset_index(drop=True) if table["outcome"].isna().any() else table.copy()
    created = table["created_on"]
    aged, quarter = (firm.as_of - created).dt.days, created.dt.to_period("Q")
    won = (table["outcome"] == "won") & ~((table["closed_on"] - created).dt.days > horizon)
    if "expected_value" in table:
        table["expected_value"] = table["expected_value"].astype(float) * firm.prices.factors(created)
    place, quarters = pd.factorize(quarter)
    told = {"quarter": quarters.astype("str").str.replace("Q", " Q")[place], "starts_on": quarters.start_time[place]}
    told |= {"known_on": (created + horizon * DAY).mask((table["outcome"] == "open") & (aged < horizon))}
    return table.assign(**told, aged=aged, won=won.astype(float).where(aged >= horizon))


def _words():
    """What `leak_table` says of leads."""
    return {
        "told": TOLD,
        "name": _("tells by its name how the lead ended"),
        "dates": _("holds dates on or after the lead's day"),
        "only": _("is filled in for won leads only"),
        "power": _("alone tells which leads were won almost without fail"),
        "waiting": _("is alike for all leads still open, and differs among the others"),
    }


def _features(examples, wanted, leaks):
    """The columns to use, as wanted or all; none that is known only afterwards."""
    possible = [name for name in examples if name not in [*LEADS.about, *leaks["column"]]]
    wrong = [name for name in wanted or [] if name not in possible]
    if not possible:
        raise DataError(_("leads: nothing is known of a lead when it comes. Add columns such as channel or fit_size."))
    if wrong:
        text = _("leads: {names} cannot be features. Take those known when a lead comes: {possible}.")
        listed = {"names": ", ".join(map(repr, wrong)), "possible": ", ".join(map(repr, possible))}
        raise DataError(text.format(**listed))
    return possible if wanted is None else list(wanted)


def _forecasts(known, every, features):
    """Each score by its features: name -> (leads of later quarters as forecast, model of all), as far as there are."""
    counts = {"every": every, "known": len(known), "won": int(known["won"].sum()), "fewest": FEWEST}
    if not forecastable(known, LEADS):
        text = _(
            "leads: no quarter can be forecast (leads {every}, their days over {known}, won {won}); {fewest} "
            "won and {fewest} others must come before. Wait, or look at channels."
        )
        raise FitError(text.format(**counts))
    own = {name: [each for each in features if pd.Series(each).str.match(like)[0]] for name, like in SCORES.items()}
    own, given = {name: some for name, some in own.items() if some}, {"penalty": PENALTY, "most": FITTED}
    ways = forecast_ways(known, known, own, LEADS, **given, level_days={"together": YEAR})
    ways = {name: way for name, way in ways.items() if way[1] is not None and len(way[0]) and way[0]["won"].any()}
    if "together" not in ways:
        raise FitError(_("leads: nothing tells leads apart, or none of those to forecast was won. Wait for more."))
    return ways


def _apart(ways, confidence):
    """How well each score sorts: ``apart`` of a `LeadScores`."""
    rows, shown = [], [f"{name}{end}" for name in ("gain", "lift") for end in ("", "_low", "_high")]
    for name, (judged, _fit) in ways.items():
        auc, *bounds = area_with_interval(judged["p_win"], judged["won"], confidence, within=judged["quarter"])
        gains = gains_table(judged, confidence=confidence, roles=LEADS)
        best = gains.loc[(gains["depth"] - 0.2).abs().idxmin()]
        rows.append({"scored_by": name, **bounded("auc", auc, bounds), **best[["depth", *shown]]})
    return pd.DataFrame(rows)


def _took(judged):
    """Days from coming to the end of each lead, endless for those still open; missing where nobody knows."""
    took = (judged["closed_on"] - judged["created_on"]).dt.days.astype(float)
    return took.mask(judged["outcome"] == "open", np.inf)


def _decay(judged, horizon, confidence):
    """Of leads still open after so many days, the share won later within the horizon, by third of the score."""
    third, took, rows = within_campaigns(judged, 3, LEADS) + 1, _took(judged), []
    for number, days in ((each, days) for each in (1, 2, 3) for days in range(0, horizon, max(horizon // 50, 1) * 10)):
        still = judged.loc[(third == number) & (took > days), "won"]
        bounds = wilson(float(still.sum()), len(still), confidence)
        rows.append({"third": number, "days_open": days, "leads": len(still), **bounded("p_win", still.mean(), bounds)})
    return pd.DataFrame(rows)


def _stage(table):
    """A function of days: the last of `STAGES` that each lead had reached by then, from 1, 0 for none."""
    since = [(table[name] - table["created_on"]).dt.days for name in STAGES if name in table]
    places = [place for place, name in enumerate(STAGES, 1) if name in table]
    since = np.column_stack([np.full(len(table), -np.inf), *since]).astype(float)
    return lambda days, top=None: np.where(since[:top] <= np.asarray(days)[..., None], [0, *places], 0).max(axis=1)


def _odds_left(judged, fresh, stage):
    """By what the odds of being won change for a lead open for so many days, and at its stage by then: Bayes' rule.

    The share of won leads that were open and at the stage after as many days, over that of the others, among judged
    leads; to the stages of each `LIKE_ALL` leads with the stages of all are added.
    """
    took, factor = _took(judged).dropna().sort_values(ascending=False), np.ones(len(fresh))
    judged, took = judged.loc[took.index], -took.to_numpy()
    won, reached = judged["won"].to_numpy() > 0, _stage(judged)
    for days in fresh["aged"].unique():
        still = np.searchsorted(took, -days)  # the first so many were open for longer
        at = reached(days, still)
        counts = np.array([np.bincount(at[side[:still]], minlength=4) for side in (won, ~won)], dtype=float)
        left = counts.sum(axis=1)
        share = counts + (LIKE_ALL * counts.sum(axis=0) + 1e-9) / max(left.sum(), 1)
        pace = left / np.maximum([won.sum(), (~won).sum()], 1) / (left + LIKE_ALL)
        ratio = share[0] * pace[0] / np.maximum(share[1] * pace[1], 1e-12)
        own = (fresh["aged"] == days).to_numpy()
        factor[own] = ratio[stage[own]]
    return factor


def _value(firm, examples, leaks):
    """What each lead would bring, money, and where that is from: ``value_from`` of a `LeadScores`.

    What wins have brought goes before what was expected; by type where 30 of it or more were won.
    """
    margins, own = year_margins(firm), examples.get("expected_value", pd.Series(np.nan, examples.index))
    told = own[examples["outcome"] == "open"].notna().any() and "expected_value" not in [*leaks["column"]]
    if told and len(margins) < ENOUGH:
        return own, "own"
    value = pd.Series(margins.mean(), examples.index)
    if "type" in examples:
        by_type = margins.groupby(deals(firm)["type"].reindex(margins.index)).agg(["size", "mean"])
        value = examples["type"].map(by_type["mean"][by_type["size"] >= ENOUGH]).astype("float64").fillna(value)
    return value, "margin" if margins.mean() > 0 else ""


def _listed(fresh, fit, judged, value, confidence):
    """The open leads, the first to call on top: ``listed`` of a `LeadScores`, without the reasons."""
    stage = _stage(fresh)(fresh["aged"])
    told, left = fit.chances(fresh, "p_win", confidence), _odds_left(judged, fresh, stage)
    told = told.apply(lambda p: p * left / (p * left + 1 - p))
    told = told.assign(expected_value=value, expected_worth=told["p_win"] * value, why="")
    steps = [_("call"), _("find out what they need"), _("send a proposal"), _("follow up")]
    about = fresh[[name for name in ("lead_id", "channel", "type", "owner") if name in fresh]]
    table = about.assign(days_open=fresh["aged"]).join(told).assign(next_step=[steps[each] for each in stage])
    return table.sort_values(["expected_worth", "p_win", "lead_id"], ascending=[False, False, True])


def _labels(names):
    """What a reader calls columns of the leads: ours in words, others without what marks them as ours."""
    words = columns()
    known = {each: words[each][0] for each in ("expected_value", "product_id")} | feature_labels()
    plain = [name.removeprefix("fit_").removeprefix("engagement_").replace("_", " ") for name in names]
    return [known.get(name) or style.shorten(own) for name, own in zip(names, plain, strict=True)]


def _why(fit, table, judged):
    """The two features that move each lead's score most against the average lead, in words: + up, - down."""
    pull = fit.pull(table)
    names = dict(zip(pull, _labels(pull), strict=True))
    said = pd.DataFrame({each: _said(name, table[each], judged[each]) for each, name in names.items()}, table.index)
    order = np.argsort(-pull.abs().to_numpy(), axis=1, kind="stable")[:, :2]
    pulls, words = (np.take_along_axis(each.to_numpy(), order, axis=1) for each in (pull, said.astype(object)))
    texts = np.where(np.abs(pulls) > 0.05, np.where(pulls > 0, "+ ", "\u2212 ") + words, "")
    return ["; ".join(filter(None, row)) for row in texts]


def _said(name, values, usual):
    """What is said of each lead's value of a feature, by the side of the usual one where it is a number."""
    number, unknown = None if pd.api.types.is_bool_dtype(values) else as_number(values), _("not known")
    if number is None:
        levels = [style.shorten(each) if pd.notna(each) else unknown for each in values]
        return [_("{name}: {level}").format(name=name, level=level) for level in levels]
    usual, flags = as_number(usual).dropna(), {1.0: _("with {name}"), 0.0: _("without {name}")}
    if usual.isin([0, 1]).all():
        return [flags.get(each, _("{name} not known")).format(name=name) for each in number]
    digits = 0 if (usual % 1 == 0).all() else 1
    texts = {False: _("{name} {value}, most have {usual}"), True: _("{name} not known")}
    numbers = ((each, style.number(each, digits)) for each in number)
    middle = style.number(usual.median(), digits)
    return [texts[pd.isna(each)].format(name=name, value=value, usual=middle) for each, value in numbers]
