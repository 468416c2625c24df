"""From the lessons as their author writes them to those that students get: answers become `...`, results go."""

import ast
import copy
import hashlib
import json
import re
import textwrap
from pathlib import Path

from portfoy.course import pages, quiz, terms
from portfoy.course.exercise import MINUTES
from portfoy.course.lessons import SITTINGS, WORKED, exercises_of, stem
from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.source.address import locate

OPEN, CLOSE = "# solution", "# end"
AUTHOR = {"solution", "nbval-check-output", "notes"}  # the author's alone: answers, figures for nbval, speaker notes
TERM = r"^> \*\*([^*\n]+)\*\*[^\n]*"  # a line that explains a new term
WORDS, LINE, LOOK = 150, 10 / 60, 20 / 60  # words a minute; minutes for a line of code, and to look at what it shows
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
    return stem(said["sitting"]) if said.get("sitting") in SITTINGS else _("a notebook without a sitting")


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


def written(notebook, glossary):
    """The notebook with the cells that the build writes: the same when they are written again.

    Those tagged ``about`` (title, picture, question, minutes), ``objectives``, ``quiz`` and ``sources``; and every line
    of Markdown that begins a new term, `> **top share**`, which gets its Turkish and Polish words and its definition.
    DataError where one of these cells is missing, or a term is not in the glossary.
    """
    made, said = copy.deepcopy(notebook), notebook.metadata["portfoy"]
    makers = {
        "about": lambda: pages.about_text(said, minutes(made), len(defined(made))),
        "objectives": lambda: pages.objectives_text(said),
        "quiz": lambda: quiz.shown(said["sitting"]),
        "sources": lambda: pages.sources_text(made),
    }
    for cell in made.cells:
        if cell.cell_type == "markdown" and "exercise" not in tags(cell):
            cell.source = re.sub(TERM, lambda found: pages.term_line(found[1], glossary), cell.source, flags=re.M)
    for tag, maker in reversed(makers.items()):  # the minutes count what the others hold
        cells = [cell for cell in made.cells if tag in tags(cell)]
        if len(cells) != 1 or cells[0].cell_type != "markdown":
            message = _("{name}: {n} Markdown cells are tagged {tag!r}. Tag one.")
            raise DataError(message.format(name=title(notebook), n=len(cells), tag=tag))
        cells[0].source = maker()
        if tag == "about":
            cells[0].attachments = {pages.PICTURE: {"image/png": pages.picture(said["sitting"])}}
    return made


def defined(notebook):
    """The terms that a notebook explains, in their order."""
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown" and "exercise" not in tags(cell)]
    return [term for text in texts for term in re.findall(TERM, text, flags=re.M)]


def minutes(notebook):
    """About how many minutes a sitting takes: words at 150 a minute, code at ten seconds a line, a look at what a cell
    shows at twenty seconds, and each kind of exercise as timed."""
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown" and not AUTHOR & tags(cell)]
    words = sum(len(re.findall(r"\S*\w\S*", re.sub(r"<[^>]*>", " ", text))) for text in texts)
    read = [cell for cell in notebook.cells if cell.cell_type == "code" and not tags(cell) & {"answer", *AUTHOR}]
    lines = sum(len(cell.source.splitlines()) for cell in read if not folded(cell))
    practised = sum(MINUTES[one.kind] for one in exercises_of(notebook.metadata["portfoy"]["sitting"]).values())
    return words / WORDS + lines * LINE + len(read) * LOOK + practised


def folded(cell):
    """Whether a cell's code is folded away."""
    return bool(cell.metadata.get("jupyter", {}).get("source_hidden"))


