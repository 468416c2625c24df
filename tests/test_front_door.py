"""What one sees first: README in three languages, the notebooks in docs/, the teacher's page, the plain tools.

Judges: Chromium lays out the first screen and prints; pandas on the CSV files for a figure; the
plain tools themselves.
"""

import csv
import html
import importlib.util
import json
import re
import shlex
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import mistune
import nbformat
import pandas as pd
import pytest

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = ["README.md", "README.tr.md", "README.pl.md", "CONTRIBUTING.md", "bench/README.md", "data/README.md",
         "docs/ninety-minutes.md", "docs/sheets.md", "notebooks/README.md", "notebooks/TEACHING.md",
         "reports/README.md"]  # fmt: skip
OTHERS = {"turkish": "README.tr.md", "polish": "README.pl.md"}
WORDS = 160  # of the first screen
TERMS = [
    *("customer relationship management", "composition", "concentration", "RFM", "customer lifetime value"),
    *("customer acquisition cost", "churn rate", "cross-sell", "control group", "confidence interval", "lead"),
]
SHOWN = {"text/markdown", "image/png", "text/html", "text/plain"}


def text_of(name):
    return (ROOT / name).read_text("utf-8")


def make():
    """The script of `make docs`."""
    spec = importlib.util.spec_from_file_location("docs_make", DOCS / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# Links


def without_code(text):
    return re.sub(r"^```.*?^```|`[^`\n]*`", "", text, flags=re.M | re.S)


def links(text):
    """Where links and pictures lead that are not on the web."""
    found = re.findall(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"", without_code(text))
    return [a or b for a, b in found if not re.match(r"https?:|mailto:|data:", a or b)]


def anchors(text):
    """The names of headings, as repository pages give them, and those that are written out."""
    heads = re.findall(r"^#+ +(.*)$", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), flags=re.M)
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)|[`*]", r"\1", head).strip().lower() for head in heads)
    return {re.sub(r"[^\w\- ]", "", head).replace(" ", "-") for head in plain} | set(re.findall(r'id="([^"]+)"', text))


def lost(page, text):
    """The links of a page that lead nowhere."""
    for link in links(text):
        path, _, anchor = link.partition("#")
        target = (page.parent / path) if path else page
        named = text if not path else target.read_text("utf-8") if target.suffix == ".md" and target.is_file() else ""
        if not target.exists() or (anchor and anchor not in anchors(named)):
            yield link


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_to_what_is_there(name):
    assert list(lost(ROOT / name, text_of(name))) == []


def test_a_link_that_leads_nowhere_is_noticed():
    text = "# Öne çıkan, `x`\n[a](#öne-çıkan-x) [b](#b) [c](LICENSE) [d](no.md) ![e](docs/no.png)\n`[f](f.md)`"
    assert list(lost(ROOT / "README.md", text)) == ["#b", "no.md", "docs/no.png"]


# The first screen


def first_screen(name):
    return text_of(name).partition("\n## ")[0]


@pytest.mark.parametrize("name", ["README.md", *OTHERS.values()])
def test_the_first_screen_is_few_words_and_shows_four_pictures(name):
    text = first_screen(name)
    pictures = re.findall(r"docs/\w+\.png", text)
    assert pictures == [f"docs/{one}.png" for one in ("run", "student", "analyst", "teacher")]
    shown = re.sub(r"<[^>]*>|!\[[^\]]*\]\([^)]*\)|\]\([^)]*\)", " ", text)
    assert len(re.findall(r"\w[\w./'-]*", shown)) <= WORDS
    assert sum((ROOT / picture).stat().st_size for picture in pictures) < 130_000


LOOK = """body { font: 16px/1.5 Arial, sans-serif; width: 830px; margin: 24px auto } p, table, pre { margin: 0 0 16px }
pre { padding: 16px } code { font-size: 85% } td, th { border: 1px solid; padding: 6px 13px } img { max-width: 100% }
table { border-collapse: collapse } h1 { font-size: 2em; margin: 24px 0 16px }"""


@pytest.mark.parametrize("name", ["README.md", *OTHERS.values()])
def test_the_doors_are_on_the_first_screen(browser, tmp_path, name):
    """As wide as a repository page shows it on a screen of 1280 by 900."""
    body = mistune.create_markdown(escape=False, plugins=["table"])(text_of(name)).replace("docs/", f"{DOCS.as_uri()}/")
    (tmp_path / "page.html").write_text(f"<meta charset=utf-8><style>{LOOK}</style>{body}", encoding="utf-8")
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    tab.goto((tmp_path / "page.html").as_uri())
    ends = tab.evaluate("[...document.querySelectorAll('table')].map(one => one.getBoundingClientRect().bottom)")
    drawn = tab.evaluate("[...document.images].every(one => one.naturalWidth > 0)")
    tab.close()
    assert drawn
    assert ends[0] <= 900


# Three languages


def fenced(text):
    """The blocks of commands: those of no language that do not draw the repository."""
    found = re.findall(r"^```(\w*)\n(.*?)^```", text, flags=re.M | re.S)
    return [block for kind, block in found if not kind and "lib/portfoy" not in block]


def commands(text):
    """What is to be typed: the lines of its blocks without their remarks, and the commands in its first table."""
    lines = [line.partition("  #")[0].strip() for block in fenced(text) for line in block.splitlines()]
    return lines + re.findall(r"^\| `(.*)` \| `(.*)` \| `(.*)` \|$", text, flags=re.M)


@pytest.mark.parametrize("name", OTHERS.values())
def test_the_other_languages_have_the_same_commands_and_links(name):
    english, other = text_of("README.md"), text_of(name)
    assert commands(other) == commands(english)
    assert len(commands(english)) > 15
    assert max(len(line) for block in fenced(other) + fenced(english) for line in block.splitlines()) <= 97
    files = [{link.partition("#")[0] for link in links(text)} - {""} for text in (english, other)]
    assert files[0] - {name} == files[1] - {"README.md"}


@pytest.mark.parametrize("language", OTHERS)
def test_the_other_languages_use_the_terms_of_the_glossary(language):
    """Each word of a term may have another ending."""
    with (ROOT / "lib/portfoy/course/terms.csv").open(encoding="utf-8", newline="") as file:
        terms = {row["term"]: row[language].partition(" (")[0] for row in csv.DictReader(file)}
    text = " ".join(text_of(OTHERS[language]).split())
    stems = {term: r"\w* ".join(re.escape(word[:-1] if len(word) > 4 else word) for word in terms[term].split())
             for term in TERMS}  # fmt: skip
    assert [terms[term] for term, stem in stems.items() if not re.search(stem, text, re.I)] == []


# The notebooks in docs/


def pairs():
    return [pytest.param(ROOT / name, DOCS / Path(name).name, id=Path(name).stem) for name in make().SHOWN]


@pytest.mark.parametrize(("source", "shown"), pairs())
def test_a_shown_notebook_is_that_of_the_repository(source, shown):
    """Run `make docs` where it is not."""
    cells = [json.loads(path.read_text("utf-8"))["cells"] for path in (source, shown)]
    assert [[cell["source"], cell["id"], cell["metadata"]] for cell in cells[1]] == [
        [cell["source"], cell["id"], cell["metadata"]] for cell in cells[0]
    ]


@pytest.mark.parametrize(("_source", "shown"), pairs())
def test_a_shown_notebook_holds_what_a_repository_page_shows(_source, shown):
    assert shown.stat().st_size <= 400_000
    outputs = [output for cell in nbformat.read(shown, 4).cells for output in cell.get("outputs", [])]
    kinds = [set(output.data) for output in outputs if "data" in output]
    assert all("text/plain" in kind and kind <= SHOWN for kind in kinds)
    assert sum("image/png" in kind for kind in kinds) >= 4
    tables = "".join(output.data.get("text/html", "") for output in outputs if "data" in output)
    assert set(re.findall(r"</?([^ >]+)([^>]*)>", tables)) <= {
        (tag, "") for tag in ("details", "summary", "table", "thead", "tbody", "tr", "th", "td", "p")
    }
    assert {output.output_type for output in outputs} <= {"stream", "display_data", "execute_result"}
    assert not [output for output in outputs if output.get("name") == "stderr"]


def printed(path, name):
    """What a cell prints."""
    (cell,) = [cell for cell in nbformat.read(path, 4).cells if cell.id == name]
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


def test_the_shown_report_has_the_key_figures_that_nbval_compares():
    source, shown = pairs()[0].values
    assert printed(shown, "acquisition-key") == printed(source, "acquisition-key") != ""


def test_the_shown_sitting_has_the_figures_of_the_tables():
    teaching, needed = ROOT / "data" / "teaching", ["customer_id", "ordered_on", "amount"]
    log = pd.read_csv(teaching / "transactions.csv", usecols=needed, parse_dates=["ordered_on"])
    index = pd.read_csv(teaching / "price_index.csv", parse_dates=["month"]).set_index("month")["index"]
    log = log[log["ordered_on"] > "2025-06-30"]
    month = log["ordered_on"].dt.to_period("M").dt.to_timestamp()
    real = (log["amount"] * index.iloc[-1] / month.map(index)).groupby(log["customer_id"]).sum().sort_values()
    share = real.tail(len(real) // 5).sum() / real.sum()
    said = f"The largest {len(real) // 5:,} of {len(real):,} customers bring {share:.2f} of the revenue.\n"
    assert printed(pairs()[1].values[1], "fifth") == said


def test_the_exercises_of_the_shown_sitting_are_open():
    cells = [cell for cell in nbformat.read(pairs()[1].values[1], 4).cells if "answer" in cell.metadata.get("tags", [])]
    assert len(cells) == 5
    for cell in cells:
        assert "= ...\n" in cell.source
        assert cell.outputs[0].data["text/plain"].startswith("… Not begun")


@pytest.mark.study
@pytest.mark.parametrize(("source", "shown"), pairs())
def test_docs_made_anew_say_the_same(source, shown):
    """Pictures are left out: they may differ with the version of the library that draws them."""
    again = make().executed(nbformat.read(source, 4), source.parent)
    said = [[[output.get("text"), {kind: text for kind, text in output.get("data", {}).items() if kind != "image/png"}]
             for cell in notebook.cells for output in cell.get("outputs", [])]
            for notebook in (again, nbformat.read(shown, 4))]  # fmt: skip
    assert said[0] == said[1]


# The teacher's page


@pytest.mark.parametrize("name", ["ninety-minutes", "sheets"])
def test_a_printed_page_is_that_of_the_text(name):
    """Run `make docs` where it is not."""
    assert (DOCS / f"{name}.html").read_text("utf-8") == make().sheet(text_of(f"docs/{name}.md"))


def test_the_minutes_of_a_sitting_are_ninety():
    spans = re.findall(r"^\| (\d+)-(\d+) \|", text_of("docs/ninety-minutes.md"), flags=re.M)
    assert [int(span[0]) for span in spans] == [0, *(int(span[1]) for span in spans[:-1])]
    assert spans[-1][1] == "90"


@pytest.mark.parametrize(
    ("name", "said"),
    [("ninety-minutes", ["Afterwards"]), ("sheets", ["Whose score moves", "6c-2", "Sum, of 25"])],
)
def test_each_of_the_teachers_sheets_prints_on_one_page(browser, name, said):
    from pypdf import PdfReader

    tab = browser.new_page()
    tab.goto((DOCS / f"{name}.html").as_uri())
    pages = PdfReader(BytesIO(tab.pdf(format="A4", prefer_css_page_size=True))).pages
    tab.close()
    assert len(pages) == len(said)
    for page, words in zip(pages, said, strict=True):
        assert words in page.extract_text()


# Plain tools


@pytest.fixture
def cut(tmp_path):
    """The first section of the retention report, then two cells that nbval compares: what is printed, and it moved."""
    notebook = nbformat.read(ROOT / "notebooks" / "reports" / "retention.ipynb", 4)
    notebook.cells = notebook.cells[:5]
    for stored in ("2026-06-30 0.404", "2026-06-30 0.405"):
        figure = 'print(f"{firm.as_of:%Y-%m-%d} {churn.figures()[0].value:.3f}")'
        outputs = [nbformat.v4.new_output("stream", text=f"{stored}\n")]
        notebook.cells.append(nbformat.v4.new_code_cell(figure, execution_count=1, outputs=outputs))
    path = tmp_path / "retention.ipynb"
    nbformat.write(notebook, path)
    return path


def tool(start, notebook, out):
    """Run the command of reports/README.md that begins so, on another notebook; what it says, and its exit code."""
    line = re.search(rf"^({start} .*?)  +#", text_of("reports/README.md"), flags=re.M)[1]
    line = line.replace("notebooks/reports/retention.ipynb", str(notebook)).replace("out.ipynb", str(out))
    words = shlex.split(line)
    command = {"jupyter": ["-m", "jupyter"], "papermill": ["-m", "papermill"], "pytest": ["-m", "pytest"]}[words[0]]
    done = subprocess.run([sys.executable, *command, *words[1:]], cwd=ROOT, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=300)  # fmt: skip
    return done.stdout + done.stderr, done.returncode


def test_papermill_and_nbconvert_run_a_report_as_it_is(cut, tmp_path):
    out = tmp_path / "out.ipynb"
    assert tool("papermill", cut, out)[1] == 0
    day, churn = nbformat.read(out, 4).cells[-1].outputs[0].text.split()
    assert day == "2026-03-31"
    assert 0 < float(churn) < 1
    assert tool("jupyter nbconvert", cut, out)[1] == 0
    page = out.with_suffix(".html").read_text("utf-8")
    assert "did not buy again" in html.unescape(page)
    assert "<svg" in page


def test_plain_nbval_runs_a_report_and_sees_a_figure_that_moved(cut):
    said, code = tool("pytest", cut, "")
    assert code == 1
    assert "1 failed, 4 passed" in said
    assert "Cell 4" in said
