"""Pages in a real browser: whole without a network, silent, accessible. Judges: Chromium, axe-core, pypdf."""

import json
import unicodedata
from io import BytesIO

import pytest

from helpers import IMAGE, LONG, SCRIPT, TURKISH
from portfoy.report import overview

PAGES = ["report", "run", "values", "shelf"]
PUBLISHED = ["first run", "index"]  # less in them than in "run" and "shelf"


@pytest.fixture(scope="module")
def pages(hostile_run, tmp_path_factory):
    """The published pages, and those of a run that has what a first run lacks: others before it, and a failure."""
    root, folder = hostile_run.parent, hostile_run
    record = {**json.loads((folder / "run.json").read_text(encoding="utf-8")), "folder": folder.name}
    stage = record["stages"][0]
    failed = {**stage, "name": "retention", "stage": "retention", "status": "failed", "error": IMAGE, "figures": []}
    grown = [moved(figure, factor) for figure, factor in zip(stage["figures"], (0.9, 1.1, 1, 0.9, 1.2), strict=False)]
    said = [{"text": IMAGE, "low": 1, "high": 2, "nothing": False, "reading": SCRIPT, "section": "who"}]
    full = {**record, "source": IMAGE, "stages": [{**stage, "figures": grown, "findings": said}, failed]}
    older = [{**record, "as_of": f"{year}-08-31", "folder": f"{year}-08-31"} for year in range(2024, 1990, -1)]
    values = [{**stage, "name": f"selection-months-{months}", "each": {"months": months}} for months in (6, 12)]
    made = tmp_path_factory.mktemp("pages")
    (made / "run.html").write_text(overview.run_page(full), encoding="utf-8")
    (made / "values.html").write_text(overview.run_page({**full, "source": LONG, "stages": values}), encoding="utf-8")
    (made / "shelf.html").write_text(
        overview.shelf_page([record, full, {**full, "source": LONG}, *older]), encoding="utf-8"
    )
    own = {name: made / f"{name}.html" for name in ("run", "values", "shelf")}
    published = {"report": folder / "selection.html", "first run": folder / "index.html", "index": root / "index.html"}
    return {**published, **own}


def moved(figure, factor):
    """A headline figure that was another a year before."""
    year = {"day": "2024-08-31", "value": figure["value"] * factor, "p_value": 0.001, "clear": factor != 1.1}
    points = [[year["day"], year["value"]], *figure["points"]]
    return {**figure, "better": "up", "year": year, "half": {**year, "day": "2025-02-28"}, "points": points}


@pytest.fixture(scope="module")
def windows(browser):
    """A function that gives the window of these settings, the same each time; it notes what goes on in it."""
    opened = {}

    def window(**context):
        key = repr(context)
        if key not in opened:
            page = opened[key] = browser.new_context(**context).new_page()
            page.on("request", lambda request: page.seen["requests"].append(request.url))
            page.on("console", lambda said: page.seen["complaints"].append(said.text) if said.type == "error" else 0)
            page.on("pageerror", lambda error: page.seen["complaints"].append(str(error)))
            page.on("dialog", lambda dialog: (page.seen["dialogs"].append(dialog.message), dialog.dismiss()))
        return opened[key]

    return window


@pytest.fixture
def visit(windows, pages):
    """Load a page; what it asked for, said and complained about since then stands in ``page.seen``."""

    def go(name, **context):
        page = windows(**context)
        page.seen = {"requests": [], "complaints": [], "dialogs": []}
        page.goto("about:blank")
        page.goto(pages[name].as_uri(), wait_until="load")
        return page

    return go


def shown(page):
    """What a reader sees, with the blanks that keep words together as blanks."""
    return page.locator("body").inner_text().replace("\u00a0", " ").replace("\u2060", "")


@pytest.mark.parametrize("name", PAGES + PUBLISHED)
def test_a_page_asks_for_nothing_and_complains_of_nothing(visit, pages, name):
    page = visit(name)
    page.wait_for_timeout(200)
    asked = [url for url in page.seen["requests"] if not url.startswith("data:")]
    assert asked == [pages[name].as_uri()]
    assert page.seen["complaints"] == []
    assert page.seen["dialogs"] == []


