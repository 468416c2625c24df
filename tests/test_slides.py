"""Slides, pages, key and zip. Judges: Chromium, html.parser, zipfile, and literal notebooks."""

import base64
import html
import io
import re
import tomllib
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from click.testing import CliRunner
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from portfoy.course import commands, editions, handout, lessons, quiz, sheets, slides, terms
from portfoy.course.exercise import Exercise
from portfoy.errors import DataError
from portfoy.firm import Firm

ROOT = Path(__file__).parent.parent
SECRET = "the_author_alone"
ABOUT = {
    "sitting": "0b", "title": "Who are they?", "question": "Who?", "objectives": {"tell them": ["0b-1"]}, "needs": [],
}  # fmt: skip
STEM = lessons.stem("0b")
GLOSSARY = pd.DataFrame(
    [["top share", "ilk pay", "udział", "The share of the largest."]],
    columns=["term", "turkish", "polish", "definition"],
)


def code(source, *tags, name, outputs=()):
    return new_code_cell(source, id=name, metadata={"tags": list(tags)}, outputs=list(outputs), execution_count=1)


def text(source, *tags, name):
    return new_markdown_cell(source, id=name, metadata={"tags": list(tags)})


def shown(kind, value, **metadata):
    return new_output("display_data", data={kind: value}, metadata=metadata)


def picture(width=980, height=560):
    made = io.BytesIO()
    Image.new("RGB", (width, height), "#0f6b6d").save(made, "PNG")
    return shown("image/png", base64.b64encode(made.getvalue()).decode(), **{"image/png": {"alt": 'A "block"'}})


def table(rows):
    return shown("text/html", pd.DataFrame({"n": range(rows), "share": 0.5}).to_html())


def said(sentence):
    return new_output("stream", text=sentence)


SENTENCE = (
    "The estimate was as large as the truth, and the interval holds it; with more customers it would be narrower. "
)


def lesson(*more):
    """An executed lesson with a cell of every kind."""
    feedback = shown("text/html", '<div class="pf-check">1 of 1 solved</div>')
    cells = [
        text("", "about", name="about"),
        code("setup()", name="setup", outputs=[feedback]),
        text("", "objectives", name="objectives"),
        text("## The idea\n\nOf $n$ customers: $$\\frac{a}{b}$$", "slide", name="idea"),
        text("Said by the speaker.", "notes", name="notes"),
        text("> **top share**", name="term"),
        text("## The company\n\n[RFM](1a_rfm.ipynb), [site](https://example.org).", "slide", name="company"),
        code("show()", "slide", name="show", outputs=[table(4), said("One, two and three, and there is no more of it."),
             picture()]),
        text("### Exercise 1: a share\n\nWhat is `x`?", "exercise", name="exercise-1"),
        code(f'# solution\nx = {SECRET}(1)\n# end\npf.check("0b-1", x)', "answer", name="answer-1",
             outputs=[said(SECRET), feedback]),
        text("After the exercise.", name="after"),
        text("What would you do?", name="open"),
        text(f"{SECRET}: I would wait.", "solution", name="open-answer"),
        text("## Sources", "sources", name="sources"),
        text("", "quiz", name="quiz"),
        *more,
    ]  # fmt: skip
    return editions.written(new_notebook(cells=cells, metadata={"portfoy": ABOUT}), GLOSSARY)


