"""The lessons: built as the house plan says, and right on any data. Judges: the data's own truth, and naive counts."""

import ast
import json
import math
import re
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

import portfoy as pf
from helpers import needed
from portfoy.course import checks, lessons, results, terms
from portfoy.course.exercise import Desk
from run_notebook import run_cell

ROOT = Path(__file__).parent.parent
PHASES = list(lessons.LESSONS)
KEYS = ["number", "phase", "title", "questions", "objectives", "prerequisites", "minutes_read", "minutes_practise"]
KEYS += ["requires", "defines"]
WORDS_A_MINUTE, RUN_MINUTES = 200, 1
SHIPPED, SMALL, MIDDLE = "shipped", 200, 1200  # of a seed, and of a number of customers
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


@pytest.fixture
def run(company, kept, monkeypatch, tmp_path):
    """A function that runs a notebook's code in this process; what its checks said, by exercise."""
    said, check = {}, checks.check
    monkeypatch.setenv(results.PLACE, str(tmp_path / "kept.json"))
    monkeypatch.setattr(pf, "check", lambda name, answer: said.setdefault(name, check(name, answer)))

    def run(phase, folder, seed, size, *, whole=False):
        data = ROOT / "data" / "teaching" if seed == SHIPPED else company(size, seed=seed)
        monkeypatch.setenv("PORTFOY_KEPT", str(kept(data)))
        names = {"display": show}  # as IPython has it
        code = [cell for cell in cells(phase, folder) if cell["cell_type"] == "code"]
        for cell in code if whole else needed(code):
            show(run_cell(cell["source"], names, cell["id"]))
            names |= {"data": str(data)} if "parameters" in cell["tags"] else {}
            plt.close("all")
        assert list(said) == checks.of_lesson(phase)
        return said

    return run


def show(*values):
    """What a notebook shows of values, made and thrown away."""
    for value in values:
        for form in ("_repr_mimebundle_", "_repr_html_"):
            if hasattr(value, form) and not isinstance(value, type):
                getattr(value, form)()
                break


def unfit(one, size):
    return size == SMALL and one.text.startswith("Not to be checked on these data: ")


def expect_solved(said, size):
    for one in said.values():
        assert one.solved or unfit(one, size), one.text


def expect_first_hints(said, size):
    for name, one in said.items():
        assert one.text == f"Hint: {checks.EXERCISES[name].hints()[0]}" or unfit(one, size)


@pytest.mark.parametrize("phase", PHASES)
def test_the_cells_that_answers_need_are_few_and_enough(phase):
    code = [cell for cell in cells(phase) if cell["cell_type"] == "code"]
    kept = needed(code)
    assert [cell for cell in code if "answer" in cell["tags"]] == [cell for cell in kept if "answer" in cell["tags"]]
    assert len(kept) < len(code) / 2


# Every lesson runs as a whole as its author wrote it, on the shipped data. An edition is the same but for the answers,
# so that it runs as a whole too where no other cell reads what a student has yet to make. `make study` runs both in
# kernels besides, by nbval.


@pytest.mark.parametrize("phase", PHASES)
def test_no_other_cell_of_an_edition_hangs_on_an_answer(phase):
    open_names = set()
    for cell in cells(phase):
        if cell["cell_type"] != "code":
            continue
        for line in ast.parse(cell["source"]).body:
            names = [node for node in ast.walk(line) if isinstance(node, ast.Name)]
            stored = {node.id for node in names if isinstance(node.ctx, ast.Store)}
            if {"answer", "solution"} & set(cell["tags"]):
                open_names |= stored
            else:
                read = {node.id for node in names if isinstance(node.ctx, ast.Load)}
                own = stored if hasattr(line, "body") else set()  # of an if or a loop
                assert not read & open_names - own, cell["source"]
                open_names -= stored


@pytest.mark.parametrize(
    ("seed", "size"),
    [*(pytest.param(seed, SMALL, marks=pytest.mark.study) for seed in (1, 2)), (3, MIDDLE)],
)
@pytest.mark.parametrize("phase", PHASES)
def test_the_author_s_answers_are_right_on_any_company(run, phase, seed, size):
    expect_solved(run(phase, "solutions", seed, size), size)


@pytest.mark.parametrize("phase", PHASES)
def test_a_whole_lesson_runs_and_is_right_on_the_shipped_data(run, phase):
    expect_solved(run(phase, "solutions", SHIPPED, None, whole=True), None)


@pytest.mark.parametrize("phase", PHASES)
def test_an_untouched_edition_gets_first_hints(run, phase):
    expect_first_hints(run(phase, "lessons", 1, SMALL), SMALL)


@pytest.mark.study
@pytest.mark.parametrize("size", [SMALL, 4000])
@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("phase", PHASES)
def test_a_whole_lesson_runs_and_is_right_on_any_company(run, phase, seed, size):
    expect_solved(run(phase, "solutions", seed, size, whole=True), size)


@pytest.mark.study
@pytest.mark.parametrize(
    ("seed", "size"),
    [(SHIPPED, None), (3, MIDDLE), *(pytest.param(seed, SMALL, marks=pytest.mark.study) for seed in (1, 2))],
)
@pytest.mark.parametrize("phase", PHASES)
def test_a_whole_edition_runs_and_gets_first_hints(run, phase, seed, size):
    expect_first_hints(run(phase, "lessons", seed, size, whole=True), size)


@pytest.fixture(scope="module", params=[MIDDLE, pytest.param(SHIPPED, marks=pytest.mark.study)])
def desk(request, company, kept):
    data = ROOT / "data" / "teaching" if request.param == SHIPPED else company(MIDDLE, seed=3)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PORTFOY_KEPT", str(kept(data)))
        return Desk(pf.open(data).tables)


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
