"""The sittings of the course, held against what a lesson must be. Judges: the data's own truth, and naive counts."""

import ast
import json
import re
import tomllib
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import matplotlib.pyplot as plt
import pytest

import portfoy as pf
from helpers import needed
from portfoy.course import capstone, checks, editions, judging, lessons, quiz, results
from portfoy.course.exercise import kind
from run_notebook import run_cell

ROOT = Path(__file__).parent.parent
ANSWERS = Path(__file__).with_name("answers")  # <sitting>.toml: wrong answers, kept
SITTINGS = list(lessons.solutions())
TAUGHT = [sitting for sitting in SITTINGS if sitting not in lessons.CAPSTONE]  # a capstone asks, it does not teach
EXERCISES = [pytest.param(one, id=one.id) for sitting in SITTINGS for one in lessons.exercises_of(sitting).values()]
CELLS, TERMS, MINUTES = 34, 12, 60
SHIPPED, SMALL, MIDDLE = "shipped", 200, 1200  # of a seed, and of a number of customers
PRESET_OF = {"teaching": "", "campaigns": "campaigns"}  # of the companies that stand in for the shipped ones
NOT_YET = ("Not yet", "Too high", "Too low")


def notebook(sitting, folder="solutions"):
    return ROOT / "notebooks" / folder / f"{lessons.stem(sitting)}.ipynb"


def cells(sitting, folder="solutions", tag=None):
    """The cells of a sitting, sources as one text; those with a tag where one is given."""
    found = json.loads(notebook(sitting, folder).read_text("utf-8"))["cells"]
    found = [{**cell, "source": "".join(cell["source"]), "tags": cell["metadata"].get("tags", [])} for cell in found]
    return [cell for cell in found if tag is None or tag in cell["tags"]]


def check_of(cell):
    """The id and the name that the last line of an answer cell checks."""
    call = ast.parse(cell["source"]).body[-1].value
    assert ast.unparse(call.func) == "pf.check"
    return call.args[0].value, call.args[1].id


# What every sitting has


@pytest.mark.parametrize("sitting", SITTINGS)
def test_a_sitting_keeps_the_limits(sitting):
    solution = editions.read(notebook(sitting))
    assert len(cells(sitting, "lessons")) <= CELLS
    assert len(editions.defined(solution)) <= TERMS
    assert editions.minutes(solution) <= MINUTES


@pytest.mark.parametrize("sitting", TAUGHT)
def test_it_has_the_four_kinds_of_exercise_between_its_cells(sitting):
    kinds = [one.kind for one in lessons.exercises_of(sitting).values()]
    assert set(kinds) == {"predict", "compute", "find", "decide"}
    every, asked = cells(sitting), cells(sitting, tag="answer")
    places = [every.index(cell) for cell in asked]
    assert all(later - earlier > 2 for earlier, later in pairwise(places)), "exercises in a row"


@pytest.mark.parametrize("sitting", SITTINGS)
def test_each_exercise_is_asked_once_and_its_task_stands_before_it(sitting):
    every, asked = cells(sitting), cells(sitting, tag="answer")
    assert [check_of(cell)[0] for cell in asked] == list(lessons.exercises_of(sitting))
    assert all("exercise" in every[every.index(cell) - 1]["tags"] for cell in asked)


@pytest.mark.parametrize("sitting", SITTINGS)
def test_it_begins_with_a_chart_and_says_what_one_can_do_after_it(sitting):
    found, said = cells(sitting), lessons.about(notebook(sitting))
    tags = [tag for cell in found for tag in cell["tags"]]
    objectives = next(k for k, cell in enumerate(found) if "objectives" in cell["tags"])
    before = [cell for cell in found[:objectives] if cell["cell_type"] == "code"]
    assert found[0]["tags"] == ["about"]
    assert 2 <= len(before) <= 3, "what opens the data, a chart, a number; then words"
    assert not any(re.search(editions.TERM, cell["source"], re.M) for cell in found[:objectives])
    assert 3 <= len(said["objectives"]) <= 6
    assert all(re.match(r"[a-z]+ ", text) for text in said["objectives"])
    assert said["question"].endswith("?")
    taught = {"holds", "own-data"} if sitting in TAUGHT else set()  # in the capstone the page has a claim
    assert {"quiz", "key-points", "sources"} | taught <= set(tags)


