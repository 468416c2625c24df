"""What to run: every stage, parameter and date is checked here, before a kernel starts."""

import csv
import re
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from portfoy.locale import _, languages
from portfoy.report.parameters import OPTIONS, SECRET, PlanError, day, hint, notebooks, parameters, typed
from portfoy.source.address import hidden, masked
from portfoy.words.stages import REPORTS


@dataclass(frozen=True)
class Job:
    """One notebook to run; `name` tells it from the others of its stage, `each` holds the value that varies."""

    name: str
    stage: str
    notebook: Path
    parameters: dict
    each: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """All that one command runs, on one source (tables.Tables), as of one date.

    ``address`` is that of the source where what is shown of it hides a password: it goes to the kernels only.
    """

    jobs: tuple[Job, ...]
    tables: object
    as_of: date
    language: str
    address: str = field(default="", repr=False)


def make_plan(
    stages, *, data=None, as_of=None, language="en", given=None, file=None, each=None, today=None, meanwhile=None
):
    """Check what is asked for, and open the data once to see that they can be used.

    No `stages` means all there are; `data` are by default those of the notebooks, `as_of` the last date in them.
    `given` are parameters as text, by name, which go before those of a TOML `file`; `each`, name=a,b,c, has the stages
    with that parameter run once per value. `meanwhile` is called once all but the data are checked, which may take a
    while.

    Raises
    ------
    PlanError : an unknown stage, language or parameter, a value of the wrong type or out of its range, or not a date.
    DataError : the data cannot be used, or there are none by `as_of`.
    """
    known = notebooks()
    if not known:
        raise PlanError(_("the folder notebooks/reports is missing."))
    for stage in stages:
        if stage not in known:
            raise PlanError(_("no report '{name}'; {hint}").format(name=stage, hint=hint(stage, known)))
    if language not in languages():
        raise PlanError(_("no language '{name}'; {hint}").format(name=language, hint=hint(language, languages())))
    as_of = date.fromisoformat(day("--as-of", as_of)) if as_of else None
    declared = {stage: parameters(known[stage]) for stage in known if stage in stages or not stages}
    values = {stage: {} for stage in declared}
    said = [*(_from_file(file, declared) if file else []), *(("", *each, "") for each in (given or {}).items())]
    for stage, name, value, where in said:
        for target, parameter in _meant(stage, name, declared, where):
            values[target][name] = typed(parameter, _open(name, value, where), where)
    varied = _each(each, declared) if each else ("", [])
    if meanwhile:
        meanwhile()
    from portfoy.source import open as source

    where = str(data or next(iter(declared.values()))["data"].default)
    tables = source.open(where, as_of=as_of, today=today, stamped=True)
    common = {"data": hidden(where), "as_of": f"{tables.as_of:%Y-%m-%d}", "language": language}
    jobs = []
    for stage in declared:
        settled = {**values[stage], **{key: common[key] for key in common if key in declared[stage]}}
        jobs += _jobs(stage, known[stage], settled, *(varied if varied[0] in declared[stage] else ("", [])))
    return Plan(tuple(jobs), tables, tables.as_of, language, where if hidden(where) != where else "")


# --- where values come from ------------------------------------------------------------------------------------------


def _from_file(path, declared):
    """(stage, name, value, where it stands) of a TOML file; what is above any heading is for all reports."""
    import tomllib

    try:
        content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise PlanError(_("{file}: cannot be read: {reason}.").format(file=path, reason=reason)) from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise PlanError(_("{file}: is not TOML: {reason}.").format(file=path, reason=error)) from None
    general = [("", name, value) for name, value in content.items() if not isinstance(value, dict)]
    special = []
    for stage, table in content.items():
        if isinstance(table, dict) and stage not in REPORTS:
            raise PlanError(
                _("{file}: no report '{name}'; {hint}").format(file=path, name=stage, hint=hint(stage, REPORTS))
            )
        if isinstance(table, dict) and stage in declared:
            special += [(stage, name, value) for name, value in table.items()]
    return [(*line, f"{path}: ") for line in [*general, *special]]


def _meant(stage, name, declared, where):
    """The stages, with their parameter, that a value is for."""
    among = {stage: declared[stage]} if stage else declared
    everywhere = {known for parameters in among.values() for known in parameters}
    if SECRET.search(name):
        raise PlanError(where + _("parameter '{name}' looks like a secret, which would be printed.").format(name=name))
    if name in OPTIONS:
        option = name.replace("_", "-")
        raise PlanError(where + _("parameter '{name}' is an option: --{option}").format(name=name, option=option))
    if name not in everywhere:
        raise PlanError(
            where
            + _("no parameter '{name}' in '{stage}'; {hint}").format(
                name=name, stage="', '".join(among), hint=hint(name, everywhere)
            )
        )
    return [(target, among[target][name]) for target in among if name in among[target]]


def _open(name, value, where):
    """The value of a parameter, which everybody may read who gets the report; there is no password in it."""
    if masked(str(value)) != str(value):
        raise PlanError(
            where + _("parameter '{name}' is an address with a password, which would be printed.").format(name=name)
        )
    return value


# --- one run per value -----------------------------------------------------------------------------------------------


def _each(text, declared):
    """Name and values of name=a,b,c; a value with a comma stands in double quotes."""
    name, sign, values = text.partition("=")
    name, texts = name.strip(), next(csv.reader([values], skipinitialspace=True), [])
    if not sign or not name or not all(value.strip() for value in texts) or not texts:
        raise PlanError(_("--each {text!r} is not name=a,b,c.").format(text=masked(text)))
    (parameter, *_others) = [parameter for _stage, parameter in _meant("", name, declared, "--each: ")]
    _open(name, values, "--each: ")
    found = [typed(parameter, value.strip()) for value in texts]
    if len(set(found)) < len(found):
        raise PlanError(_("--each {text!r} names a value twice.").format(text=text))
    return name, found


def _jobs(stage, notebook, parameters, name, values):
    """The jobs of one stage: one, or one per value of the parameter that varies."""
    if not values:
        return [Job(stage, stage, notebook, parameters)]
    jobs, taken = [], set()
    for number, value in enumerate(values, start=1):
        slug = re.sub(r"[^a-z0-9.]+", "-", str(value).lower()).strip("-.")[:40] or str(number)
        slug = f"{slug}-{number}" if slug in taken else slug
        taken.add(slug)
        jobs.append(Job(f"{stage}-{name}-{slug}", stage, notebook, {**parameters, name: value}, {name: value}))
    return jobs