class Outline(HTMLParser):
    """What stands in a page: addresses that a browser would fetch or follow, and words by element."""

    def __init__(self, page):
        super().__init__()
        self.fetched, self.links, self.ids, self.open = [], [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.fetched += [attributes[name] for name in ("src", "srcset", "data") if name in attributes]
        if tag == "link":
            self.fetched.append(attributes.get("href"))
        if tag == "a":
            self.links.append(attributes.get("href"))
        if "id" in attributes:
            self.ids.append(attributes["id"])


def words(page):
    """What can be read in the main part of a page."""
    apart = re.sub(r"</?(h\d|p|li|ol|div|pre|summary)\b[^>]*>", " ", page.partition("<main")[2])
    bare = re.sub(r"<[^>]+>", "", apart)
    return " ".join(html.unescape(bare).split())


# (a) The page of a lesson


def test_a_lesson_page_shows_code_and_results_and_nothing_of_the_answers():
    made = sheets.lesson_page(lesson())
    assert SECRET not in made
    assert "1 of 1 solved" not in made
    assert 'x = ... pf.check("0b-1", x)' in words(made)
    assert '<p class="said">One, two and three, and there is no more of it.</p>' in made
    assert 'alt="A &quot;block&quot;"' in made
    assert made.count("<math") == 2
    assert "<title>Who are they?</title>" in made


def test_what_goes_on_with_an_answer_is_shown_to_the_teacher_only():
    more = [
        code("pf.one_page(x)", name="page", outputs=[said("What the author decided stands here, in words.")]),
        code("x = 2\nprint(x)", name="own", outputs=[said("What a cell says that sets the name itself.")]),
    ]
    page, whole = words(sheets.lesson_page(lesson(*more))), words(sheets.lesson_page(lesson(*more), teacher=True))
    assert "pf.one_page(x)" in page
    assert "What the author decided" not in page
    assert "What the author decided" in whole
    assert "What a cell says that sets" in page


def test_a_page_for_the_teacher_has_the_answers():
    made = sheets.lesson_page(lesson(), teacher=True)
    assert made.count(SECRET) == 3
    assert "1 of 1 solved" in made


def test_the_terms_of_a_sitting_are_explained_on_its_page_and_links_lead_to_pages():
    outline = Outline(made := sheets.lesson_page(lesson()))
    assert {"1a_rfm.html", "https://example.org"} <= set(outline.links)
    assert "(tr <em>ilk pay</em>, pl <em>udział</em>): The share of the largest." in made


@pytest.mark.parametrize("make", [sheets.lesson_page, slides.deck], ids=["page", "slides"])
def test_a_page_fetches_nothing(make):
    made = make(lesson())
    assert {address[:22] for address in Outline(made).fetched} == {"data:image/png;base64,"}
    assert "default-src 'none'" in made
    assert not re.search(r"@import|url\((?!data:)", made.partition("</style>")[0])


def test_headings_of_one_name_have_addresses_of_their_own():
    prose = sheets.lesson_prose()
    assert re.findall('id="([^"]+)"', prose("## A b\n\n## A b\n\n## `A` b\n\n## ???")) == [
        "a-b", "a-b--1", "a-b--2", "section",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "made"),
    [
        (shown("text/plain", "<Axes: title='x'>"), None),
        (shown("text/plain", "0.25"), ("text", "<pre>0.25</pre>")),
        (said("\n"), None),
        (said("It holds."), ("text", '<p class="said">It holds.</p>')),
        (said("a  <b\nc   d"), ("text", "<pre>a  &lt;b\nc   d</pre>")),
        (said(SENTENCE), ("text", f'<p class="said">{SENTENCE}</p>')),
        (shown("text/html", "<b>x</b><style>y</style>"), ("html", "<b>x</b>")),
        (shown("text/html", "<table></table>"), ("table", '<div class="scroll" tabindex="0"><table></table></div>')),
    ],
)
def test_what_an_output_shows(given, made):
    assert sheets.output(given) == made


# The answer key


def test_the_key_has_task_answer_its_number_mistakes_hints_and_quiz(monkeypatch):
    wrong = {"by": {1: None, 2: "Divide by one."}}
    asked = Exercise(
        "0b-1", "compute", lambda firm, by=1: 12.5 / by, lambda: ["Look at `x`.", "Divide it."], str, lambda: wrong
    )
    monkeypatch.setattr(sheets, "exercises_of", lambda sitting: {"0b-1": asked})
    firm = Firm.of(
        pd.DataFrame({"customer_id": ["a"], "order_id": ["1"], "ordered_on": ["2026-01-05"], "amount": [1.0]})
    )
    monkeypatch.setattr(sheets, "_firm", lambda notebook, own, firms: firm)
    made = words(sheets.key_page([lesson()])).partition("Answer key ")[2]
    assert made.startswith(
        "For teachers: not for students until they have tried. 0b. Who are they? "
        "Where people get stuck Said by the speaker. "
        f"Exercise 1: a share What is x? Answer x = {SECRET}(1) On these data: 12.5. "
        "Known mistakes 6.25: Divide by one. Hints, in this order Look at x. Divide it. "
        f"What would you do? Model answer {SECRET}: I would wait. Quiz "
    )


