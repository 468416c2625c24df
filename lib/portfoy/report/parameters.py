"""The report notebooks and their parameters, read from the notebooks themselves."""

import ast
import difflib
import math
import re
from dataclasses import dataclass
from pathlib import Path

from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.source.address import locate
from portfoy.words.stages import STAGES

OPTIONS = ("data", "as_of", "language")  # parameters that the command has an option of its own for
SECRET = re.compile(
    r"(^|_)(password|passwd|passphrase|pwd|secret|token|(api|access|private)_?key|credential)s?($|_)", re.IGNORECASE
)
TYPES = {"str": str, "int": int, "float": float, "bool": bool}


@dataclass(frozen=True)
class Parameter:
    """One line of a notebook's parameters cell: ``name: type = default  # help``."""

    name: str
    type: type
    default: object
    help: str


class PlanError(ValueError):
    """The command asks for something that is not there."""


def notebooks():
    """Report notebooks by stage, in the order of the lifecycle."""
    try:
        folder = locate("notebooks/reports")
    except DataError:
        return {}
    return {stage: folder / f"{stage}.ipynb" for stage in STAGES if (folder / f"{stage}.ipynb").exists()}


def parameters(notebook):
    """The parameters of a notebook by name, read from its cell tagged ``parameters``.

    PlanError where the notebook has no such cell, or a line of it is not ``name: type = value  # help``.
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
        message = _("{notebook}: the parameter line {line!r} is not of the form: name: type = value  # help")
        raise PlanError(message.format(notebook=notebook, line=line)) from None


def typed(parameter, value, where=""):
    """A value as the notebook declares it; text of the command is read, a value of a file has its type already."""
    try:
        taken = (_taken if where else _read)(parameter.type, value)
    except (ValueError, KeyError):
        raise PlanError(
            where
            + _("parameter '{name}' is {text!r}; it must be of type {type} ({help}).").format(
                name=parameter.name, text=value, type=parameter.type.__name__, help=parameter.help
            )
        ) from None
    if isinstance(taken, float) and not math.isfinite(taken):
        raise PlanError(
            where + _("parameter '{name}' is {text!r}; it must be finite.").format(name=parameter.name, text=value)
        )
    return taken


def _read(kind, text):
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    return words[text.lower()] if kind is bool else kind(text)


def _taken(kind, value):
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise ValueError
    return value


def hint(name, known):
    """What to do about a name that is not known: the one that is meant, or all there are."""
    near = difflib.get_close_matches(name, list(known), n=1)
    if near:
        return _("did you mean '{near}'?").format(near=near[0])
    return _("there are: {known}.").format(known=", ".join(sorted(known)))
