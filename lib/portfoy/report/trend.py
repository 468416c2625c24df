"""How the headline figures of one source went from run to run: its newest values, small curves, and a row a run."""

from datetime import date
from urllib.parse import quote

from portfoy.locale import _
from portfoy.report import changes, tiles
from portfoy.words import style

DATES = 36  # three years of monthly reports
SHOWN = 24  # rows before the older runs are folded away
STRIP, COLUMNS = 8, 5
WIDTH, HEIGHT, EDGE = 120, 28, 3


def source(name, runs):
    """What the shelf shows of one source, from the records of its runs, newest first.

    A dict: name, strip (tiles with their curve), heads of the figures' columns, rows (newest first), shown (of them),
    note (what a dash in the table stands for; "" where there is none).
    """
    top, strip = _headlines(runs)
    found = [[_same(run, top, *headline) for headline in strip] for run in runs]
    rows = [_row(run, of_run[:COLUMNS]) for run, of_run in zip(runs, found, strict=True)]
    dash = any("–" in row["cells"] for row in rows)
    return {
        "name": name,
        "strip": [
            _tile(top, stage, figure, _series(runs, [of_run[place] for of_run in found]))
            for place, (stage, figure) in enumerate(strip)
        ],
        "heads": [tiles.label(figure) for _stage, figure in strip[:COLUMNS]],
        "rows": rows,
        "shown": SHOWN,
        "note": _("A dash: not recorded, or with other parameters or in another currency.") if dash else "",
    }


def _headlines(runs):
    """The run whose figures stand on top, and which of them do: a list of (stage, figure), of one name only the first.

    The five most-used metrics come first; then one figure of each stage before the second of any, so that no stage
    is crowded out by the first.
    """
    good = [run for run in runs if changes.is_good(run)]
    plain = [run for run in good if not any(stage.get("each") for stage in run["stages"])]
    top = (plain or good or [run for run in runs if _good(run)] or runs)[0]
    metrics, found, rank = tiles.METRICS, {}, {}
    for stage in _good(top):
        for place, figure in enumerate(stage["figures"]):
            name = figure["name"]
            if name not in found:
                found[name] = stage, figure
                rank[name] = metrics.index(name) - len(metrics) if name in metrics else place
    return top, [found[name] for name in sorted(found, key=rank.get)][:STRIP]


def _good(run):
    return [stage for stage in run["stages"] if stage["status"] == "ok"]


def _same(run, top, stage, figure):
    """The figure of a run that may be compared with this: same name, stage, parameters and currency; None without."""
    for own in _good(run):
        if changes.same_report(run, own, top, stage):
            for candidate in own["figures"]:
                if candidate["name"] == figure["name"]:
                    return {**candidate, "currency": tiles.currency_of(run, own)}
    return None


def _series(runs, figures):
    """The values of a figure over the last dates, oldest first; of several runs of a date the last one counts."""
    values = dict.fromkeys(sorted({run["as_of"] for run in runs})[-DATES:])
    for run, figure in zip(reversed(runs), reversed(figures), strict=True):
        if figure and run["as_of"] in values:
            values[run["as_of"]] = figure["value"]
    return values


def _tile(top, stage, figure, values):
    currency = tiles.currency_of(top, stage)
    (tile,) = tiles.make_tiles([figure], currency)
    return {**tile, "curve": _curve(values, lambda value: tiles.write(value, figure["unit"], currency))}


def _curve(values, write):
    """A small curve: where its lines and single points run, and what it says in words; None below two values."""
    there = {date.fromisoformat(day): value for day, value in values.items() if value is not None}
    if len(there) < 2:
        return None
    first, last = min(map(date.fromisoformat, values)), max(map(date.fromisoformat, values))
    low, high = min(there.values()), max(there.values())

    def place(day, value):
        across = (day - first).days / (last - first).days
        up = (value - low) / (high - low) if high > low else 0.5
        return f"{EDGE + across * (WIDTH - 2 * EDGE):.1f}", f"{HEIGHT - EDGE - up * (HEIGHT - 2 * EDGE):.1f}"

    pieces = [[]]
    for day in map(date.fromisoformat, values):
        if day in there:
            pieces[-1].append(place(day, there[day]))
        elif pieces[-1]:
            pieces.append([])
    newest = max(there)
    return {
        "lines": [" ".join(",".join(point) for point in piece) for piece in pieces if len(piece) > 1],
        "points": [piece[0] for piece in pieces if len(piece) == 1],
        "end": place(newest, there[newest]),
        "words": _("{n} dates from {first} to {last}: lowest {low}, highest {high}, last {value}").format(
            n=len(there), first=style.day(min(there)), last=style.day(newest), low=write(low), high=write(high),
            value=write(there[newest]),
        ),
    }  # fmt: skip


def _row(run, figures):
    """One run as a row of the table."""
    folder = run["folder"]
    failed = [stage for stage in run["stages"] if stage["status"] != "ok"]
    states = [f"{tiles.short_title(stage)}: {tiles.status_words(stage['status'])}" for stage in failed]
    return {
        "folder": folder,
        "page": quote(f"{folder}/index.html"),
        "made": run["made_at"].replace("T", " ")[:16],
        "ok": not failed,
        "status": "; ".join(states) or tiles.status_words("ok"),
        "pages": [(quote(f"{folder}/{stage['page']}"), tiles.short_title(stage)) for stage in run["stages"]],
        "cells": [
            tiles.write(figure["value"], figure["unit"], figure["currency"]) if figure else "–" for figure in figures
        ],
    }
