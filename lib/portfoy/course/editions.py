"""From the lessons as their author writes them to those that students get: answers become `...`, results go."""

import ast
import copy
import re
import textwrap
from pathlib import Path

from portfoy.course import pages, terms
from portfoy.course.lessons import LESSONS, about
from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.source.address import locate

OPEN, CLOSE = "# solution", "# end"
AUTHOR = {"solution", "nbval-check-output"}  # cells of the author alone: model answers, and figures that nbval compares
MACHINE = ("execution", "ExecuteTime", "collapsed", "scrolled", "papermill")  # what tools leave in a cell's metadata


def tags(cell):
    """The tags of a cell, as a set."""
    return set(cell.metadata.get("tags", []))


def student(notebook):
    """The student edition of a solution notebook: a copy with the same ids and tags of cells.

    Lines between ``# solution`` and ``# end`` are the author's: of an assignment its names stay, as ``name = ...``, any
    other statement goes, and one ``...`` stands where nothing is left. Cells tagged as `AUTHOR` go, and all results.

    DataError where a mark is not closed or not opened, or what stands between two is no Python.
    """
    made = without_answers(notebook)
    for cell in made.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        for name in MACHINE:
            cell.metadata.pop(name, None)
    made.metadata = {name: made.metadata[name] for name in ("kernelspec", "portfoy") if name in made.metadata}
    made.metadata["language_info"] = {"name": "python"}
    return made


def without_answers(notebook):
    """The notebook without what the author answered; results of other cells stay."""
    made, name = copy.deepcopy(notebook), title(notebook)
    made.cells = [cell for cell in made.cells if not AUTHOR & tags(cell)]
    for cell in made.cells:
        if cell.cell_type != "code":
            continue
        source = _opened(cell.source, where=_("{notebook}, cell '{cell}'").format(notebook=name, cell=cell.id))
        if source != cell.source or "answer" in tags(cell):
            cell.source, cell.outputs = source, []
    return made


def title(notebook):
    """What errors call a notebook: the name of its file where it is a lesson of ours."""
    said = notebook.metadata.get("portfoy", {})
    _number, stem = LESSONS.get(said.get("phase"), (None, said.get("title", _("a notebook without a title"))))
    return stem


def answer_of(source):
    """The author's lines in a cell: what stands between the marks."""
    lines, inside = [], False
    for line in source.splitlines():
        mark = line.strip()
        if mark in (OPEN, CLOSE):
            inside = mark == OPEN
        elif inside:
            lines.append(line)
    return textwrap.dedent("\n".join(lines)).strip()


def _opened(source, *, where):
    """The source with what stands between marks replaced."""
    kept, taken = [], None  # lines of the answer being read, None outside
    for line in source.splitlines():
        mark = line.strip()
        if mark == OPEN and taken is None:
            taken, indent = [], line[: len(line) - len(line.lstrip())]
        elif mark == CLOSE and taken is not None:
            kept += [indent + scaffold for scaffold in _scaffold("\n".join(taken), where)]
            taken = None
        elif mark == OPEN:
            raise DataError(_not_closed().format(where=where))
        elif mark == CLOSE:
            raise DataError(_("{where}: '# end' without '# solution'. Take it out.").format(where=where))
        else:
            (kept if taken is None else taken).append(line)
    if taken is not None:
        raise DataError(_not_closed().format(where=where))
    return "\n".join(kept)


def _not_closed():
    return _("{where}: '# solution' is not closed. Add '# end'.")


def _scaffold(answer, where):
    """The lines that stay of an answer."""
    try:
        statements = ast.parse(textwrap.dedent(answer)).body
    except SyntaxError as error:
        message = _("{where}: the answer is no Python: {reason}. Correct it.")
        raise DataError(message.format(where=where, reason=error.msg)) from None
    lines = []
    for statement in statements:
        line = _assigned(statement)
        if line and line not in lines:  # a name that is worked out in two steps stands once
            lines.append(line)
    return lines or ["..."]


