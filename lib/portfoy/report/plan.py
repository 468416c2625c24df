"""What to run: every stage, parameter and date is checked here, before a kernel starts."""

import ast
import difflib
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from portfoy import source
from portfoy.contract import DataError
from portfoy.locale import _, languages

STAGES = ("portfolio", "selection", "acquisition", "retention", "deepening", "monitoring")
TYPES = {"str": str, "int": int, "float": float, "bool": bool}
SECRET = re.compile(r"(^|_)(password|passwd|secret|token|api_?key|credential)s?($|_)", re.IGNORECASE)


@dataclass(frozen=True)
class Parameter:
    """One line of a notebook's parameters cell: ``name: type = default  # help``."""

    name: str
    type: type
    default: object
    help: str


@dataclass(frozen=True)
class Job:
    """One notebook to run."""

    stage: str
    notebook: Path
    parameters: dict


@dataclass(frozen=True)
class Plan:
    """All that one command runs, on one source, as of one date."""

    jobs: tuple[Job, ...]
    tables: source.Tables
    as_of: date


class PlanError(ValueError):
    """The command asks for something that is not there."""


def notebooks():
    """Report notebooks by stage, in the order of the lifecycle."""
    try:
        folder = source.locate("notebooks/reports")
    except DataError:
        return {}
    return {stage: folder / f"{stage}.ipynb" for stage in STAGES if (folder / f"{stage}.ipynb").exists()}


def parameters(notebook):
    """The parameters of a notebook, read from its cell tagged ``parameters``.

    Returns
    -------
    dict of name -> Parameter

    Raises
    ------
    PlanError : the notebook has no such cell, or a line of it is not ``name: type = value  # help``.
    """
    import json

    cells = json.loads(Path(notebook).read_text(encoding="utf-8"))["cells"]
    tagged = [cell for cell in cells if "parameters" in cell["metadata"].get("tags", [])]
    if not tagged:
        raise PlanError(_("{notebook}: no cell is tagged 'parameters'. Tag one.").format(notebook=notebook))
    found = {}
    for line in "".join(tagged[0]["source"]).splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            parameter = _parameter(notebook, line)
            found[parameter.name] = parameter
    return found


def _parameter(notebook, line):
    code, _sign, text = line.partition("  # ")
    try:
        (node,) = ast.parse(code).body
        return Parameter(node.target.id, TYPES[node.annotation.id], ast.literal_eval(node.value), text.strip())
    except (SyntaxError, ValueError, AttributeError, KeyError):
        raise PlanError(
            _("{notebook}: the parameter line {line!r} is not of the form: name: type = value  # help").format(
                notebook=notebook, line=line
            )
        ) from None


def make_plan(stages, *, data=None, as_of=None, language="en", given=None, today=None):
    """Check what is asked for, and open the data once to see that they can be used.

    Parameters
    ----------
    stages : names of stages; none means all there are
    data : where the tables are; the default is that of the notebooks
    as_of : text YYYY-MM-DD; the default is the last date in the data
    language : code of the language of the reports
    given : dict of parameter name -> text

    Returns
    -------
    Plan

    Raises
    ------
    PlanError : an unknown stage, language or parameter, a value of the wrong type, or not a date.
    DataError : the data cannot be used, or there are none by `as_of`.
    """
    known = notebooks()
    for stage in stages:
        if stage not in known:
            raise PlanError(_("no report '{name}'; {hint}").format(name=stage, hint=_hint(stage, known)))
    if language not in languages():
        raise PlanError(_("no language '{name}'; {hint}").format(name=language, hint=_hint(language, languages())))
    wanted = {stage: known[stage] for stage in known if stage in stages or not stages}
    declared = {stage: parameters(path) for stage, path in wanted.items()}
    values = {stage: _values(stage, declared, given or {}) for stage in wanted}
    day = _date(as_of) if as_of else None
    where = data or next(iter(declared.values()))["data"].default
    tables = source.open(where, today=today)
    if day and day < tables.facts.first_day:
        raise DataError(
            _("{where}: there is nothing by {as_of}; the first order is of {first}. Take a later date.").format(
                where=where, as_of=day, first=tables.facts.first_day
            )
        )
    day = day or tables.facts.last_day
    common = {"data": str(where), "as_of": f"{day:%Y-%m-%d}", "language": language}
    jobs = tuple(
        Job(stage, path, {**values[stage], **{key: common[key] for key in common if key in declared[stage]}})
        for stage, path in wanted.items()
    )
    return Plan(jobs, tables, day)


def _values(stage, declared, given):
    everywhere = {name for parameters in declared.values() for name in parameters}
    values = {}
    for name, text in given.items():
        if SECRET.search(name):
            raise PlanError(
                _("parameter '{name}' looks like a secret; it would be printed in the report.").format(name=name)
            )
        if name not in everywhere:
            raise PlanError(
                _("no parameter '{name}' in '{stage}'; {hint}").format(
                    name=name, stage=stage, hint=_hint(name, everywhere)
                )
            )
        if name in ("data", "as_of", "language"):
            raise PlanError(
                _("parameter '{name}' has an option of its own: --{option}").format(
                    name=name, option=name.replace("_", "-")
                )
            )
        if name in declared[stage]:
            values[name] = _typed(declared[stage][name], text)
    return values


def _typed(parameter, text):
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    try:
        value = words[text.lower()] if parameter.type is bool else parameter.type(text)
    except (ValueError, KeyError):
        raise PlanError(
            _("parameter '{name}' is {text!r}; it must be of type {type} ({help}).").format(
                name=parameter.name, text=text, type=parameter.type.__name__, help=parameter.help
            )
        ) from None
    if isinstance(value, float) and value - value != 0:
        raise PlanError(_("parameter '{name}' is {text!r}; it must be finite.").format(name=parameter.name, text=text))
    return value


def _date(text):
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise PlanError(_("--as-of is {text!r}; it must be a date, YYYY-MM-DD.").format(text=text)) from None


def _hint(name, known):
    near = difflib.get_close_matches(name, list(known), n=1)
    if near:
        return _("did you mean '{near}'?").format(near=near[0])
    return _("there are: {known}.").format(known=", ".join(sorted(known)))
