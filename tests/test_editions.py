"""Student editions, the index and the glossary. Judge: literal notebooks, and the files on disk."""

import ast
import json
import re
import shutil
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from portfoy.course import editions, lessons, pages, terms
from portfoy.errors import DataError

ROOT = Path(__file__).parent.parent

ABOUT = {
    "number": 0,
    "phase": "portfolio",
    "title": "Who are our customers?",
    "questions": ["Who is a customer?", "How much hangs on a few?"],
    "objectives": ["tell customers apart", "compute a share"],
    "prerequisites": ["a first look at pandas"],
    "minutes_read": 20,
    "minutes_practise": 35,
    "requires": [],
    "defines": ["customer portfolio", "top share"],
}
SECOND = {**ABOUT, "number": 1, "phase": "selection", "title": "Selection", "requires": ["top share"], "defines": []}
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
                '# solution\n# a remark\ntotal = x + 2\ntotal += 1\n# end\npf.check("portfolio-1", total)',
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
        ("answer-1", 'total = ...\npf.check("portfolio-1", total)', ["answer"]),
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


# The head of a lesson


def test_the_about_cell_is_written_once_and_stays_the_same():
    made = editions.with_about(notebook(text("# T"), text("", "about", name="about")))
    assert made.cells[1].source == (
        "**Questions**\n\n- Who is a customer?\n- How much hangs on a few?\n\n"
        "**After this lesson you can**\n\n- tell customers apart\n- compute a share\n\n"
        "**You need:** a first look at pandas.\n\n"
        "**Time:** about 20 minutes to read and 35 to practise.\n\n"
        "**New terms:** [customer portfolio](../GLOSSARY.md#customer-portfolio), [top share](../GLOSSARY.md#top-share)."
    )
    assert editions.with_about(made) == made


def test_a_lesson_that_needs_nothing_says_nothing_of_it():
    written = pages.about_text({**ABOUT, "prerequisites": [], "defines": []})
    assert "need" not in written
    assert "New terms" not in written


def test_the_terms_that_a_lesson_needs_are_linked():
    assert "**You need:** a first look at pandas; [top share](../GLOSSARY.md#top-share)." in pages.about_text(SECOND)


# The two pages


def test_the_glossary_says_where_a_term_comes_in():
    made = pages.glossary_page(GLOSSARY.sort_values("term"), {"portfolio": ("0_portfolio", ABOUT)})
    assert made.splitlines()[6:] == [
        "| English | Turkish | Polish | What it means | Introduced in |",
        "| --- | --- | --- | --- | --- |",
        '| <a id="customer-portfolio"></a>**customer portfolio** | müşteri portföyü | portfel klientów | '
        "All customers of a firm. | [0. Who are our customers?](lessons/0_portfolio.ipynb) |",
        '| <a id="top-share"></a>**top share** | ilk pay | udział największych | '
        "The share that the largest hold \\| of all. | [0. Who are our customers?](lessons/0_portfolio.ipynb) |",
    ]


def test_the_index_leads_to_lessons_reports_and_solutions():
    made = pages.index_page({"portfolio": ("0_portfolio", ABOUT)}, {"selection"})
    rows = [line for line in made.splitlines() if line.startswith(("| 0", "| 1", "| 5"))]
    assert rows == [
        "| 0. **Portfolio** | What do we have? | [Who are our customers?](lessons/0_portfolio.ipynb) | to come |",
        "| 1. **Selection** | Who is the most profitable customer? | to come | [selection](reports/selection.ipynb) |",
        "| 5. **Monitoring** | What has changed, and what asks for action? | to come | to come |",
    ]
    assert "About 20 minutes to read and 35 to practise; 2 new terms." in made
    assert "- tell customers apart\n- compute a share" in made
    assert set(re.findall(r"\]\(([^)]+)\)", made)) == {
        "lessons/0_portfolio.ipynb", "reports/selection.ipynb", "solutions/0_portfolio.ipynb", "GLOSSARY.md",
        "TEACHING.md",
    }  # fmt: skip


def test_the_index_for_students_has_no_link_for_teachers():
    made = pages.index_page({"portfolio": ("0_portfolio", ABOUT)}, set(), teacher=False)
    assert set(re.findall(r"\]\(([^)]+)\)", made)) == {"lessons/0_portfolio.ipynb", "GLOSSARY.md"}


