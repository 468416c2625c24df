"""The pages above the reports: one that sums up a run, and the shelf that lists all runs.

Both are made from run records alone, by templates in which whatever comes from data is text.
"""

from urllib.parse import quote

from portfoy.locale import _
from portfoy.report import look, tiles, trend
from portfoy.words import style
from portfoy.words.stages import title


def _most_used():
    """The five most-used metrics of customer management: name in the record, name in words, what they need."""
    return [
        ("churn", _("churn"), _("contracts or repeat purchases")),
        ("nps", _("NPS"), _("surveys")),
        ("clv", _("customer lifetime value"), _("repeat purchases")),
        ("sales_cycle", _("sales cycle length"), _("leads with their dates")),
        ("first_contact_resolution", _("first contact resolution"), _("tickets")),
    ]


def run_page(run):
    """The HTML that sums up a run, from its record: its stages, what has changed, where the figures come from."""
    found, absent = _metrics(run)
    return look.render(
        "overview.html.j2",
        title=_("{source}, as of {day}").format(source=run["source"], day=style.day(run["as_of"])),
        found=found,
        absent=absent,
        sections=[_section(run, group) for group in _groups(run["stages"])],
        changes=_changes(run),
        provenance=provenance(run, run["stages"]),
    )


def shelf_page(runs):
    """The HTML that lists all runs, given newest first, by source."""
    by_source = {}
    for run in runs:
        by_source.setdefault(run["source"], []).append(run)
    return look.render(
        "shelf.html.j2",
        title=_("Reports"),
        command="portfoy report",
        sources=[trend.source(name, listed) for name, listed in by_source.items()],
    )


def latest_page(run):
    """The page that leads to a run's own page: the newest good one, so that an address to keep always works."""
    page = f"{quote(run['folder'])}/index.html"
    return look.render("latest.html.j2", title=_("The newest report"), address=page)


def provenance(run, stages):
    """Where the figures of these stages of a run come from: (name, value) in words."""
    facts = [
        (_("Data"), f"{run['data']['where']}, {style.number(run['data']['rows'])} {_('rows')}"),
        (_("Fingerprint of the data"), run["data"]["sha256"][:16]),
    ]
    if run["data"].get("settings_sha256"):
        facts.append((_("Fingerprint of the settings"), run["data"]["settings_sha256"][:16]))
    facts += _per_stage(_("Fingerprint of the code"), stages, lambda stage: stage["code"][:16])
    facts += _per_stage(_("Parameters"), stages, lambda stage: tiles.pairs(stage["parameters"]))
    facts += [
        (_("Versions"), ", ".join(f"{name} {number}" for name, number in run["versions"].items())),
        (_("Made"), run["made_at"]),
    ]
    if run.get("seconds") is not None:
        facts.append((_("Time taken"), _("{seconds} seconds").format(seconds=style.number(run["seconds"], 1))))
    return facts


def _per_stage(name, stages, fact):
    """One line where all stages agree, else one line a stage."""
    values = [fact(stage) for stage in stages]
    if len(set(values)) <= 1:
        return [(name, value) for value in values[:1]]
    return [(f"{name}, {tiles.short_title(stage)}", value) for stage, value in zip(stages, values, strict=True)]


def _metrics(run):
    """The tiles of the five metrics that the run recorded, and the sentence about the others."""
    found, absent = [], []
    for name, said, needs in _most_used():
        for stage in run["stages"]:
            figures = [figure for figure in stage["figures"] if figure["name"] == name]
            if stage["status"] == "ok" and figures:
                found += _tiles(run, stage, figures)
                break
        else:
            absent.append(_("{metric} (needs {what})").format(metric=said, what=needs))
    sentence = _("Not in this run: {metrics}.").format(metrics=", ".join(absent)) if absent else ""
    return found, sentence


def _tiles(run, stage, figures):
    return tiles.make_tiles(figures, tiles.currency_of(run, stage), stage.get("changes"), as_of=run["as_of"])


def _groups(stages):
    """The stages in their order; those that differ by the values of --each only stand together."""
    groups = {}
    for stage in stages:
        groups.setdefault(stage["stage"], []).append(stage)
    return groups.values()


def _section(run, group):
    """One stage of a run, or one stage with several values of a parameter."""
    first = group[0]
    made = {
        "id": f"stage-{first['stage']}",
        "title": title(first["stage"]),
        "page": quote(first["page"]),
        "entries": [_entry(run, stage) for stage in group],
        "table": None,
    }
    if len(group) > 1:
        made["page"], made["table"] = "", _side_by_side(run, group)
    return made


def _entry(run, stage):
    return {
        "name": _values(stage),
        "ok": stage["status"] == "ok",
        "status": tiles.status_words(stage["status"]),
        "error": stage["error"],
        "tiles": _tiles(run, stage, stage["figures"]),
        "missing": stage["missing"],
        "page": quote(stage["page"]),
        "pdf": quote(stage.get("pdf") or ""),
        "actions": [(quote(path), path.rpartition("/")[2]) for path in stage.get("actions") or []],
    }


def _values(stage):
    return ", ".join(str(value) for value in (stage.get("each") or {}).values())


def _side_by_side(run, group):
    """One row a figure, one column a value of the parameter; a dash where a figure was not recorded."""
    rows = {}
    for stage in group:
        for figure, tile in zip(stage["figures"], _tiles(run, stage, stage["figures"]), strict=True):
            rows.setdefault(figure["name"], {})[stage.get("name")] = tile
    return {
        "parameter": ", ".join(group[0].get("each") or {}),
        "rows": [
            {"label": next(iter(cells.values()))["label"], "cells": [cells.get(stage.get("name")) for stage in group]}
            for cells in rows.values()
        ],
    }


def _changes(run):
    """What has moved since the run before: a heading, and one table a stage that has such a run."""
    compared = [stage for stage in run["stages"] if stage.get("changes")]
    dates = {tiles.since_words(stage["changes"], as_of=run["as_of"]) for stage in compared}
    one = len(dates) == 1
    heading = _("What has changed since {since}").format(since=next(iter(dates))) if one else _("What has changed")
    alone = [
        tiles.short_title(stage) for stage in run["stages"] if stage["status"] == "ok" and not stage.get("changes")
    ]
    none = _("Nothing finished that could be compared.")
    first = _("This is the first run of its kind. The next one will be compared with it.")
    some = _("First run of its kind, to be compared with next time: {stages}.").format(stages=", ".join(alone))
    return {
        "heading": heading,
        "stages": [_moved(run, stage, dated=not one) for stage in compared],
        "first": (some if alone else "") if compared else first if alone else none,
    }


def _moved(run, stage, *, dated):
    currency = tiles.currency_of(run, stage)
    changes, title = stage["changes"], tiles.short_title(stage)
    since = tiles.since_words(changes, as_of=run["as_of"])
    before = changes["before"]["folder"]
    return {
        "title": _("{stage}, since {since}").format(stage=title, since=since) if dated else title,
        "cause": changes["cause"],
        "before": quote(f"../{before}/index.html") if before else "",
        "rows": [
            {
                "label": tiles.label(change),
                "before": tiles.write(change["before"], change["unit"], currency),
                "after": tiles.write(change["after"], change["unit"], currency),
                "change": tiles.change_words(change, since="", currency=currency),
            }
            for change in changes["figures"]
        ],
    }
