"""What a student has solved: a small JSON that stays on the student's machine, and the sum over a class."""

import json
import os
from datetime import date
from pathlib import Path

import pandas as pd

from portfoy.errors import DataError
from portfoy.locale import _, plural

FILE, PLACE = "portfoy-progress.json", "PORTFOY_PROGRESS"


def path():
    """Where this machine keeps it: the file that PORTFOY_PROGRESS names, else one in the working directory."""
    return Path(os.environ.get(PLACE) or FILE)


def read(file):
    """Exercise -> ``tries``, ``solved`` (the day as text, or None), ``shown``; an empty dict where there is no file.

    DataError where the file is there and is no progress file.
    """
    try:
        kept = json.loads(Path(file).read_text("utf-8"))["exercises"]
        return {
            str(name): {"tries": int(one["tries"]), "solved": one["solved"], "shown": bool(one.get("shown"))}
            for name, one in kept.items()
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise DataError(_("{file}: is no progress file. Move it away.").format(file=file)) from None


def note(exercise, *, solved=False, shown=False):
    """Count one try, the day it was first solved, or that the solution was shown; whether that was written down."""
    try:
        kept = read(path())
        one = kept.setdefault(exercise, {"tries": 0, "solved": None, "shown": False})
        if one["solved"] is None:
            one["tries"] += not shown
            one["shown"] = one["shown"] or shown
            one["solved"] = date.today().isoformat() if solved else None
        aside = path().with_name(path().name + ".new")
        aside.write_text(json.dumps({"exercises": kept}, indent=1), "utf-8")
        aside.replace(path())
    except (DataError, OSError):
        return False
    return True


def everyone(folder):
    """What each student has solved, from a folder with one progress file a student, in it or below it.

    Gives (student -> what `read` gives, the files that are no progress files); DataError where there is no such folder,
    or no progress file in it.
    """
    if not Path(folder).is_dir():
        raise DataError(_("{folder}: is no folder. Give that of the students.").format(folder=folder))
    kept, unread = {}, []
    for file in sorted(Path(folder).rglob("*.json")):
        try:
            kept[_student(file, folder)] = read(file)
        except DataError:
            unread.append(str(file.relative_to(folder)))
    if not kept:
        text = _("{folder}: has no progress file. Collect the students' {name}.")
        raise DataError(text.format(folder=folder, name=FILE))
    return kept, unread


def table(folder, sittings):
    """The progress of a class as CSV: one line per student and exercise, of everyone, solved or not.

    `sittings` are the exercises of each. Columns: ``student``, ``exercise``, ``tries``, ``shown`` whether the worked
    solution was asked for, ``solved`` the day or nothing.
    """
    kept, _unread = everyone(folder)
    fresh = {"tries": 0, "shown": False, "solved": None}
    rows = [
        {"student": student, "exercise": name, **{key: done.get(name, fresh)[key] for key in fresh}}
        for student, done in kept.items()
        for names in sittings.values()
        for name in names
    ]
    return pd.DataFrame(rows).to_csv(index=False, lineterminator="\n")


def sum_up(folder, lessons):
    """What a class has solved of each lesson's exercises, from a folder with one JSON a student, in it or below it.

    Gives three. Students, a DataFrame, one row per file: ``student``, the file's name; ``solved`` exercises, ``tries``,
    and a column per lesson with the exercises of it that are solved. Exercises, one row each: ``exercise``; ``tried``
    by so many students; ``solved`` share of these, 0-1, missing where nobody tried; ``tries`` mean number until it was
    solved, missing where nobody did; ``shown`` to so many. And the files that are no progress files. DataError where
    there is no such folder, or no progress file in it.
    """
    kept, unread = everyone(folder)
    students = [_row(student, one, lessons) for student, one in kept.items()]
    every = [name for names in lessons.values() for name in names]
    return pd.DataFrame(students), pd.DataFrame([_exercise(name, kept.values()) for name in every]), unread


def _student(file, folder):
    """The name a file stands for; where all are called alike, the folder it lies in."""
    name = file.parent if file.name == FILE and file.parent != Path(folder) else file.with_suffix("")
    return name.relative_to(folder).as_posix()


def _row(student, kept, lessons):
    solved = {
        lesson: sum(bool(kept.get(name, {}).get("solved")) for name in names) for lesson, names in lessons.items()
    }
    tries = sum(one["tries"] for one in kept.values())
    return {"student": student, "solved": sum(solved.values()), "tries": tries, **solved}


def _exercise(name, students):
    begun = [kept[name] for kept in students if name in kept]
    tries = [one["tries"] for one in begun if one["solved"]]
    return {
        **{"exercise": name, "tried": len(begun), "solved": len(tries) / len(begun) if begun else None},
        **{"tries": sum(tries) / len(tries) if tries else None, "shown": sum(one["shown"] for one in begun)},
    }


def summary(folder, lessons):
    """The sum over a class as text for a terminal: the exercises that somebody tried, the hardest first."""
    students, exercises, unread = sum_up(folder, lessons)
    lines = [plural("{n} student", "{n} students", len(students)).format(n=len(students)), ""]
    lines += [*students.to_string(index=False).splitlines(), ""]
    tried = exercises[exercises["tried"] > 0]
    hard = tried.sort_values(["solved", "tries", "shown"], ascending=[True, False, False], na_position="first")
    shown = hard.assign(solved=hard["solved"].map("{:.0%}".format))
    lines += shown.to_string(index=False, float_format="{:.1f}".format, na_rep="-").splitlines()
    if later := [lesson for lesson, names in lessons.items() if not tried["exercise"].isin(names).any()]:
        lines.append(_("not reached: {names}").format(names=", ".join(later)))
    for file in unread:
        lines.append(_("left out, no progress file: {file}").format(file=file))
    return "\n".join(lines)