@pytest.mark.parametrize("sitting", SITTINGS)
def test_terms_are_explained_once_in_the_course(sitting):
    before = [
        term.casefold()
        for one in SITTINGS[: SITTINGS.index(sitting)]
        for term in editions.defined(editions.read(notebook(one)))
    ]
    own = [term.casefold() for term in editions.defined(editions.read(notebook(sitting)))]
    assert len(set(own)) == len(own)
    assert not set(own) & set(before)


@pytest.mark.parametrize("sitting", SITTINGS)
def test_its_tools_are_seen(sitting):
    code = [
        cell
        for cell in cells(sitting)
        if cell["cell_type"] == "code" and not set(cell["tags"]) & {"answer", "solution"}
    ]
    code = [cell for cell in code if "# solution" not in cell["source"]]  # what the author writes there, nobody reads
    text = "\n".join(cell["source"] for cell in code)
    assert "sns." in text
    read = [cell for cell in code if not cell["metadata"].get("jupyter", {}).get("source_hidden")]
    for cell in read[1:]:  # the first opens the data
        lines = [line for line in cell["source"].splitlines() if line.strip()]
        assert len(lines) <= 5, cell["source"]
        assert "lambda" not in cell["source"]
        assert not any(isinstance(node, ast.If) for node in ast.walk(ast.parse(cell["source"])))


@pytest.mark.parametrize("sitting", SITTINGS)
def test_its_quiz_explains_every_option(sitting):
    asked = quiz.questions(sitting)
    assert len(asked) >= 3
    assert all(len(one.options) >= 3 and len({option.why for option in one.options}) >= 2 for one in asked)
    assert quiz.gift(sitting).count("::") == 2 * len(asked)


@pytest.mark.parametrize("sitting", SITTINGS)
def test_an_edition_gives_no_answer_away(sitting):
    text = notebook(sitting, "lessons").read_text("utf-8")
    assert "# solution" not in text
    assert not cells(sitting, "lessons", tag="solution")
    for cell in cells(sitting, "lessons", tag="answer"):
        *lines, last = ast.parse(cell["source"]).body
        assert f"{check_of(cell)[1]} = ..." in [ast.unparse(line) for line in lines]
        assert ast.unparse(last).startswith("pf.check")


# That they run, and what their checks say. Each notebook is run once, for all the tests that ask what came of it


class Ran(NamedTuple):
    """What came of a notebook: ``said`` by its checks, ``names`` its variables, ``shown`` under its cells."""

    said: dict
    names: dict
    shown: dict


@pytest.fixture(scope="session")
def own_company(once):
    """A function that gives the folder of a company of the capstone, by default that of who gives no seed."""

    def folder(**given):
        return once(f"capstone {given}", lambda new: capstone.make(new / "own", **given)) / "own"

    return folder


@pytest.fixture(scope="module")
def run(company, own_company, kept, tmp_path_factory):
    """A function that runs a notebook's code in this process, once: a Ran, for reading only."""
    done, failed = {}, {}

    def run(sitting, folder="solutions", seed=SHIPPED, size=None, *, whole=False):
        key = (sitting, folder, seed, size, whole or seed == SHIPPED)
        if key in failed:
            pytest.fail(f"{sitting} does not run: {failed[key]}")
        if key not in done:
            failed[key] = "see the first test of it"
            name = data_of(sitting)
            if name == "capstone":
                data = own_company(**({} if seed == SHIPPED else {"seed": seed, "customers": size}))
            else:
                data = ROOT / "data" / name if seed == SHIPPED else company(size, seed=seed, preset=PRESET_OF[name])
            with pytest.MonkeyPatch.context() as patched:
                patched.setenv(results.PLACE, str(tmp_path_factory.mktemp("progress") / "kept.json"))
                patched.setenv("PORTFOY_KEPT", str(kept(data)))
                done[key] = ran(sitting, folder, data, patched, whole=key[-1])
            del failed[key]
        return done[key]

    return run


