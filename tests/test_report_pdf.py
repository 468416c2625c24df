"""Pages as PDF. Judge: pypdf, which knows nothing of browsers; for browsers that fail, scripts that fail as they do."""

import http.server
import os
import sys
import threading
import time
import unicodedata
from pathlib import Path

import nbformat
import psutil
import pypdf
import pytest

from portfoy.report import page, pdf
from portfoy.words.table import show

BROWSER = pdf.find_browser()
browser_needed = pytest.mark.skipif(BROWSER is None, reason="no Chromium, Chrome or Edge is installed")
scripts_run = pytest.mark.skipif(sys.platform == "win32", reason="the browsers that fail are written for sh")
A4 = (595.28, 841.89)  # 210 mm and 297 mm in points of 1/72 inch
TEXTS, NUMBERS = [f"text{number}" for number in range(2)], [f"number{number}" for number in range(8)]


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """A page with headings, code and a wide table, printed: (text of each page, the reader)."""
    import pandas as pd

    columns = {**dict.fromkeys(TEXTS, "a value of words"), **dict.fromkeys(NUMBERS, 1234567.0)}
    table = show(pd.DataFrame(columns, index=range(60)), "A wide table")
    cells = [
        nbformat.v4.new_markdown_cell("# Title"),
        nbformat.v4.new_markdown_cell("## Who is the most profitable customer?\n\nA sentence."),
        nbformat.v4.new_code_cell(
            "secret_code()",
            outputs=[nbformat.v4.new_output("display_data", data={"text/html": table._repr_html_()})],
            execution_count=1,
        ),
        nbformat.v4.new_markdown_cell("## Müşterilerimiz ığşİ"),
    ]
    stage = {"name": "selection", "stage": "selection", "status": "ok", "page": "selection.html", "each": {},
             "parameters": {}, "code": "c", "figures": [], "actions": []}  # fmt: skip
    record = {"as_of": "2026-06-30", "made_at": "now", "source": "Shop", "currency": "TRY", "stages": [stage],
              "data": {"where": "shop.csv", "sha256": "d", "rows": 3}, "versions": {}}  # fmt: skip
    made = page.make_page(record, stage, page.sections(nbformat.v4.new_notebook(cells=cells)))
    # a name that is an address with a fragment, an escape and a query if it is not written as one
    path = tmp_path_factory.mktemp("50% off #1") / "Ayşe's %41 #2?x=1 ğ.html"
    path.write_text(made, encoding="utf-8")
    assert pdf.print_pages([path], browser=BROWSER) == {path: ""}
    assert sorted(file.name for file in path.parent.iterdir()) == [path.name, f"{path.stem}.pdf"]
    return pypdf.PdfReader(path.with_suffix(".pdf"))


def text(reader):
    """All that can be read, in single letters where the font writes two as one."""
    return unicodedata.normalize("NFKC", " ".join(" ".join(leaf.extract_text() for leaf in reader.pages).split()))


@browser_needed
def test_the_headings_are_in_the_pdf_and_the_code_is_not(printed):
    found = text(printed)
    headings = ["Selection: Who", "Who is the most profitable customer?", "Müşterilerimiz ığşİ"]
    assert [heading for heading in headings if heading not in found] == []
    assert "secret_code" not in found
    assert "How this was computed" not in found
    assert "Selection, 30 Jun 2026 – Shop" in found  # the running head
    assert "1 / " in found


@browser_needed
def test_every_leaf_is_a4(printed):
    assert len(printed.pages) > 1
    for leaf in printed.pages:
        assert (float(leaf.mediabox.width), float(leaf.mediabox.height)) == pytest.approx(A4, abs=1)


@browser_needed
def test_a_wide_table_loses_no_column_beyond_the_edge_of_the_paper(printed):
    inside = set()
    for leaf in printed.pages:
        places = []
        leaf.extract_text(visitor_text=lambda said, now, at, *_font, to=places: to.append((said, now, at)))
        for said, now, at in places:
            left = now[0] * at[4] + now[4]
            inside |= {name for name in TEXTS + NUMBERS if name in said and 0 <= left < leaf.mediabox.width - 40}
    assert sorted(inside) == NUMBERS + TEXTS


