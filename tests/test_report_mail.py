"""The page of a run as a message. Judge: Python's own parser of mail, an HTML parser, a reader of PNG."""

import email
import re
from base64 import b64encode
from email import policy
from io import BytesIO

import matplotlib.image
import numpy as np
import pytest
from bs4 import BeautifulSoup

from portfoy.report import mail, overview, trend
from test_report_overview import NBSP, figure, found, past, run, stage, to_do

EVIL = '<b>İğdır Şeker</b> $5 \\frac{ı}{2} & "ço\'k"'
POINTS = [["2025-06-30", 0.42], ["2025-12-31", 0.39], ["2026-06-30", 0.41]]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "actions").mkdir()
    (tmp_path / "actions" / "at risk.csv").write_text("customer_id\n001,Ayşe\n", encoding="utf-8-sig")
    (tmp_path / "actions" / "all.csv").write_text("customer_id\n" + "0000001\n" * 20_000)
    return tmp_path


def record(**more):
    """A run with everything on its page, and a name that is code to HTML, mail and TeX."""
    churn = figure("churn", 0.41, "share", low=0.4, high=0.42, better="down", note=f"of {EVIL}", points=POINTS,
                   days=335, year=past(0.42, 0.2, clear=False))  # fmt: skip
    todo = [
        to_do(f"Call {EVIL}", 5, "actions/at%20risk.csv"),
        to_do("Write to all", 4, "actions/all.csv"),
        to_do("Wait"),
    ]
    whole = stage(
        "portfolio", [churn, figure("nps", 31, "points")], findings=[found(f"Half of {EVIL} left", 4, 5)], todo=todo
    )
    values = [
        stage("selection", [figure("customers", 10 * n), figure("clv", 7, "money")], each={"contacts": n},
              uncomputed=["Who?"] * (n - 1), missing=["too few"] * (n - 1)) | {"name": f"selection-{n}"}
        for n in (1, 2)
    ]  # fmt: skip
    return run(whole, *values, **{"source": EVIL, "prices": "money as paid", **more})


def read_back(tmp_path, folder, *given, **more):
    """The message as a mail program reads it from the file."""
    mail.write(tmp_path / "month.eml", record(**more), folder, *given)
    return email.message_from_bytes((tmp_path / "month.eml").read_bytes(), policy=policy.default)


def text_of(part):
    return " ".join(part.get_content().replace(NBSP, " ").replace("\u2060", "").split())


def test_a_mail_program_finds_text_and_html_with_pictures_and_lists(tmp_path, folder):
    made = read_back(tmp_path, folder)
    assert [part.get_content_type() for part in made.walk()] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png",
        "text/csv",
    ]  # fmt: skip
    assert [part.defects for part in made.walk() if part.defects] == []
    assert made["Subject"] == f"{EVIL}, 30 Jun 2026: Half of {EVIL} left"
    assert (tmp_path / "month.eml").read_bytes().startswith(b"X-Unsent: 1\n")
    assert {"from", "to", "cc", "bcc", "date", "reply-to"} & {name.lower() for name in made} == set()
    assert max(map(len, (tmp_path / "month.eml").read_bytes().splitlines())) <= 998  # RFC 5322, 2.1.1
    assert (tmp_path / "month.eml").read_bytes().isascii()  # for servers of any age
    assert [path.name for path in tmp_path.glob(".month*")] == []


def test_the_text_says_what_the_page_says(tmp_path, folder):
    said = text_of(read_back(tmp_path, folder).get_body(("plain",)))
    assert said.startswith(f"Half of {EVIL} left {EVIL} · 30 Jun 2026 · money as paid What happened - It is so.")
    assert f"- Call {EVIL} (at risk.csv, attached) - Write to all (actions/all.csv) - Wait The figures" in said
    assert "Churn in 335 days 41.0% 40.0–42.0% ▼ −1.0 points, unclear NPS 31.0" in said
    assert "contacts Figure 1 2 Customers 10 20 The same: 1 figures. The reports" in said
    assert "- Selection (contacts = 2): Sections not computed: 1" in said
    assert said.endswith(f"The pages, with all lists: {folder}")


