"""Headline figures in words: what they are called, how they are written, and what has become of them since."""

import math

from portfoy.locale import _
from portfoy.report import trend
from portfoy.report.changes import compared, currency_of
from portfoy.words import stages, style
from portfoy.words.codes import said_as

# The five most used, in their order, and what a year is told by; others follow as they are recorded.
METRICS = (
    *("churn", "nps", "clv", "sales_cycle", "first_contact_resolution"),
    *("revenue", "current_customers", "expected_value"),
)
SAME = 0.0005  # half a per mille: less is not a change that anybody acts on
MOST = 8


def short_title(stage):
    """A stage in a word or two, with the values that tell it from its like."""
    name = stages.name(stage["stage"])
    return f"{name} ({pairs(stage['each'])})" if stage.get("each") else name


def pairs(values):
    """Names and values in one line."""
    return ", ".join(f"{name} = {value}" for name, value in values.items())


def settled(stage):
    """What tells a report from its like, with the values that it took from the data beside it."""
    taken = pairs(stage.get("derived") or {})
    return "; ".join(filter(None, [pairs(stage["each"]), taken and _("{values} from the data").format(values=taken)]))


def status_words(status):
    """What a status means to a reader; the sign says it once more to the eye."""
    return {
        "ok": _("complete"),
        "failed": _("did not finish"),
        "timeout": _("ran out of time"),
        "kernel died": _("stopped without notice"),
    }.get(status, status)


def label(*same):
    """What the reader calls a figure, of one report or several: its own label, that of the name or the bare name, and
    the days that it counts over."""
    own, name = same[0].get("label"), same[0]["name"]
    said = own if own and own != name else said_as("figure", name)
    days = dict.fromkeys(style.number(each["days"]) for each in same if each.get("days"))
    return _("{figure} in {n} days").format(figure=said, n=" / ".join(days)) if days else said


def write(value, unit, currency):
    """The value of a figure as the language in use writes it."""
    return style.writer(unit, currency)(value)


def judged(figures, confidence):
    """Figures whose earlier values say whether they differ: ``clear``, corrected for all that one report looks at."""
    made = [{**figure, **{key: dict(figure[key]) for key in ("year", "half") if figure.get(key)}} for figure in figures]
    pasts = [figure[key] for figure in made for key in ("year", "half") if figure.get(key)]
    tested = [past for past in pasts if past["p_value"] is not None and "clear" not in past]
    # Benjamini & Hochberg (1995): up to the last one below its part of the line; scipy's would be a second of importing
    ranked = sorted(tested, key=lambda past: past["p_value"])
    below = [past["p_value"] <= place / len(ranked) * (1 - confidence) for place, past in enumerate(ranked, start=1)]
    for place, past in enumerate(ranked):
        past["clear"] = any(below[place:])
    return made


def against(figures, before, day, confidence):
    """The figures of a report, each with ``past``: what it was in the report `before` of that `day`, None without.

    ``clear`` in it is the page's own verdict, where the page looked at the same day and found the same. Else chance is
    told from both intervals, where both are of this `confidence`, and corrected for all such figures.
    """
    from portfoy.intervals import change_p

    old, made = {figure["name"]: figure for figure in before}, []
    for figure in figures:
        then, past = old.get(figure["name"]), None
        if then:
            bounds = [[each[key] for key in ("value", "low", "high")] for each in (figure, then)]
            known = confidence and None not in bounds[0] + bounds[1] and then.get("days") == figure.get("days")
            past = {"day": day, "value": then["value"], "p_value": change_p(*bounds, confidence) if known else None}
        for own in filter(None, (figure.get("year"), figure.get("half"))):
            if past and own["day"] == day and math.isclose(own["value"], past["value"], rel_tol=1e-6):
                past = own
        made.append({**figure, "year": past, "half": None})
    return [{**figure, "past": figure["year"]} for figure in judged(made, confidence or 0.95)]


def ranked(reports):
    """(figure, stage) of these reports, each name once as recorded first.

    Those of `METRICS` stand first; then one figure of each report before the second of any.
    """
    found, rank = {}, {}
    for stage in reports:
        for place, figure in enumerate(stage["figures"]):
            name = figure["name"]
            if name not in found:
                found[name] = figure, stage
                rank[name] = METRICS.index(name) - len(METRICS) if name in METRICS else place
    return [found[name] for name in sorted(found, key=rank.get)]


def rows(run, reports):
    """The first figures of these reports (`ranked`) as rows of a table, at most `MOST`.

    A row has label, note, drift (over six months, where it is clear), value, interval, change and line (None without a
    day before).
    """
    there = ranked([stage for stage in reports if stage["status"] == "ok"])[:MOST]
    return [_row(run["as_of"], figure, currency_of(run, stage)) for figure, stage in there]


def _row(day, figure, currency):
    unit, half, bounds = figure["unit"], figure.get("half"), (figure["low"], figure["high"])
    drift = since(figure, half, currency) if half and half.get("clear") else None
    return {
        "label": label(figure),
        "note": figure["note"] or "",
        "drift": _("{change} in six months").format(change=drift["words"]) if drift else "",
        "value": write(figure["value"], unit, currency),
        "interval": "" if None in bounds else style.between(*bounds, style.writer(unit)),
        "change": since(figure, figure["year"], currency) if figure.get("year") else None,
        "line": trend.line(figure, day, style.writer(unit)),
    }


def since(figure, past, currency):
    """How a figure differs from an earlier one (None: not recorded), for readers who see no colour as well.

    A dict of arrow, words, kind ("good", "bad" or "plain"): colour and the words up and down only where chance is ruled
    out.
    """
    if past is None or None in (past["value"], figure["value"]):
        return {"arrow": "●", "words": _("new"), "kind": "plain"}
    clear, change = past.get("clear"), compared(past, figure)
    amount, rises = _amount(change, currency), change["direction"] == "up"
    if not amount:
        return {"arrow": "●", "words": _("about the same"), "kind": "plain"}
    arrow, kind, words = "▲" if rises else "▼", "plain", ("+" if rises else "−") + amount
    if clear:
        words = (_("up {amount}") if rises else _("down {amount}")).format(amount=amount)
        kind = {"": "plain", change["direction"]: "good"}.get(change["better"], "bad")
    elif clear is not None:
        words = _("{change}, unclear").format(change=words)
    return {"arrow": arrow, "words": words, "kind": kind}


def _amount(change, currency):
    """By how much a figure moved: per cent, or points where it is a share or points itself; "" where it is nothing."""
    unit, relative, moved = change["unit"], change["relative"], abs(change["after"] - change["before"])
    if relative is not None and abs(relative) < SAME:
        return ""
    if unit in ("share", "points"):
        points = style.number(moved * (100 if unit == "share" else 1), 1)
        return _("{points} points").format(points=points) if points != style.number(0, 1) else ""
    if relative is None:  # it was nothing before, of which no per cent can be told
        return write(moved, unit, currency)
    return style.share(abs(relative))
