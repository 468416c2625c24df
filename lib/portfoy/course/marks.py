"""What graded exercises are worth, summed up by student and sitting, and what a teacher should look at."""

import pandas as pd

from portfoy.course.lessons import CAPSTONE, sitting_of
from portfoy.errors import DataError
from portfoy.locale import _

FIGURE, DECISION = 2, 5  # points in the capstone; its page is the teacher's to judge
COLUMNS = ["student", "exercise", "solved", "said", "seed", "points", "of", "shown"]


def worth(exercise):
    """The points of an exercise: none for a guess, nor for the form of a page."""
    if exercise.kind in ("predict", "page"):
        return 0
    if sitting_of(exercise.id) in CAPSTONE:
        return DECISION if exercise.kind == "decide" else FIGURE
    return 1


def complete(rows, students=()):
    """The rows of a class, with those of every sitting that somebody handed in and another did not."""
    table = pd.DataFrame(rows, columns=COLUMNS).astype({"seed": "Int64"})
    table["sitting"] = [None if _is_file(name) else sitting_of(name) for name in table["exercise"]]
    asked = table.dropna(subset="sitting").drop_duplicates("exercise").sort_values("exercise")
    every = dict.fromkeys([*table["student"], *students])
    there = set(zip(table["student"], table["sitting"], strict=True))
    lost = [
        {"student": student, "exercise": one.exercise, "solved": False, "said": absent(), "points": 0, "of": one.of}
        for student in every
        for one in asked.itertuples()
        if (student, one.sitting) not in there
    ]
    both = [table.drop(columns="sitting"), *([pd.DataFrame(lost).reindex(columns=COLUMNS)] if lost else [])]
    return pd.concat(both, ignore_index=True).astype({"seed": "Int64"}).sort_values("student", kind="stable")


def absent():
    """What is said of an exercise whose sitting was not handed in."""
    return _("Not handed in.")


def listed(path):
    """The seeds that a teacher gave out: student -> seed, from a CSV file with these two columns."""
    try:
        table = pd.read_csv(path, dtype={"student": "str"})
        return {str(student): int(seed) for student, seed in zip(table["student"], table["seed"], strict=True)}
    except (OSError, ValueError, KeyError):
        text = _("{path}: is no list of seeds. Write a CSV file with the columns student,seed.")
        raise DataError(text.format(path=path)) from None


def doubtful(rows, given=()):
    """Sentences on whose company was handed in: one seed of two students, or another than a list says."""
    own = rows.dropna(subset="seed").groupby("student")["seed"].unique()
    holders = {}
    for student, seeds in own.items():
        for seed in seeds:
            holders.setdefault(int(seed), []).append(student)
    said = [
        _("{names}: one seed, {seed}. Is it a copy?").format(names=", ".join(names), seed=seed)
        for seed, names in holders.items()
        if len(names) > 1
    ]
    for student, seed in dict(given).items():
        other = sorted({int(one) for one in own.get(student, [])} - {seed})
        if other:
            text = _("{student}: handed in seed {other}, was given {seed}.")
            said.append(text.format(student=student, other=", ".join(map(str, other)), seed=seed))
    return said


def summary(rows):
    """The points of a class by student and sitting, then every exercise, then the decisions of the capstone: text."""
    best = rows.sort_values("solved", kind="stable").drop_duplicates(["student", "exercise"], keep="last")
    best = best[[not _is_file(name) for name in best["exercise"]]].assign(sitting=best["exercise"].map(sitting_of))
    lines = [_("Points, of those set. Guesses do not count; the page of the capstone is yours to judge.")]
    lines += _points(best, rows).to_string(index=False).splitlines()
    lines += ["", _("x right, s right with the solution shown (as the student's progress file says), . not, - absent")]
    signs = best.assign(sign=[_sign(one) for one in best.itertuples()])
    lines += signs.pivot(index="student", columns="exercise", values="sign").fillna("").to_string().splitlines()
    ends = best[best["exercise"].eq("6c-8") & best["said"].ne(absent())]
    lines += ["", *(f"{one.student}, 6c-8: {one.said}" for one in ends.itertuples())] if len(ends) else []
    broken = rows[[_is_file(name) for name in rows["exercise"]]]
    return "\n".join([*lines, *(f"{one.student}, {one.exercise}: {one.said}" for one in broken.itertuples())])


def _is_file(name):
    """Whether a row is of a file that could not be graded, and of no exercise."""
    return name.endswith(".ipynb")


def _sign(one):
    if one.said == absent():
        return "-"
    return "." if not one.solved else "s" if one.shown is True else "x"


def _points(best, rows):
    """One row per student: seed, points by sitting, those of all lessons, those of the capstone."""
    made = []
    for student, own in best.groupby("student"):
        seeds = rows.loc[rows["student"] == student, "seed"].dropna().unique()
        line = {_("student"): student, _("seed"): ", ".join(map(str, seeds)) or "-"}
        for sitting, some in own.groupby("sitting"):
            line[sitting] = "-" if some["said"].eq(absent()).all() else f"{some['points'].sum()}/{some['of'].sum()}"
        last = own["sitting"].isin(CAPSTONE)
        for name, some in ((_("lessons"), own[~last]), (_("capstone"), own[last])):
            if len(some):
                line[name] = f"{some['points'].sum()}/{some['of'].sum()}"
        made.append(line)
    return pd.DataFrame(made)
