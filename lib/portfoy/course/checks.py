"""Judge answers to exercises: what is wrong in words, a further hint each time; never the answer or a traceback."""

import difflib
import html
import re

import numpy as np
import pandas as pd

from portfoy.course import portfolio, results, selection
from portfoy.course.exercise import Desk, kind
from portfoy.errors import DataError
from portfoy.locale import _, plural
from portfoy.words import style

EXERCISES = {one.id: one for one in [*portfolio.EXERCISES, *selection.EXERCISES]}
_open = {}  # the lesson this notebook is in: phase, desk, and how often each exercise was tried


class Feedback:
    """What is said to an answer: ``text``, and whether it is ``solved``."""

    def __init__(self, text, solved=False):
        self.text, self.solved = text, solved

    def __repr__(self):
        return ("✓ " if self.solved else "… ") + self.text

    def _repr_html_(self):
        colour, sign = (style.ACCENT, "✓") if self.solved else (style.WARM, "…")
        frame = f"border-left:4px solid {colour};padding:.4em .8em;margin:.4em 0"
        text = re.sub("`([^`]+)`", r"<code>\1</code>", html.escape(self.text))
        return f'<div class="pf-check" style="{frame}"><b>{sign}</b> {text}</div>'


def lesson(phase, tables, *, as_of=None):
    """Begin the lesson of a phase, such as "selection": the right answers are worked out from these tables.

    Parameters
    ----------
    phase : "portfolio" or "selection"
    tables : Tables, those of a firm: ``firm.tables``
    as_of : date or text, by default the last date in the data

    Returns
    -------
    Feedback : how many exercises there are, and how many of them are solved
    """
    _open.clear()
    _open.update(phase=phase, desk=Desk(tables, as_of or None), tries={})
    return _standing()


def check(exercise, answer):
    """Judge an answer to an exercise, such as "selection-2". It never raises: what is wrong is said in a sentence.

    Parameters
    ----------
    exercise : its name
    answer : number, Series, DataFrame or list, as the exercise asks

    Returns
    -------
    Feedback : ``solved`` where the answer is right within the exercise's tolerance, by default a millionth of the value
    """
    if not _open:
        return _not_open()
    if exercise not in EXERCISES:
        near = difflib.get_close_matches(str(exercise), EXERCISES, n=1)
        meant = " " + _("Did you mean {name!r}?").format(name=near[0]) if near else ""
        return Feedback(_("There is no exercise {name!r}.").format(name=str(exercise)) + meant)
    asked = EXERCISES[exercise]
    try:
        right = asked.reference(_open["desk"])
    except Exception as error:  # whatever these data do to it, a student sees a sentence
        return Feedback(_("Not to be checked on these data: {reason}").format(reason=error))
    tries = _open["tries"].get(exercise, 0)
    wrong = _wrong(asked, answer, right)
    if wrong is None:
        kept = results.note(exercise, True)
        return Feedback(_("Right. {praise}").format(praise=asked.praise()) + _unkept(kept), True)
    _open["tries"][exercise] = tries + 1
    hints = asked.hints()
    hint = hints[min(tries, len(hints) - 1)]
    if wrong == "":  # not begun
        return Feedback(_("Hint: {hint}").format(hint=hint))
    kept = results.note(exercise, False)
    return Feedback(_("{wrong} Hint: {hint}").format(wrong=wrong, hint=hint) + _unkept(kept))


def progress():
    """What is solved in this notebook, as a Feedback; ``solved`` where all exercises of the lesson are."""
    return _standing() if _open else _not_open()


def of_lesson(phase):
    """The exercises of a lesson, in their order."""
    return [name for name in EXERCISES if name.rpartition("-")[0] == phase]


def _not_open():
    return Feedback(_("No lesson has begun: run the notebook from the top."))


def _standing():
    names = of_lesson(_open["phase"])
    try:
        kept = results.read(results.path())
    except DataError as error:
        return Feedback(str(error))
    done = [name for name in names if kept.get(name, {}).get("solved")]
    left = [name for name in names if name not in done]
    text = plural("{done} of {n} exercise solved.", "{done} of {n} exercises solved.", len(names)).format(
        done=len(done), n=len(names)
    )
    if left and done:
        text += " " + _("Still open: {names}.").format(names=", ".join(left))
    return Feedback(text, bool(names) and not left)


