"""Everything known and expected of one customer: where he or she stands, what has happened, and what to do next."""

from dataclasses import dataclass

import pandas as pd

from portfoy.customer.known import FEWEST, SAID, Known, chosen, events, find, known, likely_same
from portfoy.customers import DAY
from portfoy.firm import analysis
from portfoy.locale import _, plural
from portfoy.people import TRAITS
from portfoy.words import style
from portfoy.words.codes import said_as
from portfoy.words.result import Finding, Result
from portfoy.words.table import show

SHOWN = 20  # events


@dataclass(frozen=True)
class CustomerCard(Result):
    """One customer: what is known, expected and to be done; ``history`` says what has happened.

    ``row``, a Series whose name is the id: ``name``, traits, ``known_on``; ``state``; ``idle`` days since the last
    purchase, ``gaps`` between purchases, of which ``usual`` days (median), ``longest``; ``year_revenue`` of twelve
    months, ``before_revenue`` of the twelve before; ``p_alive`` 0-1; ``expected_value`` money, with bounds (of the
    estimate); ``segment``, and ``segment_then`` a year ago by the same cut points; ``tickets_open``, the oldest since
    ``opened_on``; ``nps`` 0-10 of the last answer, on ``answered_on``; ``next`` what to do, a code. ``twins`` ids
    likely to be the same person; ``traits`` and ``tables`` that we do not know.
    """

    row: pd.Series
    every: Known
    history: "History"
    twins: list
    traits: list
    tables: list
    as_of: pd.Timestamp
    currency: str

    @property
    def _little(self):
        """What is next to nothing: a hundredth of what is expected of a customer on average."""
        return self.every.table["expected_value"].mean() / 100

    def _say(self, text):
        value, rule, told = self.every.value, self.every.rule, self.row.to_dict()
        told |= {"id": style.shorten(self.row.name), "state": said_as("state", told["state"])}
        told |= {"who": told["id"] if style.is_missing(told["name"]) else style.shorten(told["name"])}
        told |= {"waits": (self.as_of - told["opened_on"]) / DAY, "months": value.horizon_months if value else None}
        told |= {"measure": style.measure("margin" if value and value.margin_rate != 1 else "revenue")}
        told |= {"limit": rule.at_risk_days, "within": rule.at_risk} if rule else {}
        told |= {"twins": ", ".join(self.twins), "tables": ", ".join(self.tables)}
        told |= {"traits": ", ".join(said_as("trait", each) for each in self.traits)}
        return style.say(text, told, currency=self.currency)

    def finding(self):
        text = _("{who}: a customer") if style.is_missing(self.row["state"]) else _("{who}: {state}")
        if self.row["expected_value"] >= self._little:
            text = _("{who}: {state}, {expected_value:money} of {measure} expected")
        return Finding(self._say(text))

    def reading(self):
        steps = {
            "ticket": _("Settle the open ticket first: it has waited for {waits:days}."),
            "spared": _("Leave in peace: held out of a list by lot; a call would spoil the test."),
            "unhappy": _("Ask what went wrong: the last answer was {nps:count} of 10."),
            "call": _("Call in person: silent for {idle:days}, in the fifth of whom most is expected."),
            "write": _("Write before silence becomes loss: {idle:days} without a purchase."),
            "lapsed": _("Spend nothing untested: {idle:days} of silence, longer than nearly all pauses."),
            "late": _("Ask how things are: {idle:days} without a purchase, never more than {longest:days} before."),
            "first": _("Invite to a first purchase: known, but has not bought."),
            "second": _("Help to a second purchase: there has been one."),
            "thank": _("Thank in person: in the fifth of whom most is expected, buying as usual."),
            "unknown": _("Too little is known to say what to do next."),
            "nothing": _("Nothing special: no open ticket, bad answer or unusual silence."),
        }
        return self._say(steps[self.row["next"]])

    def summary(self):
        row, rule = self.row, self.every.rule
        told = {name: not style.is_missing(each) for name, each in row.items()}
        rhythm, segment = _("{idle:days} ago"), _("{segment}; a year ago: {segment_then}")
        if row["gaps"] >= FEWEST:
            rhythm = _("{idle:days} ago; usually every {usual:days}")
        elif rule and not style.is_missing(rule.at_risk):
            rhythm = _("{idle:days} ago; {within:share} of pauses end within {limit:days}")
        tickets = _("{tickets_open:count}, since {opened_on:day}") if row["tickets_open"] > 0 else _("none")
        both = _("{year_revenue:money}; the 12 before {before_revenue:money}")
        money = both if told["before_revenue"] else "{year_revenue:money}"
        answer = _("{nps:count} of 10, on {answered_on:day}") if told["nps"] else _("no answer yet")
        expected = _("{expected_value:money} of {measure} ({expected_value_interval:money})")
        expected = _("next to nothing") if row["expected_value_high"] < self._little else expected
        facts = [
            (told["name"], _("Customer"), "{id}"),
            (told["type"], _("Type"), "{type}"),
            (told["known_on"], _("Known since"), "{known_on:day}"),
            (told["state"], _("State"), "{state}"),
            (told["idle"], _("Last purchase"), rhythm),
            (told["year_revenue"], _("Revenue, 12 months"), money),
            (told["p_alive"], _("Chance still active"), "{p_alive:share}"),
            (told["expected_value"], _("Expected in {months:months}"), expected),
            (told["tickets_open"], _("Open tickets"), tickets),
            ("surveys" not in self.tables, _("Would recommend us"), answer),
            (told["segment"], _("Segment"), segment if told["segment_then"] else "{segment}"),
            (self.traits, _("Not known"), "{traits}"),
            (self.tables, _("No tables of"), "{tables}"),
            (self.twins, _("Likely the same person"), "{twins}"),
        ]
        facts = [(str(self._say(fact)), str(self._say(said))) for holds, fact, said in facts if holds]
        return show(pd.DataFrame(facts, columns=["fact", "told"]), _("What we know, and expect"))

    def method(self):
        return _(
            "Usual pause: median of the own ones, from three on. Bounds are of the estimate: what a customer "
            "buys scatters far more. Next step: the first that holds of open ticket, held out, answer of 0-6 in "
            "a year, at risk, lapsed, longer silent than ever, no or one purchase, valuable. Likely the same "
            "person: one name, capitals, accents and order aside, and no birth year or region that differ; "
            "without names, the same in all listed."
        )


