"""The lessons: built as the house plan says, and right on any data. Judges: the data's own truth, and naive counts."""

import ast
import json
import math
import re
from pathlib import Path

import pytest

import portfoy as pf
from portfoy.course import checks, lessons, results, terms
from portfoy.course.exercise import Desk
from portfoy.simulate.write import write_company

ROOT = Path(__file__).parent.parent
PHASES = list(lessons.LESSONS)
KEYS = ["number", "phase", "title", "questions", "objectives", "prerequisites", "minutes_read", "minutes_practise"]
KEYS += ["requires", "defines"]
WORDS_A_MINUTE, RUN_MINUTES = 200, 1
EXERCISES = [pytest.param(one, id=one.id) for one in checks.EXERCISES.values()]


def notebook(phase, folder="solutions"):
    return ROOT / "notebooks" / folder / f"{lessons.LESSONS[phase][1]}.ipynb"


def cells(phase, folder="solutions", tag=None):
    """The cells of a lesson, sources as one text; those with a tag where one is given."""
    found = json.loads(notebook(phase, folder).read_text("utf-8"))["cells"]
    found = [{**cell, "source": "".join(cell["source"]), "tags": cell["metadata"].get("tags", [])} for cell in found]
    return [cell for cell in found if tag is None or tag in cell["tags"]]


# What every lesson has


@pytest.mark.parametrize("phase", PHASES)
def test_a_lesson_says_what_it_is_about(phase):
    about = lessons.about(notebook(phase))
    assert sorted(about) == sorted(KEYS)
    assert (about["number"], about["phase"]) == (lessons.LESSONS[phase][0], phase)
    assert 3 <= len(about["objectives"]) <= 9
    for objective in about["objectives"]:  # "compute ...", so that it can be seen whether it was reached
        assert re.match(r"[a-z]+ ", objective), objective
        assert not re.match(r"(understand|know|learn|the|a|an|how|what|why)\b", objective), objective
    assert all(question.endswith("?") for question in about["questions"])


@pytest.mark.parametrize("phase", PHASES)
def test_the_minutes_are_honest(phase):
    about = lessons.about(notebook(phase))
    texts = [cell["source"] for cell in cells(phase, "lessons") if cell["cell_type"] == "markdown"]
    words = sum(len(re.findall(r"\S*\w\S*", text)) for text in texts)
    needed = math.ceil(words / WORDS_A_MINUTE) + RUN_MINUTES
    assert 0.75 * needed <= about["minutes_read"] <= 1.25 * needed, f"{words} words: about {needed} minutes"
    assert about["minutes_practise"] >= 3 * len(checks.of_lesson(phase))


@pytest.mark.parametrize("phase", PHASES)
def test_terms_are_in_the_glossary_and_defined_before_they_are_needed(phase):
    known = set(terms.glossary()["term"])
    about = lessons.about(notebook(phase))
    assert set(about["requires"]) | set(about["defines"]) <= known
    earlier = [lessons.about(notebook(one)) for one in PHASES[: PHASES.index(phase)]]
    before = {term for lesson in earlier for term in lesson["defines"]}
    assert set(about["requires"]) <= before
    assert not set(about["defines"]) & before


@pytest.mark.parametrize("phase", PHASES)
def test_a_lesson_has_its_parts_in_order(phase):
    found = cells(phase)
    assert found[0]["source"].startswith("# ")
    assert found[1]["tags"] == ["about"]
    assert len(cells(phase, tag="parameters")) == 1
    for tag, fewest in {"quiz": 1, "own-data": 1, "solution": 1, "holds": 2}.items():
        assert len(cells(phase, tag=tag)) >= fewest, tag
    quiz = "\n".join(cell["source"] for cell in cells(phase, tag="quiz"))
    assert quiz.count("<details>") == quiz.count("</details>") >= 4
    assert "## Key points" in [cell["source"].partition("\n")[0] for cell in found]


@pytest.mark.parametrize("phase", PHASES)
def test_every_exercise_is_asked_and_checked_once(phase):
    asked = cells(phase, tag="answer")
    assert 4 <= len(asked) <= 6
    assert [check_of(cell)[0] for cell in asked] == checks.of_lesson(phase)
    every = cells(phase)
    for cell in asked:
        before = every[every.index(cell) - 1]
        assert "exercise" in before["tags"]
        assert before["source"].startswith("### ")


def check_of(cell):
    """The id and the name that the last line of an answer cell checks."""
    call = ast.parse(cell["source"]).body[-1].value
    assert ast.unparse(call.func) == "pf.check"
    return call.args[0].value, call.args[1].id


