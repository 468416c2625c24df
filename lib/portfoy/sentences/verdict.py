"""Words for the key figures, for strengths and weaknesses, and for the journey."""

from portfoy.locale import _, plural
from portfoy.words import style


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


def metric_reading(metrics):
    """A `metric_table` for reading: ``figure``, ``value`` with its interval, and ``basis``: counted from what."""
    names = metric_names()
    return metrics.assign(
        figure=[names[name] for name in metrics["metric"]],
        basis=[row.missing or _basis(row) for row in metrics.itertuples()],
    )[["figure", "value", "value_low", "value_high", "unit", "basis"]]


def metric_terms(row):
    """What `record` is told of a row of a `metric_table` beside its numbers: label, note, and which way is better."""
    base, days = style.number(row.base), style.number(row.days)
    notes = {
        "churn": _("of {base} customers, in {days} days"),
        "contract_churn": _("of {base} contracts, in {days} days"),
        "nps": _("{base} customers asked, {days} days"),
        "clv": _("margin or revenue over the next {days} days"),
        "sales_cycle": _("median of {base} deals won"),
        "first_contact_resolution": _("of {base} closed tickets"),
    }
    down = ("churn", "contract_churn", "sales_cycle")
    note = notes[row.metric].format(base=base, days=days)
    return {"label": metric_names()[row.metric], "note": note, "better": "down" if row.metric in down else "up"}


def _basis(row):
    text = {
        "churn": _(
            "{counted} of {base} customers who bought in one window of {days} days did not buy in the next one, which "
            "ends on the day of this report"
        ),
        "contract_churn": _("{counted} of {base} contracts that ran {days} days ago have ended since"),
        "nps": _(
            "per cent of answers 9 and 10 less per cent of answers 0 to 6; the latest answers of {base} customers in "
            "{days} days"
        ),
        "clv": _("what each of {base} customers is expected to bring in the next {days} days, on average"),
        "sales_cycle": _(
            "median from first contact to the win, of {base} deals won in {days} days; open leads left out"
        ),
        "first_contact_resolution": _(
            "{counted} of {base} tickets closed in {days} days took one contact and no second"
        ),
    }[row.metric]
    return text.format(counted=style.number(row.counted), base=style.number(row.base), days=style.number(row.days))


# --- strengths and weaknesses --------------------------------------------------------------------------------------


def findings(table):
    """A `findings_table` for reading: ``verdict``, ``area``, ``finding`` in words, ``value`` with its interval."""
    areas = {
        "finance": _("Finance"),
        "market": _("Sales and customers"),
        "service": _("Service"),
        "risk": _("Risk"),
    }
    return table.assign(
        verdict=[_verdicts()[verdict] for verdict in table["verdict"]],
        area=[areas[area] for area in table["area"]],
        finding=[_finding(row) for row in table.itertuples()],
    )[["verdict", "area", "finding", "value", "value_low", "value_high", "unit"]]


def _verdicts():
    return {
        "strength": _("Strength"),
        "weakness": _("Weakness"),
        "chance": _("Opportunity"),
        "steady": _("No clear change"),
    }


def topic_names():
    """What a finding is about, in a few words."""
    return {
        "revenue": _("revenue"),
        "buyers": _("buying customers"),
        "frequency": _("purchases per buyer"),
        "ticket": _("revenue per purchase"),
        "margin_rate": _("margin as a share of revenue"),
        "top_share": _("how widely the revenue is spread"),
        "largest": _("how much one customer brings"),
        "loss_making": _("profit customer by customer"),
        "at_risk": _("customers at risk"),
        "prospects": _("people who never bought"),
        "churn": _("churn"),
        "contract_churn": _("churn of contracts"),
        "nps": _("NPS"),
        "sales_cycle": _("sales cycle length"),
        "first_contact_resolution": _("first contact resolution"),
    }


def _finding(row):
    if row.unit == "change":
        return _changed(row)
    write = style.writer(row.unit)
    if row.yardstick == "before":
        return _compared(row, write)
    return {
        "top_share": _(
            "The largest 20% of customers bring {value} of the revenue; over 339 firms it was {against} (McCarthy & "
            "Winer 2018)."
        ),
        "largest": _(
            "The largest customer brings {value} of the revenue; from {against} on, a listed firm must say so (IFRS 8)."
        ),
        "loss_making": _("{value} of the customers have brought less than what they bought cost."),
        "prospects": _("{value} of the people and firms known to us have never bought."),
    }[row.topic].format(value=write(row.value), against=style.share(row.against, 0))