@dataclass(frozen=True)
class History(Result):
    """What has happened with one customer, newest first: ``table`` as from `events`."""

    table: pd.DataFrame
    currency: str

    def reading(self):
        if self.table.empty:
            return _("Nothing that is known.")
        counts, cut = self.table["event"].value_counts(), len(self.table) > SHOWN
        told = ", ".join(_counted(event, n) for event, n in counts.items())
        text = _("{told}; the latest {shown:count} are listed.") if cut else "{told}."
        return style.say(text, {"told": told, "shown": SHOWN})

    def summary(self):
        rows = self.table.head(SHOWN)
        about = [self._about(row) for row in rows.to_dict("records")]
        return show(rows[["day", "event"]].assign(about=about), _("What happened, newest first")) if len(rows) else []

    def _about(self, row):
        texts = {
            "answer": ("score", _("{score:count} of 10 to recommend us")),
            "ticket": ("until", _("{about}, settled after {days:days}")),
            "contract": ("amount", _("{about}, {amount:price} a month")),
        }
        needs, text = texts.get(row["event"], ("amount", "{amount:price}"))
        text = text if not style.is_missing(row[needs]) else _("{about}, open") if needs == "until" else "{about}"
        about = "" if style.is_missing(row["about"]) else row["about"]
        told = {"about": about, "days": (row["until"] - row["day"]) / DAY}
        return str(style.say(text, row | told, currency=self.currency))


def _counted(event, n):
    """So many of one kind of what happened."""
    text = {
        "purchase": plural("{n} purchase", "{n} purchases", n),
        "return": plural("{n} return", "{n} returns", n),
        "contact": plural("{n} contact", "{n} contacts", n),
        "held out": plural("held out once", "held out {n} times", n),
        "ticket": plural("{n} ticket", "{n} tickets", n),
        "answer": plural("{n} answer", "{n} answers", n),
        "contract": plural("{n} contract begun", "{n} contracts begun", n),
        "end": plural("{n} contract ended", "{n} contracts ended", n),
    }[event]
    return text.format(n=style.number(n))


@analysis(without=("value",))
def customer_card(firm, customer_id="", *, value=None):
    """Everything known and expected of one customer, as seen on the firm's day.

    Parameters
    ----------
    firm : Firm
    customer_id : of the customer; by default the one at risk of whom most is expected, else who brought most
    value : LifetimeValue of its customers; by default with the terms of `lifetime_value`

    Returns
    -------
    CustomerCard; not possible where there is no such customer, or none at all
    """
    every = known(firm, value).table
    return next(cards(firm, [find(every.index, str(customer_id)) if customer_id else chosen(every)], value=value))


def cards(firm, ids, *, value=None):
    """The `CustomerCard` of each of these ids that is a customer's, one after the other; DataError as from `known`."""
    every, happened = known(firm, value), events(firm, ids)
    tables = ["transactions", *dict.fromkeys(name for name, *_about in SAID.values())]
    tables = [name for name in tables if getattr(firm.tables, name) is None]
    own = {one: rows.reset_index(drop=True) for one, rows in happened.groupby("customer_id")}
    for one in (one for one in ids if one in every.table.index):
        row, twins, rows = every.table.loc[one], likely_same(every, one), own.get(one, happened.head(0))
        traits = [trait for trait in TRAITS if style.is_missing(row[trait])]
        yield CustomerCard(row, every, History(rows, firm.currency), twins, traits, tables, firm.as_of, firm.currency)