@pytest.mark.parametrize("phase", PHASES)
def test_an_edition_gives_no_answer_away(phase):
    text = notebook(phase, "lessons").read_text("utf-8")
    assert "# solution" not in text
    assert not cells(phase, "lessons", tag="solution")
    for cell in cells(phase, "lessons", tag="answer"):
        *lines, last = ast.parse(cell["source"]).body
        assert all(
            isinstance(getattr(line, "value", None), ast.Constant) for line in lines if "..." in ast.unparse(line)
        )
        assert f"{check_of(cell)[1]} = ..." in [ast.unparse(line) for line in lines]
        assert ast.unparse(last).startswith("pf.check")


# That they run, and what their checks say


@pytest.fixture(scope="module")
def companies(tmp_path_factory):
    """(seed, size) -> folder of a teaching company; made when first asked for."""
    made = {("shipped", None): ROOT / "data" / "teaching"}

    def folder(seed, size):
        if (seed, size) not in made:
            made[seed, size] = tmp_path_factory.mktemp("companies") / f"seed {seed} of {size}"
            write_company(made[seed, size], customers=size, seed=seed)
        return made[seed, size]

    return folder


def run(phase, folder, data, monkeypatch, tmp_path):
    """Run a notebook's code in this process; what its checks said, by exercise."""
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    mpl.use("agg")
    said, check = {}, checks.check
    monkeypatch.setenv(results.PLACE, str(tmp_path / "kept.json"))
    monkeypatch.setattr(pf, "check", lambda name, answer: said.setdefault(name, check(name, answer)), raising=False)
    names = {"display": lambda *_shown: None}  # as IPython has it
    for cell in cells(phase, folder):
        if cell["cell_type"] == "code":
            given = f"\ndata = {str(data)!r}" if "parameters" in cell["tags"] else ""
            exec(compile(cell["source"] + given, cell["id"], "exec"), names)
            plt.close("all")
    return said


@pytest.mark.slow
@pytest.mark.parametrize("size", [200, 4000])
@pytest.mark.parametrize("seed", ["shipped", 2, 3])
@pytest.mark.parametrize("phase", PHASES)
def test_the_author_s_answers_are_right_on_any_company(companies, phase, seed, size, monkeypatch, tmp_path):
    if (seed, size) == ("shipped", 200):
        seed = 1
    data = companies(seed, None if seed == "shipped" else size)
    said = run(phase, "solutions", data, monkeypatch, tmp_path)
    assert list(said) == checks.of_lesson(phase)
    for one in said.values():
        unfit = size == 200 and one.text.startswith("This exercise cannot be checked on these data: ")
        assert one.solved or unfit, one.text


@pytest.mark.slow
@pytest.mark.parametrize("size", [None, 200])
@pytest.mark.parametrize("phase", PHASES)
def test_an_untouched_edition_runs_and_gets_first_hints(companies, phase, size, monkeypatch, tmp_path):
    data = companies("shipped" if size is None else 1, size)
    said = run(phase, "lessons", data, monkeypatch, tmp_path)
    assert list(said) == checks.of_lesson(phase)
    for name, one in said.items():
        unfit = size == 200 and one.text.startswith("This exercise cannot be checked on these data: ")
        assert one.text == f"Hint: {checks.EXERCISES[name].hints()[0]}" or unfit


@pytest.fixture(scope="module")
def desk():
    return Desk(pf.open(ROOT / "data" / "teaching"))


@pytest.mark.parametrize("exercise", EXERCISES)
def test_two_wrong_answers_get_a_message_of_their_own(exercise, desk, monkeypatch, tmp_path):
    monkeypatch.setenv(results.PLACE, str(tmp_path / "kept.json"))
    pf.lesson(exercise.id.rpartition("-")[0], desk.tables)
    checks._open["desk"] = desk
    assert pf.check(exercise.id, exercise.reference(desk)).solved
    says = []
    for mistake in exercise.mistakes(desk):
        said = pf.check(exercise.id, mistake.value)
        assert not said.solved
        assert said.text.startswith(mistake.says), said.text
        says.append(mistake.says)
    assert len(set(says)) >= 2
    hints = exercise.hints()
    assert len(set(hints)) == len(hints) >= 3


@pytest.mark.parametrize("exercise", EXERCISES)
def test_no_message_gives_the_answer_away(exercise, desk):
    right = exercise.reference(desk)
    texts = [*exercise.hints(), *(mistake.says for mistake in exercise.mistakes(desk))]
    if isinstance(right, (int, float)):
        for digits in (2, 3, 4):
            assert not any(re.search(rf"(?<!\d){re.escape(f'{right:.{digits}f}')}(?!\d)", text) for text in texts)
    elif isinstance(right, str):
        assert not any(right in text for text in texts)
