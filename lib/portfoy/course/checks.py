"""Judge answers to exercises: what is wrong in words, a further hint each time; never the answer or a traceback."""

import difflib
import html
import re

from portfoy.course import judging, results
from portfoy.course.exercise import of_plain_parts
from portfoy.course.lessons import exercises_of, sitting_of, worked
from portfoy.errors import DataError
from portfoy.locale import _, plural
from portfoy.words import style

TRIES = 3  # real ones, after which the worked solution may be asked for
_open = {}  # the sitting this notebook is in: its id, its firm, and the last answers to each exercise


class Feedback:
    """What is said to an answer: ``text``, and whether it is ``solved``; true where it is."""

    def __init__(self, text, solved=False, code=""):
        self.text, self.solved, self.code = text, solved, code

    def __bool__(self):
        return self.solved

    def __repr__(self):
        return ("✓ " if self.solved else "… ") + self.text + (f"\n\n{self.code}" if self.code else "")

    def _repr_html_(self):
        colour, sign = (style.ACCENT, "✓") if self.solved else (style.WARM, "…")
        frame = f"border-left:4px solid {colour};padding:.4em .8em;margin:.4em 0"
        text = re.sub("`([^`]+)`", r"<code>\1</code>", html.escape(self.text))
        code = f"<pre>{html.escape(self.code)}</pre>" if self.code else ""
        return f'<div class="pf-check" style="{frame}"><b>{sign}</b> {text}{code}</div>'


def lesson(sitting, firm):
    """Begin a sitting, such as "0b": the right answers are worked out from the tables of this firm.

    Parameters
    ----------
    sitting : "0a", "0b", ...: what the name of its notebook begins with
    firm : Firm

    Returns
    -------
    Feedback : how many exercises there are, and how many of them are solved
    """
    _open.clear()
    if type(sitting) is not str or sitting_of(sitting) is None:
        name = sitting[:20] if type(sitting) is str else type(sitting).__name__
        return Feedback(_("There is no sitting {name!r}.").format(name=name))
    _open.update(sitting=sitting, firm=firm, tries={})
    return _standing()


def check(exercise, answer=..., *, show=False):
    """Judge an answer to an exercise, such as "0b-2". It never raises: what is wrong is said in a sentence.

    Parameters
    ----------
    exercise : its name
    answer : number, text, list, Series, dict or DataFrame, as the exercise asks
    show : the worked solution instead, once there were three real tries; it is noted that it was shown

    Returns
    -------
    Feedback : true where the answer is right to the digits given
    """
    try:
        return _check(exercise, of_plain_parts(answer), show)
    except BaseException as error:  # whatever these data or an answer do, a student sees a sentence
        return Feedback(_("Not to be checked on these data: {reason}").format(reason=_reason(error)))


def _reason(error):
    """What an error says; an answer's own errors may fail at that, too."""
    try:
        return str(error)
    except BaseException:
        return type(error).__name__


def _check(exercise, answer, show):
    if not _open:
        return _not_open()
    known = exercises_of(_open["sitting"])
    if type(exercise) is not str:
        return Feedback(_("Give the name of the exercise in quotes, such as {name!r}.").format(name=next(iter(known))))
    if exercise not in known:
        near = difflib.get_close_matches(exercise[:20], known, n=1)
        meant = " " + _("Did you mean {name!r}?").format(name=near[0]) if near else ""
        return Feedback(_("There is no exercise {name!r} in this sitting.").format(name=exercise[:20]) + meant)
    asked, firm, tried = known[exercise], _open["firm"], _open["tries"].setdefault(exercise, [])
    if show:
        return _shown(exercise, len(tried))
    if not judging.begun(answer):
        task = worked().get(exercise, {}).get("task", "")
        text = _("Not begun: write your answer in place of `...` and run the cell again.")
        return Feedback(f"{text} {task}".strip())
    solved, says, answer = judging.judge(asked, answer, firm)
    if solved:
        kept = results.note(exercise, solved=True)
        return Feedback(" ".join([says, asked.praise(firm, answer), *_unkept(kept)]).strip(), True)
    hints = asked.hints()
    if not tried or not judging.same_try(answer, tried[-1]):  # running a cell twice is one try
        tried.append(answer)
        kept = results.note(exercise, solved=False)
    else:
        kept = True
    hint = _("Hint: {hint}").format(hint=hints[min(len(tried), len(hints)) - 1])
    more = [_("The worked solution: `pf.check({name!r}, show=True)`.").format(name=exercise)]
    return Feedback(" ".join([says, hint, *(more if len(tried) >= TRIES else []), *_unkept(kept)]))


def _shown(exercise, tries):
    """The worked solution, where it was tried often enough."""
    left = TRIES - tries
    if left > 0:
        text = plural(
            "Try {n} more time first; then the worked solution is yours.",
            "Try {n} more times first; then the worked solution is yours.",
            left,
        )
        return Feedback(text.format(n=left))
    results.note(exercise, shown=True)
    return Feedback(_("One way to do it. Read it, change a number, run it."), code=worked()[exercise]["code"])


def progress():
    """What is solved in this notebook, as a Feedback; ``solved`` where all exercises of the sitting are."""
    return _standing() if _open else _not_open()


def _not_open():
    return Feedback(_("No sitting has begun: run the notebook from the top."))


def _standing():
    names = list(exercises_of(_open["sitting"]))
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
    return [] if kept else [_("(Not noted down: {file}.)").format(file=results.path())]
