"""What has changed between two runs: figures, and whether data or code moved them.

Everything here is read from run records; a page carries its own, so two pages alone can be compared.
"""

import math

from portfoy.locale import _

APART = ("as_of", "data", "language")  # parameters in which two runs of the same report may differ
KEYS = ("name", "label", "unit", "better")


def changes(runs, run, stage):
    """What has changed in one stage since the report before it.

    Parameters
    ----------
    runs : list of run records, newest first
    run : the record of the new run, its stages as far as they are known
    stage : the entry of the new stage

    Returns
    -------
    None where there is no earlier good run of the same stage, source and parameters, else dict
        ``before`` folder and as_of of that run; ``cause``, a sentence; ``figures``, as `compare_figures` gives them.
    """
    found = previous(runs, run, stage)
    if found is None:
        return None
    earlier, before = found
    return {
        "before": {"folder": earlier["folder"], "as_of": earlier["as_of"]},
        "cause": cause_words(moved(earlier, before, run, stage), earlier, stage),
        "figures": compare_figures(before["figures"], stage["figures"]),
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
    return max(found, key=lambda pair: (pair[0]["as_of"] < run["as_of"], _place(pair[0])), default=None)


def is_good(run):
    """Whether every stage of a run is ok."""
    return all(stage["status"] == "ok" for stage in run["stages"])


def same_report(earlier, before, run, stage):
    """Whether two stages answer the same question on the same source."""
    return (before["stage"], earlier["source"], _kept(before)) == (stage["stage"], run["source"], _kept(stage))


def _kept(stage):
    return {name: value for name, value in stage["parameters"].items() if name not in APART}


def _place(run):
    return run["as_of"], run["made_at"]


def moved(earlier, before, run, stage):
    """Which of the things that figures rest on differ between two runs.

    Returns
    -------
    set of "as_of", "data", "code", "parameters"; packages of another version count as code
    """
    pairs = {
        "as_of": (earlier["as_of"], run["as_of"]),
        "data": (earlier["data"]["sha256"], run["data"]["sha256"]),
        "code": ((before["code"], earlier["versions"]), (stage["code"], run["versions"])),
        "parameters": (_kept(before), _kept(stage)),
    }
    return {name for name, (one, other) in pairs.items() if one != other}


def cause_words(what, earlier, stage):
    """What moved the figures, in a sentence; where several things did, how to tell them apart."""
    if not what:
        return _("Data, code and parameters are the same in both.")
    if what == {"parameters"}:
        return _("Only the parameters differ: what has moved, moved with them.")
    if what == {"code"}:
        return _("The code has changed, the data have not: what has moved comes from the code.")
    if what == {"as_of"}:
        return _("The data are the same, seen from another day; the code has not changed.")
    if "code" not in what and "parameters" not in what:
        return _("The data have changed, the code has not: what has moved comes from the data.")
    if "parameters" in what:
        return _("Parameters differ, and so does what they are applied to: the two cannot be told apart.")
    if "data" not in what:
        return _(
            "The code has changed, and the same data are seen from another day. To tell the two apart, run the present "
            "code as of the earlier day: portfoy report {stage} --as-of {as_of}"
        ).format(stage=stage["stage"], as_of=earlier["as_of"])
    return _(
        "Both data and code have changed. To tell them apart, run the present code on the earlier data: "
        "portfoy report {stage} --as-of {as_of} --data THE-EARLIER-DATA"
    ).format(stage=stage["stage"], as_of=earlier["as_of"])


def compare_figures(before, after):
    """Recorded figures side by side, in the order of the new run; those that are gone come last.

    Returns
    -------
    list of dict
        ``name, label, unit, better``; ``before, after`` (None where not recorded); ``relative`` change, 0.1 is a tenth
        more (None where before is 0 or missing); ``direction`` ("up", "down", "same", "new", "gone"); ``beyond``,
        whether the change exceeds what the intervals allow for, None without intervals.
    """
    old, new = ({figure["name"]: figure for figure in figures} for figures in (before, after))
    names = [*new, *(name for name in old if name not in new)]
    return [_compared(old.get(name), new.get(name)) for name in names]


def _compared(old, new):
    about = new or old
    before, after = (figure["value"] if figure else None for figure in (old, new))
    result = {key: about.get(key) or "" for key in KEYS} | {"before": before, "after": after}
    if before is None or after is None:
        direction = "same" if before is after else "new" if before is None else "gone"
        return {**result, "relative": None, "direction": direction, "beyond": None}
    relative = (after - before) / abs(before) if before else None
    direction = "same" if after == before else "up" if after > before else "down"
    return {**result, "relative": relative, "direction": direction, "beyond": _beyond(old, new)}


def _beyond(old, new):
    """Whether a change is larger than chance allows for.

    The two values are treated as independent; two reports share most of their customers, so the true margin is
    smaller and what is called beyond it certainly is.
    """
    rises = new["value"] > old["value"]
    inner = (old["high"], new["low"]) if rises else (old["low"], new["high"])
    if any(bound is None for bound in inner):
        return None
    margin = math.hypot(inner[0] - old["value"], inner[1] - new["value"])
    return abs(new["value"] - old["value"]) > margin


def split(runs, earlier, before, run, stage):
    """How much of each change comes from the data and how much from the code, where a run on the shelf can tell.

    Such a run has the data and date of one of the two, and the code of the other.

    Returns
    -------
    dict of figure name -> {"data": difference, "code": difference}; empty where no run can tell
    """
    wanted = {"data": {"code"}, "code": {"data", "as_of"}}
    for bridge in runs:
        for middle in bridge["stages"]:
            if middle["status"] != "ok" or not same_report(bridge, middle, run, stage):
                continue
            first, second = moved(earlier, before, bridge, middle), moved(bridge, middle, run, stage)
            for start, end in (("data", "code"), ("code", "data")):
                if first and second and not first & wanted[start] and not second & wanted[end]:
                    values = [{f["name"]: f["value"] for f in each["figures"]} for each in (before, middle, stage)]
                    return {name: {start: b - a, end: c - b} for name, a, b, c in _in_all(*values)}
    return {}


def _in_all(one, two, three):
    for name in three:
        numbers = (one.get(name), two.get(name), three[name])
        if None not in numbers:
            yield name, *numbers
