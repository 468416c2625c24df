"""Hold an answer against the right one: right to the digits given, a known mistake, a neighbour, or how far off."""

import re

import numpy as np
import pandas as pd

from portfoy.course.exercise import kind
from portfoy.locale import _, plural

NAMED = 6  # labels in one sentence


def begun(answer):
    """Whether there is an answer at all: not None, not ``...``, nor a list or a dict with one in it."""
    parts = answer.values() if isinstance(answer, dict) else answer
    inside = isinstance(answer, (list, tuple, dict)) and any(part is ... for part in parts)
    return not (answer is None or answer is ... or inside)


def same_try(answer, last):
    """Whether two answers are one try."""
    return kind(answer) == kind(last) and repr(answer) == repr(last)


def judge(asked, answer, firm):
    """Whether an answer to an Exercise is right on the data of a firm, what is said, and how the answer was read.

    Returns
    -------
    (bool, text, object)
    """
    if asked.form:
        return (*asked.form(firm, answer), answer)
    right = asked.right(firm)
    answer, said = _read(answer, right)
    if misshapen := _misshapen(answer, right):
        options = " " + _options(asked, right, firm) if kind(right) == "text" else ""
        return False, _mistake(asked, answer, right, firm) or misshapen + options, answer
    if asked.kind == "predict":
        percent = asked.share and answer > 1
        return True, "", answer / 100 if percent else answer
    if kind(right) == "text":
        solved, said = _chosen(asked, answer, right, firm)
        return solved, said, right if solved else answer
    if _same(answer, right, asked.tolerance):
        return True, said or _("Right."), answer
    short = kind(answer) == "number" and answer % 1 and _rounded(answer, right, least=1)  # the right one, cut short
    if (wrong := _mistake(asked, answer, right, firm)) and not (short and _rounded(answer, right)):
        more = _("Right as far as it goes, if you rounded: give more digits. If not: {mistake}")
        return False, more.format(mistake=wrong) if short else wrong, answer
    if asked.share and _rounded(answer, 100 * right):
        return True, _("Right, in per cent; as a share it is from 0 to 1."), answer / 100
    if _rounded(answer, right):
        return True, _("Right. Unrounded it is exact."), answer
    in_per_cent = answer / 100 if asked.share and answer > 1 else answer
    wrong = _mistake(asked, in_per_cent, right, firm, rounded=True) or _usual(answer, right)
    return False, wrong or _neighbour(asked, answer) or _far_off(answer, right), answer


def _mistake(asked, answer, right, firm, rounded=False):
    """What is said to an answer that is a known mistake, unless on these data that is right; else None.

    Where two mistakes come to one answer, both are named; two wrong turns take three digits to be told.
    """

    def alike(given, value, turns=0):
        if turns == 0 and kind(given) == kind(value) == "number" and pd.isna(given) and pd.isna(value):
            return True  # a mistake from which no number comes
        return _rounded(given, value, max(2, turns + 1)) if rounded else _same(given, value, asked.tolerance)

    for turns in (1, 2):  # those of two are worked out where no other fits
        known = asked.wrong(firm, turns)
        found = [one for one in known if alike(answer, one.value, one.turns) and not alike(one.value, right)]
        if found:
            break
    says = list(dict.fromkeys(one.says for one in found if one.turns == found[0].turns))
    if len(says) < 2 or found[0].turns == 2:
        return says[0] if says else None
    return _("One of these: {one} Or: {other}").format(one=says[0], other=says[1])


def _chosen(asked, answer, right, firm):
    """Of options, each has its words."""
    if _plain(answer) == _plain(right):
        return True, _("Right.")
    others = {_plain(mistake.value): mistake for mistake in asked.wrong(firm, 1)}
    if _plain(answer) in others:
        return False, others[_plain(answer)].says
    return False, _options(asked, right, firm)


def _options(asked, right, firm):
    options = sorted({right, *(mistake.value for mistake in asked.wrong(firm, 1))})
    return _("Choose one of: {options}.").format(options=", ".join(map(repr, options)))


def _plain(text):
    return " ".join(text.casefold().split())


