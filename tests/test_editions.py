"""Student editions, the index and the glossary. Judge: literal notebooks, and the files on disk."""

import ast
import base64
import inspect
import io
import json
import math
import re
import shutil
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from portfoy.course import capstone, editions, lessons, pages, start, terms
from portfoy.course.exercise import MINUTES
from portfoy.errors import DataError
from portfoy.simulate import write_company

ROOT = Path(__file__).parent.parent

ABOUT = {
    "sitting": "0b",
    "title": "Who are our customers?",
    "question": "How much hangs on a few?",
    "objectives": {"tell customers apart": ["0b-1"], "compute a share": ["0b-1", "0b-2"]},
    "needs": ["a first look at pandas"],
}
STEM = lessons.stem("0b")
GLOSSARY = pd.DataFrame(
    [
        ["top share", "ilk pay", "udział największych", "The share that the largest hold | of all."],
        ["customer portfolio", "müşteri portföyü", "portfel klientów", "All customers of a firm."],
    ],
    columns=["term", "turkish", "polish", "definition"],
)


def notebook(*cells, about=ABOUT):
    return new_notebook(cells=list(cells), metadata={"portfoy": about})


def code(source, *tags, name="answer-1", **more):
    return new_code_cell(source, id=name, metadata={"tags": list(tags)}, **more)


def text(source, *tags, name="text-1"):
    return new_markdown_cell(source, id=name, metadata={"tags": list(tags)} if tags else {})


def opened(answer):
    """What stays of an answer."""
    made = editions.student(notebook(code(f"before = 1\n# solution\n{answer}\n# end\nafter = 2")))
    lines = made.cells[0].source.splitlines()
    assert (lines[0], lines[-1]) == ("before = 1", "after = 2")
    return lines[1:-1]


# (a) A tiny notebook, whole


def test_the_student_edition_of_a_small_notebook():
    shown = [new_output("stream", text="3")]
    made = editions.student(
        notebook(
            text("# Title"),
            code("x = 1\nx", name="setup", outputs=shown, execution_count=3),
            text("### Exercise 1", "exercise", name="exercise-1"),
            code(
                '# solution\n# a remark\ntotal = x + 2\ntotal += 1\n# end\npf.check("0b-1", total)',
                "answer",
            ),
            text("The model answer.", "solution", name="model"),
            code("secret()", "solution", name="author"),
        )
    )
    assert [(cell.id, cell.source, cell.metadata.get("tags")) for cell in made.cells] == [
        ("text-1", "# Title", None),
        ("setup", "x = 1\nx", []),
        ("exercise-1", "### Exercise 1", ["exercise"]),
        ("answer-1", 'total = ...\npf.check("0b-1", total)', ["answer"]),
    ]
    assert [(cell.outputs, cell.execution_count) for cell in made.cells if cell.cell_type == "code"] == [([], None)] * 2
    assert made.metadata["portfoy"] == ABOUT


@pytest.mark.parametrize(
    ("answer", "stays"),
    [
        ("a = f(1)", ["a = ..."]),
        ("a, b = f()", ["a, b = ..., ..."]),
        ("(a, [b, *c]) = f()", ["a, b, c = ..., ..., ..."]),
        ("a = b = 1", ["a = b = ..."]),
        ("a: int = 1", ["a = ..."]),
        ("a = [\n    1,\n    2,\n]\nb = 2", ["a = ...", "b = ..."]),
        ("a = 1\na = a + 1", ["a = ..."]),
        ("a: int", ["..."]),
        ("a += 1", ["..."]),
        ("table['x'] = 1", ["..."]),
        ("table.index = names", ["..."]),
        ("import math\nfor x in y:\n    z = x\nprint(z)", ["..."]),
        ("def f(x):\n    y = x\n    return y", ["..."]),
        ("", ["..."]),
        ("# only a remark", ["..."]),
        ("a = '# no mark'", ["a = ..."]),
    ],
)
def test_what_stays_of_an_answer(answer, stays):
    assert opened(answer) == stays


def test_an_indented_answer_keeps_its_place():
    made = editions.student(notebook(code("if data:\n    # solution\n    a = 1\n    # end\n    a")))
    assert made.cells[0].source == "if data:\n    a = ...\n    a"


def test_two_answers_in_one_cell_are_both_opened():
    made = editions.student(notebook(code("# solution\na = 1\n# end\nb = 2\n# solution\nc = 3\n# end")))
    assert made.cells[0].source == "a = ...\nb = 2\nc = ..."


