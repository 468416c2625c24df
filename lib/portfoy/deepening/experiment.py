"""What did a campaign bring, in buyers and in money? Only where chance drew who was contacted."""

from dataclasses import dataclass

import ibis
import numpy as np
import pandas as pd

from portfoy.customers import DAY, to_frame
from portfoy.deepening.readout import BEFORE, ENDS, UNITS, alike, completed, effects, outcomes_of, together
from portfoy.errors import DataError, has_columns
from portfoy.firm import Firm, analysis
from portfoy.locale import _
from portfoy.metrics import FEWEST
from portfoy.models.arms import CHANCE, difference, lots, ratio_check
from portfoy.models.columns import CONTROL, HISTORY, TREATED
from portfoy.models.examples import TRAITS, arm_words, examples_of
from portfoy.people import NOT_KNOWN
from portfoy.source.labels import understood
from portfoy.words import figure, shapes, style
from portfoy.words.codes import said_as
from portfoy.words.result import Finding, Result
from portfoy.words.table import show

ALL, EMPTY, ARMS = "all together", pd.DataFrame(), [TREATED, CONTROL]
KNOWN = ["bought_before", *HISTORY, "years", *TRAITS]


@dataclass(frozen=True)
class Experiment(Result):
    """What contact brought within `days` of it; of a table by itself, what its arms did (`days` 0).

    ``checks``, a row per campaign with a control, or arm, of several as "campaign: arm": ``treated``,
    ``held_out``; ``hold_out_share`` meant, if told,
    ``p_ratio`` how often chance is as far off; ``differs``: what known before tells the arms apart; ``open`` customers
    whose days are not over, who do not count; ``arms`` "drawn": read out; "ratio": not as large as meant; "chosen": not
    at random; "few": under 30. ``table``, a row per campaign and outcome, all together (by customer) last, as from
    `effects`: ``responded``, ``bought`` in a hundred, ``revenue``, ``margin`` a customer with zeros. ``net``:
    ``margin_added`` by a campaign, ``cost``, ``net_money``. ``chosen``, from `alike`, those that chance did not draw.
    ``groups`` as ``table``, by ``level`` of a trait.
    """

    checks: pd.DataFrame
    table: pd.DataFrame
    net: pd.DataFrame
    chosen: pd.DataFrame
    groups: pd.DataFrame
    days: int = 0
    currency: str = ""
    confidence: float = 0.95

    @property
    def main(self):
        """In money, of all campaigns or the only one; of a table the clearest row; None where nothing is read out."""
        if self.table.empty or not self.days:
            return None if self.table.empty else self.table.sort_values("p_corrected").iloc[0]
        return self.table[self.table["unit"] == "money"].iloc[-1]

    def finding(self):
        if self.main is None:
            text = {
                "ratio": _("Arms are not of the sizes meant: no read-out"),
                "chosen": _("Contacts were chosen: what they brought is not known"),
            }.get(self.checks["arms"].iloc[-1], _("Too early, or too few customers, to read out"))
            return Finding(text, nothing=True)
        tried = {
            "money": _("Contact brought {best:money} more {measure} from each customer contacted"),
            "points": _("Contact made {best:number} more customers in a hundred buy"),
            "number": _("Arm {arm} changed {measure} by {best:ratio}"),
            "arm": _("{campaign_id} brought {best:money} more {measure} from each"),
        }
        said = [{**self.main, "says": self.main["unit"] if self.days else "number"}]
        if self.days:
            own, arms = self.table[self.table["outcome"] == "bought"], self.checks.query("campaign != campaign_id")
            said += own.tail(1).assign(says="points").to_dict("records")
            own = self.table[(self.table["unit"] == "money") & self.table["campaign_id"].isin(arms["campaign_id"])]
            said += own.sort_values("p_corrected").assign(says="arm").to_dict("records")
        for row in said:
            if row["p_corrected"] < 1 - self.confidence:
                text = tried[row["says"]]
                measure = style.shorten(said_as("outcome", row["outcome"]))
                return Finding(style.say(text, {**row, "measure": measure}, currency=self.currency))
        return Finding(_("The effect cannot be told from chance"), nothing=True)

    def reading(self):
        said, values = [], {"days": self.days, "open": int(self.checks["open"].sum())}
        if self.days and self.main is not None:
            net = self.net[self.net["campaign_id"] == self.main["campaign_id"]] if len(self.net) else self.net
            values |= {**self.main, **(net.iloc[0] if len(net) else {})}
            chance = self.main["adjusted_low"] <= 0 <= self.main["adjusted_high"]
            text = _(
                "Given earlier purchases, each contacted brought {adjusted:money} more in {days:days} "
                "({adjusted_interval:money})."
            )
            if chance:
                text = _(
                    "Given earlier purchases, each contacted brought {adjusted:money} more in {days:days}, perhaps by "
                    "chance ({adjusted_interval:money})."
                )
            less = _("After the cost that is {net_money:money} in all ({net_money_interval:money}).")
            text = f"{text} {less}" if len(net) else text
            said.append(text)
        if values["open"]:
            said.append(_("Too early to be sure: the days of {open:count} customers are not over."))
        elif len(self.chosen):
            rows = self.chosen.drop_duplicates(["campaign_id", "way"]).tail(3).set_index("way")
            values |= {"name": style.shorten(rows["campaign_id"].iloc[0]), "naive": rows["effect"]["plain"]}
            values |= {f"left{end}": rows[f"effect{end}"]["fixed"] for end in ENDS}
            text = _(
                "{name} was not drawn at random: adjusted for what was known before, {left:number} of "
                "{naive:number} points more responses remain ({left_interval:number}); what nobody recorded is not "
                "adjusted."
            )
            said.append(text)
        return style.say(" ".join(said), values, currency=self.currency)

    def plot(self, ax=None):
        if self.main is None or not self.days or np.isnan(self.main["best"]):
            return None
        rows, write = self.table[self.table["outcome"] == self.main["outcome"]].dropna(subset="best"), style.number
        clear = (rows["p_corrected"] < 1 - self.confidence).astype(object)
        rows = rows.rename(columns={f"best{end}": end[1:] or "value" for end in ENDS}).assign(beside=rows["effect"])
        rows["strong"] = clear.mask(clear.astype(bool) & (rows["value"] < 0), "bad")
        rows["name"] = [said_as("campaign_id", name) for name in rows["campaign_id"]]
        ax = shapes.dots(rows, ax, at=0.0, write=write, told=[_("given what was before"), _("as it is")])
        under = _("{outcome} a customer, {currency}, in {days:days}; colour: beyond chance; lines: {level}")
        about = {"outcome": said_as("outcome", self.main["outcome"]), "currency": self.currency or _("money")}
        under = style.say(under, about | {"days": self.days, "level": style.level(self.confidence)})
        numbers = "; ".join(f"{row.name}: {write(row.value)}" for row in rows.itertuples(index=False))
        return figure.name(ax, _("More than those held out"), under, numbers)

    def summary(self):
        names = {"table": _("More than those held out"), "net": _("What was left of it"), "groups": _("By group")}
        names |= {"chosen": _("Not drawn at random"), "checks": _("Whether chance drew the arms")}
        unseen = ["p_value", "p_adjusted", *(f"{name}{end}" for name in ("best", "points") for end in ENDS)]
        unseen += ["campaign", "response", "held_out_response", "at_random"]
        found = [(getattr(self, name).drop(columns=unseen, errors="ignore"), words) for name, words in names.items()]
        own = {"labels": {"effect": _("More than held out")}, "kinds": {"effect": "figure"}, "currency": self.currency}
        return [show(table, words, **own) for table, words in found if len(table)]

    def method(self):
        text = _(
            "Welch's test per customer, and adjusted by the year before (CUPED); together: least squares within "
            "campaigns, by customer; corrected for an outcome's rows (Benjamini-Hochberg). Least: seen with a "
            "chance of 80%. The share held out is judged where told, else only what was known before."
        )
        more = _(
            "Not at random: what was known held fixed by tenths, or customers weighted to be alike; "
            "{outside:share} have hardly a match in the other arm. No money follows."
        )
        return style.say(f"{text} {more}" if len(self.chosen) else text, {**self.chosen.tail(1).squeeze()})


