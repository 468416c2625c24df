"""The house style of notebooks, read from the files; that they run is for test_report.py and test_lessons.py."""

import ast
import json
import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parent.parent
REPORTS = sorted((ROOT / "notebooks" / "reports").glob("*.ipynb"))
SOLUTIONS = sorted((ROOT / "notebooks" / "solutions").glob("*.ipynb"))
ALL = sorted(path for path in (ROOT / "notebooks").rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)

CODE_LINES, FOLDED = 12, 20
DEF_LINES = 3
MARKDOWN_WORDS, SITTING_WORDS = 80, 320  # a sitting is bounded by its cells and minutes, in test_lessons.py
BUILT = {"about", "quiz", "key-points"}  # lists


def named(paths):
    """Parameters for pytest, named by the notebook."""
    return [pytest.param(path, id=path.relative_to(ROOT / "notebooks").as_posix()) for path in paths]


def cells_of(path, kind=None):
    """(number, cell) of the notebook, cells counted from 1 as a reader counts them; the source as one text."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    numbered = [(number, {**cell, "source": "".join(cell["source"])}) for number, cell in enumerate(cells, start=1)]
    return [(number, cell) for number, cell in numbered if kind in (None, cell["cell_type"])]


def syntax_of(source):
    """The cell's Python; lines for the shell or for IPython's magic are left out."""
    if source.startswith("%%"):
        return ast.parse("")
    return ast.parse(re.sub(r"^(\s*)[%!?].*$", r"\1pass", source, flags=re.M))


def markdown_text(source):
    """The cell without its fenced code."""
    return re.sub(r"^```.*?^```[^\n]*$", "", source, flags=re.M | re.S)


# What a code cell may not hold: each yields one sentence per finding


def too_many_lines(source):
    lines = [line for line in source.splitlines() if line.strip()]
    if len(lines) > CODE_LINES:
        yield f"{len(lines)} lines of code; at most {CODE_LINES}, aim at 5: split the cell or move work into portfoy"


def forbidden_imports(source):
    if re.search(r"^\s*%run\b", source, flags=re.M):
        yield "%run; import from portfoy instead"
    for node in ast.walk(syntax_of(source)):
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
            yield f"star import from {node.module}; name what is used"


def long_definitions(source):
    for node in ast.walk(syntax_of(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.end_lineno - node.lineno >= DEF_LINES:
            yield f"def {node.name} is longer than {DEF_LINES} lines; move it into portfoy"


def silenced_warnings(source):
    for node in ast.walk(syntax_of(source)):
        name = getattr(node, "attr", None) or getattr(node, "id", None) or getattr(node, "name", None)
        if name in {"filterwarnings", "simplefilter", "catch_warnings"}:
            yield f"{name}; mend the cause of the warning instead"
    if re.match(r"%%capture\b", source):
        yield "%%capture; mend the cause of the output instead"


def bad_parameters(source):
    """A parameters cell: `name: type = value  # help with unit`, one a line, the value a literal."""
    for line in source.splitlines():
        node = next(iter(ast.parse(line).body), None)
        if not (isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value):
            yield f"{line!r} is not `name: type = value  # help with unit`"
            continue
        try:
            ast.literal_eval(node.value)
        except ValueError:
            yield f"{line!r}: the value must be a literal, it is read without running the notebook"
        if not re.fullmatch(r"  # \S.*", line[node.end_col_offset :]):
            yield f"{line!r} ends without `  # help with unit`"


CODE_RULES = [too_many_lines, forbidden_imports, long_definitions, silenced_warnings]


# The notebooks


def test_there_is_a_report_notebook():
    assert REPORTS, "notebooks/reports holds no notebook; `make report` has nothing to run"


@pytest.mark.parametrize("path", named(ALL))
def test_notebook_is_valid_and_its_cells_have_ids(path):
    ids = [cell.get("id") for _, cell in cells_of(path)]
    assert all(ids), "some cells have no id; save the notebook once with JupyterLab 4 (nbformat 4.5)"
    assert len(set(ids)) == len(ids), "two cells share an id"
    nbformat.validate(nbformat.read(path, as_version=nbformat.NO_CONVERT))


@pytest.mark.parametrize("path", named(REPORTS))
def test_report_notebook_is_stored_without_results(path):
    code = [(number, cell) for number, cell in cells_of(path, "code") if not compared(cell)]
    run = [number for number, cell in code if cell["outputs"] or cell["execution_count"] is not None]
    assert not run, f"clear outputs and counts of cells {run}: jupyter nbconvert --clear-output --inplace {path.name}"


def compared(cell):
    """Whether nbval compares what the cell shows with what is stored."""
    return "nbval-check-output" in cell["metadata"].get("tags", [])


@pytest.mark.parametrize("path", named([*REPORTS, *SOLUTIONS]))
def test_notebook_stores_its_key_figures(path):
    """Three to five lines of text that a run is compared with, so that a number that moves is seen."""
    (cell,) = [cell for _, cell in cells_of(path, "code") if compared(cell)]
    (output,) = cell["outputs"]
    assert output["output_type"] == "stream"
    assert 3 <= len("".join(output["text"]).splitlines()) <= 5


@pytest.mark.parametrize("path", named(REPORTS))
def test_report_notebook_declares_its_parameters(path):
    tagged = [cell["source"] for _, cell in cells_of(path, "code") if "parameters" in cell["metadata"].get("tags", [])]
    assert len(tagged) == 1, f"exactly one code cell carries the tag `parameters`; here {len(tagged)}"
    assert list(bad_parameters(tagged[0])) == []


def exempt(cell):
    """Parameters stand one a line, as do imports; a lesson's machinery is folded away, and may be a little longer."""
    folded = cell["metadata"].get("jupyter", {}).get("source_hidden") and len(cell["source"].splitlines()) <= FOLDED
    return folded or "parameters" in cell["metadata"].get("tags", []) or "pf.lesson(" in cell["source"]


