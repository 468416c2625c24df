"""Grading what was handed in. Judges: notebooks whose answers are right, wrong, missing or forged by hand."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import psutil
import pytest
from click.testing import CliRunner
from nbformat.v4 import new_code_cell, new_notebook, writes

from portfoy.course import commands, grading, lessons, marks, results, start
from portfoy.course.exercise import Exercise
from portfoy.errors import DataError
from portfoy.source import aside

OPEN = 'import portfoy as pf\ndata = "data/teaching"\nfirm = pf.open(data)\npf.lesson("0b", firm)'
DATA = pd.DataFrame(
    {
        "customer_id": list("aab"),
        "order_id": list("123"),
        "ordered_on": pd.to_datetime(["2026-01-05", "2026-02-05", "2026-02-05"]),
        "amount": [40.0, 20.0, 30.0],
    }
)


@pytest.fixture
def handed_in(tmp_path, monkeypatch):
    """A folder of students' notebooks, with small data in it; a function that adds one from its cells."""
    exercises = {
        "0b-1": Exercise("0b-1", "compute", lambda firm: float(firm.customers["revenue"].sum()), list, str),
        "0b-2": Exercise("0b-2", "compute", lambda firm: firm.customers.set_index("customer_id")["revenue"], list, str),
    }
    monkeypatch.setattr(grading, "exercises_of", lambda sitting: exercises)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "teaching").mkdir()
    DATA.to_csv(tmp_path / "data" / "teaching" / "transactions.csv", index=False)

    def add(student, *cells, **about):
        made = new_notebook(cells=[new_code_cell(cell) for cell in cells])
        made.metadata["portfoy"] = {"sitting": "0b", **about}
        folder = tmp_path / "class" / student
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{lessons.stem('0b')}.ipynb").write_text(writes(made), "utf-8")
        if not (folder / "data").exists():
            (folder / "data").symlink_to(tmp_path / "data", target_is_directory=True)
        return folder

    return add


def graded(folder="class", **limits):
    rows = grading.grade(folder, **limits)
    return {(row.student, row.exercise): (row.solved, row.said) for row in rows.itertuples()}


def expect_gone(process):
    """No such process is left, by the system's own list."""
    deadline = time.monotonic() + 20
    while psutil.pid_exists(process) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not psutil.pid_exists(process)


def test_answers_are_judged_afresh_and_by_the_checks_of_the_package(handed_in):
    handed_in("right", OPEN, 'a = 90\npf.check("0b-1", a)', 'b = {"a": 60, "b": 30}\npf.check("0b-2", b)')
    handed_in("wrong", OPEN, 'a = -90\npf.check("0b-1", a)', 'b = ...\npf.check("0b-2", b)')
    handed_in("broken", OPEN, "1 / 0", 'a = 90\npf.check("0b-1", a)', "this is no Python")
    forged = 'pf.check = lambda name, answer: print("Right.")\na = 1\npf.check("0b-1", a)'
    note = 'import json, os\nopen(os.environ["PORTFOY_PROGRESS"], "w").write(json.dumps({"exercises": {"0b-1": 1}}))'
    handed_in("forged", OPEN, forged, note)
    folder = handed_in("elsewhere", OPEN.replace("data/teaching", "own.csv"), 'a = 90\npf.check("0b-1", a)')
    DATA.to_csv(folder / "own.csv", index=False)
    assert graded() == {
        ("broken", "0b-1"): (True, "Right."),
        ("broken", "0b-2"): (False, "Not answered."),
        ("elsewhere", "0b-1"): (False, "Answered on other data: own.csv."),
        ("elsewhere", "0b-2"): (False, "Not answered."),
        ("forged", "0b-1"): (False, "Too low. Which rows are in, which column is added up, what is divided by what?"),
        ("forged", "0b-2"): (False, "Not answered."),
        ("right", "0b-1"): (True, "Right."),
        ("right", "0b-2"): (True, "Right."),
        ("wrong", "0b-1"): (False, "The number has the wrong sign."),
        ("wrong", "0b-2"): (False, "Not answered."),
    }


def test_what_takes_too_long_or_too_much_memory_is_stopped_and_the_answers_before_it_count(handed_in):
    handed_in("slow", OPEN, 'a = 90\npf.check("0b-1", a)', "while True:\n    pass")
    begun = time.monotonic()
    found = graded(seconds=25)
    assert time.monotonic() - begun < 60
    assert found["slow", "0b-1"] == (True, "Right.")
    handed_in("slow", OPEN, 'big = bytearray(8 * 2**30)\na = 90\npf.check("0b-1", a)')
    assert graded(gigabytes=3)["slow", "0b-1"] == (False, "Not answered.")