@analysis
def experiment(asked, campaign="", *, days=30, planned_share=0.0, by="", outcomes=(), arm="arm"):
    """What campaigns brought against those held out; or what the arms of a table of customers did.

    Parameters
    ----------
    asked : Firm; or a table by itself, DataFrame or Ibis: a row per customer, summed up where it is
    campaign : one of the contacts; empty: all
    days : from the contact on in which orders count
    planned_share : of customers that was meant to be held out, where contacts do not tell; 0: nobody says
    by : column of the customers by whose levels the effect is told, too
    outcomes : of a table: columns, or "x / y" for a ratio of means; x is adjusted by x_before, where there
    arm : of a table: its column of arms; the control is what reads so, else the first in order

    Returns
    -------
    Experiment; not possible where nobody was held out
    """
    if days < 1 or not 0 <= planned_share < 1:
        text = _("experiment: days is {days}, planned_share {share:g}; take 1 or more, and 0 to below 1.")
        raise DataError(text.format(days=days, share=planned_share))
    if not isinstance(asked, Firm):
        return _of_table(asked, [outcomes] if isinstance(outcomes, str) else [*outcomes], arm, planned_share)
    examples = _by_arm(asked, examples_of(asked, days), planned_share)
    over = examples["contacted_on"] + days * DAY <= asked.as_of
    checks = _checked(examples, over, asked.confidence)
    checks = checks[(checks["campaign"] == campaign) | (not campaign)].reset_index(drop=True)
    if checks.empty:
        text = _(
            "experiment: no campaign has five contacted and five held out; there are {names}. Hold customers "
            "out at random next time."
        )
        if campaign:
            text = _(
                "experiment: campaign '{campaign}' has not five contacted and five held out; there are {names}. "
                "Take one of them, or hold customers out at random next time."
            )
        raise DataError(text.format(campaign=campaign, names=", ".join(examples["campaign"].unique()[-6:])))
    if by and by not in examples:
        text = _("experiment: by is '{by}', which is not known of customers. Take a trait of theirs.")
        raise DataError(text.format(by=by))
    rows = examples[over & examples["arm"].notna() & examples["campaign_id"].isin(checks["campaign_id"])]
    cells = rows[["campaign_id", "customer_id", "arm", "campaign"]].join(outcomes_of(asked, rows, days))
    cells = cells.assign(responded=100 * rows["responded"], responded_before=cells["bought_before"])
    drawn = checks[checks["arms"] == "drawn"].set_index("campaign_id")
    read, confidence = cells[cells["campaign_id"].isin(drawn.index)], asked.confidence
    table = _table(read, drawn, examples, confidence) if len(read) else EMPTY
    whole = _whole(read)
    levels = whole.groupby(rows[by].astype("object").fillna(NOT_KNOWN).astype("str")) if by else []
    enough = [(name, part) for name, part in levels if part["arm"].value_counts().reindex(ARMS).min() >= FEWEST]
    groups = [together(part, _told(part), confidence, level=name) for name, part in enough]
    known = [name for name in KNOWN if name in examples]
    chosen = [
        alike(own, examples.loc[own.index, known], _told(own), confidence, campaign_id=name)
        for name, own in cells.groupby("campaign_id")
        if name in set(checks.loc[checks["arms"] == "chosen", "campaign_id"])
    ]
    groups = completed(pd.concat(groups, ignore_index=True), confidence) if groups else EMPTY
    chosen = pd.concat(chosen, ignore_index=True) if chosen else EMPTY
    net = _net(asked, table, drawn) if len(table) else EMPTY
    return Experiment(checks, table, net, chosen, groups, days, asked.currency, confidence)


