"""An executed notebook as one HTML file that needs nothing but itself.

The sections of the notebook become those of the page: figures, tables and sentences stay, the code of a section is
folded behind them. No script, no address outside the file, and a content-security policy that allows neither.
"""

import json
import re

from portfoy.report import look, tiles
from portfoy.report.prose import Prose, anchor, shown
from portfoy.words import style

# Cells that a page leaves out: an error, which it says in its own words, and key figures, which nbval compares.
HIDDEN = {"papermill-error-cell-tag", "nbval-check-output"}


def make_page(result, *, title, as_of, source, currency, provenance, run, changes=None):
    """The HTML of one executed notebook, a run.Result.

    At its foot stands `provenance`, (name, value) each; the record of the `run` is carried in it as JSON. `changes`
    since the report before it are as changes.changes gives them.
    """
    return look.render(
        "page.html.j2",
        title=title,
        as_of=style.day(as_of),
        source=source,
        tiles=tiles.make_tiles(result.figures, currency, changes, as_of=as_of),
        sections=_sections(_cells_run(result.notebook)),
        failure="" if result.status == "ok" else f"{result.status}: {result.error}",
        provenance=provenance,
        record=_json(run),
    )


def _json(content):
    """JSON that cannot end the script element it stands in."""
    return json.dumps(content, ensure_ascii=False, default=str).replace("<", "\\u003c")


def _cells_run(notebook):
    """The cells up to the last one that was run, where the notebook came to a stop."""
    last = 0
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "code" and cell.source.strip():
            if cell.execution_count is None:
                return notebook.cells[: last + 1]
            last = number
    return notebook.cells


def _sections(cells):
    """The cells as sections of blocks; the title and the cells that were not run are left out."""
    prose = Prose()
    sections = [
        {"level": 1, "title": "", "id": "", "blocks": [], "code": [], "first": False, "finding": "", "nothing": False}
    ]
    for cell in cells:
        marked = HIDDEN & set(cell.metadata.get("tags", []))
        if cell.cell_type == "markdown" and not marked:
            _add_markdown(sections, cell.source, prose, first="summary" in cell.metadata.get("tags", []))
        elif cell.cell_type == "code" and not marked:
            for block in filter(None, map(shown, cell.outputs)):
                _add_block(sections[-1], block)
            if cell.source.strip() and not set(cell.metadata.get("tags", [])) & {"parameters", "injected-parameters"}:
                sections[-1]["code"].append(cell.source)
    if len(sections) > 1:  # what opens the data is shown with the first section that uses them
        sections[1]["code"] = sections[0]["code"] + sections[1]["code"]
        sections[0]["code"] = []
    return _summary_first(sections)


def _add_block(section, block):
    """Put a block into its section; the finding of its first result is the heading, above it the question."""
    if block["kind"] == "result" and block["finding"] and not section["finding"]:
        section["nothing"] = block["finding"]["nothing"]
        section["finding"], block = block["finding"]["text"], {**block, "finding": None}
    section["blocks"].append(block)


def _summary_first(sections):
    """The sections whose heading carries the tag `summary`, and those below them, stand before all others."""
    opening, rest, inside = sections[:1], [], None
    for section in sections[1:]:
        if inside is None or section["level"] <= inside:
            inside = section["level"] if section["first"] else None
        (rest if inside is None else opening).append(section)
    return opening + rest


def _add_markdown(sections, text, prose, *, first):
    opening, _line, rest = text.partition("\n")
    heading = re.match(r"(#{1,3}) +(.+)", opening)
    if not heading:
        sections[-1]["blocks"].append({"kind": "html", "text": prose(text)})
        return
    level, title = len(heading[1]), heading[2].strip()
    if level > 1:
        identity = anchor(title)
        taken = {section["id"] for section in sections}
        identity = identity if identity not in taken else f"{identity}-{len(sections)}"
        about = {"level": level, "title": title, "id": identity, "first": first}
        sections.append({**about, "blocks": [], "code": [], "finding": "", "nothing": False})
    if rest.strip():
        sections[-1]["blocks"].append({"kind": "html", "text": prose(rest.strip())})