def test_what_a_notebook_starts_and_deletes_ends_with_it(handed_in, tmp_path):
    mark = tmp_path / "mark"
    child = f"import os, time\nopen({str(mark)!r}, 'w').write(str(os.fork() or time.sleep(600)))"
    asks = 'a = 90\npf.check("0b-1", a)'
    folder = handed_in(
        "Şule Öz Işık", OPEN, child, asks, "print('x' * 30_000_000)", "os.system('yes | head -c 9000000')"
    )
    (folder / "notes.txt").write_text("kept")
    handed_in("deletes", OPEN, asks, "import pathlib\nfor one in pathlib.Path().glob('*.*'):\n    one.unlink()")
    handed_in("leaves", OPEN, asks, "import os\nos._exit(0)", 'b = {"a": 60, "b": 30}\npf.check("0b-2", b)')
    begun = time.monotonic()
    found = graded()
    assert time.monotonic() - begun < 500, "it waited for the child"
    assert [found[name, "0b-1"][0] for name in ("Şule Öz Işık", "deletes", "leaves")] == [True] * 3
    assert found["leaves", "0b-2"] == (False, "The notebook ended its own process.")
    assert (folder / "notes.txt").exists()
    assert list((tmp_path / "class" / "deletes").glob("*.ipynb"))
    expect_gone(int(mark.read_text()))


def test_answers_written_into_the_check_count_and_a_seed_that_is_none_is_a_line(handed_in):
    handed_in("short", OPEN, 'pf.check("0b-1", 90)', 'pf.check("0b-2", dict(a=60, b=-30))')
    handed_in("odd", OPEN, seed="seven")
    found = graded()
    assert found["short", "0b-1"] == (True, "Right.")
    assert found["short", "0b-2"] == (False, "1 of 2 values are right. Look again at: b.")
    assert found["odd", f"{lessons.stem('0b')}.ipynb"] == (False, "Its seed is no number: seven.")


def test_a_company_of_one_s_own_is_made_by_its_seed(handed_in, monkeypatch):
    made = []

    def companies(folder, seed):
        made.append(seed)
        (folder / "data" / "teaching").mkdir(parents=True)
        DATA.assign(amount=seed).to_csv(folder / "data" / "teaching" / "transactions.csv", index=False)

    monkeypatch.setattr(start, "companies", companies)
    handed_in("seven", OPEN, 'a = 21\npf.check("0b-1", a)', seed=7)
    handed_in("again", OPEN, 'a = 21\npf.check("0b-1", a)', seed=7)
    found = graded()
    assert found["seven", "0b-1"] == found["again", "0b-1"] == (True, "Right.")
    assert made == [7]


def test_an_exercise_that_a_company_does_not_allow_stops_nobody_s_grading(handed_in, monkeypatch):
    def nobody(firm):
        raise DataError("nobody came back. Take a longer history.")

    known = {"0b-1": Exercise("0b-1", "compute", nobody, list, str), "0b-2": grading.exercises_of("0b")["0b-2"]}
    monkeypatch.setattr(grading, "exercises_of", lambda sitting: known)
    handed_in("one", OPEN, 'a = 90\npf.check("0b-1", a)', 'b = {"a": 60, "b": 30}\npf.check("0b-2", b)')
    assert graded() == {
        ("one", "0b-1"): (False, "Not to be checked on these data: nobody came back. Take a longer history."),
        ("one", "0b-2"): (True, "Right."),
    }


BROKEN = {
    "empty": b"",
    "binary": bytes(range(256)) * 9,
    "cut": b'{"cells": [{"cell_type": "code", "source": ["a',
    "deep": b"[" * 100_000,
    "list": b"[]",
    "no cells": b'{"cells": null, "metadata": {"portfoy": {"sitting": "0b"}}, "nbformat": 4, "nbformat_minor": 5}',
    "odd about": b'{"cells": [], "metadata": {"portfoy": [1]}, "nbformat": 4, "nbformat_minor": 5}',
    "odd sitting": b'{"cells": [], "metadata": {"portfoy": {"sitting": {}}}, "nbformat": 4, "nbformat_minor": 5}',
}