def data_of(sitting):
    source = "\n".join(cell["source"] for cell in cells(sitting) if cell["cell_type"] == "code")
    return re.search(r'"data/(\w+)"', source)[1]


def ran(sitting, folder, data, patched, *, whole):
    """Run the code cells of a notebook on these data, or those that its answers hang on."""
    check, said, shown = checks.check, {}, {}
    patched.setattr(pf, "check", lambda name, answer: said.setdefault(name, check(name, answer)))
    code = [cell for cell in cells(sitting, folder) if cell["cell_type"] == "code"]
    names = {"display": show}  # as IPython has it
    for cell in code if whole else needed(code):
        source = cell["source"].replace(f'"data/{data_of(sitting)}"', repr(str(data)))
        shown[cell["id"]] = show(run_cell(source, names, cell["id"]))
        plt.close("all")
    assert list(said) == list(lessons.exercises_of(sitting))
    return Ran(said, names, shown)


def show(value):
    """What a notebook shows of a value, as text; it is made as a notebook would make it."""
    for form in ("_repr_mimebundle_", "_repr_html_"):
        if hasattr(value, form) and not isinstance(value, type):
            return str(getattr(value, form)())
    return str(value)


def fit(sitting, size):
    """The size of a company, but that of a capstone is never as small: chance would decide what pays."""
    return MIDDLE if sitting in lessons.CAPSTONE and size == SMALL else size


def unfit(one, size):
    return size == SMALL and one.text.startswith("Not to be checked on these data: ")


@pytest.mark.parametrize(
    ("seed", "size"),
    [(SHIPPED, None), (3, MIDDLE), *(pytest.param(seed, SMALL, marks=pytest.mark.study) for seed in (1, 2))],
)
@pytest.mark.parametrize("sitting", SITTINGS)
def test_the_author_s_answers_are_right_on_any_company(run, sitting, seed, size):
    for name, one in run(sitting, "solutions", seed, fit(sitting, size)).said.items():
        assert one.solved or unfit(one, size), (name, one.text)


@pytest.mark.parametrize("sitting", SITTINGS)
def test_an_untouched_edition_runs_and_gives_the_tasks(run, sitting):
    for name, one in run(sitting, "lessons").said.items():
        assert one.text == f"Not begun: write your answer in place of `...` and run the cell again. {task(name)}"
        assert not one


def task(name):
    return lessons.worked()[name]["task"]


def number(value):
    return kind(value) == "number" and not isinstance(value, bool)


@pytest.mark.parametrize("sitting", SITTINGS)
def test_a_neighbour_gets_words_of_its_own_and_no_output_above_holds_the_answer(run, sitting, monkeypatch):
    """Every variable of the notebook, given as an answer, is told what it is; no bare "not yet"."""
    said, names, shown = run(sitting)
    assert all(said.values())
    monkeypatch.setattr(judging, "names", lambda: names)
    firm, code = names["firm"], cells(sitting)
    for name, one in lessons.exercises_of(sitting).items():
        if one.kind != "compute":
            continue
        right = one.right(firm)
        own = next(cell for cell in code if "answer" in cell["tags"] and check_of(cell)[0] == name)
        seen = [shown.get(cell["id"], "") for cell in code[: code.index(own)]]
        above = [re.sub(r"<[^>]*>", " ", text) for text in seen]  # where a drawing's lines go is no answer
        if number(right):
            for digits in {f"{right:,.3g}", f"{right:.3f}", f"{100 * right:.1f}" if one.share else f"{right:,.2f}"}:
                if len(digits.strip("0.,")) >= 3:
                    assert not any(re.search(rf"(?<![\d.,]){re.escape(digits)}(?!\d)", text) for text in above), digits
        for variable, value in names.items():
            if kind(value) != kind(right) or variable.startswith("_") or variable in lessons.worked()[name]["names"]:
                continue
            solved, says, _read = judging.judge(one, value, firm)
            assert solved or not says.startswith(NOT_YET), (name, variable, says)


