"""Where reports stand: one folder a run, published by one rename, and an index of all of them.

reports/<as_of>/            one run: a page and the executed notebook a stage, actions/, run.json
reports/<as_of>.2/          a second run of the same date; nothing is ever overwritten
reports/index.html          all runs, newest first
reports/latest.html         leads to the newest run in which every stage is ok
"""

import csv
import html
import json
import os
import re
import shutil
import uuid
from importlib.resources import files
from pathlib import Path

from portfoy.locale import _
from portfoy.report import page

BUILDING = ".building-"
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would take for the start of a formula


def start(root):
    """A fresh folder beside the runs, to build one in; remains of runs whose process is gone are cleared.

    Returns
    -------
    folder : Path
    cleared : int, remains found and removed
    """
    root.mkdir(parents=True, exist_ok=True)
    cleared = 0
    for remains in root.glob(f"{BUILDING}*"):
        process = remains.name.removeprefix(BUILDING).partition("-")[0]
        if not process.isdigit() or not _runs(int(process)):
            shutil.rmtree(remains, ignore_errors=True)
            cleared += 1
    folder = root / f"{BUILDING}{os.getpid()}-{uuid.uuid4().hex[:8]}"
    (folder / "notebooks").mkdir(parents=True)
    return folder, cleared


def _runs(process):
    import psutil

    return process != os.getpid() and psutil.pid_exists(process)


def write_actions(folder, lists):
    """Write each list as actions/<name>.csv; text that a spreadsheet would read as a formula gets a ' in front."""
    for actions in lists:
        (folder / "actions").mkdir(exist_ok=True)
        with (folder / "actions" / f"{actions['name']}.csv").open("w", newline="", encoding="utf-8-sig") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerows([[_inert(cell) for cell in row] for row in [actions["columns"], *actions["rows"]]])


def _inert(cell):
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def publish(building, root, as_of):
    """Give a finished run its place, by one rename; the folder's new path."""
    number = 1
    while True:
        target = root / (as_of if number == 1 else f"{as_of}.{number}")
        try:
            if not target.exists():
                return building.rename(target)
        except OSError:
            if not target.exists():  # not a second run that was faster, but a real obstacle
                raise
        number += 1


def runs(root):
    """The run.json of every published run, newest first, each with its ``folder``."""
    found = []
    for path in root.glob("*/run.json"):
        if not path.parent.name.startswith("."):
            found.append({**json.loads(path.read_text(encoding="utf-8")), "folder": path.parent.name})
    return sorted(found, key=lambda run: (run["as_of"], run["made_at"]), reverse=True)


def write_index(root, *, language="en"):
    """Write index.html and latest.html anew from the runs that are there; each by one replacement."""
    listed = runs(root)
    rows = "\n".join(_row(run) for run in listed)
    names = (_("As of"), _("Data"), _("Reports"), _("Headline figures"), _("Made"))
    heads = "".join(f'<th scope="col">{_e(name)}</th>' for name in names)
    body = f"""<header><h1>{_e(_("Reports"))}</h1>
<p>{_e(_("One row a run, the newest first. A second run of the same date has a number behind it."))}</p></header>
<main id="content"><div class="scroll"><table>
<thead><tr>{heads}</tr></thead>
<tbody>
{rows}
</tbody></table></div></main>"""
    _replace(root / "index.html", _document(_("Reports"), body, language))
    good = next((run for run in listed if all(stage["status"] == "ok" for stage in run["stages"])), None)
    if good:
        address = f"{good['folder']}/{good['stages'][0]['page']}"
        link = f'<main id="content"><p><a href="{_e(address)}">{_e(_("The newest report"))}</a></p></main>'
        moved = f'<meta http-equiv="refresh" content="0; url={_e(address)}">'
        _replace(root / "latest.html", _document(_("The newest report"), link, language, head=moved))


def _row(run):
    links = []
    for stage in run["stages"]:
        name = _e(page.titles().get(stage["stage"], stage["stage"]))
        mark = "" if stage["status"] == "ok" else f" ({_e(stage['status'])})"
        links.append(f'<a href="{_e(run["folder"])}/{_e(stage["page"])}">{name}</a>{mark}')
    shown = [
        f"{_e(tile['label'])}: <strong>{_e(tile['value'])}</strong>"
        for stage in run["stages"]
        for tile in page.tiles(stage["figures"], run["currency"])
    ]
    folder = _e(run["folder"])
    return (
        f'<tr><th scope="row">{folder}</th><td>{_e(run["source"])}</td><td>{"<br>".join(links)}</td>'
        f"<td>{'<br>'.join(shown)}</td><td>{_e(run['made_at'].replace('T', ' ')[:16])}</td></tr>"
    )


def _document(title, body, language, head=""):
    style = files("portfoy.report").joinpath("page.css").read_text(encoding="utf-8")
    return f"""<!DOCTYPE html>
<html lang="{_e(language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
{head}
<title>{_e(title)}</title>
<style>
{style}
</style>
</head>
<body>
<a class="skip" href="#content">{_e(_("Skip to the content"))}</a>
{body}
</body>
</html>
"""


def _replace(path, text):
    aside = path.with_name(f".{path.name}-{uuid.uuid4().hex[:8]}")
    aside.write_text(text, encoding="utf-8")
    os.replace(aside, path)


def _e(text):
    return html.escape(str(text), quote=True)


def code_fingerprint(notebook):
    """SHA-256 over a notebook and the package that it calls, so that a change of code can be told from one of data."""
    import hashlib

    package = Path(__file__).parents[1]
    digest = hashlib.sha256(re.sub(rb"\s+", b" ", Path(notebook).read_bytes()))
    for path in sorted(package.rglob("*")):
        if path.suffix in (".py", ".csv", ".css", ".j2"):
            digest.update(path.read_bytes())
    return digest.hexdigest()
