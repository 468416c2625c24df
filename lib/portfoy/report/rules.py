"""The rules that decide who is what, from run to run, so that months compare under one rule."""

from portfoy.report.changes import currency_of


def handed(runs, record, fresh):
    """What the kernels of a run are given: currency -> analysis -> rule, each as an earlier run kept it.

    From the `runs` there are (newest first) of the same source with an earlier day, whenever they were made; the latest
    day is the one that counts. Each rule says ``since`` which day it stands; ``fresh`` where it is to be derived anew.
    """
    found = {}
    for run in reversed(runs):
        if run["source"] == record["source"] and run["as_of"] < record["as_of"]:
            for stage in run["stages"]:
                kept = stage["kept"] if isinstance(stage["kept"], dict) else {}
                sound = {name: rule for name, rule in kept.items() if isinstance(rule, dict) and "since" in rule}
                found.setdefault(currency_of(run, stage), {}).update(sound)
    mark = {"fresh": True} if fresh else {}
    return {code: {name: rule | mark for name, rule in rules.items()} for code, rules in found.items() if rules}