def _changed(row):
    subject = {
        "revenue": _("Revenue of the last twelve months, in money of the day,"),
        "buyers": _("The number of customers who bought in the last twelve months"),
        "frequency": _("The number of purchases per buying customer"),
        "ticket": _("Revenue per purchase, price rises included,"),
        "margin_rate": _("Margin as a share of revenue"),
    }[row.topic]
    if row.verdict == "steady":
        text = _("{subject} is about what it was in the twelve months before; the difference may be chance.")
    elif row.value > 0:
        text = _("{subject} is up {amount} on the twelve months before.")
    else:
        text = _("{subject} is down {amount} on the twelve months before.")
    return text.format(subject=subject, amount=style.share(abs(row.value)))


def _compared(row, write):
    subject = metric_names().get(row.topic) or _("The share of current customers who are at risk")
    if row.verdict == "steady":
        text = _("{subject} is {value} after {against} a year ago; the difference may be chance.")
    elif row.value > row.against:
        text = _("{subject} is {value}, up from {against} a year ago, more than chance would do.")
    else:
        text = _("{subject} is {value}, down from {against} a year ago, more than chance would do.")
    return text.format(subject=subject, value=write(row.value), against=write(row.against))


def describe_findings(table, *, confidence=0.95):
    """How many strengths and weaknesses there are, what they are about, and how many would be there by chance."""
    if table.empty:
        return style.Reading(_("The data hold too little history to compare anything with."))
    parts = []
    for verdict, words in (
        ("strength", (_("{n} strength: {what}."), _("{n} strengths: {what}."))),
        ("weakness", (_("{n} weakness: {what}."), _("{n} weaknesses: {what}."))),
    ):
        topics = table.loc[table["verdict"] == verdict, "topic"]
        if len(topics):
            listed = ", ".join(topic_names()[topic] for topic in topics)
            parts.append(words[len(topics) > 1].format(n=style.number(len(topics)), what=listed))
    if not parts:
        parts.append(_("Nothing stands out: no figure differs from its yardstick by more than chance would."))
    parts.append(_("A difference counts only where its interval leaves no doubt about the direction."))
    compared = int((table["value_low"].notna() & table["yardstick"].isin(["before", "firms"])).sum())
    if compared:
        chance = plural(
            "Of {n} comparison, about {chance} would look like a difference by chance alone.",
            "Of {n} comparisons, about {chance} would look like a difference by chance alone.",
            compared,
        )
        parts.append(chance.format(n=style.number(compared), chance=style.number(compared * (1 - confidence), 1)))
    parts.append(_("About the firm's own people these tables say nothing."))
    return style.Reading(" ".join(parts))


# --- the journey ---------------------------------------------------------------------------------------------------


def journey_words(window):
    """Step of a `journey_table` -> its name, and what its number counts."""
    again = plural("of new customers, within {n} day", "of new customers, within {n} days", window or 0)
    kept = plural("buy again in the next {n} day", "buy again in the next {n} days", window or 0)
    return {
        "known": (_("Known"), _("people and firms")),
        "won": (_("Won"), _("of leads closed in a year")),
        "first": (_("First purchase"), _("new customers in a year")),
        "second": (_("Second purchase"), again.format(n=style.number(window))),
        "stays": (_("Stays"), kept.format(n=style.number(window))),
        "grows": (_("Grows"), _("purchases per buyer in a year")),
        "recommends": (_("Recommends"), _("NPS, points")),
        "returns": (_("Comes back"), _("of those gone a year ago")),
    }


def describe_journey(journey):
    """The journey in one breath: where most are lost on the way, with the numbers of the steps that have any."""
    rows = journey.set_index("step")
    words = {
        "won": _("{value} of the leads closed were won"),
        "second": _("{value} of the new customers came back for a second purchase"),
        "stays": _("{value} of those who bought in one window bought again in the next"),
        "returns": _("{value} of those gone a year ago have returned"),
    }
    told = [
        text.format(value=style.share(rows.loc[step, "value"]))
        for step, text in words.items()
        if not rows.loc[step, "missing"]
    ]
    if not told:
        return style.Reading(_("The history is too short to follow customers from step to step."))
    listed = _("Along the way: {steps}.").format(steps="; ".join(told))
    absent = int((journey["missing"] != "").sum())
    if absent:
        listed += " " + plural(
            "{n} step has no number, because the data do not hold what it needs.",
            "{n} steps have no number, because the data do not hold what they need.",
            absent,
        ).format(n=style.number(absent))
    return style.Reading(listed)
