"""The report notebooks and their parameters, read from the notebooks themselves."""

import ast
import difflib
import math
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.source.address import locate
from portfoy.words.stages import REPORTS

OPTIONS = ("data", "as_of", "language")  # parameters that the command has an option of its own for
SECRET = re.compile(
    r"(^|_)(password|passwd|passphrase|pwd|secret|token|(api|access|private)_?key|credential)s?($|_)", re.IGNORECASE
)
TYPES = {"str": str, "int": int, "float": float, "bool": bool}
RANGE = re.compile(r"\s*\[(?:(date|currency)|([^,\[\]]+), *([^,\[\]]+))\]$")


@dataclass(frozen=True)
class Parameter:
    """One line of a notebook's parameters cell: ``name: type = default  # help [low, high]``.

    ``range``: (low, high), both allowed; "date" or "currency" for texts that are such; None without. The default is
    always allowed: 0 or an empty text often stand for what the data say.
    """

    name: str
    type: type
    default: object
    help: str
    range: tuple | str | None = None

    def allowed(self):
        """The range in words, "" without one."""
        if isinstance(self.range, tuple):
            low, high = (f"{bound:,g}" if isinstance(bound, float) else f"{bound:,}" for bound in self.range)
            text = _("{low} or more") if self.range[1] == math.inf else _("{low} to {high}")
            return text.format(low=low, high=high)
        return {"date": "YYYY-MM-DD", "currency": _("three capital letters, such as EUR"), None: ""}[self.range]


class PlanError(ValueError):
    """The command asks for something that is not there."""


def notebooks():
    """Report notebooks by stage, in the order of the lifecycle; the card of a customer last."""
    try:
        folder = locate("notebooks/reports")
    except DataError:
        return {}
    return {stage: folder / f"{stage}.ipynb" for stage in REPORTS if (folder / f"{stage}.ipynb").exists()}


def parameters(notebook):
    """The parameters of a notebook by name, read from its cell tagged ``parameters``.

    PlanError where the notebook has no such cell, or a line of it is not ``name: type = value  # help [low, high]``,
    where the range may be left out, or be ``[date]`` or ``[currency]``.
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
        kind, text = TYPES[node.annotation.id], text.strip()
        about = (node.target.id, kind, ast.literal_eval(node.value), RANGE.sub("", text))
        return Parameter(*about, _range(kind, RANGE.search(text)))
    except (SyntaxError, ValueError, AttributeError, KeyError):
        message = _("{notebook}: parameter line {line!r} is not: name: type = value  # help [low, high]")
        raise PlanError(message.format(notebook=notebook, line=line)) from None


def _range(kind, found):
    """The range that a help ends with; ValueError where it is none for this type."""
    if found is None:
        return None
    if found[1]:
        if kind is not str:
            raise ValueError
        return found[1]
    low, high = (math.inf if text == "inf" else {int: int, float: float}[kind](text) for text in found.groups()[1:])
    if not low < high:
        raise ValueError
    return low, high


def typed(parameter, value, where=""):
    """A value as the notebook declares it, and within its range, if it is not the default.

    Text of the command is read, a value of a file, which `where` names, has its type already; a date of a file is text
    for a date.
    """
    about = {"name": parameter.name, "text": str(value) if isinstance(value, date) else value}
    about |= {"help": parameter.help, "range": parameter.allowed()}
    try:
        taken = (_taken if where else _read)(parameter, value)
    except (ValueError, KeyError):
        text = _("parameter '{name}' is {text!r}, not {type} ({help}).")
        raise PlanError(where + text.format(type=parameter.type.__name__, **about)) from None
    if isinstance(taken, float) and not math.isfinite(taken):
        raise PlanError(where + _("parameter '{name}' is {text!r}, not finite.").format(**about))
    if taken == parameter.default or parameter.range is None:
        return taken
    if parameter.range == "date":
        return day(_("parameter '{name}'").format(**about), taken, where)
    if parameter.range == "currency":
        holds, text = re.fullmatch("[A-Z]{3}", taken), _("parameter '{name}' is {text!r}, not {range} ({help}).")
    else:
        low, high = parameter.range
        holds, text = low <= taken <= high, _("parameter '{name}' is {taken:g}, not {range} ({help}).")
        if high <= 1 and low <= taken / 100 <= high:
            text = _("parameter '{name}' is {taken:g}, not {range} ({help}). Write {share:g} for {taken:g}%.")
            about["share"] = taken / 100
    if not holds:
        raise PlanError(where + text.format(taken=taken, **about))
    return taken


def day(what, text, where=""):
    """The text of a date as YYYY-MM-DD; PlanError where it is none."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        message = _("{what} is {text!r}, not a date, YYYY-MM-DD.")
        raise PlanError(where + message.format(what=what, text=text)) from None


def _read(parameter, text):
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    return words[text.lower()] if parameter.type is bool else parameter.type(text)


def _taken(parameter, value):
    if parameter.range == "date" and isinstance(value, date):
        return value.isoformat()
    if parameter.type is float and type(value) is int:
        return float(value)
    if type(value) is not parameter.type:
        raise ValueError
    return value


def hint(name, known):
    """What to do about a name that is not known: the one that is meant, or all there are."""
    near = difflib.get_close_matches(name, list(known), n=1)
    if near:
        return _("did you mean '{near}'?").format(near=near[0])
    return _("there are: {known}.").format(known=", ".join(sorted(known)))