def _assigned(statement):
    """`name = ...` for an assignment to names, `a, b = ..., ...` for one to several; else nothing."""
    if isinstance(statement, ast.AnnAssign) and statement.value is not None:
        targets = [statement.target]
    elif isinstance(statement, ast.Assign):
        targets = statement.targets
    else:
        return ""
    names = [[part.id for part in ast.walk(target) if isinstance(part, ast.Name)] for target in targets]
    plain = (ast.Name, ast.Tuple, ast.List, ast.Starred, ast.Store)
    if not all(isinstance(part, (*plain, ast.Load)) for target in targets for part in ast.walk(target)):
        return ""  # a column of a table, an attribute: there may be nothing yet to hold it
    width = max(map(len, names))
    left = [", ".join(group) for group in names]
    return " = ".join([*left, ", ".join(["..."] * width)])


def with_about(notebook):
    """The notebook with its `about` cell written from metadata.portfoy; the same when it is written again.

    DataError where there is not exactly one cell tagged `about`.
    """
    made = copy.deepcopy(notebook)
    cells = [cell for cell in made.cells if "about" in tags(cell)]
    if len(cells) != 1 or cells[0].cell_type != "markdown":
        message = _("{name}: {n} Markdown cells are tagged 'about'. Tag one, after the title.")
        raise DataError(message.format(name=title(notebook), n=len(cells)))
    cells[0].source = pages.about_text(made.metadata["portfoy"])
    return made


def build(root=None):
    """Write the student editions, the index and the glossary, and the `about` cells of the solutions.

    Gives the files that changed, relative to `root`, the folder that holds notebooks/ (else the project's own). Where a
    lesson cannot be made, a DataError says so and nothing is written.
    """
    root = _root(root)
    changed = {path: text for path, text in _contents(root).items() if _read(path) != text}
    for path, text in changed.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return [path.relative_to(root).as_posix() for path in changed]


def stale(root=None):
    """The files that differ from what `build` would write, and editions without a solution; relative to `root`."""
    root = _root(root)
    contents = _contents(root)
    differ = [path for path, text in contents.items() if _read(path) != text]
    orphans = [path for path in sorted((root / "notebooks" / "lessons").glob("*.ipynb")) if path not in contents]
    return [path.relative_to(root).as_posix() for path in [*differ, *orphans]]


def _root(root):
    return Path(root).resolve() if root is not None else locate("notebooks/solutions").parents[1]


def _read(path):
    try:
        return path.read_bytes().decode("utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        return None


def read(path):
    """A notebook, in the form that it is written in today; a DataError where the file is none."""
    import nbformat

    try:
        return nbformat.read(path, as_version=4)
    except (OSError, ValueError, nbformat.ValidationError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200].rstrip(".")
        message = _("{path}: is no notebook: {reason}. Save it in JupyterLab.")
        raise DataError(message.format(path=path, reason=reason)) from None


def _contents(root):
    """Path -> text of every file that a build writes."""
    import nbformat

    folder, glossary = root / "notebooks", terms.glossary()
    written = {phase: folder / "solutions" / f"{stem}.ipynb" for phase, (_number, stem) in LESSONS.items()}
    found = {phase: read(path) for phase, path in written.items() if path.is_file()}
    said = {phase: notebook.metadata.get("portfoy", {}) for phase, notebook in found.items()}
    pages.check_about({written[phase].name: one for phase, one in said.items()}, glossary)
    contents = {}
    for phase, notebook in found.items():
        full = with_about(notebook)
        for path, made in ((written[phase], full), (folder / "lessons" / written[phase].name, student(full))):
            contents[path] = re.sub(r"\n*\Z", "\n", nbformat.writes(made))
    contents[folder / "README.md"] = index(root)
    lessons = {phase: (written[phase].stem, one) for phase, one in said.items()}
    contents[folder / "GLOSSARY.md"] = pages.glossary_page(glossary, lessons)
    return contents


def index(root, *, teacher=True):
    """The text of the index page for the lessons and reports in a project."""
    folder = Path(root) / "notebooks"
    paths = {phase: folder / "solutions" / f"{stem}.ipynb" for phase, (_number, stem) in LESSONS.items()}
    lessons = {phase: (path.stem, about(path)) for phase, path in paths.items() if path.is_file()}
    reports = {path.stem for path in (folder / "reports").glob("*.ipynb")}
    return pages.index_page(lessons, reports, teacher=teacher)