def _by_arm(firm, examples, planned_share):
    """The examples with the share held out that was meant, and each arm of a ``campaign`` of several as one of its own.

    Those held out stand beside each of its arms, and the share is that of the two.
    """
    share, words = examples["hold_out_share"].fillna(planned_share or np.nan), arm_words(firm, examples)
    examples = examples.assign(campaign=examples["campaign_id"], hold_out_share=share)
    named = words.fillna(examples["arm"].where(examples["arm"] == TREATED))
    parts, several = [], named.groupby(examples["campaign_id"]).nunique()
    for campaign in several.index[several > 1]:
        own = examples[examples["campaign_id"] == campaign]
        held, tried = own[own["arm"] == CONTROL], named[own.index].dropna()
        for name, rows in own.loc[tried.index].groupby(tried):
            part = pd.concat([rows.assign(arm=TREATED), held]).assign(campaign_id=f"{campaign}: {name}")
            meant = part["hold_out_share"]
            parts.append(part.assign(hold_out_share=meant / (meant + (1 - meant) * len(rows) / len(tried))))
    if not parts:
        return examples
    alone = examples[~examples["campaign_id"].isin(several.index[several > 1])]
    return pd.concat([alone, *parts]).sort_values("starts_on", kind="stable", ignore_index=True)


