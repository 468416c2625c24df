"""Who will leave, and whom is it worth to hold?"""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from portfoy.errors import DataError
from portfoy.firm import analysis
from portfoy.intervals import bounded, corrected, two_sided, wald, z_value
from portfoy.locale import _
from portfoy.models.holdout import groups_of, holdout_table
from portfoy.models.judging import area_with_interval
from portfoy.models.leaks import MOST, hashed
from portfoy.models.lists import check_limits, effect_of, offer_terms, offers, offers_said, read_back
from portfoy.models.logistic import said_terms
from portfoy.models.responders import FEWEST, forecast_periods, forecastable, odds_table
from portfoy.models.threads import one_thread
from portfoy.retention.histories import BY, CONTRACT, LEAVERS, histories, reasons, yearly_worth
from portfoy.standing import rule_of
from portfoy.words import figure, shapes, style
from portfoy.words.result import Action, Finding, Result
from portfoy.words.table import show

LIST = "save"  # its name, by which arms are drawn
RULE, LOGISTIC, TREES = "rule", "logistic", "trees"  # ways to tell who leaves, as stored
PART = 5  # one customer in so many gets an offer, where ways are compared; and so many groups are calibrated
SHOWN = 8  # of what goes along with leaving


@dataclass(frozen=True)
class Leaving(Result):
    """Who will leave within the horizon, by the way that fared best on later days; and whom to hold.

    ``table``, one row per customer of today, the most at stake first: ``customer_id``; ``p_leave`` 0-1, with bounds:
    the forecast, put right by what came of those with like chances on the judged days; ``worth`` money a year, if
    held; ``at_stake`` = p_leave x worth. ``ways``, one row per way to tell (rule, logistic regression, boosted trees),
    over the judged days: ``way``; ``auc`` chance that of two customers the one who left was ranked higher, with
    bounds; ``offers`` to one customer in five of each day, those with most at stake; ``leavers`` among them;
    ``reached`` worth of these; ``more`` than by the rule, with bounds. ``used``: the model with the higher ``more``,
    if its lower bound is above 0, else the rule. ``calibration``: one row per fifth by chance, the highest first:
    ``group``, ``customers``, ``p_leave``, ``left`` share with bounds. ``drivers``: as from `odds_table`, ``clear``
    beyond chance for so many. ``listed``: the save list. ``total``: what is counted. ``effect``: what the latest list
    acted on has added, as from `effect_of`. ``days``: those judged.
    """

    table: pd.DataFrame
    ways: pd.DataFrame
    used: str
    calibration: pd.DataFrame
    drivers: pd.DataFrame
    listed: pd.DataFrame
    total: dict
    effect: dict | None
    kind: str
    days: list
    currency: str
    confidence: float

    @property
    def _values(self):
        ways = self.ways.set_index("way")
        best = ways.drop(index=RULE)["more"].idxmax()
        told = {f"more{end}": ways.at[best, f"more{end}"] for end in ("", "_low", "_high")}
        told |= {"reached": ways.at[self.used, "reached"], "by_rule": ways.at[RULE, "reached"]}
        told |= {"measure": style.measure(self.total["measure"])}
        return self.total | told | {"judged": ", ".join(map(style.day, self.days))} | (self.effect or {})

    def _say(self, *texts):
        return style.say(" ".join(texts), self._values, currency=self.currency)

    @property
    def sorts(self):
        """Whether the way used ranks who leaves higher than guessing would, chance allowed for."""
        return bool(self.ways.set_index("way").at[self.used, "auc_low"] > 0.5)

    def finding(self):
        if not self.sorts:
            return Finding(_("Who will leave cannot be foreseen"), nothing=True)
        text = _("{loss:money} of yearly {measure} is expected to leave within {horizon:days}")
        if self.kind == CONTRACT:
            text = _("{loss:money} of yearly fees is expected to leave within {horizon:days}")
        return Finding(self._say(text))  # it leaves every year: what changes is what findings rank by

    def reading(self):
        first = _("That is {loss_interval:money}; no model surely tells leavers better than days of silence.")
        if self.kind == CONTRACT:
            first = _("That is {loss_interval:money}; no model surely tells leavers better than the contract's age.")
        first = first if self.sorts else ""
        if self.effect:
            first = read_back(self.effect, stayed=self.kind == CONTRACT)
        elif self.used != RULE:
            first = _(
                "Offers to one in five would have met {reached:money} that left, by the simple rule {by_rule:money}."
            )
        return self._say(*filter(None, [first, offers_said(self.total)]))

    def plot(self, ax=None):
        rows = self.drivers.head(SHOWN).rename(columns={f"odds_ratio_{end}": end for end in ("low", "high")})
        names = said_terms(rows, "odds_ratio", logs=LEAVERS.logs)["feature"]
        names = names.where(rows["level"] == "", names + ": " + rows["level"])
        rows = rows.assign(name=names, value=rows["odds_ratio"], strong=rows["clear"])
        ax = shapes.dots(rows, ax, at=1.0, write=style.writer("number"))
        under = _("times the odds, by a step more; lines: {level} interval")
        under = under.format(level=style.level(self.confidence))
        told = (style.say(_("{name}: {value:ratio}"), row) for _place, row in rows.iterrows())
        return figure.name(ax, _("What goes along with leaving"), under, "; ".join(told))

    def summary(self):
        drivers = said_terms(self.drivers.head(12), "odds_ratio", logs=LEAVERS.logs)
        tables = [
            show(drivers, _("What goes along with leaving")),
            show(self.ways, _("Ways to tell who leaves"), currency=self.currency),
            show(self.calibration, _("Forecast and actual, by fifths")),
        ]
        if len(self.listed):
            shown = self.listed.head(15).drop(columns=["campaign_id", "contacted_on", "hold_out_share"])
            tables.append(show(shown, _("Whom to hold"), currency=self.currency))
        return tables

    def actions(self):
        if self.listed.empty:
            return []
        text = _("Make {n:count} customers an offer to stay, not the {held:count} held out")
        return [Action(self._say(text), self.total["gain"], LIST, self.listed)]

    def method(self):
        silent = _("Left: silent for more than {window:days} at the end. Simple rule: days of silence.")
        contract = _("Left: the last contract has ended. Simple rule: the contract's age.")
        text = _(
            "Each way learns on earlier days and is judged on later ones ({judged}), by the yearly worth of "
            "leavers among offers to one in five; a model is used if it surely beats the rule: {more:money} "
            "({more_interval:money}). What goes along with leaving need not cause it. Bounds of the loss: "
            "errors on the judged days."
        )
        return self._say(contract if self.kind == CONTRACT else silent, text)