# The slides


def sections(deck):
    """Heading, or the repeated one, and number of blocks of each slide, as they are before a browser lays them out."""
    leaves = re.findall(r'<div class="leaf[^>]*data-title="([^"]*)">(.*?)</section>', deck, flags=re.DOTALL)
    return [(html.unescape(title), leaf.count('class="block ')) for title, leaf in leaves]


def test_cells_that_are_tagged_make_the_slides_and_answers_are_not_on_one():
    deck = slides.deck(lesson())
    asked = [(f"Quiz, {number + 1}", 1) for number in range(len(quiz.questions("0b")))]
    assert sections(deck) == [
        ("0b. Who are they?", 1), ("0b. Who are they?", 1), ("The idea", 1), ("The company", 1), ("The company", 3),
        ("Exercise 1: a share", 1), *asked,
    ]  # fmt: skip
    body = deck.partition("<body>")[2].partition("<!-- What shows")[0]
    assert SECRET not in body
    assert "solved" not in body
    assert "show()" not in body
    assert '<aside class="notes"><p>Said by the speaker.</p>' in body
    assert 'src="data:image/png;base64,' in body
    plain = slides.deck(lesson(), notes=False).partition("<body>")[2].partition("<!-- What shows")[0]
    assert '<aside class="notes">' not in plain
    assert html.escape(quiz.questions("0b")[0].options[0].why) not in plain
    assert len(sections(plain)) == len(sections(deck))
    assert Outline(body).links == ["https://example.org"]


def test_the_licence_of_what_shows_the_slides_travels_with_them():
    deck = slides.deck(lesson())
    assert "Copyright (C) 2011-2026 Hakim El Hattab" in deck
    assert "Permission is hereby granted, free of charge" in deck


# In a browser


MEASURE = """() => Reveal.getSlides().map((slide) => {
  slide.style.display = "block"; slide.parentElement.style.display = "block";
  const leaf = slide.querySelector(".leaf");
  return [leaf.dataset.title, leaf.className, leaf.scrollHeight - leaf.clientHeight,
          leaf.scrollWidth - leaf.clientWidth, leaf.querySelectorAll("tbody tr").length,
          leaf.querySelector(".again") ? 1 : 0];
})"""


@pytest.fixture
def laid_out(browser, tmp_path):
    """Open slides; (the slides as a reader meets them, what was asked for and complained of)."""

    def go(deck):
        path = tmp_path / "slides #1.html"
        path.write_text(deck, encoding="utf-8")
        page, seen = browser.new_page(viewport={"width": 1280, "height": 720}), []
        page.on("request", lambda request: seen.append(request.url))
        page.on("console", lambda message: seen.append(message.text))
        page.on("pageerror", lambda error: seen.append(str(error)))
        page.goto(path.as_uri(), wait_until="load")
        page.wait_for_function("window.Reveal && Reveal.isReady()")
        found = page.evaluate(MEASURE)
        page.close()
        return found, [url for url in seen if not url.startswith("data:") and url != path.as_uri()]

    return go