def _whole(rows):
    """The rows by campaign, whatever the arm, those held out once."""
    return rows.drop_duplicates(["campaign", "customer_id"]).assign(campaign_id=lambda own: own["campaign"])


def _checked(examples, over, confidence):
    """The ``checks``, and what `lots` says of the responses."""
    of, arm = examples["campaign_id"], examples["arm"]
    checks = lots(examples, KNOWN, confidence).drop(columns=["treated", "held_out"])
    counts = pd.crosstab(of, arm).reindex(columns=ARMS).set_axis(["treated", "held_out"], axis=1)
    counts = counts.assign(
        hold_out_share=examples["hold_out_share"].groupby(of).first(), open=(~over & arm.notna()).groupby(of).sum()
    )
    counts = counts.join(
        examples.groupby("campaign_id").agg(starts_on=("starts_on", "min"), campaign=("campaign", "first"))
    )
    checks = checks.join(counts, on="campaign_id")
    each = zip(checks["treated"], checks["held_out"], checks["hold_out_share"], strict=True)
    checks["p_ratio"] = [ratio_check(*own) if own[2] > 0 else np.nan for own in each]
    seen = pd.crosstab(of[over], arm[over]).reindex(columns=ARMS, fill_value=0).min(axis=1)
    few = checks["campaign_id"].map(seen).fillna(0) < FEWEST
    unlike = [checks["differs"] == "hold_out_share", checks["differs"] != "", few]
    return checks.assign(arms=np.select(unlike, ["ratio", "chosen", "few"], "drawn"))


def _told(cells):
    """The outcomes that are known of all of them."""
    return [name for name in UNITS if name in cells and cells[name].notna().all()]


def _table(cells, drawn, examples, confidence):
    """The ``table``; responses differ by what `difference` says, as wherever they stand."""
    cells = cells.assign(cell=cells["campaign_id"] + "\n" + cells["arm"])
    pairs = [
        ({"campaign_id": name}, f"{name}\n{CONTROL}", f"{name}\n{TREATED}", _told(own))
        for name, own in cells.groupby("campaign_id", sort=False)
    ]
    table, points = effects(cells, pairs, confidence), drawn
    if len(pairs) > 1:
        whole = _whole(cells)
        pooled = completed(together(whole, _told(whole), confidence, campaign_id=ALL), confidence)
        table = pd.concat([table, pooled], ignore_index=True)
        every = difference(_whole(examples[examples["campaign_id"].isin(drawn.index)]), confidence) or {}
        points = pd.concat([drawn, pd.DataFrame(every, [ALL])])
    answers = table["outcome"] == "responded"
    own = points.loc[table.loc[answers, "campaign_id"], [f"points{end}" for end in ENDS]]
    table.loc[answers, [f"effect{end}" for end in ENDS]] = own.to_numpy()
    return table