def test_the_edition_does_not_change_the_notebook_and_is_the_same_each_time():
    given = notebook(text("# T"), code("# solution\na = 1\n# end", outputs=[new_output("stream", text="1")]))
    before = nbformat.writes(given)
    assert nbformat.writes(editions.student(given)) == nbformat.writes(editions.student(given))
    assert nbformat.writes(given) == before


def test_results_of_an_answer_go_with_it_and_others_stay():
    shown = [new_output("stream", text="the answer")]
    made = editions.without_answers(
        notebook(code("# solution\na = 1\n# end", outputs=shown), code("b", name="other", outputs=shown))
    )
    assert [cell.outputs for cell in made.cells] == [[], shown]


def test_what_tools_leave_in_metadata_goes():
    cell = code("a", "answer")
    cell.metadata["execution"] = {"iopub.status.busy": "now"}
    assert editions.student(notebook(cell)).cells[0].metadata == {"tags": ["answer"]}


# What the build writes


def sitting(*more, about=ABOUT):
    """A small sitting, as its author writes it."""
    written = [text("", tag, name=tag) for tag in ("about", "objectives", "quiz", "sources")]
    return notebook(*written[:2], *more, *written[2:], about=about)


def by_name(made):
    return {cell.id: cell for cell in made.cells}


def test_what_the_build_writes_stays_the_same():
    made = editions.written(sitting(text("> **top share** is\n\nSee [source 000].", name="term")), GLOSSARY)
    cells = by_name(made)
    assert cells["about"].source == (
        "# 0b. Who are our customers?\n\n"
        "![The lifecycle of a customer; this sitting belongs to: Portfolio.](attachment:lifecycle.png)\n\n"
        "**How much hangs on a few?**\n\n"
        f"About {5 * math.ceil(editions.minutes(made) / 5)} minutes, 1 new term. You need: a first look at pandas."
    )
    picture = Image.open(io.BytesIO(base64.b64decode(cells["about"].attachments["lifecycle.png"]["image/png"])))
    left, middle = (picture.convert("RGB").getpixel((x, 145)) for x in (90, 260))
    assert left == pytest.approx((15, 107, 109), abs=8), "the portfolio is where we are, in our colour"
    assert middle == pytest.approx((228, 222, 212), abs=8)
    assert cells["objectives"].source == ("**After this sitting you can**\n\n- tell customers apart\n- compute a share")
    assert cells["term"].source == (
        "> **top share** (tr *ilk pay*, pl *udział największych*): The share that the largest hold | of all.\n\n"
        "See [source 000]."
    )
    assert cells["quiz"].source.startswith("## Quiz\n\n")
    assert "| [source 000] |" in cells["sources"].source
    assert editions.written(made, GLOSSARY) == made


def test_minutes_are_words_code_looks_and_exercises():
    """By hand: 150 words and 6 lines are a minute each, a look 20 seconds; exercises as timed."""
    bare = editions.minutes(sitting())
    assert editions.minutes(sitting(text("word " * 150))) - bare == pytest.approx(1)
    assert editions.minutes(sitting(code("x = 1\n" * 6, name="six"))) - bare == pytest.approx(1 + 1 / 3)
    folded = code("x = 1\n" * 6, name="six")
    folded.metadata["jupyter"] = {"source_hidden": True}
    assert editions.minutes(sitting(folded)) - bare == pytest.approx(1 / 3)
    asked = lessons.exercises_of("0b").values()
    assert bare == pytest.approx(sum(MINUTES[one.kind] for one in asked))


def test_speaker_notes_are_not_in_the_student_edition():
    assert [cell.id for cell in editions.student(sitting(text("They count rows.", "notes", name="stuck"))).cells] == [
        "about", "objectives", "quiz", "sources",
    ]  # fmt: skip


# The two pages


def test_the_glossary_says_where_a_term_comes_in():
    made = pages.glossary_page(GLOSSARY.sort_values("term"), {"0b": (ABOUT, ["customer portfolio"])})
    assert made.splitlines()[6:] == [
        "| English | Turkish | Polish | What it means | Introduced in |",
        "| --- | --- | --- | --- | --- |",
        '| <a id="customer-portfolio"></a>**customer portfolio** | müşteri portföyü | portfel klientów | '
        f"All customers of a firm. | [0b. Who are our customers?](lessons/{STEM}.ipynb) |",
        '| <a id="top-share"></a>**top share** | ilk pay | udział największych | '
        "The share that the largest hold \\| of all. |  |",
    ]