def test_long_slides_go_on_on_the_next_and_nothing_overflows(laid_out):
    more = [
        text("## Much", name="much"),
        code("x", "slide", name="x", outputs=[table(9), said(SENTENCE * 3), picture()] * 3),
        text("## Long table", name="long"),
        code("x", "slide", name="rows", outputs=[said(SENTENCE), table(70)]),
        text("## A picture", name="wide"),
        code("x", "slide", name="picture", outputs=[picture(), said(SENTENCE * 3)]),
    ]
    found, complaints = laid_out(slides.deck(lesson(*more)))
    assert complaints == []
    assert [one for one in found if one[2] > 0 or one[3] > 0 or "scrolls" in one[1]] == []
    much = [one for one in found if one[0] == "Much"]
    assert len(much) > 2
    assert [again for *_rest, again in much] == [0] + [1] * (len(much) - 1)
    assert sum(rows for title, *_rest, rows, _again in found if title == "Long table") == 70


def test_a_picture_of_many_panels_keeps_its_size_and_scrolls(laid_out):
    more = [
        text("## Cards", name="cards"),
        code("x", "slide", name="tall", outputs=[said(SENTENCE), picture(980, 1900), said(SENTENCE)]),
    ]
    found, _complaints = laid_out(slides.deck(lesson(*more)))
    cards = [(kind, over > 0) for title, kind, over, *_rest in found if title == "Cards"]
    assert [("scrolls" in kind, over) for kind, over in cards] == [(False, False), (True, True), (False, False)]


def test_a_lesson_page_in_a_browser_asks_for_nothing_and_has_names_for_its_parts(browser, tmp_path):
    from axe_playwright_python.sync_playwright import Axe

    path = tmp_path / "lesson.html"
    path.write_text(sheets.lesson_page(lesson()), encoding="utf-8")
    page, seen = browser.new_page(), []
    page.on("console", lambda message: seen.append(message.text))
    page.on("request", lambda request: seen.append(request.url))
    page.goto(path.as_uri())
    assert [url for url in seen if not url.startswith("data:")] == [path.as_uri()]
    assert [found["id"] for found in Axe().run(page).response["violations"]] == []
    page.close()


# Running a lesson


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with one small lesson that can be run, as the working directory; a function that changes its cell."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(terms, "glossary", lambda path=None: GLOSSARY)
    folder = tmp_path / "notebooks" / "solutions"
    folder.mkdir(parents=True)
    for name in (*handout.SHIPPED, "lib/portfoy/one.py", "lib/portfoy/__pycache__/one.pyc", "data/teaching/truth/t.csv",
                 "notebooks/TEACHING.md", "notebooks/lessons/mine.ipynb"):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)

    def write(source):
        made = lesson()
        kept = [cell for cell in made.cells if cell.cell_type == "markdown" and "exercise" not in editions.tags(cell)]
        answer = f'# solution\nx = "{SECRET}"\n# end\nx'
        cells = [code(source, name="run"), text("### One", "exercise", name="exercise-1")]
        cells += [code(answer, "answer", name="answer-1")]
        made.cells = [*kept[:2], *cells, *kept[2:]]
        for cell in made.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        nbformat.write(made, folder / f"{STEM}.ipynb")
        editions.build(tmp_path)

    write("import os, pathlib\nprint(pathlib.Path.cwd().name, os.environ['PORTFOY_PROGRESS'])")
    return write


def run(command, *arguments):
    done = CliRunner().invoke(command, arguments)
    return done.exit_code, done.output


def test_a_lesson_runs_in_its_own_folder_and_keeps_no_progress(project):
    executed = sheets.execute(Path(f"notebooks/solutions/{STEM}.ipynb").resolve())
    (output,) = executed.cells[2].outputs
    folder, progress = output.text.split()
    assert folder == "solutions"
    assert not Path(progress).parent.exists()


def test_a_cell_that_fails_is_one_line(project):
    project("1 / 0")
    message = f"portfoy lessons slides: {STEM}.ipynb, cell 'run': ZeroDivisionError: division by zero. Mend it.\n"
    assert run(commands.lessons, "slides", "0b") == (2, message)