def _net(firm, table, drawn):
    """The ``net``; of all together only where each has a cost; none while days are open."""
    campaigns, rows = firm.tables.campaigns, table[table["outcome"] == "margin"]
    if campaigns is None or "cost" not in campaigns.columns or rows.empty:
        return EMPTY
    cost = to_frame(campaigns).drop_duplicates("campaign_id").set_index("campaign_id")["cost"].astype(float)
    of = drawn["campaign"]
    cost = cost.reindex(of).set_axis(drawn.index).where(drawn["open"].groupby(of).transform("max") == 0)
    cost *= firm.prices.factors(drawn["starts_on"])
    each = cost[of == of.index]  # what the arms of one campaign cost is not known apart
    cost = pd.concat([each, pd.Series({ALL: cost[~of.duplicated()].sum(skipna=False)})])
    net = rows[["campaign_id"]].assign(cost=rows["campaign_id"].map(cost))
    net = net.assign(**{f"margin_added{end}": rows[f"best{end}"] * rows["treated"] for end in ENDS})
    net = net.assign(**{f"net_money{end}": net[f"margin_added{end}"] - net["cost"] for end in ENDS})
    return net.dropna(subset="cost")


def _of_table(table, outcomes, arm, planned_share):
    """An `Experiment` of the arms of a table; rows with a value missing are left out."""
    table = ibis.memtable(table) if isinstance(table, pd.DataFrame) else table
    parts = [part.strip() for name in outcomes for part in name.split("/")]
    has_columns(table, [arm, *parts], "experiment")
    known = [part + BEFORE for part in parts if part + BEFORE in table.columns]
    table = table.drop_null([arm, *parts, *known]).mutate(cell=table[arm].cast("string"))
    of = table.customer_id if "customer_id" in table.columns else ibis.row_number()
    sizes = table.mutate(of=of).group_by("cell").agg(n=ibis._.count(), customers=ibis._.of.nunique())
    sizes = to_frame(sizes).set_index("cell").sort_index()
    if len(sizes) < 2 or sizes["n"].min() < FEWEST or not parts or (sizes["n"] > sizes["customers"]).any():
        text = _(
            "experiment: rows by arm {arms}, outcomes {outcomes}; two arms of {least} rows, one a customer, and an "
            "outcome are needed. Add up the rows of a customer, name outcomes, or wait for more."
        )
        raise DataError(text.format(arms=sizes["n"].to_dict(), outcomes=outcomes, least=FEWEST))
    control = next((name for name in sizes.index if understood("arm", name) == CONTROL), sizes.index[0])
    arms, held = sizes["n"].drop(control), int(sizes["n"][control])
    checks = pd.DataFrame({"arm": arms.index, "treated": arms.to_numpy()}).assign(held_out=held, open=0, differs="")
    p_ratio = ratio_check(arms.sum(), held, planned_share) if planned_share else np.nan
    checks = checks.assign(hold_out_share=planned_share or np.nan, p_ratio=p_ratio)
    pairs = [({"arm": name}, control, name) for name in arms.index]
    if known:
        before = effects(table, [(*pair, known) for pair in pairs], 0.95).sort_values("p_value")
        off = before[before["p_value"] < CHANCE / len(before)].drop_duplicates("arm").set_index("arm")["outcome"]
        checks["differs"] = [off.get(name, "") for name in arms.index]
    unlike = [checks["p_ratio"] < CHANCE, checks["differs"] != ""]
    checks["arms"] = np.select(unlike, ["ratio", "chosen"], "drawn")
    pairs = [(*pair, outcomes) for pair, state in zip(pairs, checks["arms"], strict=True) if state == "drawn"]
    return Experiment(checks, effects(table, pairs, 0.95) if pairs else EMPTY, EMPTY, EMPTY, EMPTY)