@pytest.mark.parametrize("path", named(ALL))
def test_code_cells_keep_the_house_rules(path):
    found = [
        f"cell {number}: {finding}"
        for number, cell in cells_of(path, "code")
        for rule in CODE_RULES
        if not (rule is too_many_lines and exempt(cell))
        for finding in rule(cell["source"])
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("path", named(ALL))
def test_markdown_cells_are_short(path):
    words = {
        number: len(re.findall(r"\S*\w\S*", cell["source"]))
        for number, cell in cells_of(path, "markdown")
        if not BUILT & set(cell["metadata"].get("tags", []))
    }
    most = MARKDOWN_WORDS if path in REPORTS else SITTING_WORDS
    long = {number: count for number, count in words.items() if count > most}
    assert not long, f"at most {most} words in a markdown cell; words by cell number: {long}"


@pytest.mark.parametrize("path", named(ALL))
def test_notebook_has_one_title(path):
    text = "\n".join(markdown_text(cell["source"]) for _, cell in cells_of(path, "markdown"))
    titles = re.findall(r"^#\s+.*$", text, flags=re.M)
    assert len(titles) == 1, f"one h1 a notebook; here {titles}"


# The rules themselves


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (too_many_lines, "x = 1\n" * 13),
        (forbidden_imports, "%run other.ipynb"),
        (forbidden_imports, "from pandas import *"),
        (long_definitions, "def f(x):\n    x = x + 1\n    x = x + 2\n    return x"),
        (silenced_warnings, "import warnings\nwarnings.filterwarnings('ignore')"),
        (silenced_warnings, "from warnings import simplefilter"),
        (silenced_warnings, "%%capture\nf()"),
        (bad_parameters, "horizon = 12  # months"),
        (bad_parameters, "horizon: int = 12"),
        (bad_parameters, "horizon: int = 2 * months()  # months"),
        (bad_parameters, "# months"),
    ],
)
def test_rule_notices(rule, source):
    assert len(list(rule(source))) == 1


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (too_many_lines, "x = 1\n\n" * 12),
        (forbidden_imports, "%matplotlib inline\nimport portfoy as pf"),
        (long_definitions, "def f(x):\n    x = x + 1\n    return x"),
        (silenced_warnings, "warnings = pf.quality(tables)"),
        (bad_parameters, 'as_of: str = ""  # date, last one in the data when empty\nyears: float = -1.5  # years'),
    ],
)
def test_rule_lets_good_cells_pass(rule, source):
    assert list(rule(source)) == []
