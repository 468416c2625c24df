"""Headline figures in words: what they are called, how they are written, and what has become of them since."""

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
    taken = pairs(stage.get("taken") or {})
    return "; ".join(filter(None, [pairs(stage["each"]), taken and _("{values} from the data").format(values=taken)]))


def status_words(status):
    """What a status means to a reader; the sign says it once more to the eye."""
    return {
        "ok": _("complete"),
        "failed": _("did not finish"),
        "timeout": _("ran out of time"),
        "kernel died": _("stopped without notice"),
    }.get(status, status)


def label(figure):
    """What the reader calls a figure: the notebook's own label, else that of the name, else the bare name."""
    own, name = figure.get("label"), figure["name"]
    return own if own and own != name else said_as("figure", name)


def write(value, unit, currency):
    """The value of a figure as the language in use writes it."""
    return style.writer(unit, currency)(value)


def judged(figures, confidence):
    """Figures whose earlier values say whether they differ: ``clear``, corrected for all that one report looks at."""
    made = [{**figure, **{key: dict(figure[key]) for key in ("year", "half") if figure.get(key)}} for figure in figures]
    pasts = [figure[key] for figure in made for key in ("year", "half") if figure.get(key)]
    tested = [past for past in pasts if past["p_value"] is not None]
    # Benjamini & Hochberg (1995): up to the last one below its part of the line; scipy's would be a second of importing
    ranked = sorted(tested, key=lambda past: past["p_value"])
    below = [past["p_value"] <= place / len(ranked) * (1 - confidence) for place, past in enumerate(ranked, start=1)]
    for place, past in enumerate(ranked):
        past["clear"] = any(below[place:])
    return made


def rows(run, reports):
    """The figures of these reports as rows of a table, at most `MOST`, each name once as recorded first.

    Those of `METRICS` stand first; then one figure of each report before the second of any. A row has label,
    note, drift (over six months, where it is clear), value, interval, change and line (None without a day before).
    """
    found, rank = {}, {}
    for stage in (stage for stage in reports if stage["status"] == "ok"):
        for place, figure in enumerate(stage["figures"]):
            name = figure["name"]
            if name not in found:
                found[name] = figure, currency_of(run, stage)
                rank[name] = METRICS.index(name) - len(METRICS) if name in METRICS else place
    return [_row(run["as_of"], *found[name]) for name in sorted(found, key=rank.get)[:MOST]]


def _row(day, figure, currency):
    unit, half, bounds = figure["unit"], figure.get("half"), (figure["low"], figure["high"])
    drift = _since(figure, half, currency) if half and half.get("clear") else None
    return {
        "label": label(figure),
        "note": figure["note"] or "",
        "drift": _("{change} in six months").format(change=drift["words"]) if drift else "",
        "value": write(figure["value"], unit, currency),
        "interval": "" if None in bounds else style.between(*bounds, style.writer(unit)),
        "change": _since(figure, figure["year"], currency) if figure.get("year") else None,
        "line": trend.line(figure, day, style.writer(unit)),
    }


def _since(figure, past, currency):
    """How a figure differs from an earlier one: colour, and the words up and down, only where chance is ruled out."""
    clear, change = past.get("clear"), compared({**past, "low": None, "high": None}, figure)
    said = change_words({**change, "beyond": clear}, currency)
    if clear or said["arrow"] == "●":
        return said
    signed = ("+" if change["direction"] == "up" else "−") + _amount(change, currency)
    words = signed if clear is None else _("{change}, unclear").format(change=signed)
    return {**said, "words": words, "kind": "plain"}


def change_words(change, currency):
    """A change in words, for readers who see no colour as well as for those who do.

    A dict of arrow, words, kind ("good", "bad" or "plain").
    """
    direction, before, after = change["direction"], change["before"], change["after"]
    if before is None or after is None:
        gone = _("no longer there, was {value}").format(value=write(before, change["unit"], currency))
        words = _("missing in both") if direction == "same" else _("new") if before is None else gone
        return {"arrow": "●", "words": words, "kind": "plain"}
    amount = _amount(change, currency)
    if direction == "same" or not amount:
        return {"arrow": "●", "words": _("about the same"), "kind": "plain"}
    words = (_("up {amount}") if direction == "up" else _("down {amount}")).format(amount=amount)
    certain = change.get("beyond") is not False
    if not certain:
        words = _("{change}, within its margin of error").format(change=words)
    better = change.get("better") if certain else ""
    kind = "plain" if not better else "good" if better == direction else "bad"
    return {"arrow": "▲" if direction == "up" else "▼", "words": words, "kind": kind}


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
