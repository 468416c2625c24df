"""One report and one sitting with their results, for pages that show a notebook without running it: `make docs`.

Such pages show Markdown, PNG, plain tables and text, and leave out styles, scripts and drawings in SVG. So a result is
shown here in several outputs: its finding and what follows from it, the chart as PNG, its tables, folded. Sources, ids
and tags of cells stay those of the notebooks in the repository, and nothing tells when or where they ran.
"""

import inspect
import os
import re
import tempfile
from pathlib import Path

import mistune
import nbformat
from nbclient import NotebookClient

from portfoy.course.results import PLACE
from portfoy.report.kernels import OwnKernels

ROOT = Path(__file__).resolve().parent.parent
SHOWN = ("notebooks/reports/acquisition.ipynb", "notebooks/lessons/0b_how_much_rests_on_few.ipynb")
SHEETS = ("ninety-minutes", "sheets")  # for the teacher: written as .md, printed from .html
PAPER = """@page { size: A4; margin: 13mm }
body { font: 9.5pt/1.3 Arial, Helvetica, sans-serif; color: #1d2935; max-width: 184mm; margin: auto }
h1 { font-size: 16pt; margin: 0 } h1:not(:first-of-type) { break-before: page }
h2 { font-size: 11.5pt; margin: 3mm 0 .5mm } p { margin: 1.5mm 0 }
table { border-collapse: collapse; width: 100% } thead th { font-size: 8.5pt; color: #5a6570 }
th, td { text-align: left; vertical-align: top; padding: .7mm 3mm .9mm 0; border-bottom: .2mm solid #bbb }
th:first-child, td:first-child { white-space: nowrap; width: 1% } code { font-size: 8.5pt } a { color: inherit }
td:empty { height: 7mm }"""


def show(result):
    """Show a result in the kernel, in outputs that a page without styles understands."""
    from html import escape

    import matplotlib.pyplot as plt
    from IPython.display import display

    from portfoy.words import figure

    def part(kind, shown, text, **about):
        display({kind: shown, "text/plain": text}, metadata={kind: about}, raw=True)

    found, chart, tables = result.finding(), result.plot(), result._tables()
    words = [f"### {found.text}" if found else "", str(result.reading()), f"*{chart.get_label()}*" if chart else ""]
    part("text/markdown", "\n\n".join(filter(None, words)), "\n".join(filter(None, words)))
    if chart:
        png, about = figure.picture(chart.figure)
        part("image/png", png, chart.figure.get_label(), **about)
        plt.close(chart.figure)
    folded = [(table.caption, table.html(), repr(table)) for table in tables]
    folded += [("How this was computed", f"<p>{escape(str(result.method()))}</p>", str(result.method()))]
    for name, inside, text in folded:
        part("text/html", f"<details><summary>{escape(name)}</summary>{inside}</details>", text)


def executed(notebook, folder):
    """The notebook with its results, run in its folder."""
    first = "from portfoy.words.result import Result\n" + inspect.getsource(show)
    first += "\nget_ipython().display_formatter.ipython_display_formatter.for_type(Result, show)"
    notebook.cells.insert(0, nbformat.v4.new_code_cell(first))
    with tempfile.TemporaryDirectory(prefix="portfoy-") as aside:
        environment = {**os.environ, PLACE: str(Path(aside) / "progress.json")}
        about = {"resources": {"metadata": {"path": str(folder)}}, "record_timing": False}
        NotebookClient(notebook, kernel_manager_class=OwnKernels, **about).execute(env=environment)
    del notebook.cells[0]
    for count, cell in enumerate((cell for cell in notebook.cells if cell.cell_type == "code"), start=1):
        cell.execution_count = count
        for output in cell.outputs:
            if "data" in output:
                output.data = bare(output.data)
            if output.output_type == "execute_result":
                output.execution_count = count
    return notebook


def bare(data):
    """Of what an output holds, what a page without styles shows: Markdown, the picture, the table, or the text."""
    html = re.sub(r"<style.*?</style>|<figcaption>.*?</figcaption>", "", data.get("text/html", ""), flags=re.S)
    html = re.sub(r' (class|style|tabindex|border|scope)="[^"]*"|</?(figure|div)[^>]*>', "", html)
    if "pf-check" in data.get("text/html", ""):
        best = {"text/markdown": f"> {data['text/plain']}"}
    elif "image/png" in data or "text/markdown" in data:
        best = {kind: data[kind] for kind in ("text/markdown", "image/png") if kind in data}
    else:
        best = {"text/html": html} if "<table" in html or "<details" in html else {}
    return {**best, "text/plain": data["text/plain"]}


def sheet(text):
    """A text as HTML to print: each heading of the first order begins a page."""
    body = mistune.create_markdown(plugins=["table"])(text)
    title = text.partition("\n")[0].removeprefix("# ")
    head = f'<html lang="en"><meta charset="utf-8"><title>{title}</title>\n<style>{PAPER}</style>'
    return f"<!doctype html>\n{head}\n{body}</html>\n"


if __name__ == "__main__":
    for name in SHEETS:
        text = (ROOT / "docs" / f"{name}.md").read_text("utf-8")
        (ROOT / "docs" / f"{name}.html").write_text(sheet(text), encoding="utf-8", newline="\n")
    for name in SHOWN:
        target = ROOT / "docs" / Path(name).name
        made = executed(nbformat.read(ROOT / name, as_version=4), (ROOT / name).parent)
        target.write_text(nbformat.writes(made) + "\n", encoding="utf-8", newline="\n")
        print(target.relative_to(ROOT), f"{target.stat().st_size / 1000:.0f} kB")
