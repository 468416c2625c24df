"""An executed notebook as one HTML file that needs nothing but itself.

The sections of the notebook become those of the page: six at most stand open, the others below them in one line each;
tables, method and code of a section are folded behind it. No script, no address outside the file, and a
content-security policy that allows neither.
"""

import json
import re
from urllib.parse import quote

from portfoy.report import figures, look, message, overview
from portfoy.report.prose import Prose, anchor, reasons, shown
from portfoy.words import style
from portfoy.words.stages import CARD, title

# Cells that a page leaves out: an error, which it says in its own words, and key figures, which nbval compares.
HIDDEN = {"papermill-error-cell-tag", "nbval-check-output"}
OPEN = 6


def make_page(run, stage, made, brand=None):
    """The HTML of one report: its `stage` in the record of the `run`, which is carried in it, and its `sections`."""
    found = message.findings([stage])
    heading, named, card = message.heading(found[:1]), title(stage["stage"]), stage["stage"] == CARD
    before, rows = (stage.get("changes") or {}).get("before"), figures.rows(run, [stage])
    return look.render(
        "page.html.j2",
        brand=brand,
        title=f"{figures.short_title(stage)}, {style.day(run['as_of'])} – {run['source']}",
        heading=heading or named,
        about=[*filter(None, [heading and not card and named, figures.settled(stage)]), *overview.about(run)],
        name=figures.short_title(stage),
        day=style.day(run["as_of"]),
        sisters=[(quote(one["page"]), figures.short_title(one)) for one in run["stages"] if one is not stage],
        before=before and (quote(f"../{before['folder']}/{before['page']}"), style.day(before["as_of"])),
        workbook=quote(run.get("workbook") or ""),
        cards=(run.get("carded") or {}).get("page"),
        card=card,  # its one finding is the heading, and its first screen the card itself
        happened=[] if card else message.happened(found, heading, page=False, short=True),
        todo=message.to_do(message.todo([stage]), page=False),
        rows=rows,
        figures_title=overview.figures_title(rows),
        sections=made,
        failure="" if stage["status"] == "ok" else f"{stage['status']}: {stage['error']}",
        provenance=overview.provenance(run, [stage]),
        record=_json({**run, "stages": [stage]}),
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


def sections(notebook, lists=None, files=None):
    """The cells of an executed notebook as sections of blocks; those that were not run are left out.

    A section is a dict of ``title`` (the question), ``id``, ``finding`` (None without), ``blocks``, ``code``; ``also``:
    it stands folded, for it found nothing, ``lacks`` something, is tagged so, or six stand open. Each action has its
    ``path`` from `lists`, by its name, each table from `files`, by its HTML.
    """
    prose, found = Prose(), [_section("", "", ())]
    for cell in _cells_run(notebook):
        tags = set(cell.metadata.get("tags", []))
        if HIDDEN & tags:
            continue
        if cell.cell_type == "markdown":
            _add_markdown(found, cell.source, prose, tags)
        elif cell.cell_type == "code":
            for block in filter(None, map(shown, cell.outputs)):
                _add_block(found[-1], block)
            if cell.source.strip() and not tags & {"parameters", "injected-parameters"}:
                found[-1]["code"].append(cell.source)
    if len(found) > 1:  # what opens the data is shown with the first section that uses them
        found[1]["code"] = found[0]["code"] + found[1]["code"]
        found[0]["code"] = []
    opening, rest = found[:1], sorted(found[1:], key=lambda section: not section["first"])
    left = OPEN
    said = reasons(block["text"] for section in rest for block in section["blocks"] if block["kind"] == "missing")
    for block in (block for section in found for block in section["blocks"] if block["kind"] == "result"):
        placed(block.get("actions", []), "name", lists or {})
        placed(block["tables"], "html", files or {})
    for section in rest:
        kinds = {block["kind"] for block in section["blocks"]}
        if "missing" in kinds and kinds <= {"missing", "html"}:
            section["lacks"] = next(said[block["text"]] for block in section["blocks"] if block["text"] in said)
        section["also"] = any([section["also"], section["lacks"], (section["finding"] or {}).get("nothing"), not left])
        left -= not section["also"]
    return opening + rest


def placed(things, key, paths):
    """Give each list or table the ``path`` of its file."""
    for thing in things:
        thing["path"] = quote(paths.get(thing[key], ""))


def lead_to_cards(made, cards):
    """In the sections of a page, link each id in a table, and each list, to the `cards` (customer_id -> path)."""
    for block in (block for section in made for block in section["blocks"] if block["kind"] == "result"):
        for table in block["tables"]:
            table["html"] = linked(table, cards)
        for action in block.get("actions", []):
            if cards and action["path"] and "customer_id" in action["columns"]:
                action["cards"] = f"customers/index.html#{action['path']}"


def linked(table, cards, up=""):
    """The HTML of a table in which the id of each customer with a card leads to it."""
    if "customer_id" not in table["columns"]:
        return table["html"]
    place = table["columns"].index("customer_id")
    paths = (cards.get(row[place]) for row in table["rows"])

    def cell(found):
        path = next(paths)
        return f'<td class="who"><a href="{up}{path}">{found[1]}</a></td>' if path else found[0]

    return re.sub(r'<td class="who">(.*?)</td>', cell, table["html"], flags=re.DOTALL)


def _section(title, identity, tags):
    about = {"title": title, "id": identity, "first": "summary" in tags, "also": "also" in tags, "lacks": ""}
    return {**about, "finding": None, "blocks": [], "code": []}


def _add_block(section, block):
    """Put a block into its section; the finding of its first result is the heading, above it the question."""
    if block["kind"] == "result" and block["finding"] and not section["finding"]:
        section["finding"], block = block["finding"], {**block, "finding": None}
    section["blocks"].append(block)


def _add_markdown(found, text, prose, tags):
    opening, _line, rest = text.partition("\n")
    heading = re.match(r"(#{1,3}) +(.+)", opening)
    if not heading:
        found[-1]["blocks"].append({"kind": "html", "text": prose(text)})
        return
    title = heading[2].strip()
    if len(heading[1]) > 1:
        identity = anchor(title)
        taken = {section["id"] for section in found}
        found.append(_section(title, identity if identity not in taken else f"{identity}-{len(found)}", tags))
    if rest.strip():
        found[-1]["blocks"].append({"kind": "html", "text": prose(rest.strip())})