# (d) A build


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with one lesson."""
    monkeypatch.setattr(terms, "glossary", lambda path=None: GLOSSARY)
    folder = tmp_path / "notebooks" / "solutions"
    folder.mkdir(parents=True)
    cells = [text("# Şık", name="title"), text("", "about", name="about"), code("# solution\na = 1\n# end", "answer")]
    nbformat.write(notebook(*cells), folder / "0_portfolio.ipynb")
    return tmp_path


MADE = [
    "notebooks/solutions/0_portfolio.ipynb", "notebooks/lessons/0_portfolio.ipynb", "notebooks/README.md",
    "notebooks/GLOSSARY.md",
]  # fmt: skip


def test_a_build_writes_what_is_stale_and_then_nothing(project):
    assert editions.stale(project) == MADE
    assert editions.build(project) == MADE
    assert editions.stale(project) == []
    assert editions.build(project) == []


def test_a_build_mends_what_was_edited_by_hand(project):
    editions.build(project)
    (project / "notebooks" / "lessons" / "0_portfolio.ipynb").write_text("{}")
    (project / "notebooks" / "README.md").write_bytes(b"\xff")
    assert editions.stale(project) == ["notebooks/lessons/0_portfolio.ipynb", "notebooks/README.md"]
    assert editions.build(project) == ["notebooks/lessons/0_portfolio.ipynb", "notebooks/README.md"]


def test_an_edition_without_a_solution_is_stale(project):
    editions.build(project)
    shutil.copy(project / MADE[1], project / "notebooks" / "lessons" / "9_lost.ipynb")
    assert editions.stale(project) == ["notebooks/lessons/9_lost.ipynb"]


def test_notebooks_are_written_as_jupyterlab_writes_them(project):
    editions.build(project)
    written = (project / MADE[1]).read_text("utf-8")
    assert written == json.dumps(json.loads(written), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    assert "# Şık" in written


# (e) What is wrong, in one line


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("# solution\na = 1", "0_portfolio, cell 'answer-1': '# solution' is not closed. Add '# end'."),
        ("# solution\na = 1\n# solution\n# end",
         "0_portfolio, cell 'answer-1': '# solution' is not closed. Add '# end'."),
        ("a = 1\n# end", "0_portfolio, cell 'answer-1': '# end' without '# solution'. Take it out."),
        ("# solution\na = = 1\n# end",
         "0_portfolio, cell 'answer-1': the answer is no Python: invalid syntax. Correct it."),
    ],
)  # fmt: skip
def test_a_mark_that_does_not_fit_is_one_error(source, message):
    with pytest.raises(DataError) as error:
        editions.student(notebook(code(source)))
    assert str(error.value) == message


@pytest.mark.parametrize("cells", [[], ["about", "about"]])
def test_there_is_one_about_cell(cells):
    with pytest.raises(DataError) as error:
        editions.with_about(notebook(*(text("", tag, name=f"a-{n}") for n, tag in enumerate(cells))))
    assert str(error.value) == (
        f"0_portfolio: {len(cells)} Markdown cells are tagged 'about'. Tag one, after the title."
    )


@pytest.mark.parametrize(
    ("abouts", "message"),
    [
        ({"a.ipynb": {**ABOUT, "defines": ["top share", "Gini", "HHI"]}},
         "a.ipynb: 'Gini', 'HHI' not in course/terms.csv. Add it."),
        ({"a.ipynb": SECOND}, "a.ipynb: no earlier lesson defines 'top share'. Define it there, or here."),
        ({"a.ipynb": {"number": 1, "phase": "x", "title": "y", "requires": [], "defines": []}},
         "a.ipynb: metadata.portfoy lacks questions, objectives, prerequisites, minutes_read, minutes_practise. "
         "Add it."),
    ],
)  # fmt: skip
def test_terms_are_in_the_glossary_and_defined_before_they_are_required(abouts, message):
    with pytest.raises(DataError) as error:
        pages.check_about(abouts, GLOSSARY)
    assert str(error.value) == message


def test_a_term_that_an_earlier_lesson_defines_may_be_required():
    pages.check_about({"a.ipynb": ABOUT, "b.ipynb": SECOND}, GLOSSARY)


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
    if not lessons.solutions():
        pytest.skip("notebooks/solutions holds no lesson")
    stale = editions.stale(ROOT)
    assert not stale, f"run `make lessons`: {stale}"


@pytest.mark.parametrize("phase", lessons.LESSONS)
def test_no_line_of_an_answer_is_in_the_student_edition(phase):
    if phase not in lessons.solutions():
        pytest.skip(f"there is no lesson {phase}")
    solution = editions.read(lessons.solutions()[phase])
    left = "\n".join(cell.source for cell in editions.student(solution).cells)
    for cell in solution.cells:
        if cell.cell_type == "code":
            for statement in ast.parse(editions.answer_of(cell.source)).body:
                assert ast.unparse(statement) not in left, cell.id


def test_the_links_of_the_two_pages_lead_somewhere():
    if not lessons.solutions():
        pytest.skip("notebooks/solutions holds no lesson")
    folder = ROOT / "notebooks"
    for name in ("README.md", "GLOSSARY.md"):
        links = set(re.findall(r"\]\(([^)#]+)[^)]*\)", (folder / name).read_text("utf-8")))
        assert [link for link in links if not (folder / link).exists()] == []