def test_no_broken_file_stops_the_grading_of_the_others(handed_in, tmp_path):
    asks = ['a = 90\npf.check("0b-1", a)', 'b = {"a": 60, "b": 30}\npf.check("0b-2", b)']
    handed_in("zoe", OPEN, *asks)
    for name, content in BROKEN.items():
        folder = tmp_path / "class" / name
        folder.mkdir()
        (folder / "0b-mine.ipynb").write_bytes(content)
    (tmp_path / "class" / "folder" / "0b-mine.ipynb").mkdir(parents=True)
    (tmp_path / "class" / "link").mkdir()
    (tmp_path / "class" / "link" / "0b-mine.ipynb").symlink_to(tmp_path / "nowhere")
    if hasattr(os, "mkfifo"):  # a folder that cannot be copied
        os.mkfifo(handed_in("pipe", OPEN, *asks) / "pipe")
    said = CliRunner().invoke(commands.grade, ["class"])
    assert (said.exit_code, said.exception) == (0, None), said.stderr
    lines = [" ".join(line.split()) for line in said.stdout.splitlines()]
    assert "zoe - 2/2 2/2" in lines
    told = {line.partition(",")[0] for line in lines if ".ipynb: " in line}
    assert told >= {"empty", "binary", "cut", "deep", "list", "folder", "link"}
    assert told <= {*BROKEN, "folder", "link", "pipe"}
    assert not [line for line in lines if "Traceback" in line]


def test_nothing_but_broken_files_is_told_too(handed_in, tmp_path):
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "ada.ipynb").write_text("no notebook")
    said = CliRunner().invoke(commands.grade, ["class"])
    assert (said.exit_code, said.exception) == (0, None), said.stderr
    assert "ada, ada.ipynb: class/ada.ipynb: is no notebook" in said.stdout


@pytest.mark.parametrize("done", [0, 1])
def test_grading_broken_off_shows_what_is_done_and_says_how_to_go_on(handed_in, monkeypatch, done):
    for student in "abc":
        handed_in(student, OPEN, 'a = 90\npf.check("0b-1", a)')
    kept = grading.run

    def interrupted(path, **given):
        if Path(path).parent.name == "abc"[done]:
            raise KeyboardInterrupt
        return kept(path, **given)

    monkeypatch.setattr(grading, "run", interrupted)
    assert CliRunner().invoke(commands.grade, ["class"]).exit_code == 130
    said = CliRunner().invoke(commands.grade, ["class", "--csv"])
    assert said.exit_code == 130
    assert [line.partition(",")[0] for line in said.stdout.splitlines()[1:]] == ["a", "a"] * done
    end = f"interrupted; {done} of 3 notebooks are done, the table shows those. Run it again for all."
    assert said.stderr.splitlines()[-1] == f"portfoy grade: {end}"


@pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")
def test_a_killed_grading_leaves_neither_the_notebook_at_work_nor_its_copy(handed_in, tmp_path, monkeypatch):
    mark = tmp_path / "begun"
    handed_in("slow", f"import os, time\nopen({str(mark)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)")
    folder = tmp_path / "t"
    folder.mkdir()
    environment = {**os.environ, "TMPDIR": str(folder)}
    process = subprocess.Popen([sys.executable, "-m", "portfoy", "grade", "class"], env=environment)
    deadline = time.monotonic() + 90
    while not (mark.exists() and mark.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.kill()
    process.wait()
    expect_gone(int(mark.read_text()))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    assert aside.clear() == 1
    assert list(folder.iterdir()) == []


def test_the_command_shows_a_table_or_csv(handed_in):
    handed_in("one", OPEN, 'a = 90\npf.check("0b-1", a)')
    said = CliRunner().invoke(commands.grade, ["class", "--csv"])
    assert said.stdout.splitlines() == [
        "student,exercise,solved,said,seed,points,of,shown",
        "one,0b-1,True,Right.,,1,1,", "one,0b-2,False,Not answered.,,0,1,",
    ]  # fmt: skip
    assert said.stderr == f"running class/one/{lessons.stem('0b')}.ipynb ...\n"
    lines = [line.split() for line in CliRunner().invoke(commands.grade, ["class"]).stdout.splitlines()]
    assert ["student", "seed", "0b", "lessons"] in lines
    assert ["one", "-", "1/2", "1/2"] in lines
    assert ["one", "x", "."] in lines


def row(student, exercise, solved, of, said="Right.", seed=7, shown=None):
    given = [student, exercise, solved, said, seed, of if solved else 0, of, shown]
    return dict(zip(marks.COLUMNS, given, strict=True))


def test_points_are_sums_by_hand_and_who_handed_in_nothing_has_none():
    rows = [
        row("ada", "0b-1", True, 0), row("ada", "0b-2", True, 1, shown=True), row("ada", "0b-3", False, 1, "Too low."),
        row("ada", "6a-1", True, 2), row("ada", "6c-8", True, 5, "Right. Chosen: leads."),
        row("cem", "0b-1", False, 0, "Not answered."), row("cem", "0b-2", False, 1), row("cem", "0b-3", True, 1),
        row("cem", "0b-3", False, 1, "A second copy."), row("cem", "odd.ipynb", False, 0, "is no notebook"),
    ]  # fmt: skip
    table = marks.complete(rows, ["ece"])
    lines = [" ".join(line.split()) for line in marks.summary(table).splitlines()]
    assert "student seed 0b 6a 6c lessons capstone" in lines
    assert {"ada 7 1/2 2/2 5/5 1/2 7/7", "cem 7 1/2 - - 1/2 0/7", "ece - - - - 0/2 0/7"} <= set(lines)
    assert {"ada x s . x x", "cem . . x - -", "ece - - - - -"} <= set(lines)
    assert {"ada, 6c-8: Right. Chosen: leads.", "cem, odd.ipynb: is no notebook"} <= set(lines)
    assert not any(line.startswith("cem, 6c-8") for line in lines)
    assert len(table) == len(rows) + 2 + 5
    assert marks.doubtful(table) == ["ada, cem: one seed, 7. Is it a copy?"]


def test_a_list_of_seeds_says_who_answered_on_another_company(tmp_path):
    (tmp_path / "seeds.csv").write_text("student,seed\nada,7\ncem,12\nece,13\n")
    given = marks.listed(tmp_path / "seeds.csv")
    table = marks.complete([row("ada", "0b-2", True, 1), row("cem", "0b-2", True, 1, seed=9)], given)
    assert marks.doubtful(table, given) == ["cem: handed in seed 9, was given 12."]
    assert set(table["student"]) == {"ada", "cem", "ece"}
    (tmp_path / "seeds.csv").write_text("student,number\nada,7\n")
    with pytest.raises(DataError, match=r"is no list of seeds\. Write a CSV file with the columns student,seed\."):
        marks.listed(tmp_path / "seeds.csv")


def test_the_points_of_the_course_are_those_that_the_teacher_s_page_says():
    worth = {sitting: sum(map(marks.worth, lessons.exercises_of(sitting).values())) for sitting in lessons.SITTINGS}
    assert sum(worth[sitting] for sitting in lessons.CAPSTONE) == 25
    assert worth["0b"] == 4  # five exercises, one of them a guess
    assert marks.worth(Exercise("6c-3", "page", None, list, str)) == 0


def test_a_folder_without_a_sitting_is_one_line(tmp_path):
    for folder, said in ((tmp_path / "no", "is no folder"), (tmp_path, "holds no sitting of the course")):
        with pytest.raises(DataError, match=said):
            grading.grade(folder)


def test_progress_after_one_sitting_shows_what_was_tried_the_hardest_first(tmp_path):
    def one(tries, solved=True, shown=False):
        return {"tries": tries, "solved": "2026-11-27" if solved else None, "shown": shown}

    for student, kept in {
        "ada": {"0b-1": one(1), "0b-2": one(4), "0b-3": one(3, solved=False, shown=True)},
        "cem": {"0b-1": one(1), "0b-2": one(2)},
    }.items():
        (tmp_path / f"{student}.json").write_text(json.dumps({"exercises": kept}), "utf-8")
    known = {"0b": ["0b-1", "0b-2", "0b-3", "0b-4"], "0c": ["0c-1"], "0d": ["0d-1"]}
    lines = [line.split() for line in results.summary(tmp_path, known).splitlines()]
    start = lines.index(["exercise", "tried", "solved", "tries", "shown"])
    assert lines[start + 1 :] == [
        ["0b-3", "1", "0%", "-", "1"], ["0b-2", "2", "100%", "3.0", "0"], ["0b-1", "2", "100%", "1.0", "0"],
        ["not", "reached:", "0c,", "0d"],
    ]  # fmt: skip


def test_a_progress_table_has_everyone_and_every_exercise(tmp_path, monkeypatch):
    monkeypatch.setattr(commands, "_solutions", lambda: {"0b": None})
    kept = {"exercises": {"0b-1": {"tries": 2, "solved": "2026-11-27", "shown": True}}}
    (tmp_path / "one.json").write_text(json.dumps(kept), "utf-8")
    (tmp_path / "two.json").write_text(json.dumps({"exercises": {}}), "utf-8")
    names = list(lessons.exercises_of("0b"))
    lines = CliRunner().invoke(commands.progress, [str(tmp_path), "--csv"]).stdout.splitlines()
    assert lines[:2] == ["student,exercise,tries,shown,solved", "one,0b-1,2,True,2026-11-27"]
    assert lines[1 + len(names) :] == [f"two,{name},0,False," for name in names]