@analysis(without=("value",))
def leaving(
    firm, *, value=None, kind="", horizon_days=0, offer_cost=0.0, p_works=0.0, budget=0.0, contacts=50,
    hold_out_share=0.2,
):  # fmt: skip
    """Who will leave within a horizon, judged on later days only; what an offer to stay earns; and whom to hold.

    Parameters
    ----------
    firm : Firm
    value : LifetimeValue of its customers: who is held is worth what it expects of one who still buys, a year; without
        it, what he or she brought in a year so far
    kind : "silence" or "contract"; by default contract where there are no orders
    horizon_days : days to look ahead; 0 for the window after which silence is leaving, 90 for contracts, or as many as
        the history allows
    offer_cost, p_works : money an offer costs; chance that it holds somebody who would leave, 0 where nobody knows
    budget, contacts : money to spend, 0 is no limit; customers on the list at most
    hold_out_share : share of the list that chance holds out, 0 to less than 1

    Returns
    -------
    Leaving; not possible where the history is too short, too few left or stayed, or a parameter is out of its range
    """
    check_limits(horizon_days=horizon_days)
    given = {"offer_cost": offer_cost, "budget": budget, "contacts": contacts, "hold_out_share": hold_out_share}
    terms = offer_terms(firm, LIST, chance=p_works, **given)
    seen, confidence = histories(firm, kind=kind, horizon_days=horizon_days), firm.confidence
    judged, fit = _forecast(seen)
    ways = _ways(judged, confidence)
    best = ways.loc[ways["more"].iloc[1:].idxmax()]
    used = best["way"] if best["more_low"] > 0 else RULE
    groups = pd.Series(groups_of(judged[used], PART) + 1, judged.index)
    calibration = holdout_table(judged[used], judged["left"], groups, confidence=confidence)
    calibration.columns = ["group", "customers", "p_leave", "left", "left_low", "left_high"]
    table = _put_right(_today(seen, fit, used, value), calibration, judged[used].groupby(groups).min())
    off = z_value(confidence) * _off(judged, used)
    loss = float(table["at_stake"].sum())
    total = bounded("loss", loss, (max(loss * (1 - off), 0.0), loss * (1 + off)))
    if not ways.set_index("way").at[used, "auc_low"] > 0.5:
        terms["most"] = 0  # what cannot be foreseen makes no list
    listed, counts = offers(firm, _explained(firm, seen, table), "at_stake", terms)
    costs = seen.kind != CONTRACT and firm.customers["margin"].notna().any()
    measure = "margin" if costs else "revenue"
    total |= counts | {"window": seen.window, "horizon": seen.horizon_days, "measure": measure}
    stayed = partial(_stayed, firm) if seen.kind == CONTRACT else None
    effect = effect_of(firm, LIST, days=seen.window, answered=stayed)
    about = effect, seen.kind, sorted(judged["seen_on"].unique()), firm.currency, confidence
    return Leaving(
        table, ways, used, calibration, _corrected(odds_table(fit, confidence), confidence), listed, total, *about
    )


