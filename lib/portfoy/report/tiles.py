"""Headline figures in words: what they are called, how they are written, and what has become of them since."""

from portfoy.locale import _
from portfoy.words import stages, style

METRICS = ("churn", "nps", "clv", "sales_cycle", "first_contact_resolution")  # the five most used, in their order
SAME = 0.0005  # half a per mille: less is not a change that anybody acts on


def short_title(stage):
    """A stage in a word or two, with the values that tell it from its like."""
    name = stages.name(stage["stage"])
    return f"{name} ({pairs(stage['each'])})" if stage.get("each") else name


def pairs(values):
    """Names and values in one line."""
    return ", ".join(f"{name} = {value}" for name, value in values.items())


def status_words(status):
    """What a status means to a reader; the sign says it once more to the eye."""
    return {
        "ok": _("complete"),
        "failed": _("did not finish"),
        "timeout": _("ran out of time"),
        "kernel died": _("stopped without notice"),
    }.get(status, status)


def headlines():
    """What headline figures are called, by the name under which notebooks record them."""
    return {
        "churn": _("Churn"),
        "contract_churn": _("Churn of contracts"),
        "nps": _("NPS"),
        "clv": _("Customer lifetime value"),
        "sales_cycle": _("Sales cycle"),
        "first_contact_resolution": _("First contact resolution"),
        "customers": _("Customers"),
        "revenue": _("Revenue so far"),
        "repeat_share": _("Bought more than once"),
        "top_share": _("Revenue from the top 20%"),
        "active": _("Still active, estimated"),
        "customers_at_risk": _("Customers at risk"),
        "quick_ratio": _("Gained for each one lost"),
        "expected_value": _("Expected value ahead"),
    }


def currency_of(run, stage):
    """The currency of a stage's figures: its own parameter, else that of the data."""
    return stage.get("parameters", {}).get("currency") or run["currency"]


def label(figure):
    """What the reader calls a figure: the notebook's own label, else the headline's, else the bare name."""
    own, name = figure.get("label"), figure["name"]
    return own if own and own != name else headlines().get(name, name)


def write(value, unit, currency):
    """The value of a figure as the language in use writes it."""
    return style.writer(unit, currency)(value)


def make_tiles(figures, currency, changes=None, *, as_of=None):
    """Headline figures, as notebooks record them, as tiles.

    `changes` are the stage's comparison with the run before it; that run is not called by its date where it has the
    same, `as_of`. A tile has label, value, interval, note, change (None or what `change_words` gives).
    """
    moved = {change["name"]: change for change in changes["figures"]} if changes else {}
    since = since_words(changes, as_of=as_of)
    found = []
    for figure in figures:
        writer, interval = style.writer(figure["unit"], currency), ""
        if figure["low"] is not None and figure["high"] is not None:
            interval = style.between(figure["low"], figure["high"], writer)
        change = moved.get(figure["name"])
        found.append(
            {
                "label": label(figure),
                "value": writer(figure["value"]),
                "interval": interval,
                "note": figure["note"],
                "change": change_words(change, since=since, currency=currency) if change else None,
            }
        )
    return found


def since_words(changes, *, as_of=None):
    """The run that a stage is compared with, as a sentence calls it: by its date, where that tells the two apart."""
    if not changes:
        return ""
    before = changes["before"]["as_of"]
    return _("the previous report") if before == as_of else style.day(before)


def change_words(change, *, since, currency):
    """A change in words, for readers who see no colour as well as for those who do.

    `since` is the run before as the reader calls it (31 May 2026); "" where the place says it already. Gives a dict of
    arrow, words, kind ("good", "bad" or "plain").
    """
    direction, before, after = change["direction"], change["before"], change["after"]
    if before is None or after is None:
        gone = _("no longer there, was {value}").format(value=write(before, change["unit"], currency))
        words = _("missing in both") if direction == "same" else _("new") if before is None else gone
        return {"arrow": "●", "words": words, "kind": "plain"}
    amount = _amount(change, currency)
    if direction == "same" or not amount:
        words = _("about the same since {since}").format(since=since) if since else _("about the same")
        return {"arrow": "●", "words": words, "kind": "plain"}
    words = {
        ("up", True): _("up {amount} since {since}"),
        ("up", False): _("up {amount}"),
        ("down", True): _("down {amount} since {since}"),
        ("down", False): _("down {amount}"),
    }[direction, bool(since)].format(amount=amount, since=since)
    certain = change.get("beyond") is not False
    if not certain:
        words = _("{change}, within its margin of error").format(change=words)
    return {"arrow": "▲" if direction == "up" else "▼", "words": words, "kind": _kind(change, certain)}


def _kind(change, certain):
    better = change.get("better")
    if not better or not certain:
        return "plain"
    return "good" if better == change["direction"] else "bad"


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
