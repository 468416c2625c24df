"""How a headline figure went: its values of earlier days, and the small line that shows them."""

from datetime import date

from portfoy.report import changes
from portfoy.words import style

DATES = 36  # three years of monthly reports
WIDTH, HEIGHT, EDGE = 112, 30, 4


def points(figure, runs, run, stage):
    """The values of a figure by day, oldest first: recomputed for a year and half a year ago, else those of the shelf.

    Of the shelf count the reports of earlier days with the same parameters and currency, the last one of a day, where
    the figure counts over as many days; their money is put at the prices of this run.
    """
    found = {}
    for earlier in (earlier for earlier in reversed(runs) if earlier["as_of"] < run["as_of"]):
        for own in earlier["stages"]:
            if own["status"] == "ok" and changes.same_report(earlier, own, run, stage):
                told = {
                    each["name"]: each["value"] for each in own["figures"] if each.get("days") == figure.get("days")
                }
                factor = changes.price_factor(earlier, run) if figure["unit"] == "money" else 1
                if factor and told.get(figure["name"]) is not None:
                    found[earlier["as_of"]] = told[figure["name"]] * factor
    found |= {past["day"]: past["value"] for past in (figure.get("year"), figure.get("half")) if past}
    found[run["as_of"]] = figure["value"]
    return [[day, value] for day, value in sorted(found.items()) if value is not None][-DATES:]


def line(figure, day, write):
    """A small line over time with its first and last value, and the band in which chance moves the last one.

    None below two values; `write` writes a value.
    """
    there = [(date.fromisoformat(at), value) for at, value in figure.get("points", [])]
    if len(there) < 2 or there[-1][0] != date.fromisoformat(day):
        return None
    (start, first), (end, last) = there[0], there[-1]
    bounds = [bound for bound in (figure["low"], figure["high"]) if bound is not None]
    values = [value for _at, value in there] + bounds
    low, span = min(values), max(values) - min(values) or 1

    def up(value):
        return round(HEIGHT - EDGE - (value - low) / span * (HEIGHT - 2 * EDGE), 1)

    across = [round(EDGE + (at - start).days / (end - start).days * (WIDTH - 2 * EDGE), 1) for at, _value in there]
    places = [(x, up(value)) for x, (_at, value) in zip(across, there, strict=True)]
    return {
        "points": " ".join(f"{x},{y}" for x, y in places),
        "end": places[-1],
        "band": (up(bounds[1]), round(up(bounds[0]) - up(bounds[1]), 1)) if len(bounds) == 2 else None,
        "first": write(first),
        "last": write(last),
        "start": style.day(start),
    }