def _corrected(drivers, confidence):
    """The drivers with ``clear``: beyond chance for as many as were looked at (Benjamini and Hochberg)."""
    log, wide = np.log(drivers["odds_ratio"]), np.log(drivers["odds_ratio_high"] / drivers["odds_ratio_low"])
    chance = [two_sided(*pair) for pair in zip(log, wide / 2 / z_value(confidence), strict=True)]
    return drivers.assign(clear=corrected(chance) <= 1 - confidence)


@one_thread("sklearn.linear_model", "sklearn.ensemble")
def _forecast(seen):
    """Customers of the days that could be judged, with the chance by each way, and the logistic fit of all days."""
    known = _some(seen.examples)
    days = forecastable(known, LEAVERS)
    judged, fit = forecast_periods(known, known, seen.features, LEAVERS) if days else (known.head(0), None)
    if judged.empty:
        text = _(
            "leaving: of {n} customers seen on earlier days {left} left; {fewest} who left and {fewest} who stayed "
            "must be known, with something that tells them apart, before a later day. Take a longer history."
        )
        raise DataError(text.format(n=len(known), left=int(known["left"].sum()), fewest=FEWEST))
    judged = judged.drop(columns="strange").rename(columns={"p_leave": LOGISTIC})
    for day, start in days:
        before, own = known[known["known_on"] < start], judged["seen_on"] == day
        judged.loc[own, RULE] = _by_rule(before, judged[own], seen)
        judged.loc[own, TREES] = _by_trees(before, judged[own], seen)
    return judged, fit


def _some(examples):
    """At most `MOST` customers of each day, the same ones on all."""
    draw, most = hashed(examples["customer_id"]), examples["seen_on"].value_counts().max()
    return examples[draw / 2**64 <= MOST / most].reset_index(drop=True)


def _by_rule(before, own, seen):
    """The chance to leave by days of silence, or the age of the contract, alone: never falling, or never rising, in it.

    Isotonic regression: Barlow, Bartholomew, Bremner & Brunk (1972), Statistical Inference under Order Restrictions.
    """
    from sklearn.isotonic import IsotonicRegression

    fit = IsotonicRegression(increasing=seen.kind != CONTRACT, out_of_bounds="clip")
    x, now = (rows[BY[seen.kind]].to_numpy(float) for rows in (before, own))
    return fit.fit(x, before["left"]).predict(now)