def _unkept(kept):
    return "" if kept else " " + _("(Not noted down: {file}.)").format(file=results.path())


def _wrong(asked, answer, right):
    """What is wrong with an answer, in words; empty where there is none yet, None where it is right."""
    if answer is None or answer is ... or (isinstance(answer, (list, tuple)) and any(x is ... for x in answer)):
        return ""
    try:
        shape = _misshapen(answer, right)
        if shape:
            return shape
        if _same(answer, right, asked.tolerance):
            return None
        for mistake in _mistakes(asked):
            if not _same(mistake.value, right, asked.tolerance) and _same(answer, mistake.value, asked.tolerance):
                return mistake.says
        return _usual(answer, right, asked.tolerance) or _("Not yet.")
    except Exception:  # an answer may be anything
        return _("This cannot be compared: look at type and missing values.")


def _mistakes(asked):
    """The wrong answers to an exercise; none where these data do not allow them."""
    try:
        return asked.mistakes(_open["desk"])
    except Exception:  # a slip that cannot happen here
        return []


def _words():
    return {
        "number": _("one number"),
        "text": _("a text"),
        "list": _("a list"),
        "series": _("a Series, one value for each row"),
        "table": _("a table (DataFrame)"),
    }


def _misshapen(answer, right):
    """What is wrong with the type, the size or the columns of an answer; None where nothing is."""
    wanted, found = kind(right), kind(answer)
    if wanted != found:
        what = _words().get(found, type(answer).__name__)
        return _("Wanted is {wanted}, not {found}.").format(wanted=_words()[wanted], found=what)
    if wanted == "number" and not np.isfinite(float(answer)):
        return _("No finite number: is something divided by zero, or missing?")
    if wanted == "table":
        lost = [name for name in right.columns if name not in answer.columns]
        if lost:
            return _("The table lacks the column {names}.").format(names=", ".join(map(repr, lost)))
    if wanted in ("list", "series", "table") and len(answer) != len(right):
        return _("{found} entries, not {wanted}.").format(found=len(answer), wanted=len(right))
    return None


def _usual(answer, right, tolerance):
    """Slips that are the same everywhere: per cent for a share, the other share, the sign."""
    if kind(right) != "number" or right == 0:
        return None
    answer, right = float(answer), float(right)
    near = {
        _("A hundred times too large: a share is from 0 to 1."): 100 * right,
        _("A hundred times too small."): right / 100,
        _("This is the others' share: one minus it."): 1 - right if 0 < right < 1 else None,
        _("The number has the wrong sign."): -right,
        _("Upside down: what is divided by what?"): 1 / right,
    }
    return next((text for text, value in near.items() if value is not None and _same(answer, value, tolerance)), None)


def _same(answer, right, tolerance):
    """Whether two answers are alike: numbers within a tolerance, lists whatever the order, tables by their key."""
    wanted = kind(right)
    if wanted != kind(answer):
        return False
    if wanted == "number":
        return abs(float(answer) - float(right)) <= tolerance * max(abs(float(right)), 1e-9)
    if wanted == "text":
        return answer.strip().casefold() == right.strip().casefold()
    if wanted == "list":
        return sorted(map(str, answer)) == sorted(map(str, right))
    if wanted == "series":
        return len(answer) == len(right) and _alike(answer.reindex(right.index), right, tolerance)
    key = right.columns[0]
    ours, theirs = right.set_index(key), answer.drop_duplicates(key).set_index(key)
    return len(answer) == len(right) and all(
        _alike(theirs[name].reindex(ours.index), ours[name], tolerance) for name in ours
    )


def _alike(answer, right, tolerance):
    if pd.api.types.is_numeric_dtype(right) and not pd.api.types.is_bool_dtype(right):
        answer = pd.to_numeric(answer, errors="coerce").astype(float)
        return bool(np.allclose(answer, right.astype(float), rtol=tolerance, atol=1e-9, equal_nan=True))
    return answer.astype(str).tolist() == right.astype(str).tolist()
