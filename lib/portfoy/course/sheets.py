"""An executed lesson as one HTML file that needs nothing but itself, and the answer key for the teacher."""

import ast
import atexit
import html
import os
import re
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from string import Template

from portfoy.course import capstone, editions
from portfoy.course.exercise import kind
from portfoy.course.lessons import CAPSTONE, SITTINGS, exercises_of, sitting_of, stem
from portfoy.course.results import PLACE
from portfoy.errors import DataError
from portfoy.locale import _, language
from portfoy.report.prose import Prose, shown
from portfoy.source import aside
from portfoy.words.result import section

CELL_SECONDS = 600
MISTAKES = 12  # of one exercise, in the key


def template(name, **content):
    """A page from a file in templates/; what it is given is HTML already."""
    return Template(resource("templates", name)).substitute(language=language(), **content)


def resource(folder, name):
    """The text of a file that is shipped with the course."""
    return files("portfoy.course").joinpath(folder, name).read_text(encoding="utf-8")


def execute(path):
    """The notebook with its results, run from top to bottom in a kernel of its own, in its own folder.

    A DataError names the cell that fails.
    """
    from jupyter_core.utils import ensure_event_loop
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    from portfoy.report.kernels import Kernels

    notebook = editions.read(path)
    with tempfile.TemporaryDirectory(dir=aside.folder()) as folder, ThreadPoolExecutor(1) as pool:
        environment = {PLACE: str(Path(folder) / "progress.json")}  # what the author solves is nobody's progress
        kernels = Kernels(Path(folder), isolated=True, threads=os.cpu_count() or 1, environment=environment)
        told = {"timeout": CELL_SECONDS, "resources": {"metadata": {"path": str(path.parent)}}}
        client = NotebookClient(notebook, km=kernels.manager(), **told)

        def run():
            with closing(ensure_event_loop()):
                client.execute(cleanup_kc=True)

        try:
            pool.submit(run).result()  # in a thread: nbclient would keep Ctrl-C from the command
        except CellExecutionError as error:
            outputs = ((cell.id, output) for cell in notebook.cells for output in cell.get("outputs", []))
            cell = next((name for name, output in outputs if output.output_type == "error"), "?")
            message = _("{path}, cell '{cell}': {name}: {value}. Mend it.")
            reason = (error.evalue.strip() or "-").splitlines()[0][:300].rstrip(".")
            raise DataError(message.format(path=path.name, cell=cell, name=error.ename, value=reason)) from None
        except (CellTimeoutError, DeadKernelError, RuntimeError) as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0][:300].rstrip(".")
            message = _("{path}: the kernel did not end: {reason}. Run it in JupyterLab.")
            raise DataError(message.format(path=path.name, reason=reason)) from None
        finally:
            kernels.close()
            atexit.unregister(client._cleanup_kernel)  # which nbclient leaves where a kernel did not start
    return notebook


def with_pictures(cell, prose, text=None):
    """The text of a cell as HTML, with the pictures that are attached to it inside."""
    made = prose((cell.source if text is None else text).replace("(attachment:", "(attached/"))
    for name, held in cell.get("attachments", {}).items():
        for form, data in held.items():
            made = made.replace(f'src="attached/{name}"', f'src="data:{form};base64,{data}"')
    return made


def lesson_prose():
    """Markdown to HTML for one page of a sitting; links to other sittings lead to their pages."""
    pages = {f"{stem(sitting)}.ipynb": f"{stem(sitting)}.html" for sitting in SITTINGS}
    return Prose(escape=False, address=lambda target: pages.get(target, target))


def code(source):
    """Python in colours, as HTML."""
    from nbconvert.filters.highlight import Highlight2HTML

    return Highlight2HTML()(source, language="python")


def output(given):
    """What an output shows as (kind, HTML), None where it shows nothing. Kinds: check, table, picture, text, html."""
    block = shown(given)
    if block is None:
        return None
    if block["kind"] == "result":
        return "html", section(block)
    if block["kind"] == "html":
        made = block["text"]
        if "<table" in made:
            made = made.replace("<th></th>", "<td></td>")  # pandas' corner: a head that says nothing
            return "table", f'<div class="scroll" tabindex="0">{made}</div>'
        return ("check" if 'class="pf-check"' in made else "html"), made
    if block["kind"] == "picture":
        size = f' width="{block["width"]}" height="{block["height"]}"' if block["width"] and block["height"] else ""
        image = f'<img src="data:image/png;base64,{block["text"]}" alt="{html.escape(block["alt"])}"{size}>'
        return "picture", f'<figure class="picture">{image}</figure>'
    return _text(block.get("short") or block["text"])


def _text(text):
    """Sentences as prose; what is laid out in columns as it stands."""
    text = text.strip("\n")
    if not text.strip():
        return None
    short = len(text) < 40 and not text.rstrip().endswith((".", "!", "?"))
    if short or re.search(r"\S {2,}\S|^ |\d\n\d", text, flags=re.M):
        return "text", f"<pre>{html.escape(text)}</pre>"
    return "text", "".join(f'<p class="said">{html.escape(line)}</p>' for line in text.splitlines() if line.strip())


def lesson_page(executed, *, teacher=False):
    """The HTML of an executed lesson: its prose, its code and what the code shows; the answers only for a teacher."""
    about = executed.metadata["portfoy"]
    notebook = executed if teacher else _unanswered(executed)
    prose, body = lesson_prose(), []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            body.append(with_pictures(cell, prose))
        elif cell.cell_type == "code" and cell.source.strip():
            body.append(code(cell.source))
            shown = [made for shown in cell.outputs if (made := output(shown))]
            body += [made for kind, made in shown if teacher or kind != "check"]  # what is solved, nobody has yet
    return _document(about["title"], body, prose)