def _read(answer, right):
    """An answer in the form of the right one, where it is one of an equal form; and a word about it, or an empty text.

    A dict or a table of one column is a Series, a text of digits a number, a column of ids a list; a list is a Series
    in the order of the right one's labels.
    """
    wanted = kind(right)
    if isinstance(answer, dict):
        answer = pd.Series(answer)
    if wanted == "number" and isinstance(answer, str):
        plain = answer.strip().removesuffix("%").strip().replace(" ", "").replace(",", ".")
        if re.fullmatch(r"[-+]?\d*\.?\d+", plain):
            number = float(plain) / (100 if answer.strip().endswith("%") else 1)
            return number, _("Right; next time give the number without quotes.")
    if wanted == "number" and kind(answer) in ("series", "list", "table") and np.size(answer) == 1:
        return np.asarray(answer).item(), ""
    if wanted == "series" and isinstance(answer, pd.DataFrame) and answer.shape[1] == 1:
        return answer.iloc[:, 0], ""
    if wanted == "series" and kind(answer) == "list" and not isinstance(answer, (set, frozenset)):
        return (pd.Series(list(answer), right.index) if len(answer) == len(right) else answer), ""
    if wanted == "list" and kind(answer) == "series":
        return answer.tolist(), ""
    return answer, ""


def _misshapen(answer, right):
    """What is wrong with the type, the size, the labels or the columns of an answer; None where nothing is."""
    words = {
        "number": _("one number"),
        "text": _("a text"),
        "list": _("a list"),
        "series": _("a Series, one value for each row"),
        "table": _("a table (DataFrame)"),
    }
    wanted, found = kind(right), kind(answer)
    if wanted == "series" and found in ("list", "series") and len(answer) != len(right):
        labels = ", ".join(map(str, right.index[:NAMED]))
        text = (
            _("{found} entries, not {wanted}: {labels}.")
            if len(right) <= NAMED
            else _("{found} entries, not {wanted}.")
        )
        return text.format(found=len(answer), wanted=len(right), labels=labels)
    if wanted != found:
        what = words.get(found, type(answer).__name__)
        return _("Wanted is {wanted}, not {found}.").format(wanted=words[wanted], found=what)
    if wanted == "number" and not np.isfinite(float(answer)):
        return _("No finite number: is something divided by zero, or missing?")
    if wanted == "table":
        lost = [name for name in right.columns if name not in answer.columns]
        if lost:
            return _("The table lacks the column {names}.").format(names=", ".join(map(repr, lost)))
    if wanted in ("list", "table") and len(answer) != len(right):
        return _("{found} entries, not {wanted}.").format(found=len(answer), wanted=len(right))
    if wanted == "series" and set(map(str, answer.index)) != set(map(str, right.index)):
        text = (
            _("The labels wanted are: {labels}.")
            if len(right) <= NAMED
            else _("The rows have other labels: keep the index ({labels}, ...).")
        )
        return text.format(labels=", ".join(map(str, right.index[:NAMED])))
    return None


def _usual(answer, right):
    """Slips that are the same everywhere: the other share, the sign, per cent, upside down."""
    if kind(right) != "number" or right == 0:
        return None
    near = {
        _("A hundred times too large: a share is from 0 to 1."): 100 * right,
        _("A hundred times too small."): right / 100,
        _("A thousand times off: look at the unit."): right / 1000,
        _("This is the others' share: one minus it."): 1 - right if 0 < right < 1 else None,
        _("The number has the wrong sign."): -right,
        _("Upside down: what is divided by what?"): 1 / right,
        _("This is a change; a factor is one more."): right - 1,
    }
    alike = (text for text, value in near.items() if value is not None and _like(answer, value))
    return next(alike, None)


def _like(answer, value):
    return _same(answer, value, 1e-6) or _rounded(answer, value)


def names():
    """What the notebook holds, name -> value, but for what begins with an underscore; nothing outside a notebook."""
    try:
        shell = get_ipython()
    except NameError:
        return {}
    return {name: value for name, value in shell.user_ns.items() if not name.startswith("_")}


def _neighbour(asked, answer):
    """Where an answer is something else that the notebook holds: what that is."""
    from portfoy.course.lessons import worked

    own, wanted = worked().get(asked.id, {}).get("names", []), kind(answer)
    held = {name: value for name, value in names().items() if name not in own and kind(value) is not None}
    for name, value in held.items():
        if kind(value) == wanted and _same(answer, value, asked.tolerance):
            return _("This is `{name}`: it answers another question.").format(name=name)
    for name, value in held.items():
        if wanted == "number" and kind(value) in ("table", "series", "list") and len(value) == answer:
            return _("This is the number of rows of `{name}`.").format(name=name)
        if kind(value) != "table":
            continue
        for column in value.select_dtypes("number") if wanted == "number" else value:
            sums = {"sum": _("the sum"), "mean": _("the mean"), "median": _("the median")}
            if wanted == "number":
                for how, said in sums.items():
                    if _same(answer, value[column].agg(how), asked.tolerance):
                        text = _("This is {what} of the column `{column}` of `{name}`.")
                        return text.format(what=said, column=column, name=name)
            elif wanted == "series" and _same(answer, value[column], asked.tolerance):
                return _("This is the column `{column}` of `{name}`.").format(column=column, name=name)
    return None