@browser_needed
def test_nothing_is_fetched_while_printing(tmp_path):
    asked = []

    class Server(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_said):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Server) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        images = "".join(
            f'<img src="http://{host}:{server.server_port}/{host}">' for host in ("127.0.0.1", "localhost", "[::1]")
        )
        path = tmp_path / "page.html"
        path.write_text(f"<!DOCTYPE html><title>t</title><h1>Here</h1>{images}", encoding="utf-8")
        assert pdf.print_pages([path], browser=BROWSER) == {path: ""}
        server.shutdown()
        thread.join()
    assert asked == []
    assert text(pypdf.PdfReader(tmp_path / "page.pdf")) == "Here"


# Browsers that fail


@pytest.fixture
def shop(tmp_path):
    """A page with an older PDF beside it."""
    (tmp_path / "page.html").write_text("<h1>Here</h1>", encoding="utf-8")
    (tmp_path / "page.pdf").write_bytes(b"older")
    return tmp_path / "page.html"


def fake(folder, script):
    """A browser that runs `script`, in which $out is the file it was told to print to."""
    browser = folder / "fake browser"
    find = 'for word; do case "$word" in --print-to-pdf=*) out="${word#*=}";; esac; done\n'
    browser.write_text(f"#!/bin/sh\n{find}{script}\n", encoding="utf-8")
    browser.chmod(0o755)
    return browser


def left_alone(shop):
    """The older PDF is as it was, and nothing half-made lies about."""
    names = {file.name for file in shop.parent.iterdir()} - {"fake browser", "process"}
    return names == {"page.html", "page.pdf"} and shop.with_suffix(".pdf").read_bytes() == b"older"


BY_HAND = "Set PORTFOY_BROWSER to another browser."


@scripts_run
@pytest.mark.parametrize(
    ("script", "code", "words"),
    [
        ("printf '%%PDF-1.7 half' > \"$out\"", 0, "none"),
        ("printf 'half %%%%EOF' > \"$out\"; echo '7 bytes written to file x.' >&2", 0, "7 bytes written to file x"),
        ("echo gone >&2; echo '[1:2:1123/061720.2:ERROR:dbus/bus.cc:405] Failed' >&2; exit 0", 0, "gone"),
        (
            "printf '%%PDF-1.7 %%%%EOF' > \"$out\"; echo '[1:2:1123/061720.2:FATAL:a/b.cc:4] No sandbox.'; exit 9",
            9,
            "No sandbox",
        ),
    ],
    ids=["no end", "no beginning", "no file", "a whole file but an error"],
)
def test_half_a_pdf_is_an_error_and_the_older_one_stays(shop, script, code, words):
    browser = fake(shop.parent, script)
    assert pdf.print_pages([shop], browser=browser) == {
        shop: f"page.html: {browser} cannot print it: exit code {code} and no whole PDF; its last words: {words}. "
        f"{BY_HAND}"
    }
    assert left_alone(shop)


@scripts_run
def test_a_whole_pdf_replaces_the_older_one(shop):
    browser = fake(shop.parent, "printf '%%PDF-1.7 new %%%%EOF\\n' > \"$out\"")
    assert pdf.print_pages([shop], browser=browser) == {shop: ""}
    assert shop.with_suffix(".pdf").read_bytes() == b"%PDF-1.7 new %%EOF\n"


@scripts_run
def test_a_browser_that_hangs_is_stopped_with_its_children(shop):
    browser = fake(shop.parent, f'echo waiting >&2; sleep 300 & echo $! > "{shop.parent}/process"; wait')
    before = time.monotonic()
    assert pdf.print_pages([shop], browser=browser, seconds=2) == {
        shop: f"page.html: {browser} cannot print it: not done after 2 s; its last words: waiting. {BY_HAND}"
    }
    assert time.monotonic() - before < 30
    assert left_alone(shop)
    assert gone(int((shop.parent / "process").read_text()))


def gone(process):
    """Whether a process has ended; the system takes a moment to bury it."""
    for _moment in range(250):
        try:
            if psutil.Process(process).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