def test_the_watch_sees_a_request_a_complaint_and_a_dialog(visit, pages, tmp_path):
    pages["broken"] = tmp_path / "broken.html"
    pages["broken"].write_text("<img src='x.png'><script>alert(1); throw Error('no')</script>", encoding="utf-8")
    page = visit("broken")
    assert page.seen["dialogs"] == ["1"]
    assert [url.rpartition("/")[2] for url in page.seen["requests"]] == ["broken.html", "x.png"]
    assert "no" in page.seen["complaints"]


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (1280, "light"),
        (400, "dark"),
        *(pytest.param(*pair, marks=pytest.mark.study) for pair in [(1280, "dark"), (400, "light"), (768, "light")]),
    ],
)
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(visit, name, scheme, width):
    from axe_playwright_python.sync_playwright import Axe

    page = visit(name, viewport={"width": width, "height": 800}, color_scheme=scheme)
    for details in page.locator("details").all():
        details.evaluate("element => { element.open = true }")
    found = Axe().run(page)
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found.response["violations"]] == []
    assert len(found.response["passes"]) > 10


@pytest.mark.parametrize("width", [400, *(pytest.param(n, marks=pytest.mark.study) for n in (320, 600, 768, 1024))])
@pytest.mark.parametrize("name", PAGES + PUBLISHED)
def test_a_page_does_not_scroll_sideways(visit, name, width):
    page = visit(name, viewport={"width": width, "height": 800})
    page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate("window.scrollTo(500, 0)")
    assert page.evaluate("window.scrollX") == 0
    if width <= 400:  # a phone stacks what has more columns than it can show
        wide = "[...document.querySelectorAll('.pf-table')].filter(one => one.scrollWidth > one.clientWidth + 1)"
        assert page.evaluate(f"{wide}.map(one => one.textContent.slice(0, 80))") == []


def test_hostile_names_are_text_on_the_report(visit):
    page = visit("report")
    text = shown(page)
    for name in (SCRIPT, IMAGE, TURKISH, "$5 \\frac{1}{2}", "=1+1", "{0} %s", "007"):
        assert name in text, name
    assert page.locator("img[onerror], script:not([type='application/json'])").count() == 0
    assert all(alt for alt in page.locator("img").evaluate_all("all => all.map(one => one.alt)"))


@pytest.mark.parametrize("name", ["run", "shelf"])
def test_hostile_names_are_text_on_the_overviews(visit, name):
    page = visit(name)
    assert IMAGE in page.locator("h1, h2").all_inner_texts()[0 if name == "run" else 2].replace("\u00a0", " ")
    assert page.locator("img, script").count() == 0


@pytest.mark.parametrize("name", ["report", "shelf"])
def test_the_keyboard_reaches_and_opens_every_fold(visit, name):
    page = visit(name)
    there = page.locator("summary").count()
    assert there > 0
    page.evaluate("document.querySelectorAll('summary').forEach((one, place) => { one.dataset.place = place })")
    reached, opened = [], []
    for _step in range(2000):
        page.keyboard.press("Tab")
        place = page.evaluate(
            "document.activeElement.dataset.place ?? (document.activeElement === document.body ? 'end' : '')"
        )
        if place == "end":
            break
        if place:
            reached.append(int(place))
            page.keyboard.press("Enter")
            opened.append(page.evaluate("document.activeElement.parentElement.open"))
    assert reached == list(range(there))
    assert all(opened)


@pytest.mark.parametrize("name", PAGES)
def test_the_first_tab_stop_leads_to_the_content(visit, name):
    page = visit(name)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(".skip").bounding_box()["x"] >= 0
    page.keyboard.press("Enter")
    page.wait_for_url("**#content", wait_until="commit", timeout=10_000)  # the browser tells of it a moment later


@pytest.mark.parametrize("name", PAGES)
def test_a_printed_page_is_a4_with_its_headings_and_without_code(visit, name):
    from pypdf import PdfReader

    page = visit(name)
    headings = [" ".join(one.split()) for one in page.locator("h1, h2, h3").all_inner_texts()]
    printed = PdfReader(BytesIO(page.pdf(prefer_css_page_size=True)))
    width, height = (float(length) / 72 * 25.4 for length in printed.pages[0].mediabox[2:])
    assert (round(width), round(height)) == (210, 297)
    text = "".join("".join(sheet.extract_text() for sheet in printed.pages).split())
    text = unicodedata.normalize("NFKC", text)  # fi is one letter in print
    assert len(headings) > 2
    assert [heading for heading in headings if "".join(heading.split()) not in text] == []
    assert "importportfoy" not in text