def _far_off(answer, right):
    """Where nothing else is known of a wrong answer: in which direction it is off, or how much of it is right."""
    wanted = kind(right)
    if _rounded(answer, right, least=1) and (wanted == "number" or (answer % 1).any()):
        return _("Right as far as it goes: give more digits.")
    if wanted == "number":
        answer, right = float(answer), float(right)
        if f"{answer:.1e}" == f"{right:.1e}":
            return _("Very near: the first digits are right. A row too many or too few, or rounded on the way?")
        off = _("Too high.") if answer > right else _("Too low.")
        return off + " " + _("Which rows are in, which column is added up, what is divided by what?")
    if wanted == "list":
        n = len(set(map(str, answer)) & set(map(str, right)))
        return plural("{n} of {all} belongs there.", "{n} of {all} belong there.", n).format(n=n, all=len(right))
    if wanted == "series":
        fits = [_alike(answer.reindex(right.index).iloc[[k]], right.iloc[[k]], 1e-6) for k in range(len(right))]
        wrong = [str(label) for label, fit in zip(right.index, fits, strict=True) if not fit]
        text = _("{n} of {all} values are right. Look again at: {labels}.")
        return text.format(n=sum(fits), all=len(right), labels=", ".join(wrong[:NAMED]))
    ours, theirs = _keyed(right, right.columns[0]), _keyed(answer, right.columns[0])
    wrong = [name for name in ours if not _alike(theirs[name].reindex(ours.index), ours[name], 1e-6)]
    return _("Look again at the column {names}.").format(names=", ".join(map(repr, wrong or right.columns[:1])))


def _rounded(answer, right, least=2):
    """Whether a number, or each of a Series, is the right one rounded to the digits given, at least so many."""
    if kind(answer) != kind(right) or kind(right) not in ("number", "series"):
        return False
    if kind(right) == "series":
        answer = answer.reindex(right.index)
        return pd.api.types.is_numeric_dtype(right) and all(
            _rounded(a, b, least) or a == b for a, b in zip(answer.tolist(), right.tolist(), strict=True)
        )
    answer, right = float(answer), float(right)
    if not np.isfinite(answer) or not np.isfinite(right):
        return False
    digits = f"{answer:.12g}"
    if "e-" in digits:  # so small a number has no digits to round to
        return False
    decimals = len(digits.partition(".")[2]) if "e" not in digits else 0
    significant = len(digits.lstrip("-0.").replace(".", ""))
    return significant >= least and abs(answer - right) <= 0.5 * 10.0**-decimals * (1 + 1e-9) and right != round(right)


def _same(answer, right, tolerance):
    """Whether two answers are alike: numbers within a tolerance, lists whatever the order, tables by their key."""
    wanted = kind(right)
    if wanted != kind(answer):
        return False
    if wanted == "number":
        off = abs(float(answer) - float(right))  # not a number where both are without end
        return bool(np.isfinite(off)) and off <= tolerance * max(abs(float(right)), 1e-9)
    if wanted == "text":
        return _plain(answer) == _plain(right)
    if wanted == "list":
        return len(answer) == len(right) and sorted(map(str, answer)) == sorted(map(str, right))
    if wanted == "series":
        return (
            len(answer) == len(right)
            and answer.index.is_unique
            and _alike(answer.reindex(right.index), right, tolerance)
        )
    key = right.columns[0]
    if key not in answer or len(answer) != len(right):
        return False
    ours, theirs = _keyed(right, key), _keyed(answer, key)
    return all(name in theirs and _alike(theirs[name].reindex(ours.index), ours[name], tolerance) for name in ours)


def _keyed(table, key):
    return table.drop_duplicates(key).set_index(key)


def _alike(answer, right, tolerance):
    if pd.api.types.is_numeric_dtype(right) and not pd.api.types.is_bool_dtype(right):
        answer = pd.to_numeric(answer, errors="coerce").astype(float)
        return bool(np.allclose(answer, right.astype(float), rtol=tolerance, atol=1e-9, equal_nan=True))
    return answer.astype(str).tolist() == right.astype(str).tolist()
