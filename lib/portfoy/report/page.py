"""An executed notebook as one HTML file that needs nothing but itself.

The sections of the notebook become those of the page: figures, tables and sentences stay, the code of a section is
folded behind them. No script, no address outside the file, and a content-security policy that allows neither.
"""

import json
import re
from importlib.resources import files
from pathlib import Path

from portfoy import style
from portfoy.locale import _
from portfoy.report import record


def words():
    """The page's own words."""
    return {
        "as_of": _("as of"),
        "contents": _("Contents"),
        "code": _("How this was computed"),
        "failed": _("This report did not finish. What there is of it follows."),
        "missing": _("Cannot be computed:"),
        "provenance": _("Where this comes from"),
        "skip": _("Skip to the content"),
    }


def titles():
    """The title of each stage's page."""
    return {
        "portfolio": _("Portfolio: what do we have?"),
        "selection": _("Selection: who is the most profitable customer?"),
        "acquisition": _("Acquisition: how do we sell most effectively?"),
        "retention": _("Retention: how long do customers stay?"),
        "deepening": _("Deepening: how do loyalty and spending grow?"),
        "monitoring": _("Monitoring: what has changed?"),
    }


def headlines():
    """What headline figures are called, by the name under which notebooks record them."""
    return {
        "customers": _("Customers"),
        "revenue": _("Revenue so far"),
        "repeat_share": _("Bought more than once"),
        "top_share": _("Revenue from the top 20%"),
        "active": _("Still active, estimated"),
        "expected_value": _("Expected value ahead"),
    }


def tiles(figures, currency):
    """Headline figures in words: label, value, interval, note."""
    known = headlines()
    found = []
    for figure in figures:
        write = _writer(figure["unit"], currency)
        interval = ""
        if figure["low"] is not None and figure["high"] is not None:
            interval = style.between(figure["low"], figure["high"], write)
        label = figure["label"] if figure["label"] != figure["name"] else known.get(figure["name"], figure["name"])
        found.append({"label": label, "value": write(figure["value"]), "interval": interval, "note": figure["note"]})
    return found


def _writer(unit, currency):
    return {
        "money": lambda value: style.money(value, currency, compact=True),
        "share": style.share,
        "number": lambda value: style.number(value, 2),
        "points": lambda value: style.number(value, 1),
    }.get(unit, style.number)


def make_page(result, *, title, as_of, source, currency, language, provenance, run):
    """The HTML of one executed notebook.

    Parameters
    ----------
    result : run.Result
    title, as_of, source, currency, language : texts
    provenance : list of (name, value) shown at the foot
    run : dict, carried in the page as JSON

    Returns
    -------
    text
    """
    from nbconvert.exporters import HTMLExporter

    page = {
        "title": title,
        "as_of": as_of,
        "source": source,
        "language": language,
        "words": words(),
        "style": files("portfoy.report").joinpath("page.css").read_text(encoding="utf-8"),
        "tiles": tiles(result.figures, currency),
        "sections": _sections(result.notebook),
        "failure": "" if result.status == "ok" else f"{result.status}: {result.error}",
        "provenance": provenance,
        "record": _json(run),
    }
    exporter = HTMLExporter(template_name="portfoy", extra_template_basedirs=[str(Path(__file__).parent / "templates")])
    html, _resources = exporter.from_notebook_node(result.notebook, resources={"page": page})
    return html


def _json(content):
    """JSON that cannot end the script element it stands in."""
    return json.dumps(content, ensure_ascii=False, default=str).replace("<", "\\u003c")


def _sections(notebook):
    """The notebook as sections of blocks; the title and the cells that were not run are left out."""
    sections = [{"level": 1, "title": "", "id": "", "blocks": [], "code": []}]
    for cell in notebook.cells:
        marked = "papermill-error-cell-tag" in cell.metadata.get("tags", [])  # the page says it in its own words
        skipped = marked or cell.metadata.get("portfoy", {}).get("skipped")
        if cell.cell_type == "markdown" and not skipped:
            _add_markdown(sections, cell.source)
        elif cell.cell_type == "code" and not skipped:
            missing = cell.metadata.get("portfoy", {}).get("missing")
            if missing:
                sections[-1]["blocks"].append({"kind": "missing", "text": missing})
            sections[-1]["blocks"] += [block for output in cell.outputs if (block := _block(output))]
            if cell.source.strip() and not set(cell.metadata.get("tags", [])) & {"parameters", "injected-parameters"}:
                sections[-1]["code"].append(cell.source)
    if len(sections) > 1:  # what opens the data is shown with the first section that uses them
        sections[1]["code"] = sections[0]["code"] + sections[1]["code"]
        sections[0]["code"] = []
    return sections


def _add_markdown(sections, text):
    first, _line, rest = text.partition("\n")
    heading = re.match(r"(#{1,3}) +(.+)", first)
    if not heading:
        sections[-1]["blocks"].append({"kind": "markdown", "text": text})
        return
    level, title = len(heading[1]), heading[2].strip()
    if level > 1:
        identity = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or f"section-{len(sections)}"
        taken = {section["id"] for section in sections}
        identity = identity if identity not in taken else f"{identity}-{len(sections)}"
        sections.append({"level": level, "title": title, "id": identity, "blocks": [], "code": []})
    if rest.strip():
        sections[-1]["blocks"].append({"kind": "markdown", "text": rest.strip()})


def _block(output):
    """What an output shows, or None."""
    if output.output_type == "stream":
        return {"kind": "text", "text": output.text}
    if output.output_type == "error":
        lines = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(output.traceback)).splitlines()
        return {"kind": "error", "text": "\n".join(lines[-8:])}
    data = output.data
    if {record.FIGURE, record.EXPECT, record.ACTIONS} & set(data):
        return None
    if "text/html" in data:
        return {"kind": "html", "text": re.sub(r"<style>.*?</style>", "", data["text/html"], flags=re.DOTALL)}
    if "image/png" in data:
        about = output.metadata.get("image/png", {})
        alt = about.get("alt") or _("Chart without a description")
        return {
            "kind": "picture",
            "text": data["image/png"].strip(),
            **{"width": None, "height": None, **about},
            "alt": alt,
        }
    text = data.get("text/plain", "")
    return None if text.startswith("<Axes") else {"kind": "text", "text": text}
