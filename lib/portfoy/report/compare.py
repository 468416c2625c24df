"""Two runs side by side, as text for a terminal."""

from portfoy.locale import _
from portfoy.report import changes, figures
from portfoy.words.table import aligned


def compare_text(earlier, later, *, runs=()):
    """Figures, data, code, versions and parameters of two runs beside one another, stage by stage.

    Among the `runs` on the shelf one may tell what came from the data from what came from the code.
    """
    lines = aligned([["", earlier["folder"], later["folder"]], *_facts(earlier, later)])
    old = {stage["name"]: stage for stage in earlier["stages"]}
    new = {stage["name"]: stage for stage in later["stages"]}
    for name in [*new, *(name for name in old if name not in new)]:
        lines.append("")
        if name not in old or name not in new:
            only = later if name in new else earlier
            lines.append(_("{stage}: only in {folder}.").format(stage=name, folder=only["folder"]))
        else:
            lines += _stage(earlier, old[name], later, new[name], runs)
    return "\n".join(lines)


def _facts(earlier, later):
    """What the runs rest on: a row each, those that differ marked."""
    facts = (
        (_("as of"), lambda run: run["as_of"]),
        (_("source"), lambda run: run["source"]),
        (_("data"), lambda run: _("{sha}, {n} rows").format(sha=run["data"]["sha256"][:12], n=run["data"]["rows"])),
        (_("prices"), lambda run: run.get("prices") or "–"),
        (_("settings"), lambda run: (run["data"].get("settings_sha256") or "–")[:12]),
        (_("made"), lambda run: run["made_at"].replace("T", " ")[:16]),
    )
    rows = [(name, fact(earlier), fact(later)) for name, fact in facts]
    rows = [row for row in rows if row[1:] != ("–", "–")]  # what neither tells, being of an earlier version
    for name in sorted({*earlier["versions"], *later["versions"]}):
        versions = [run["versions"].get(name, "–") for run in (earlier, later)]
        if versions[0] != versions[1]:
            rows.append((name, *versions))
    return [[*row, "≠" if row[1] != row[2] else ""] for row in rows]


def _stage(earlier, before, later, stage, runs):
    """One stage: status, code and parameters where they differ, the figures, and what moved them."""
    rows = [[_("status"), before["status"], stage["status"]], [_("code"), before["code"][:12], stage["code"][:12]]]
    for name in [*stage["parameters"], *(name for name in before["parameters"] if name not in stage["parameters"])]:
        values = [str(each["parameters"].get(name, "–")) for each in (before, stage)]
        if values[0] != values[1]:
            rows.append([name, *values])
    lines = [stage["name"], *aligned([[*row, "≠" if row[1] != row[2] else ""] for row in rows], indent="  "), ""]
    money = {"before": changes.currency_of(earlier, before), "after": changes.currency_of(later, stage)}
    currency, apart = money["after"], money["before"] != money["after"]
    parts, factor = changes.split(runs, earlier, before, later, stage), changes.price_factor(earlier, later)
    level = {"money": factor or 1}
    old = [each | {"value": each["value"] * level.get(each["unit"], 1)} for each in before["figures"]]
    table = []
    for change in changes.compare_figures(old, stage["figures"]):
        moved = figures.change_words(change, currency)
        if apart and change["unit"] == "money" and None not in (change["before"], change["after"]):
            moved = {"arrow": "", "words": ""}
        shown = [
            figures.write(change[key], change["unit"], money[key]) if change[key] is not None else "–" for key in money
        ]
        told = _parts(parts.get(change["name"]), change["unit"], currency)
        table.append([figures.label(change), *shown, f"{moved['arrow']} {moved['words']}{told}"])
    what = changes.moved(earlier, before, later, stage)
    cause = changes.cause_words(what, earlier, stage) if not parts else ""
    ends = [_apart(money) if apart else "", _priced(factor, earlier), cause]
    return [*lines, *aligned(table, indent="  "), *(f"  {sentence}" for sentence in ends if sentence)]


def _apart(money):
    """The sentence about money in two currencies."""
    named = {key: currency or _("no named currency") for key, currency in money.items()}
    return _("Money is in {before} in the one and in {after} in the other: it cannot be compared.").format(**named)


def _priced(factor, earlier):
    """The sentence about money at other prices."""
    if factor is None:
        return _("One of the two has no price index: their money is not at the same prices.")
    text = _("Money of {folder} is put at the prices of the other.")
    return "" if factor == 1 else text.format(folder=earlier["folder"])


def _parts(part, unit, currency):
    """How much of a change came from the data and how much from the code."""
    if not part:
        return ""
    data, code = (figures.write(part[key], unit, currency) for key in ("data", "code"))
    return " " + _("(data {data}, code {code})").format(data=data, code=code)
