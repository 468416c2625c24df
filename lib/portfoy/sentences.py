"""One sentence, or a few, for each table and figure: what a reader should see in it, made from its numbers."""

import math

import pandas as pd

from portfoy import style
from portfoy.locale import _, plural


def describe_data(tables):
    """What the log holds and how much of it is used, in one line."""
    facts, quality = tables.facts, tables.quality
    text = _(
        "{used} of {rows} order lines are used: {customers} customers and {orders} orders from {first} to {last}."
    ).format(
        used=style.number(facts.used),
        rows=style.number(facts.rows),
        customers=style.number(facts.customers),
        orders=style.number(facts.orders),
        first=style.day(facts.first_day),
        last=style.day(facts.last_day),
    )
    notable = [f"{row.rule.lower()} {style.share(row.share)}" for row in quality[quality["rows"] > 0].itertuples()]
    if notable:
        text += " " + _("To know about them: {list}.").format(list="; ".join(notable))
    if tables.reading:
        text += " " + _("Read from the values: {list}.").format(list="; ".join(tables.reading))
    return style.Reading(text)


def quality_text(tables):
    """The data-quality table as plain text, for a terminal."""
    facts, found = tables.facts, tables.quality[tables.quality["rows"] > 0]
    head = _(
        "{name}: {used} of {rows} order lines used, {customers} customers, {orders} orders, {first} to {last}"
    ).format(
        name=tables.name,
        used=style.number(facts.used),
        rows=style.number(facts.rows),
        customers=style.number(facts.customers),
        orders=style.number(facts.orders),
        first=f"{facts.first_day:%Y-%m-%d}",
        last=f"{facts.last_day:%Y-%m-%d}",
    )
    lines = [head, _("revenue, net of returns: {money}").format(money=style.money(facts.revenue, tables.currency))]
    lines += [_("read from the values: {what}").format(what=what) for what in tables.reading]
    if len(found):
        lines += ["", *_columns_of_text(style.show(found, "").texts)]
    absent = tables.quality.loc[tables.quality["rows"] == 0, "rule"]
    if len(absent):
        lines += ["", _("Looked for and not found: {list}.").format(list="; ".join(rule.lower() for rule in absent))]
    return "\n".join([*lines, "", _("The data can be used.")])


def _columns_of_text(texts):
    widths = [max(len(name), *texts[name].str.len()) for name in texts]
    rows = [list(texts.columns), *texts.to_numpy().tolist()]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def describe_concentration(concentration):
    """Who holds the revenue, in words, with the intervals."""
    c = concentration
    text = _(
        "The largest {top} of {n} customers bring {share} of the revenue ({interval}); the Gini coefficient, 0 where all "
        "are alike and 1 where one has all, is {gini} ({gini_interval})."
    ).format(
        top=style.share(c.top, 0),
        n=style.number(c.customers),
        share=style.share(c.top_share),
        interval=style.between(c.top_share_low, c.top_share_high, style.share),
        gini=style.number(c.gini, 3),
        gini_interval=style.between(c.gini_low, c.gini_high, lambda value: style.number(value, 3)),
    )
    if c.below_zero:
        text += " " + plural(
            "{n} customer returned more than was bought.", "{n} customers returned more than they bought.", c.below_zero
        ).format(n=style.number(c.below_zero))
    return style.Reading(text)


def measures():
    """What a sentence calls the columns that customers are ranked by."""
    return {"revenue": _("revenue"), "margin": _("margin")}


def describe_deciles(deciles, *, by="revenue", currency=""):
    """The best tenth against the whole, in the measure they were ranked by."""
    best, total = deciles.iloc[0], deciles["customers"].sum()
    text = _(
        "The best {n} customers, {part} of all, bring {share} of the {measure}, {mean} each on average; the lower "
        "half of the table brings {rest}."
    ).format(
        measure=measures().get(by, by),
        n=style.number(best["customers"]),
        part=style.share(best["customers"] / total),
        share=style.share(best["share"]),
        mean=style.money(best["mean"], currency),
        rest=style.share(deciles.loc[deciles["decile"] > 5, "share"].sum()),
    )
    return style.Reading(text)


def describe_cuts(scored):
    """How the scores were given, and what ties did to them."""
    table = scored.table
    text = _(
        "Each customer gets three scores from 1 to 5: for the days since the last purchase, for the number of purchase "
        "days and for the revenue. Equal values always get equal scores."
    )
    once = (table["purchases"] == 1).mean()
    if once > 0:
        text += " " + _("{share} of the customers bought once, so they share the purchase score {score}.").format(
            share=style.share(once), score=table.loc[table["purchases"] == 1, "f"].iloc[0]
        )
    merged = int(table["orders"].sum() - table["purchases"].sum())
    if merged:
        text += " " + _("{n} further orders on a day that already had one are counted with it.").format(
            n=style.number(merged)
        )
    return style.Reading(text)


def describe_segments(segments):
    """The segment that brings most, and the one with the most revenue among those who have gone quiet."""
    most = segments.loc[segments["revenue_share"].idxmax()]
    text = _("\u201c{segment}\u201d are {customers} of the customers and bring {revenue} of the revenue.").format(
        segment=most["segment"],
        customers=style.share(most["customer_share"]),
        revenue=style.share(most["revenue_share"]),
    )
    quiet = segments[segments["idle"] > (segments["idle"] * segments["customers"]).sum() / segments["customers"].sum()]
    if len(quiet) and len(segments) > 1:
        stake = quiet.loc[quiet["revenue_share"].idxmax()]
        text += " " + _(
            "Of the segments that have been quiet for longer than usual, most revenue is behind \u201c{segment}\u201d: "
            "{revenue} of all, and half of these customers have not bought for {days} days or more."
        ).format(
            segment=stake["segment"], revenue=style.share(stake["revenue_share"]), days=style.number(stake["idle"])
        )
    return style.Reading(text)


