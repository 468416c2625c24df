"""Lists of earlier runs that were acted on: handed to the kernels, so that the next page reads their effect back."""

import csv

from portfoy.locale import _


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


def _campaign(path):
    """The campaign of a list, from its first row; None where it has none."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return next(csv.DictReader(file), {}).get("campaign_id")
    except OSError:  # pruned by hand
        return None