@scripts_run
def test_one_page_that_fails_does_not_stop_the_next(shop):
    other = shop.with_name("other.html")
    other.write_text("<h1>There</h1>", encoding="utf-8")
    browser = fake(shop.parent, 'case "$*" in */page.html) exit 1;; *) printf "%%PDF %%%%EOF" > "$out";; esac')
    found = pdf.print_pages([shop, other], browser=browser)
    assert [found[shop].partition(";")[0], found[other]] == [
        f"page.html: {browser} cannot print it: exit code 1 and no whole PDF",
        "",
    ]


def test_a_browser_that_is_not_there_is_an_error(shop):
    browser = shop.parent / "nowhere"
    assert pdf.print_pages([shop], browser=browser) == {
        shop: f"page.html: {browser} cannot print it: No such file or directory. "
        "Set PORTFOY_BROWSER to another browser."
    }
    assert left_alone(shop)


def test_a_page_that_is_not_there_is_an_error_and_no_picture_of_an_error(tmp_path):
    path = tmp_path / "page.html"
    assert pdf.print_pages([path], browser=tmp_path / "never started") == {
        path: "page.html: is not there. Make the report first."
    }


# Finding one


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """A machine without any browser; its folder of programs."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("PORTFOY_BROWSER", "ProgramFiles", "ProgramFiles(x86)", "LocalAppData"):
        monkeypatch.delenv(name, raising=False)
    if any(Path(place).exists() for place in pdf._places()):
        pytest.skip("a browser is installed where every user of this machine finds it")
    return tmp_path / "bin"


def program(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@scripts_run
def test_the_first_browser_on_the_path_is_taken_unless_another_is_named(bare, monkeypatch):
    assert pdf.find_browser() is None
    edge = program(bare / "msedge")
    assert pdf.find_browser() == edge
    chrome = program(bare / "google-chrome")
    assert pdf.find_browser() == chrome
    monkeypatch.setenv("PORTFOY_BROWSER", "msedge")
    assert pdf.find_browser() == edge
    brave = program(bare.parent / "my browsers" / "brave")
    monkeypatch.setenv("PORTFOY_BROWSER", str(brave))
    assert pdf.find_browser() == brave
    monkeypatch.setenv("PORTFOY_BROWSER", "")
    assert pdf.find_browser() == chrome


@scripts_run
@pytest.mark.parametrize("place", ["Google Chrome", "Chromium", "Microsoft Edge"])
def test_applications_of_a_mac_are_found(bare, place):
    there = program(bare.parent / "Applications" / f"{place}.app" / "Contents" / "MacOS" / place)
    assert pdf.find_browser() == there


@scripts_run
@pytest.mark.parametrize(
    ("variable", "place"),
    [
        ("ProgramFiles", "Google/Chrome/Application/chrome.exe"),
        ("ProgramFiles(x86)", "Microsoft/Edge/Application/msedge.exe"),
        ("LocalAppData", "Google/Chrome/Application/chrome.exe"),
    ],
)
def test_programs_of_windows_are_found(bare, monkeypatch, variable, place):
    monkeypatch.setenv(variable, str(bare.parent / "Program Files"))
    assert pdf.find_browser() is None
    there = program(bare.parent / "Program Files" / place)
    assert pdf.find_browser() == there


def test_without_a_browser_it_is_said_why(bare):
    assert pdf.find_browser() is None
    assert pdf.missing() == (
        "pdf: no browser was found. Install Chromium, Chrome or Edge, or name one in PORTFOY_BROWSER."
    )


def test_a_named_browser_that_is_not_there_is_not_replaced_by_another(bare, monkeypatch):
    program(bare / "chromium")
    monkeypatch.setenv("PORTFOY_BROWSER", "chromium-of-mine")
    assert pdf.find_browser() is None
    assert pdf.missing() == (
        "PORTFOY_BROWSER: 'chromium-of-mine' cannot be started. Name a Chromium, Chrome or Edge, or unset it."
    )


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows has no root")
@pytest.mark.parametrize(("user", "sandbox"), [(0, ["--no-sandbox"]), (1000, [])])
def test_the_sandbox_is_given_up_by_root_alone(monkeypatch, tmp_path, user, sandbox):
    monkeypatch.setattr(os, "geteuid", lambda: user)
    command = pdf._command("b", tmp_path / "a.html", tmp_path / "a.pdf", tmp_path)
    assert [flag for flag in command if flag.endswith("-sandbox")] == sandbox
