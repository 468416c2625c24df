"""Lists of earlier runs that were acted on: handed to the kernels, so that the next page reads their effect back."""

import csv

from portfoy.locale import _
from portfoy.models.columns import CONTROL
from portfoy.report import shelf
from portfoy.words.labels import columns

HELD = "held_out_of"  # column of a list: from which other list of the run chance holds the customer out


def acted_on(runs, record, root, names):
    """The lists that portfoy.toml says were acted on: (campaign_id -> path of its file, notes on those not found).

    Looked for in the `runs` there are (newest first) of the same source with an earlier day, whenever they were made;
    `names` are campaign ids as they stand in the lists. A list that nobody says was acted on is not handed on.
    """
    there = {}
    for run in runs if names else ():
        if run["source"] == record["source"] and run["as_of"] < record["as_of"]:
            for path in (path for stage in run["stages"] for path in stage["actions"]):
                file = root / run["folder"] / path
                if (name := _campaign(file)) and name not in there:
                    there[name] = str(file.resolve())
    text = _("[lists] acted_on: no earlier run has '{name}'; there are: {known}.")
    known = ", ".join(sorted(there)) or _("none")
    notes = [text.format(name=name, known=known) for name in names if name not in there]
    return {name: there[name] for name in names if name in there}, notes


def mark_held_out(folder, stages, lists, real=None):
    """Add to the lists of a run who is held out of another one, so that nobody contacts them: column ``held_out_of``.

    `lists` are those of each of the `stages` (of run.json) by its name; their files in the `folder` are written anew,
    with the ids that pseudonyms stand for (`real`).
    """
    named = [(stage, each) for stage in stages for each in lists.get(stage["name"], []) if each["name"]]
    held, waiting = {}, []
    for stage, each in named:
        place = {name: number for number, name in enumerate(each["columns"])}
        if {"arm", "campaign_id", "customer_id"} <= place.keys():
            out = [row for row in each["rows"] if row[place["arm"]] == CONTROL]
            held |= {row[place["customer_id"]]: row[place["campaign_id"]] for row in out}
        elif "customer_id" in place:
            waiting.append((stage, each, place["customer_id"]))
    for stage, each, at in waiting:
        marks = [held.get(row[at], "") for row in each["rows"]]
        if any(marks):
            each["columns"].append(HELD)
            each["heads"].append(columns()[HELD])
            each["rows"] = [[*row, mark] for row, mark in zip(each["rows"], marks, strict=True)]
            shelf.write_tables(folder / "actions" / (stage["name"] if stage["each"] else ""), [each], real)


def _campaign(path):
    """The campaign of a list, from its first row; None where it has none."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return next(csv.DictReader(file), {}).get("campaign_id")
    except OSError:  # pruned by hand
        return None