def test_the_index_leads_to_sittings_and_reports_and_to_no_solution():
    made = pages.index_page({"0b": {**ABOUT, "minutes": 41.2}}, {"selection"})
    rows = [line for line in made.splitlines() if line.startswith(("| 0", "| 1", "| 5"))]
    assert rows == [
        f"| 0. **Portfolio** | What do we have? | [0b](lessons/{STEM}.ipynb) | to come |",
        "| 1. **Selection** | Who is the most profitable customer? | to come | [selection](reports/selection.ipynb) |",
        "| 5. **Monitoring** | What has changed, and what asks for action? | to come | to come |",
    ]
    assert "How much hangs on a few? (about 45 minutes)" in made
    assert "- tell customers apart\n- compute a share" in made
    assert set(re.findall(r"\]\(([^)]+)\)", made)) == {
        f"lessons/{STEM}.ipynb", "reports/selection.ipynb", "GLOSSARY.md", "TEACHING.md",
    }  # fmt: skip


# (d) A build


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with one sitting."""
    monkeypatch.setattr(terms, "glossary", lambda path=None: GLOSSARY)
    folder = tmp_path / "notebooks" / "solutions"
    folder.mkdir(parents=True)
    asked = text("### Şık\n\nHow many?", "exercise", name="exercise-1")
    nbformat.write(
        sitting(asked, code('# solution\na = 1\n# end\npf.check("0b-1", a)', "answer")), folder / f"{STEM}.ipynb"
    )
    (tmp_path / "lib" / "portfoy" / "course").mkdir(parents=True)
    return tmp_path


MADE = [
    f"notebooks/solutions/{STEM}.ipynb", f"notebooks/lessons/{STEM}.ipynb", "notebooks/README.md",
    "notebooks/GLOSSARY.md", "lib/portfoy/course/worked.json",
]  # fmt: skip


def test_a_build_writes_what_is_stale_and_then_nothing(project):
    assert editions.stale(project) == MADE
    assert editions.build(project) == MADE
    assert editions.stale(project) == []
    assert editions.build(project) == []
    assert json.loads((project / MADE[4]).read_text("utf-8")) == {
        "0b-1": {"task": "How many?", "code": "a = 1", "names": ["a"]}
    }


def test_a_build_mends_what_is_stale_and_keeps_what_somebody_wrote(project):
    editions.build(project)
    (project / "notebooks" / "README.md").write_bytes(b"\xff")
    assert editions.build(project) == ["notebooks/README.md"]
    edition = project / MADE[1]
    mine = edition.read_text("utf-8").replace("a = ...", "a = 7")
    edition.write_text(mine, "utf-8")
    with pytest.raises(DataError, match="holds answers, or results"):
        editions.build(project)
    assert edition.read_text("utf-8") == mine


def test_an_edition_without_a_solution_is_stale(project):
    editions.build(project)
    shutil.copy(project / MADE[1], project / "notebooks" / "lessons" / "9_lost.ipynb")
    assert editions.stale(project) == ["notebooks/lessons/9_lost.ipynb"]


def test_notebooks_are_written_as_jupyterlab_writes_them(project):
    editions.build(project)
    written = (project / MADE[1]).read_text("utf-8")
    assert written == json.dumps(json.loads(written), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    assert "### Şık" in written


def test_a_folder_to_work_in_keeps_what_is_there(tmp_path, monkeypatch):
    copied, kept = start.begin(tmp_path / "mine")
    assert copied == [path.name for path in lessons.editions().values()]
    assert kept == []
    (tmp_path / "mine" / copied[0]).write_text("my answers", "utf-8")
    assert start.begin(tmp_path / "mine") == ([], copied)
    assert (tmp_path / "mine" / copied[0]).read_text("utf-8") == "my answers"


# (e) What is wrong, in one line


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("# solution\na = 1", f"{STEM}, cell 'answer-1': '# solution' is not closed. Add '# end'."),
        ("# solution\na = 1\n# solution\n# end",
         f"{STEM}, cell 'answer-1': '# solution' is not closed. Add '# end'."),
        ("a = 1\n# end", f"{STEM}, cell 'answer-1': '# end' without '# solution'. Take it out."),
        ("# solution\na = = 1\n# end",
         f"{STEM}, cell 'answer-1': the answer is no Python: invalid syntax. Correct it."),
    ],
)  # fmt: skip
def test_a_mark_that_does_not_fit_is_one_error(source, message):
    with pytest.raises(DataError) as error:
        editions.student(notebook(code(source)))
    assert str(error.value) == message


def test_a_cell_that_the_build_writes_is_there_once():
    with pytest.raises(DataError) as error:
        editions.written(sitting(text("", "quiz", name="again")), GLOSSARY)
    assert str(error.value) == f"{STEM}: 2 Markdown cells are tagged 'quiz'. Tag one."


@pytest.mark.parametrize(
    ("about", "message"),
    [
        ({**ABOUT, "objectives": {"fly": [], "swim": ["0b-9"]}},
         f"{STEM}: no exercise shows that one can 'fly', 'swim'. Name one."),
        ({"title": "y"}, f"{STEM}: metadata.portfoy lacks sitting, question, objectives, needs. Add it."),
    ],
)  # fmt: skip
def test_what_a_sitting_says_of_itself_is_whole(about, message):
    with pytest.raises(DataError) as error:
        pages.check_about({"0b": about})
    assert str(error.value) == message


def test_a_term_that_is_not_in_the_glossary_is_one_error():
    with pytest.raises(DataError) as error:
        editions.written(sitting(text("> **Gini**")), GLOSSARY)
    assert str(error.value) == "'Gini' is not in course/terms.csv. Add it."


def test_a_file_that_is_no_notebook_is_one_error(tmp_path):
    (tmp_path / "x.ipynb").write_text("no")
    with pytest.raises(DataError, match=r"x\.ipynb: is no notebook: .*Save it in JupyterLab\.$"):
        editions.read(tmp_path / "x.ipynb")


def test_nothing_is_written_where_a_lesson_cannot_be_made(project):
    path = project / MADE[0]
    path.write_text(path.read_text("utf-8").replace("# end", "# the end"), "utf-8")
    with pytest.raises(DataError, match="is not closed"):
        editions.build(project)
    assert not (project / "notebooks" / "README.md").exists()


# The lessons themselves


def test_the_lessons_are_as_a_build_writes_them():
    stale = editions.stale(ROOT)
    assert not stale, f"run `make lessons`: {stale}"


@pytest.mark.parametrize("sitting", lessons.SITTINGS)
def test_no_line_of_an_answer_is_in_the_student_edition(sitting):
    solution = editions.read(lessons.solutions()[sitting])
    left = "\n".join(cell.source for cell in editions.student(solution).cells)
    for cell in solution.cells:
        if cell.cell_type == "code":
            for statement in ast.parse(editions.answer_of(cell.source)).body:
                assert ast.unparse(statement) not in left, cell.id


def test_the_links_of_the_two_pages_lead_somewhere():
    folder = ROOT / "notebooks"
    for name in ("README.md", "GLOSSARY.md"):
        links = set(re.findall(r"\]\(([^)#]+)[^)]*\)", (folder / name).read_text("utf-8")))
        assert [link for link in links if not (folder / link).exists()] == []


def test_a_folder_keeps_the_seed_it_was_started_with(tmp_path):
    begun, last = tmp_path / "mine", f"{lessons.stem('2a')}.ipynb"
    start.begin(begun, seed=7)
    (begun / last).unlink()
    with pytest.raises(DataError, match="was started with --seed 7"):
        start.begin(begun, seed=8)
    assert start.begin(begun)[0] == [last]
    assert json.loads((begun / last).read_text("utf-8"))["metadata"]["portfoy"]["seed"] == 7
    start.begin(tmp_path / "shared")
    with pytest.raises(DataError, match=r"was started with no seed.*portfoy lab capstone --seed 7"):
        start.begin(tmp_path / "shared", seed=7)


def test_no_student_gets_a_company_that_everybody_has(tmp_path):
    for seed in (capstone.SEED, inspect.signature(write_company).parameters["seed"].default):
        with pytest.raises(DataError, match=f"--seed {seed}: is the company that everybody has"):
            start.begin(tmp_path / "mine", seed=seed)
    assert not (tmp_path / "mine").exists()
    for page in ("notebooks/TEACHING.md", "README.md", "docs/ninety-minutes.md"):
        assert f"--seed {capstone.SEED}" not in (ROOT / page).read_text("utf-8")