@pytest.mark.parametrize("teacher", [False, True])
def test_the_zip_is_the_same_each_time_and_holds_answers_for_teachers_only(project, teacher):
    project("print('A sentence that is long enough to be read as one.')")
    options = ["--teacher"] if teacher else []
    assert run(commands.lessons, "zip", "--out", "one.zip", *options) == (0, "one.zip\n")
    assert run(commands.lessons, "zip", "--out", "two.zip", *options)[0] == 0
    assert Path("one.zip").read_bytes() == Path("two.zip").read_bytes()
    with zipfile.ZipFile("one.zip") as packed:
        names = {name.removeprefix("portfoy-course/") for name in packed.namelist()}
        holding = {name for name in names if SECRET in packed.read(f"portfoy-course/{name}").decode()}
        told = b"Said by the speaker." in packed.read(f"portfoy-course/notebooks/slides/{STEM}.html")
    answers = {
        f"notebooks/solutions/{STEM}.ipynb",
        f"notebooks/teacher/{STEM}.html",
        "notebooks/teacher/key.html",
    }
    assert holding == (answers if teacher else set())
    assert told == teacher
    assert names - answers - {"notebooks/TEACHING.md"} == {
        "README.md", *handout.SHIPPED, "lib/portfoy/one.py", "data/teaching/truth/t.csv", "notebooks/README.md",
        "notebooks/GLOSSARY.md", f"notebooks/lessons/{STEM}.ipynb", f"notebooks/html/{STEM}.html",
        f"notebooks/slides/{STEM}.html", "lib/portfoy/course/worked.json",
    }  # fmt: skip
    assert not Path("one.zip.part").exists()


# The commands


def test_build_says_what_has_changed(project):
    Path("notebooks/README.md").unlink()
    assert run(commands.lessons, "build") == (0, "notebooks/README.md\n1 file has changed\n")
    assert run(commands.lessons, "build") == (0, "nothing has changed\n")


def test_the_key_is_written_where_it_is_wanted(project):
    assert run(commands.lessons, "key", "--out", "a/b") == (0, "a/b/key.html\n")
    assert SECRET in Path("a/b/key.html").read_text("utf-8")
    assert run(commands.lessons, "key", "0b", "--out", "a") == (0, "a/key-0b.html\n")
    assert Path("a/key-0b.html").read_text("utf-8") == Path("a/b/key.html").read_text("utf-8")
    message = "portfoy lessons key: no sitting 7; there are: 0b.\n"
    assert run(commands.lessons, "key", "0b", "7") == (2, message)


def test_a_lesson_that_is_not_there_is_one_line(project):
    message = "portfoy lessons slides: no sitting 7; there are: 0b.\n"
    assert run(commands.lessons, "slides", "7") == (2, message)


@pytest.mark.parametrize("command", [["key"], ["zip"]])
def test_without_a_lesson_there_is_nothing_to_make(monkeypatch, command):
    monkeypatch.setattr(lessons, "solutions", dict)
    message = "notebooks/solutions holds no lesson. Use a copy of the repository.\n"
    assert run(commands.lessons, *command) == (2, f"portfoy lessons {command[0]}: {message}")


def test_a_zip_of_half_a_project_is_one_line(project):
    Path("Makefile").unlink()
    Path("LICENSE").unlink()
    message = f"{Path.cwd()}: lacks Makefile, LICENSE. Use a copy of the repository."
    assert run(commands.lessons, "zip", "--out", "x.zip") == (2, f"portfoy lessons zip: {message}\n")
    assert not Path("x.zip").exists()


def test_the_zip_holds_all_that_the_package_is_built_from():
    """The judge: what pyproject.toml puts into a wheel, without which none is built in a classroom."""
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))
    taken = set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]) - {"notebooks"}
    assert taken <= set(handout.TREES)


def test_progress_of_a_folder_that_is_not_there_is_one_line():
    message = "portfoy progress: nowhere: is no folder. Give that of the students.\n"
    assert run(commands.progress, "nowhere") == (2, message)


def test_a_notebook_that_cannot_be_read_is_one_error(tmp_path):
    (tmp_path / "x.ipynb").write_text("{}")
    with pytest.raises(DataError, match="is no notebook: "):
        sheets.execute(tmp_path / "x.ipynb")
