"""What has changed between two runs: figures, and whether data, settings or code moved them.

Everything here is read from run records; a page carries its own, so two pages alone can be compared.
"""

from portfoy.locale import _

APART = ("as_of", "data", "language")  # parameters in which two runs of the same report may differ
KEYS = ("unit", "better")


def changes(runs, run, stage):
    """What has changed in one stage of a run since the report before it, among the `runs` there are.

    None where there is no earlier good run of the same stage, source and parameters; else a dict with ``before``, the
    folder and as_of of that run and the page in it; ``cause``, a sentence.
    """
    found = previous(runs, run, stage)
    if found is None:
        return None
    earlier, before = found
    return {
        "before": {"folder": earlier["folder"], "as_of": earlier["as_of"], "page": before["page"]},
        "cause": cause_words(moved(earlier, before, run, stage), earlier, stage),
    }


def previous(runs, run, stage):
    """The run, with its stage, that a new one is compared with, or None.

    It is the newest good one of an earlier date; where there is none, the newest good one of the same date.
    """
    found = [
        (earlier, before)
        for earlier in runs
        for before in earlier["stages"]
        if before["status"] == "ok" and earlier["as_of"] <= run["as_of"] and same_report(earlier, before, run, stage)
    ]
    return max(found, key=lambda pair: (pair[0]["as_of"] < run["as_of"], *_place(pair[0])), default=None)


def currency_of(run, stage):
    """The currency of a stage's figures: its own parameter, else that of the data."""
    return stage.get("parameters", {}).get("currency") or run["currency"]


def is_good(run):
    """Whether every stage of a run is ok."""
    return all(stage["status"] == "ok" for stage in run["stages"])


def same_report(earlier, before, run, stage):
    """Whether two stages answer the same question on the same source, in the same money."""
    return same_money(earlier, before, run, stage) and (
        (before["stage"], earlier["source"], _kept(before)) == (stage["stage"], run["source"], _kept(stage))
    )


def same_money(earlier, before, run, stage):
    """Whether the money of two stages is in one currency."""
    return currency_of(earlier, before) == currency_of(run, stage)


def price_factor(earlier, run):
    """What money of an earlier run is multiplied by to be at the prices of this one; None where nobody knows."""
    levels = [record.get("price_level") for record in (earlier, run)]
    return 1 if levels == [None, None] else None if None in levels else levels[1] / levels[0]


def _kept(stage):
    return {name: value for name, value in stage["parameters"].items() if name not in APART}


def _place(run):
    return run["as_of"], run["made_at"]


def moved(earlier, before, run, stage):
    """What differs between two runs, a set of "as_of", "data", "settings", "code" (also versions), "parameters",
    "rules" (those that both have kept).

    Where one of the two does not say what its settings were, "unrecorded" stands for data and settings.
    """
    settings = [record["data"].get("settings_sha256") for record in (earlier, run)]
    known = (settings[0] is None) == (settings[1] is None)
    pairs = {
        "as_of": (earlier["as_of"], run["as_of"]),
        **({"settings": settings} if known else {"unrecorded": (False, True)}),
        **({"data": (earlier["data"]["sha256"], run["data"]["sha256"])} if known else {}),
        "code": ((before["code"], earlier["versions"]), (stage["code"], run["versions"])),
        "parameters": (_kept(before), _kept(stage)),
    }
    kept = [stage.get("kept") or {} for stage in (before, stage)]
    shared = [[each[name] | {"since": ""} for each in kept] for name in kept[0] if name in kept[1]]
    pairs["rules"] = [[rule[place] for rule in shared] for place in (0, 1)]
    return {name for name, (one, other) in pairs.items() if one != other}


def cause_words(what, earlier, stage):
    """What moved the figures, in a sentence or two; where several things may have, how to tell them apart."""
    if "unrecorded" in what:
        return _("One is of an earlier version without settings: no cause can be told.")
    if not what:
        return _("Data, settings, code and parameters are the same.")
    words = {"data": _("the data"), "settings": _("the settings in portfoy.toml"), "code": _("the code")}
    words |= {"parameters": _("the parameters"), "rules": _("the rules of who is what"), "as_of": _("the day")}
    text = _("What differs: {what}.")
    if len(what - {"as_of"}) > 1:
        text += " " + _("To tell which, change one at a time: portfoy report {stage} --as-of {as_of}")
    listed = ", ".join(words[name] for name in words if name in what)
    return text.format(what=listed, stage=stage["stage"], as_of=earlier["as_of"])


def compared(old, new):
    """One figure beside what it was, a dict.

    ``unit, better``; ``before, after``; ``relative`` change, 0.1 is a tenth more (None where before is 0);
    ``direction`` "up", "down" or "same".
    """
    before, after = old["value"], new["value"]
    result = {key: new.get(key) or "" for key in KEYS} | {"before": before, "after": after}
    relative = (after - before) / abs(before) if before else None
    direction = "same" if after == before else "up" if after > before else "down"
    return {**result, "relative": relative, "direction": direction}


def split(runs, earlier, before, run, stage):
    """How much of each change comes from the data and how much from the code, where a run on the shelf can tell.

    Such a run has the data and date of one of the two, and the code of the other; settings and parameters are those of
    both. Gives figure name -> {"data": difference, "code": difference}; empty where no run can tell.
    """
    others = {"settings", "parameters", "unrecorded", "rules"}
    wanted = {"data": {"code"} | others, "code": {"data", "as_of"} | others}
    if not same_money(earlier, before, run, stage):
        return {}
    for bridge in runs:
        for middle in bridge["stages"]:
            if middle["status"] != "ok" or not same_report(bridge, middle, run, stage):
                continue
            first, second = moved(earlier, before, bridge, middle), moved(bridge, middle, run, stage)
            for start, end in (("data", "code"), ("code", "data")):
                if first and second and not first & wanted[start] and not second & wanted[end]:
                    values = [{f["name"]: f["value"] for f in each["figures"]} for each in (before, middle, stage)]
                    of_all = {name: [each.get(name) for each in values] for name in values[2]}
                    return {n: {start: b - a, end: c - b} for n, (a, b, c) in of_all.items() if None not in (a, b, c)}
    return {}
