"""The pictures of README.md, by Chromium: the page of a run, an exercise, a section of a report, a slide.

.venv/bin/python docs/pictures.py       about two minutes
"""

import io
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from PIL import Image, ImageOps
from playwright.sync_api import sync_playwright

from portfoy.course.results import PLACE
from portfoy.report.kernels import OwnKernels

ROOT = Path(__file__).resolve().parent.parent
SITTING, ANSWERED = "0b_how_much_rests_on_few", "answer-2"
COLOURS, DOOR = 24, (480, 300)  # a door is shown half as wide on a plain screen
SECTION = "where-are-leads-lost"  # of the acquisition report
TRIED = """firms = customers[customers["type"] != "consumer"]
tenth = firms.nlargest(len(firms) // 10, "revenue")
firm_share = tenth["revenue"].sum() / firms["revenue"].sum()
pf.check("0b-2", firm_share)"""


def portfoy(*words):
    subprocess.run([sys.executable, "-m", "portfoy", *map(str, words)], cwd=ROOT, check=True)


def exercise():
    """The cell of an exercise as JupyterLab shows it, with an answer that is nearly right, as HTML."""
    notebook = nbformat.read(ROOT / "notebooks" / "lessons" / f"{SITTING}.ipynb", as_version=4)
    cells = {cell.id: cell for cell in notebook.cells}
    cells[ANSWERED].source = TRIED
    notebook.cells = [cells["open"], cells[ANSWERED]]
    about = {"resources": {"metadata": {"path": str(ROOT / "notebooks" / "lessons")}}}
    with tempfile.TemporaryDirectory(prefix="portfoy-") as folder:
        environment = {**os.environ, PLACE: str(Path(folder) / "progress.json")}
        NotebookClient(notebook, kernel_manager_class=OwnKernels, **about).execute(env=environment)
    del notebook.cells[0]
    return HTMLExporter(template_name="lab").from_notebook_node(notebook)[0]


def small(png, target, width, height=None):
    """A picture `width` wide, in few colours; with a `height`, cut or filled up to it, in a frame."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture = picture.resize((width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS)
    if height:
        whole = Image.new("RGB", (width, height), "white")
        whole.paste(picture, (0, 0))
        picture = ImageOps.expand(whole.crop((1, 1, width - 1, height - 1)), 1, "#c8d0d6")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)
    print(target.relative_to(ROOT), picture.size, f"{target.stat().st_size / 1000:.0f} kB")


def main(shelf, docs=ROOT / "docs"):
    portfoy("report", "--out", shelf)
    portfoy("lessons", "slides", SITTING[:2], "--out", shelf)
    (shelf / "exercise.html").write_text(exercise(), encoding="utf-8")
    run = next(shelf.glob("2*/index.html"))
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])

        def page(path, width, height, scale=2):
            tab = browser.new_page(viewport={"width": width, "height": height}, device_scale_factor=scale)
            tab.goto(path.as_uri(), wait_until="networkidle")
            return tab

        small(page(run, 860, 1560, scale=1).screenshot(), ROOT / "reports" / "example.png", 860)
        small(page(run, 690, 545).screenshot(), docs / "run.png", 840, 664)
        part = page(run.with_name("acquisition.html"), 430, 268)
        part.evaluate(f"document.body.innerHTML = document.querySelector('[aria-labelledby={SECTION}]').outerHTML")
        part.evaluate("document.querySelectorAll('details, p').forEach(one => one.remove())")
        part.add_style_tag(
            content="body { padding: 12px } h2 { margin: 0 } figcaption { font-size: 0 } b { font-size: 16px }"
        )
        small(part.screenshot(), docs / "analyst.png", *DOOR)
        small(page(shelf / "exercise.html", 528, 330).screenshot(), docs / "student.png", *DOOR)
        small(page(shelf / f"{SITTING}.slides.html", 640, 400).screenshot(), docs / "teacher.png", *DOOR)
        browser.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="pictures-") as folder:
        main(Path(folder))
