"""A lesson in JupyterLab, in a real browser: run it all, type an answer, see what is said. Judge: Chromium."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest

from helpers import needed

ROOT = Path(__file__).parent.parent
LESSON = "1_selection.ipynb"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address of a JupyterLab that stands in a folder with the student edition, but for code no answer needs."""
    folder = tmp_path_factory.mktemp("classroom")
    edition = nbformat.read(ROOT / "notebooks" / "lessons" / LESSON, as_version=4)
    code = [{**cell, "tags": cell.metadata.get("tags", [])} for cell in edition.cells if cell.cell_type == "code"]
    kept = {cell["id"] for cell in needed(code)}
    edition.cells = [cell for cell in edition.cells if cell.cell_type != "code" or cell.id in kept]
    nbformat.write(edition, folder / LESSON)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", f"--port={port}", "--ServerApp.port_retries=0"]
    command += [
        "--IdentityProvider.token=",
        "--expose-app-in-browser",
        "--allow-root",
        "--ServerApp.disable_check_xsrf=True",
    ]
    own = {
        name: str(folder / name.lower())
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR")
    }
    environment = {**os.environ, **own, "PORTFOY_PROGRESS": str(folder / "kept.json")}
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        wait(lambda: server.poll() is None and urllib.request.urlopen(f"{address}/api").status == 200, 90)
        yield address
    finally:
        server.terminate()
        server.wait(30)


def wait(ready, seconds):
    """Wait until something holds; an error until then is no answer yet."""
    end = time.monotonic() + seconds
    while True:
        try:
            if ready():
                return
        except OSError:
            pass
        assert time.monotonic() < end, f"nothing after {seconds} s"
        time.sleep(0.5)


@pytest.fixture(scope="module")
def page(browser, lab):
    """The lesson, open and with a kernel."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{lab}/lab/tree/{LESSON}?reset")
    page.wait_for_function(
        "() => window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel", timeout=120_000
    )
    return page


def run(page, command, seconds=240):
    page.evaluate("name => window.jupyterapp.commands.execute(name)", command)
    page.wait_for_function(
        "() => { const cells = window.jupyterapp.shell.currentWidget.content.model.sharedModel.cells;"
        " return cells.every(cell => cell.cell_type !== 'code' || !cell.source.trim() || cell.execution_count) }",
        timeout=1000 * seconds,
    )


def outputs(page):
    """(tags, source, outputs) of each code cell, as the notebook in the browser holds them."""
    cells = page.evaluate("() => window.jupyterapp.shell.currentWidget.content.model.toJSON().cells")
    return [(cell["metadata"].get("tags", []), cell["source"], cell["outputs"]) for cell in cells if "outputs" in cell]


def solution_of(source):
    """The author's cell that belongs to an answer cell of the student edition: the one with the same check."""
    check = source.strip().splitlines()[-1]
    cells = json.loads((ROOT / "notebooks" / "solutions" / LESSON).read_text("utf-8"))["cells"]
    return next("".join(cell["source"]) for cell in cells if "".join(cell["source"]).strip().endswith(check))


@pytest.mark.study
def test_a_student_runs_the_lesson_and_solves_an_exercise(page):
    run(page, "notebook:run-all-cells")
    ran = outputs(page)
    assert [one for _tags, _source, found in ran for one in found if one["output_type"] == "error"] == []
    assert sum("Hint: " in json.dumps(found) for tags, _source, found in ran if "answer" in tags) >= 4

    number, source = page.evaluate(
        "() => { const content = window.jupyterapp.shell.currentWidget.content;"
        " const number = content.widgets.findIndex(one => (one.model.getMetadata('tags') || []).includes('answer'));"
        " content.activeCellIndex = number; content.scrollToItem(number);"
        " return [number, content.widgets[number].model.sharedModel.source] }"
    )
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:enter-edit-mode')")
    editor = page.locator(".jp-Notebook .jp-Cell.jp-mod-active .cm-content")
    editor.click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(solution_of(source))
    page.keyboard.press("Shift+Enter")
    said = page.locator(f".jp-Notebook .jp-Cell[data-windowed-list-index='{number}'] .pf-check")
    said.filter(has_text="Right.").wait_for(timeout=60_000)
    assert "✓" in said.inner_text()