def _unanswered(executed):
    """The lesson without its answers, and without what cells show that go on with them: a page, a truth opened."""
    made, answered = editions.without_answers(executed), set()
    was = {cell.id: cell.source for cell in executed.cells}
    for cell in made.cells:
        if cell.cell_type == "code":
            names = [one for one in ast.walk(ast.parse(_plain(cell.source))) if isinstance(one, ast.Name)]
            stored, used = ({one.id for one in names if isinstance(one.ctx, kind)} for kind in (ast.Store, ast.Load))
            if was[cell.id] != cell.source:
                answered |= stored
            elif used & answered - stored:
                cell.outputs = []
    return made


def _plain(source):
    """Python without the lines that only a notebook reads."""
    return "\n".join(line for line in source.splitlines() if not line.startswith(("%", "!")))


def _document(name, body, prose):
    links = "".join(f'<li><a href="#{name}">{text}</a></li>' for level, text, name in prose.headings if level == 2)
    return template(
        "page.html",
        title=html.escape(name),
        style=resource("templates", "page.css"),
        skip=_("Skip to the content"),
        contents=_("Contents"),
        links=links,
        body="\n".join(body),
    )


def key_page(solutions, progress=lambda stem: None):
    """The answer key: of each exercise the task, the author's answer and its number, known mistakes, hints; the quiz.

    Numbers are those of the data that the sitting opens. `progress` is called with the stem of each before it begins.
    """
    prose, firms = lesson_prose(), {}
    body = [prose(f"# {_('Answer key')}"), f"<p>{_('For teachers: not for students until they have tried.')}</p>"]
    with tempfile.TemporaryDirectory(dir=aside.folder()) as room:
        for notebook in solutions:
            about = notebook.metadata["portfoy"]
            progress(stem(about["sitting"]))
            firm = _firm(notebook, Path(room) / "capstone", firms)
            body.append(prose(f"## {about['sitting']}. {html.escape(about['title'])}"))
            for before, cell in zip([None, *notebook.cells], notebook.cells, strict=False):
                body += _key(cell, before, prose, firm)
    return _document(_("Answer key"), body, prose)


def _firm(notebook, own, firms):
    """The firm that a sitting opens, once of all in `firms`; the default company of the capstone is made at `own`."""
    from portfoy import firm

    if notebook.metadata["portfoy"]["sitting"] in CAPSTONE:
        firms[own] = firms.get(own) or capstone.own_company(own)
        return firms[own]
    sources = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    where = re.search(r"""^data = ["']([^"']+)["']""", sources, flags=re.M)
    if where and where[1] not in firms:
        firms[where[1]] = firm.open(where[1])
    return firms[where[1]] if where else None


def _key(cell, before, prose, firm):
    """What the key says of one cell: a list of HTML, empty for most."""
    marked = editions.tags(cell)
    asked = _asked(before, prose)
    if "answer" in marked:
        answer = f"<h4>{_('Answer')}</h4>"
        return [asked, answer, code(editions.answer_of(cell.source)), _known(cell.source, prose, firm)]
    if "solution" in marked:
        made = prose(cell.source) if cell.cell_type == "markdown" else code(cell.source)
        return [asked, f'<div class="model"><h4>{_("Model answer")}</h4>{made}</div>']
    if "notes" in marked:
        return [f'<div class="model"><h4>{_("Where people get stuck")}</h4>{prose(cell.source)}</div>']
    if "quiz" in marked:
        return [prose(_below(cell.source)).replace("<details>", "<details open>")]
    return []


def _asked(before, prose):
    """The statement of what a cell answers: the Markdown cell right before it."""
    if before is None or before.cell_type != "markdown" or "solution" in editions.tags(before):
        return ""
    return prose(_below(before.source))


def _below(source):
    """Headings of a cell as they stand below that of a lesson."""
    return re.sub(r"^#{1,3} ", "### ", source, flags=re.M)


def _known(source, prose, firm):
    """The number, the known mistakes and the hints of the exercise that a cell checks."""
    asked = re.search(r"""check\(\s*["']([^"']+)["']""", source)
    sitting = sitting_of(asked[1]) if asked else None
    known = exercises_of(sitting).get(asked[1]) if sitting else None
    if known is None:
        return ""
    parts = []
    if firm is not None and known.kind not in ("predict", "page"):
        parts.append(f"<p>{_('On these data: {value}.').format(value=html.escape(_short(known.right(firm))))}</p>")
        rows = {one.says: _short(one.value) for one in known.wrong(firm, 1)[:MISTAKES]}
        lines = "".join(f"<li>{html.escape(value)}: {prose(says)}</li>" for says, value in rows.items())
        parts.append(f"<h4>{_('Known mistakes')}</h4><ul>{lines}</ul>" if rows else "")
    lines = "".join(f"<li>{prose(hint)}</li>" for hint in known.hints())
    return "".join([*parts, f"<h4>{_('Hints, in this order')}</h4><ol>{lines}</ol>"])


def _short(value):
    """An answer in a few words."""
    if kind(value) == "number":
        return f"{value:,.6g}"
    if kind(value) == "series":
        return "; ".join(f"{label}: {_short(one)}" for label, one in value.head(6).items())
    if kind(value) == "table":
        return _("a table of {n} rows").format(n=len(value))
    return ", ".join(map(str, list(value)[:6])) if kind(value) == "list" else str(value)