def describe_holdout(holdout, split):
    """The forecast against what happened, in total, and what that means for trusting it."""
    forecast = float((holdout["predicted"] * holdout["customers"]).sum())
    actual = float((holdout["actual"] * holdout["customers"]).sum())
    text = _(
        "Fitted to the purchases up to the split, the model forecast {forecast} purchases for the {days} days after it; "
        "there were {actual}"
    ).format(
        forecast=style.number(forecast), days=style.number(split["holdout_days"].iloc[0]), actual=style.number(actual)
    )
    if actual == 0:
        return style.Reading(text + ". " + _("Nobody bought in that time, so the forecast cannot be trusted."))
    error = forecast / actual - 1
    text += " (" + _("forecast {error} against actual").format(error=style.signed_share(error)) + "). "
    if abs(error) <= 0.05:
        text += _("That is close enough to plan with.")
    elif abs(error) <= 0.2:
        text += _("Read forecasts below with that error in mind.")
    else:
        text += _("Such an error is too large to plan with: use the order of customers, not the amounts.")
    return style.Reading(text)


def describe_backtest(test):
    """Whether the chance to buy and the money are honest: how often the forecast lies within what happened."""

    def inside(table):
        hit = (table["predicted"] >= table["actual_low"]) & (table["predicted"] <= table["actual_high"])
        return _("{hit} of {n}").format(hit=int(hit.sum()), n=len(table))

    active, value = test.active, test.value
    people = active["customers"].sum()
    return style.Reading(
        _(
            "Whether a customer is still active cannot be seen, whether he or she buys can: {actual} did, {predicted} "
            "were expected to. The forecast lies within the 95% interval of what happened in {active} groups for buying, "
            "in {spend} for the spend per purchase and in {value} for the revenue."
        ).format(
            actual=style.share((active["actual"] * active["customers"]).sum() / people),
            predicted=style.share((active["predicted"] * active["customers"]).sum() / people),
            active=inside(active),
            spend=inside(test.spend),
            value=inside(value),
        )
    )


def parameter_table(early, full):
    """The parameters of a BgNbd fitted up to the split and of one fitted to all data, side by side, with intervals.

    Returns
    -------
    DataFrame, one row per parameter: ``parameter``, ``meaning``, ``early`` and ``estimate``, each with bounds.
    """
    meanings = {
        "r": _("shape of the buying rates; the smaller, the more the customers differ"),
        "alpha": _("days; r / alpha is the mean number of purchases a day"),
        "a": _("shape of the chance to stop after a purchase"),
        "b": _("shape of the chance to stop; its mean is a / (a + b)"),
    }
    rows = []
    for name, meaning in meanings.items():
        row = {"parameter": name, "meaning": meaning}
        for column, fit in (("early", early), ("estimate", full)):
            value = getattr(fit, name)
            factor = math.exp(1.96 * fit.standard_errors[name] / value)  # on the logarithm, so that it stays positive
            row |= {column: value, f"{column}_low": value / factor, f"{column}_high": value * factor}
        rows.append(row)
    return pd.DataFrame(rows)


def describe_spend(customers, correlation):
    """Whether spend and frequency are unrelated, as the spend model assumes."""
    verdict = (
        _("The spend model assumes that they are unrelated, which is near enough here.")
        if abs(correlation) < 0.2
        else _("The spend model assumes that they are unrelated; here they are not, so read its values with care.")
    )
    return style.Reading(
        _(
            "{n} customers bought again and spend {mean} per purchase on average. The correlation between how often "
            "they buy and how much they spend each time is {correlation}."
        ).format(
            n=style.number((customers["repeats"] > 0).sum()),
            mean=style.number(customers["repeat_ticket"].mean(), 2),
            correlation=style.number(correlation, 2),
        )
        + " "
        + verdict
    )


def describe_value(value, *, currency="", horizon_months=12, margin_rate=1.0):
    """What the base is expected to bring, with the interval and what the interval leaves out."""
    rate = _("margin ({rate} of revenue)").format(rate=style.share(margin_rate))
    measure = measures()["revenue"] if margin_rate == 1 else rate
    return style.Reading(
        _(
            "Over the next {months} months the customers of today are expected to bring {total} of {measure} in today's "
            "money ({interval}, {confidence} interval of the estimate). Customers who first buy after the report's "
            "date are not in it, and a single customer will scatter far more widely than the interval."
        ).format(
            months=horizon_months,
            total=style.money(value.total, currency, compact=True),
            measure=measure,
            interval=style.between(
                value.total_low, value.total_high, lambda amount: style.money(amount, currency, compact=True)
            ),
            confidence=style.share(value.confidence, 0),
        )
    )


def describe_horizon(horizon_months, margin_rate):
    """What a headline of expected value counts, in a few words."""
    measure = measures()["revenue" if margin_rate == 1 else "margin"]
    return _("{measure}, next {months} months").format(measure=measure, months=horizon_months)


def describe_top(top, value, *, currency=""):
    """How much of the expected value the listed customers are."""
    listed = float(top["expected_value"].sum())
    return style.Reading(
        plural(
            "This {n} customer holds {sum} of the expected value, {share} of the whole.",
            "These {n} customers hold {sum} of the expected value, {share} of the whole.",
            len(top),
        ).format(n=len(top), sum=style.money(listed, currency, compact=True), share=style.share(listed / value.total))
    )