def _by_trees(before, own, seen):
    """The chance to leave by gradient boosting; the trees are few and shallow, as leavers are few."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    sides = [], []
    for name in seen.features:
        codes = [rows[name] for rows in (before, own)]
        if not pd.api.types.is_numeric_dtype(before[name]):
            levels = pd.Index(sorted(before[name].dropna().astype("str").unique()))
            codes = [pd.Series(levels.get_indexer(rows.astype("str"))) for rows in codes]
        for side, values in zip(sides, codes, strict=True):
            side.append(values.to_numpy(float))
    terms = {"max_iter": 60, "learning_rate": 0.08, "max_leaf_nodes": 8, "min_samples_leaf": 40}
    fit = HistGradientBoostingClassifier(**terms, early_stopping=False, random_state=7)
    return fit.fit(np.column_stack(sides[0]), before["left"]).predict_proba(np.column_stack(sides[1]))[:, 1]


def _ways(judged, confidence):
    """How each way fared on the judged days: the ``ways`` of `Leaving`.

    The better of two models is looked at, so each difference may err by half of what chance may (Bonferroni). Customers
    count as independent; one seen on several days is one.
    """
    rows, held, lost = [], {}, judged["left"] * judged["worth"]
    many = np.ceil(judged.groupby("seen_on")["left"].transform("size") / PART)
    among = {"within": judged["seen_on"], "of": judged["customer_id"]}
    for way in (RULE, LOGISTIC, TREES):
        order = judged.assign(stake=judged[way] * judged["worth"])
        order = order.sort_values(["stake", "customer_id"], ascending=[False, True])
        held[way] = order.groupby("seen_on").cumcount().reindex(judged.index) < many
        auc, *bounds = area_with_interval(judged[way], judged["left"], confidence, **among)
        told = {"way": way} | bounded("auc", auc, bounds) | {"offers": int(held[way].sum())}
        told |= {"leavers": int(judged.loc[held[way], "left"].sum()), "reached": float(lost[held[way]].sum())}
        each = ((held[way].astype(float) - held[RULE]) * lost).groupby(judged["customer_id"]).sum()
        error = float(each.std() * np.sqrt(len(each))) if way != RULE else np.nan
        rows.append(told | bounded("more", float(each.sum()), wald(each.sum(), error, (1 + confidence) / 2)))
    return pd.DataFrame(rows)


@one_thread("sklearn.ensemble")
def _today(seen, fit, used, value):
    """Customers of today, with chances as the way used says them."""
    today, known = seen.today, _some(seen.examples)
    by = {RULE: _by_rule, TREES: _by_trees}
    p = fit.chances(today, "p", 0.95)["p"].to_numpy() if used == LOGISTIC else by[used](known, today, seen)
    worth = today["worth"]
    if value is not None and seen.kind != CONTRACT:
        worth = yearly_worth(value, today["customer_id"]).fillna(today["worth"])
    return pd.DataFrame({"customer_id": today["customer_id"], "p_leave": p, "worth": worth})


def _put_right(table, calibration, least):
    """The ``table`` of `Leaving`: chances as they came true on the judged days, by fifths; `least` chance of each."""
    place = np.searchsorted(-least.to_numpy(), -table["p_leave"]).clip(0, len(calibration) - 1)
    said, came, low, high = calibration[["p_leave", "left", "left_low", "left_high"]].to_numpy(float)[place].T
    part = table["p_leave"] / np.where(said > 0, said, 1.0)
    table = table.assign(p_leave=np.minimum(part * came, 1.0))
    table.insert(2, "p_leave_low", np.minimum(part * low, table["p_leave"]))
    table.insert(3, "p_leave_high", np.clip(part * high, table["p_leave"], 1.0))
    table["at_stake"] = table["p_leave"] * table["worth"]
    return table.sort_values(["at_stake", "customer_id"], ascending=[False, True], ignore_index=True)


def _off(judged, used):
    """How far, as a share, a forecast of what leaves was off on the judged days: its bias and its standard error."""
    forecast, came = judged["worth"] * judged[used], judged["worth"] * judged["left"]
    if not forecast.sum() > 0:
        return np.nan
    ratio = came.sum() / forecast.sum()
    chance = (came - ratio * forecast).groupby(judged["customer_id"]).sum()
    return float(np.hypot(ratio - 1, np.sqrt((chance**2).sum()) / forecast.sum()))


def _explained(firm, seen, table):
    """The table with ``why`` a customer may leave, in words."""
    about = seen.today.set_index("customer_id").loc[table["customer_id"]].set_axis(table.index)
    why = reasons(about, rule_of(firm).at_risk_days if seen.kind != CONTRACT else 0)
    ranked = table.copy()
    ranked.insert(1, "why", why.replace("", _("much at stake")))
    return ranked


def _stayed(firm, rows, day):
    """Of the contacts `rows`, who has a contract on a day: 1 or 0."""
    runs = firm.tables.subscriptions
    runs = runs.filter((runs.started_on <= day.date()) & (runs.ended_on.isnull() | (runs.ended_on > day.date())))
    return rows["customer_id"].isin(set(runs.customer_id.to_pyarrow().to_pylist())).astype(float)
