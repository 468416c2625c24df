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
    parts, factor = changes.split(runs, earlier, before, later, stage), changes.price_factor(earlier, later)
    old = {each["name"]: _at_prices(each, factor or 1) for each in before["figures"]}
    apart = money["before"] != money["after"]
    same = not apart and factor is not None
    table = _figures(old, earlier["as_of"], before, stage, money, parts, same)
    what = changes.moved(earlier, before, later, stage)
    cause = changes.cause_words(what, earlier, stage) if not parts else ""
    ends = [_apart(money) if apart else "", _priced(factor, earlier), cause]
    return [*lines, *aligned(table, indent="  "), *(f"  {sentence}" for sentence in ends if sentence)]


def _figures(old, day, before, stage, money, parts, same):
    """The figures in the order and with the verdicts of the page, then those that are gone; `same` money, or not."""
    levels = {each["parameters"].get("confidence", 0.95) for each in (before, stage)}
    known = [each for each in old.values() if same or each["unit"] != "money"]
    judged = figures.against(stage["figures"], known, day, levels.pop() if len(levels) == 1 else None)
    lines = []
    for figure, _stage in figures.ranked([{**stage, "figures": judged}]):
        then, unit = old.pop(figure["name"], None), figure["unit"]
        moved = figures.since(figure, figure["past"], money["after"])
        said = f"{moved['arrow']} {moved['words']}{_parts(parts.get(figure['name']), unit, money['after'])}"
        if then and unit == "money" and not same:
            said = ""
        elif then and then.get("days") != figure.get("days"):
            said = _("not over the same days")
        was = figures.write(then["value"], unit, money["before"]) if then else "–"
        label = figures.label(*filter(None, (then, figure)))
        lines.append([label, was, figures.write(figure["value"], unit, money["after"]), said])
    for then in old.values():
        lines.append([figures.label(then), figures.write(then["value"], then["unit"], money["before"]), "–", _("gone")])
    return lines


def _at_prices(figure, factor):
    """A figure at the prices of the other run: its money, with its bounds, times the factor."""
    if figure["unit"] != "money":
        return figure
    return figure | {key: figure[key] and figure[key] * factor for key in ("value", "low", "high")}


def _apart(money):
    """The sentence about money in two currencies."""
    named = {key: currency or _("no named currency") for key, currency in money.items()}
    return _("Money in {before} and in {after} cannot be compared.").format(**named)


def _priced(factor, earlier):
    """The sentence about money at other prices."""
    if factor is None:
        return _("One has no price index: their money is not at the same prices.")
    text = _("Money of {folder} is at the prices of the other.")
    return "" if factor == 1 else text.format(folder=earlier["folder"])


def _parts(part, unit, currency):
    """How much of a change came from the data and how much from the code."""
    if not part:
        return ""
    data, code = (figures.write(part[key], unit, currency) for key in ("data", "code"))
    return " " + _("(data {data}, code {code})").format(data=data, code=code)
