"""The pages above the reports: one that sums up a run, and the shelf that lists all runs.

Both are made from run records alone, by templates in which whatever comes from data is text.
"""

from urllib.parse import quote

from portfoy.locale import _
from portfoy.report import changes, figures, look, message
from portfoy.words import style

SHOWN = 24  # runs before the older ones are folded away


def run_page(run, brand=None):
    """The HTML that sums up a run, from its record: what happened, what to do, the figures, a line a report."""
    return look.render("overview.html.j2", brand=brand, **contents(run))


def contents(run):
    """What the page of a run says, for its template and that of the mail."""
    groups = list(_groups(run["stages"]))
    firsts, several = [group[0] for group in groups], [group for group in groups if len(group) > 1]
    found = message.findings(firsts)
    heading = message.heading(found)
    rows = figures.rows(run, [group[0] for group in groups if group not in several])
    return {
        "title": f"{run['source']}, {style.day(run['as_of'])}",
        "heading": heading or _("{source}, as of {day}").format(source=run["source"], day=style.day(run["as_of"])),
        "about": about(run),
        "happened": message.happened(found, heading),
        "todo": message.to_do(message.todo(firsts)),
        "rows": rows,
        "figures_title": figures_title(rows),
        "name_of": figures.short_title,
        "tables": [_side_by_side(run, group) for group in several],
        "reports": [_report(stage) for stage in run["stages"]],
        "workbook": quote(run.get("workbook") or ""),
        "cards": (run.get("carded") or {}).get("page"),
        "provenance": provenance(run, run["stages"]),
    }


def figures_title(rows):
    """What stands above the figures: that they are held against last year, where any is."""
    changed = any(row["change"] for row in rows)
    return _("The figures, against the same day last year") if changed else _("The figures")


def about(run):
    """Whose figures these are, of which day, and in which prices."""
    return [run["source"], style.day(run["as_of"]), *([run["prices"]] if run.get("prices") else [])]


def shelf_page(runs):
    """The HTML that lists all runs, given newest first, by source: a row a run, with what it says."""
    by_source = {}
    for run in runs:
        by_source.setdefault(run["source"], []).append(_listed(run))
    return look.render("shelf.html.j2", title=_("Reports"), command="portfoy report", sources=by_source, shown=SHOWN)


def latest_page(run):
    """The page that leads to a run's own page: the newest good one, so that an address to keep always works."""
    page = f"{quote(run['folder'])}/index.html"
    return look.render("latest.html.j2", title=_("The newest report"), address=page)


def provenance(run, stages):
    """Where the figures of these stages of a run come from: (name, value) in words."""
    data = f"{run['data']['where']}, {style.number(run['data']['rows'])} {_('rows')}"
    facts = [
        (_("Data"), f"{data}, {_('changed while they were read')}" if run["data"].get("changed") else data),
        (_("Fingerprint of the data"), run["data"]["sha256"][:16]),
    ]
    if run["data"].get("settings_sha256"):
        facts.append((_("Fingerprint of the settings"), run["data"]["settings_sha256"][:16]))
    facts += _per_stage(_("Fingerprint of the code"), stages, lambda stage: stage["code"][:16])
    facts += _per_stage(_("Parameters"), stages, lambda stage: figures.pairs(stage["parameters"]))
    facts += _per_stage(_("Taken from the data"), stages, lambda stage: figures.pairs(stage.get("derived") or {}))
    facts += _per_stage(_("Since the report before"), stages, lambda stage: (stage.get("changes") or {}).get("cause"))
    facts += [
        (_("Versions"), ", ".join(f"{name} {number}" for name, number in run["versions"].items())),
        (_("Made"), run["made_at"]),
    ]
    if run.get("seconds") is not None:
        facts.append((_("Time taken"), _("{seconds} seconds").format(seconds=style.number(run["seconds"], 1))))
    return facts


def _per_stage(name, stages, fact):
    """One line where all stages agree, else one line a stage; none for a stage without it."""
    values = [fact(stage) for stage in stages]
    if len(set(values)) <= 1:
        return [(name, value) for value in values[:1] if value]
    pairs = zip(stages, values, strict=True)
    return [(f"{name}, {figures.short_title(stage)}", value) for stage, value in pairs if value]


def _groups(stages):
    """The stages in their order; those that differ by the values of --each only stand together."""
    groups = {}
    for stage in stages:
        groups.setdefault(stage["stage"], []).append(stage)
    return groups.values()


def _report(stage):
    """The line of one report."""
    return {
        "name": figures.short_title(stage),
        "ok": stage["status"] == "ok",
        "status": message.uncomputed([stage]) or figures.status_words(stage["status"]),
        "missing": stage["missing"] if stage["status"] == "ok" else [],
        "says": message.heading(message.findings([stage])[:1]),
        "error": stage["error"],
        "page": quote(stage["page"]),
        "pdf": quote(stage.get("pdf") or ""),
    }


def _side_by_side(run, group):
    """One row for each figure that differs, one column a value; a dash where a figure was not recorded.

    What was taken from the data beside the parameter stands above, in a row of its own where it differs too.
    """
    labels, cells = {}, {}
    for stage in group:
        for figure in stage["figures"]:
            labels.setdefault(figure["name"], []).append(figure)
            said = figures.write(figure["value"], figure["unit"], changes.currency_of(run, stage))
            cells[figure["name"], stage["name"]] = said
    made = [
        (figures.label(*same), [cells.get((name, stage["name"]), "–") for stage in group])
        for name, same in labels.items()
    ]
    moved = [(label, row) for label, row in made if len(set(row)) > 1]
    alike, differ = _derived(group)
    return {
        "parameter": "; ".join([", ".join(group[0]["each"]), *alike]),
        "heads": [(", ".join(map(str, stage["each"].values())), quote(stage["page"])) for stage in group],
        "rows": differ + moved,
        "same": _same(len(made) - len(moved)),
    }


def _derived(group):
    """What the data gave beside the values of a parameter: texts where it is one for all, rows where it is not."""
    given = [stage.get("derived") or {} for stage in group]
    alike, differ = [], []
    for name in dict.fromkeys(name for each in given for name in each):
        label = _("{name}, from the data").format(name=name)
        values = list(dict.fromkeys(str(each[name]) for each in given if name in each))
        if len(values) == 1:
            alike.append(f"{label}: {values[0]}")
        else:
            differ.append((label, [str(each.get(name, "–")) for each in given]))
    return alike, differ


def _same(count):
    """How many figures no value moved, as a sentence; "" for none."""
    text = _("The same: {n} figures.")
    return text.format(n=count) if count else ""


def _listed(run):
    """One run as a row of the shelf."""
    failed = [stage for stage in run["stages"] if stage["status"] != "ok"]
    states = [f"{figures.short_title(stage)}: {figures.status_words(stage['status'])}" for stage in failed]
    folder = run["folder"]
    return {
        "folder": folder,
        "page": quote(f"{folder}/index.html"),
        "says": message.heading(message.findings([group[0] for group in _groups(run["stages"])])),
        "status": "; ".join(states),
        "pages": [(quote(f"{folder}/{stage['page']}"), figures.short_title(stage)) for stage in run["stages"]],
    }