def test_the_html_needs_nothing_that_mail_programs_lack_and_leads_nowhere(tmp_path, folder):
    made = read_back(tmp_path, folder)
    source = made.get_body(("html",)).get_content()
    page = BeautifulSoup(source, "html.parser")
    assert page.find_all(["script", "style", "link", "svg", "a", "form", "iframe", "details"]) == []
    assert [tag for tag in page.find_all(True) if tag.get("class") or tag.get("href")] == []
    assert "var(" not in source
    assert "http" not in source
    assert {image["src"] for image in page.find_all("img")} == {"cid:line-0@portfoy"}
    words = " ".join(page.body.get_text(" ").replace(NBSP, " ").split())
    assert words.count(EVIL) == 5  # whose figures, heading, finding, action, note
    assert [tag.name for tag in page.find_all("b") if "İğdır" in tag.get_text() and "<b>" not in tag.get_text()] == []
    for line in (
        "Churn in 335 days",
        "−1.0 points, unclear",
        "Selection (contacts = 2) : Sections not computed: 1",
    ):
        assert line in words
    assert [cell.get_text() for cell in page.find_all("tr")[-1].find_all("td")] == ["Customers", "10", "20"]


def test_a_picture_is_the_line_of_the_page(tmp_path, folder):
    (row, _other) = overview.contents(record())["rows"]
    (part,) = (part for part in read_back(tmp_path, folder).walk() if part.get_content_type() == "image/png")
    assert (part["Content-ID"], part.get_content_disposition()) == ("<line-0@portfoy>", "inline")
    drawn = matplotlib.image.imread(BytesIO(part.get_content()), "png")
    assert drawn.shape[:2] == (2 * trend.HEIGHT, 2 * trend.WIDTH)
    green = np.abs(drawn[..., :3] - np.array([0x0F, 0x6B, 0x6D]) / 255).max(axis=-1) < 0.05
    for place in row["line"]["points"].split():
        x, y = (round(2 * float(number)) for number in place.split(","))
        assert green[y - 2 : y + 3, x - 2 : x + 3].any()
    assert 0.01 < green.mean() < 0.2
    top, tall = row["line"]["band"]
    shaded = drawn[..., 0] < 0.95
    assert shaded[round(2 * top) + 2 : round(2 * (top + tall)) - 2, 2 * trend.EDGE + 2].all()


def test_small_lists_are_attached_and_large_ones_stay(tmp_path, folder):
    (attached,) = read_back(tmp_path, folder).iter_attachments()
    assert (attached.get_filename(), attached.get_content_charset()) == ("at risk.csv", "utf-8")
    assert attached.get_payload(decode=True) == (folder / "actions" / "at risk.csv").read_bytes()
    assert (folder / "actions" / "all.csv").stat().st_size > mail.LISTS


def test_a_logo_that_mail_programs_show_is_inside(tmp_path, folder):
    png = mail._drawn({"band": None, "points": "4,4 108,26", "end": (108, 26)})
    for kind, count in (("png", 2), ("svg+xml", 1)):
        made = read_back(tmp_path, folder, {"logo": f"data:image/{kind};base64,{b64encode(png).decode()}", "style": ""})
        pictures = {part["Content-ID"].strip("<>"): part.get_content() for part in made.walk() if part["Content-ID"]}
        assert len(pictures) == count
        used = re.findall(r'src="cid:([^"]+)"', made.get_body(("html",)).get_content())
        assert sorted(used) == sorted(pictures)
    assert pictures != {"logo@portfoy": png}


def test_a_run_that_is_not_whole_says_so_in_the_subject(tmp_path, folder):
    failed = stage("portfolio", status="failed", error=f"ValueError: {EVIL}")
    mail.write(tmp_path / "month.eml", run(failed, source="Two\nlines"), folder)
    made = email.message_from_bytes((tmp_path / "month.eml").read_bytes(), policy=policy.default)
    assert made["Subject"] == "Two lines, 30 Jun 2026: not all reports are whole"
    assert f"- Portfolio: did not finish: ValueError: {EVIL}" in text_of(made.get_body(("plain",)))
    html = BeautifulSoup(made.get_body(("html",)).get_content(), "html.parser")
    assert f"did not finish: ValueError: {EVIL}" in html.get_text()