def wrong_answers(sitting):
    """Wrong answers that students gave: exercise, expr over the notebook's names, words its feedback must hold."""
    return tomllib.loads((ANSWERS / f"{sitting}.toml").read_text("utf-8"))["answer"]


@pytest.mark.parametrize("sitting", SITTINGS)
def test_wrong_answers_are_told_what_is_wrong(run, sitting, monkeypatch):
    names, given, known = run(sitting).names, wrong_answers(sitting), lessons.exercises_of(sitting)
    monkeypatch.setattr(judging, "names", lambda: names)
    assert len(given) >= 25
    counts = Counter(one["exercise"] for one in given)
    assert all(counts[name] >= 15 for name, one in known.items() if one.kind == "compute"), counts
    assert len({(one["exercise"], one["expr"]) for one in given}) == len(given), "one answer twice"
    unheard = []
    for one in given:
        answer = eval(one["expr"], dict(names))
        solved, says, _read = judging.judge(known[one["exercise"]], answer, names["firm"])
        if solved or says.startswith(NOT_YET) or one["words"] not in says:
            unheard.append(f"{one['exercise']} {one['expr']}: {'right' if solved else says}")
    assert not unheard, "\n".join(unheard)


@pytest.fixture(scope="module", params=[pytest.param(MIDDLE, marks=pytest.mark.study), SHIPPED])
def firm(request, run):
    """A function that gives the firm of a sitting, as its solution opened it."""
    given = [SHIPPED] if request.param == SHIPPED else [3, MIDDLE]
    return lambda sitting: run(sitting, "solutions", *given).names["firm"]


@pytest.mark.parametrize("exercise", EXERCISES)
def test_known_mistakes_get_their_words(exercise, firm, monkeypatch, tmp_path):
    monkeypatch.setenv(results.PLACE, str(tmp_path / "kept.json"))
    sitting = lessons.sitting_of(exercise.id)
    seen = firm(sitting)
    pf.lesson(sitting, seen)
    right = exercise.right(seen)
    if exercise.kind not in ("predict", "page"):
        assert pf.check(exercise.id, right)
        says = set()
        for mistake in [*exercise.wrong(seen, 1), *exercise.wrong(seen, 2)]:
            said = pf.check(exercise.id, mistake.value)
            if not said.solved:  # on these data a slip may make no difference
                assert "Hint: " in said.text
                says.add(said.text.partition("Hint: ")[0])
        assert len(says) >= (2 if kind(right) != "text" else 1), says
    hints = exercise.hints()
    assert len(set(hints)) == len(hints) >= (1 if exercise.kind == "predict" else 2)


@pytest.mark.parametrize("exercise", EXERCISES)
def test_no_message_gives_the_answer_away(exercise, firm):
    seen = firm(lessons.sitting_of(exercise.id))
    right = exercise.right(seen)
    texts = [*exercise.hints(), *(mistake.says for mistake in exercise.wrong(seen, 1))]
    if number(right) and not float(right).is_integer():
        for digits in (2, 3, 4):
            assert not any(re.search(rf"(?<!\d){re.escape(f'{right:.{digits}f}')}(?!\d)", text) for text in texts)


@pytest.mark.study
@pytest.mark.parametrize("size", [SMALL, 4000])
@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("sitting", SITTINGS)
def test_a_whole_sitting_is_right_on_any_company(run, sitting, seed, size):
    for name, one in run(sitting, "solutions", seed, fit(sitting, size), whole=True).said.items():
        assert one.solved or unfit(one, size), (name, one.text)