def tasks(notebook):
    """Exercise -> its ``task``, the ``code`` that solves it and the ``names`` that the answer is given by."""
    found = {}
    for before, cell in zip([None, *notebook.cells], notebook.cells, strict=False):
        asked = re.search(r"""pf\.check\(\s*["']([^"']+)["']""", cell.source) if "answer" in tags(cell) else None
        if asked:
            task = [part for part in before.source.split("\n\n") if not part.startswith("#")]
            task = [re.sub(r"(\*\*|\*)(\S|\S.*?\S)\1", r"\2", part, flags=re.S) for part in task]
            code = answer_of(cell.source)
            names = {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}
            stored = [name for name in sorted(names) if re.search(rf"^{name}\b[^=(]*=", code, flags=re.M)]
            found[asked[1]] = {"task": " ".join(" ".join(task).split()), "code": code, "names": stored}
    return found


def build(root=None):
    """Write the student editions, the index, the glossary, the worked solutions, and what the solutions get written.

    Gives the files that changed, relative to `root`, the folder that holds notebooks/ (else the project's own). Where a
    sitting cannot be made, or a student edition holds what somebody wrote into it, a DataError says so and nothing is
    written.
    """
    root = _root(root)
    changed = {path: text for path, text in contents(root).items() if _read(path) != text}
    for path in changed:
        if path.parent.name == "lessons" and path.exists() and not _as_made(read(path)):
            text = _("{path}: holds answers, or results. Move it away; to work, use: portfoy lessons start FOLDER")
            raise DataError(text.format(path=path.relative_to(root).as_posix()))
    for path, text in changed.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return [path.relative_to(root).as_posix() for path in changed]


def _mark(notebook):
    """What tells a notebook from one that somebody wrote into."""
    cells = [[cell.cell_type, cell.source, bool(cell.get("outputs"))] for cell in notebook.cells]
    return hashlib.sha256(json.dumps(cells).encode()).hexdigest()[:16]


def _as_made(notebook):
    """Whether a student edition is as the build left it."""
    return notebook.metadata.get("portfoy", {}).get("made") == _mark(notebook)


def stale(root=None):
    """The files that differ from what `build` would write, and editions without a solution; relative to `root`."""
    root = _root(root)
    made = contents(root)
    differ = [path for path, text in made.items() if _read(path) != text]
    orphans = [path for path in sorted((root / "notebooks" / "lessons").glob("*.ipynb")) if path not in made]
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


def contents(root):
    """Path -> text of every file that a build writes."""
    import nbformat

    folder, glossary = root / "notebooks", terms.glossary()
    paths = {sitting: folder / "solutions" / f"{stem(sitting)}.ipynb" for sitting in SITTINGS}
    found = {sitting: read(path) for sitting, path in paths.items() if path.is_file()}
    pages.check_about({sitting: one.metadata.get("portfoy", {}) for sitting, one in found.items()})
    made, solved = {}, {}
    for sitting, notebook in found.items():
        full = found[sitting] = written(notebook, glossary)
        solved |= tasks(full)
        edition = student(full)
        edition.metadata["portfoy"]["made"] = _mark(edition)
        for path, one in ((paths[sitting], full), (folder / "lessons" / paths[sitting].name, edition)):
            made[path] = re.sub(r"\n*\Z", "\n", nbformat.writes(one))
    made[folder / "README.md"] = index(root, found)
    made[folder / "GLOSSARY.md"] = pages.glossary_page(
        glossary, {sitting: (about_of(one), defined(one)) for sitting, one in found.items()}
    )
    made[root / "lib" / "portfoy" / "course" / WORKED.name] = json.dumps(solved, indent=1, ensure_ascii=False) + "\n"
    return made


def about_of(notebook):
    """What a sitting says of itself, with its ``minutes``."""
    return {**notebook.metadata["portfoy"], "minutes": minutes(notebook)}


def index(root, notebooks=None):
    """The text of the index page for the sittings and reports in a project."""
    folder = Path(root) / "notebooks"
    if notebooks is None:
        paths = {sitting: folder / "solutions" / f"{stem(sitting)}.ipynb" for sitting in SITTINGS}
        notebooks = {sitting: read(path) for sitting, path in paths.items() if path.is_file()}
    reports = {path.stem for path in (folder / "reports").glob("*.ipynb")}
    return pages.index_page({sitting: about_of(one) for sitting, one in notebooks.items()}, reports)
