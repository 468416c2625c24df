"""The page of a run and the shelf. Judges: an HTML parser, and ranks, per cents and places worked out by hand."""

import re
import time

import numpy as np
import pytest
from bs4 import BeautifulSoup
from scipy.stats import false_discovery_control

import portfoy.locale
from portfoy.report import figures, message, overview, trend
from portfoy.words.stages import STAGES

SCRIPT, IMAGE = "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>'
NBSP = "\u00a0"


def figure(name, value, unit="count", **more):
    return {"name": name, "value": value, "low": None, "high": None, "unit": unit, "label": name, "note": None, **more}


def change(before, after, unit="count", *, better="up", clear=True):
    """What is said of a figure beside what it was."""
    was = None if before is None else {"value": before, **({} if clear is None else {"clear": clear})}
    return figures.since({"unit": unit, "better": better, "value": after}, was, "TRY")


def found(text, low=None, high=None, reading="It is so. And more."):
    return {"text": text, "low": low, "high": high, "nothing": False, "reading": reading, "section": "where"}


def to_do(text, worth=None, path=""):
    return {"text": text, "worth": worth, "path": path, "section": "who"}


def stage(name="selection", figures=(), **more):
    return {"name": name, "stage": name, "status": "ok", "page": f"{name}.html", "pdf": "", "seconds": 8.1, "each": {},
            "parameters": {"data": "shop"}, "code": "c" * 64, "missing": [], "error": "", "actions": [],
            "findings": [], "todo": [], "figures": list(figures), "changes": None, **more}  # fmt: skip


def run(*stages, as_of="2026-06-30", **more):
    return {"as_of": as_of, "made_at": f"{as_of}T08:00:00+03:00", "source": "Shop", "currency": "TRY", "language": "en",
            "folder": as_of, "data": {"where": "shop", "sha256": "d" * 64, "rows": 45678}, "seconds": 21.4,
            "versions": {"python": "3.11.7"}, "stages": list(stages), **more}  # fmt: skip


def read(page):
    return BeautifulSoup(page, "html.parser")


def text(element):
    return " ".join(element.get_text(" ").replace(NBSP, " ").split())


def rows(table):
    return [[text(cell) for cell in row.find_all(["th", "td"])] for row in table.find_all("tr")]


# (a) Changes in words


@pytest.mark.parametrize(
    ("moves", "arrow", "words", "kind"),
    [
        (change(1000, 1032), "▲", "up 3.2%", "good"),
        (change(1032, 1000, "money"), "▼", "down 3.1%", "bad"),
        (change(10.0, 8.0, "days", better="down"), "▼", "down 20.0%", "good"),
        (change(-10.0, -5.0, "number"), "▲", "up 50.0%", "good"),
        (change(0.650, 0.654, "share"), "▲", "up 0.4 points", "good"),
        (change(31.0, 28.5, "points"), "▼", "down 2.5 points", "bad"),
        (change(0.10001, 0.10009, "share"), "●", "about the same", "plain"),
        (change(10_000, 10_004), "●", "about the same", "plain"),
        (change(10_000, 10_006), "▲", "up 0.1%", "good"),
        (change(7, 7), "●", "about the same", "plain"),
        (change(0, 12, "money"), "▲", f"up TRY{NBSP}12.00", "good"),
        (change(None, 12), "●", "new", "plain"),
        (change(1000, 1032, better=""), "▲", "up 3.2%", "plain"),
        (change(1000, 1032, clear=None), "▲", "+3.2%", "plain"),
        (change(1000, 968, clear=False), "▼", "−3.2%, unclear", "plain"),
    ],
)  # fmt: skip
def test_a_change_is_said_in_words(moves, arrow, words, kind):
    assert moves == {"arrow": arrow, "words": words, "kind": kind}


def test_a_change_is_written_as_its_language_writes_numbers(monkeypatch):
    monkeypatch.setattr(portfoy.locale, "_language", "tr")
    assert change(1000, 1032)["words"] == "up %3,2"


# (b) Which figures, and what is clear


def past(value, p_value=None, day="2025-06-30", **more):
    return {"day": day, "value": value, "p_value": p_value, **more}


def test_a_change_is_clear_where_it_survives_the_correction_for_all_that_a_report_looks_at():
    # Benjamini and Hochberg by hand: 5 tests, limits 0.01, 0.02, 0.03, 0.04, 0.05; 0.03 is third, 0.04 fourth, 0.2 last
    levels = {"a": 0.001, "b": 0.03, "c": 0.04, "d": 0.2}
    given = [figure(name, 2, year=past(1, level)) for name, level in levels.items()]
    given[0]["half"] = past(1, 0.045, day="2025-12-31")
    made = figures.judged([*given, figure("e", 2, year=past(1)), figure("f", 2)], 0.95)
    assert [one["year"]["clear"] for one in made[:4]] == [True, False, False, False]
    assert made[0]["half"]["clear"] is False
    assert "clear" not in made[4]["year"]
    assert "clear" not in given[0]["year"]  # what was given stays


def test_chance_is_ruled_out_as_scipy_does_it():
    random = np.random.default_rng(3)
    for _draw in range(50):
        levels = random.beta(0.5, 3, random.integers(1, 12)).round(3)
        given = [figure(f"f{place}", 1, year=past(1, level)) for place, level in enumerate(levels)]
        clear = [each["year"]["clear"] for each in figures.judged(given, 0.9)]
        assert clear == (false_discovery_control(levels) <= 0.1).tolist()


@pytest.mark.parametrize(
    ("year", "said"),
    [
        (past(0.37, 0.001, clear=True), ("▲", "up 3.0 points", "bad")),
        (past(0.43, 0.001, clear=True), ("▼", "down 3.0 points", "good")),
        (past(0.37, 0.2, clear=False), ("▲", "+3.0 points, unclear", "plain")),
        (past(0.43, 0.2, clear=False), ("▼", "−3.0 points, unclear", "plain")),
        (past(0.37), ("▲", "+3.0 points", "plain")),
        (past(0.40, 0.9, clear=False), ("●", "about the same", "plain")),
    ],
)
def test_colour_and_the_words_up_and_down_are_for_what_is_clear(year, said):
    (row,) = figures.rows(run(), [stage(figures=[figure("churn", 0.4, "share", better="down", year=year)])])
    assert (row["change"]["arrow"], row["change"]["words"], row["change"]["kind"]) == said


def test_a_drift_of_six_months_is_told_where_it_is_clear():
    churn = figure("churn", 0.4, "share", half=past(0.36, 0.001, day="2025-12-31", clear=True), note="of 761")
    noise = figure("nps", 31.0, "points", half=past(30.0, 0.4, day="2025-12-31", clear=False))
    (one, other) = figures.rows(run(), [stage(figures=[churn, noise])])
    assert (one["note"], one["drift"]) == ("of 761", "up 4.0 points in six months")
    assert (other["note"], other["drift"]) == ("", "")


def test_the_most_used_figures_stand_first_each_once_and_eight_at_most():
    first = stage("portfolio", [figure(name, 1) for name in ("a", "b", "c", "d", "nps", "churn")])
    second = stage("selection", [figure(name, 2) for name in ("e", "a", "f", "churn")])
    lost = stage("retention", [figure("clv", 3)], status="failed")
    made = figures.rows(run(), [first, second, lost])
    assert [row["label"] for row in made] == ["Churn", "NPS", "a", "e", "b", "c", "f", "d"]
    assert [row["value"] for row in made][:3] == ["1", "1", "1"]


# (c) A line over time


def test_the_points_of_a_line_are_recomputed_or_those_of_reports_of_its_kind():
    def month(as_of, value, **more):
        about = {"parameters": {"data": "shop"}, **more}
        return run(stage(figures=[figure("customers", value)], **about), as_of=as_of)

    now = figure("customers", 9, year=past(4), half=past(6, day="2025-12-31"))
    record = run(stage(figures=[now]))
    shelf = [  # newest first, as the shelf gives them
        month("2026-07-31", 99),
        month("2026-06-30", 99),
        month("2026-05-31", 8),
        month("2026-04-30", 99, parameters={"months": 3}),
        month("2026-03-31", 99, status="failed"),
        month("2026-02-28", 7),
        month("2026-02-28", 99),
        month("2025-12-31", 99),
        run(stage(figures=[figure("customers", 99)]), as_of="2025-11-30", source="Other"),
        run(stage(figures=[figure("customers", 99)]), as_of="2025-10-31", currency="EUR"),
    ]
    made = trend.points(now, shelf, record, record["stages"][0])
    assert made == [["2025-06-30", 4], ["2025-12-31", 6], ["2026-02-28", 7], ["2026-05-31", 8], ["2026-06-30", 9]]


def test_a_share_over_other_days_is_no_point_of_the_line():
    def month(as_of, share, days):
        return run(stage(figures=[figure("churn", share, "share", days=days)]), as_of=as_of)

    record = month("2026-06-30", 0.4, 335)
    shelf = [month("2026-05-31", 0.41, 335), month("2026-04-30", 0.6, 180), month("2026-03-31", 0.6, None)]
    made = trend.points(record["stages"][0]["figures"][0], shelf, record, record["stages"][0])
    assert made == [["2026-05-31", 0.41], ["2026-06-30", 0.4]]


def test_money_of_an_earlier_run_is_put_at_the_prices_of_this_one():
    def month(as_of, **more):
        return run(stage(figures=[figure("revenue", 100, "money"), figure("customers", 100)]), as_of=as_of, **more)

    record = month("2026-06-30", price_level=220)
    shelf = [month("2026-05-31", price_level=200), month("2026-04-30")]
    money, count = record["stages"][0]["figures"]
    points = [trend.points(one, shelf, record, record["stages"][0]) for one in (money, count)]
    assert points[0] == [["2026-05-31", pytest.approx(110)], ["2026-06-30", 100]]
    assert points[1] == [["2026-04-30", 100], ["2026-05-31", 100], ["2026-06-30", 100]]


def test_a_line_runs_over_the_days_with_its_ends_in_words_and_the_band_of_chance():
    churn = figure("churn", 0.40, "share", low=0.38, high=0.42)
    churn["points"] = [["2026-01-01", 0.30], ["2026-01-11", 0.50], ["2026-03-02", 0.34], ["2026-04-11", 0.40]]
    line = trend.line(churn, "2026-04-11", lambda value: f"{value:.0%}")
    places = [tuple(map(float, pair.split(","))) for pair in line["points"].split()]
    (left, _y), (right, _z) = places[0], places[-1]
    assert [(x - left) / (right - left) for x, _y in places] == pytest.approx([0, 0.1, 0.6, 1], abs=0.001)
    heights = [y for _x, y in places]
    up = [(heights[0] - y) / (heights[0] - heights[1]) for y in heights]  # up is less in SVG
    assert up == pytest.approx([0, 1, 0.2, 0.5], abs=0.005)
    top, height = line["band"]
    assert (heights[0] - top) / (heights[0] - heights[1]) == pytest.approx(0.6, abs=0.005)
    assert height / (heights[0] - heights[1]) == pytest.approx(0.2, abs=0.005)
    assert (line["first"], line["last"], line["start"], line["end"]) == ("30%", "40%", "1 Jan 2026", places[-1])
    assert trend.line({**churn, "points": churn["points"][-1:]}, "2026-04-11", str) is None
    flat = {**churn, "low": None, "high": None, "points": [["2026-01-01", 1], ["2026-04-11", 1]]}
    assert trend.line(flat, "2026-04-11", str)["band"] is None


# (d) What a run says


def test_findings_rank_by_the_bound_of_their_money_nearest_zero():
    first = stage("portfolio", findings=[found("words"), found("small", 1, 900), found("over zero", -500, 900)])
    second = stage("selection", findings=[found("lost", -300, -200), found("small", 1, 900), found("great", 100, 400)])
    lost = stage("retention", findings=[found("greatest", 5000, 6000)], status="failed")
    assert [one["text"] for one in message.findings([first, second, lost])] == ["lost", "great", "small"]
    assert [one["text"] for one in message.findings([first])] == ["small", "over zero", "words"]


@pytest.mark.parametrize(
    ("texts", "heading"),
    [
        ([("A grew by 5", 9, 9), ("B fell", -8, -7), ("C", 1, 2)], "A grew by 5. B fell."),
        ([("A grew by 5", 9, 9), ("B fell", -8, 7)], "A grew by 5"),
        ([("A grew by 5", None, None), ("B fell", None, None)], "A grew by 5"),
        ([], ""),
    ],
)
def test_the_heading_is_the_strongest_finding_or_the_two_that_are_beyond_chance(texts, heading):
    assert message.heading([found(*each) for each in texts]) == heading


@pytest.mark.parametrize(
    ("reading", "first"),
    [
        ("It fell by 3.5 points. Then it rose.", "It fell by 3.5 points."),
        ("Over Inc. and more it fell. 47% left.", "Over Inc. and more it fell."),
        ("Bu yıl düştü. Şimdi artıyor.", "Bu yıl düştü."),
        ("One sentence.", "One sentence."),
        ("no stop", "no stop"),
        ("", ""),
    ],
)
def test_of_a_reading_the_first_sentence_is_told(reading, first):
    section = {"finding": found("A"), "also": False, "id": "a", "blocks": [{"kind": "result", "reading": reading}]}
    assert message.told([section])["findings"][0]["reading"] == first


# (e) The page of a run


def test_the_page_of_a_run_says_what_happened_what_to_do_and_the_figures_in_this_order():
    churn = figure("churn", 0.405, "share", low=0.39, high=0.42, better="down", note="761 of 1,879")
    churn |= {"year": past(0.37, 0.001, clear=True), "points": [["2025-06-30", 0.37], ["2026-06-30", 0.405]]}
    good = stage("portfolio", [churn], pdf="portfolio.pdf", findings=[
        found("Revenue is up 30%", 7e6, 15e6, "All of it comes from more buyers."),
        found("828 customers left", -9e6, -6e6, "They are 44% of last year's."),
        found("A fifth are firms", None, None, "Nobody has written to one."),
    ], todo=[to_do("Call the 50 customers", 78_000, "actions/quiet.csv"), to_do("Plan a pilot", 90_000)])  # fmt: skip
    page = read(overview.run_page(run(good, workbook="portfoy.xlsx", prices="money at June 2026 prices")))
    assert text(page.header) == (
        "All months · Shop · 30 Jun 2026 · money at June 2026 prices · portfoy.xlsx "
        "Revenue is up 30%. 828 customers left."
    )
    assert [text(heading) for heading in page.main.find_all("h2")] == [
        "What happened", "What to do", "The figures, against the same day last year", "The reports",
    ]  # fmt: skip
    assert [text(item) for item in page.ol.find_all("li")] == [
        "Revenue is up 30% . All of it comes from more buyers. Portfolio",
        "828 customers left . They are 44% of last year's. Portfolio",
        "A fifth are firms . Nobody has written to one. Portfolio",
    ]
    assert [text(item) for item in page.find("h2", id="todo").parent.find_all("li")] == [
        "Plan a pilot Portfolio", "Call the 50 customers The list",
    ]  # fmt: skip
    assert rows(page.find("table", class_="figures")) == [
        ["Figure", "Now", "Change", "Since 30 Jun 2025"],
        ["Churn 761 of 1,879", "40.5% 39.0\u2060–\u206042.0%", "▲ up 3.5 points", "37.0% 40.5%"],
    ]
    assert "bad" in page.find(class_="change")["class"]
    links = [link["href"] for link in page.find_all("a")]
    assert links == [
        "#content", "../index.html", "portfoy.xlsx", *["portfolio.html#where"] * 6,
        "portfolio.html#who", "actions/quiet.csv", "portfolio.html", "portfolio.pdf",
    ]  # fmt: skip
    assert text(page.find("ul", class_="plain")) == "Portfolio · Revenue is up 30% · PDF"


def test_a_run_that_says_nothing_is_headed_by_its_source_and_day():
    page = read(overview.run_page(run(stage(figures=[figure("customers", 3816)]))))
    assert text(page.h1) == "Shop, as of 30 Jun 2026"
    assert rows(page.table) == [["Figure", "Now"], ["Customers", "3,816"]]
    assert [text(heading) for heading in page.main.find_all("h2")] == ["The figures", "The reports"]


def test_a_failed_report_says_so_in_its_line_and_adds_nothing_else():
    bad = stage("retention", [figure("churn", 0.04, "share")], status="timeout", error="No answer within 600 seconds.",
                findings=[found("Half left", 5, 6)], todo=[to_do("Call")])  # fmt: skip
    page = read(overview.run_page(run(stage(figures=[figure("customers", 3816)]), bad)))
    assert [text(item) for item in page.find("ul", class_="plain").find_all("li")] == [
        "Selection", "Retention ran out of time No answer within 600 seconds.",
    ]  # fmt: skip
    assert not {"Half left", "Call", "Churn"} & set(text(page).split(" · "))
    assert rows(page.table) == [["Figure", "Now"], ["Customers", "3,816"]]


def test_values_of_a_parameter_stand_side_by_side():
    entries = [
        stage(name=f"selection-horizon_months-{months}", page=f"selection-horizon_months-{months}.html",
              each={"horizon_months": months}, figures=figures, status=status, findings=[found(f"In {months} months")])
        for months, figures, status in [
            (6, [figure("customers", 10), figure("expected_value", 500, "money", low=400, high=600)], "ok"),
            (12, [figure("customers", 10)], "failed"),
        ]
    ]  # fmt: skip
    for entry in entries:
        entry["stage"] = "selection"
    page = read(overview.run_page(run(*entries)))
    assert text(page.h1) == "In 6 months"
    (table,) = page.select("main > table")  # each figure once
    assert text(table.caption) == "horizon_months"
    assert rows(table) == [["Figure", "6", "12"], ["Expected value ahead", "TRY 500", "–"]]  # what differs
    assert text(table.find_next_sibling()) == "The same: 1 figures."
    assert [link["href"] for link in table.find_all("a")] == [entry["page"] for entry in entries]
    assert "Selection (horizon_months = 12) did not finish" in text(page)


def test_what_the_data_gave_beside_a_value_is_named_and_stands_in_a_row_where_it_differs():
    def each(taken):
        return [
            stage(name=f"portfolio-at_risk_days-{days}", each={"at_risk_days": days}, derived=own,
                  figures=[figure("customers", days)]) | {"stage": "portfolio"}
            for days, own in zip((60, 90), taken, strict=True)
        ]  # fmt: skip

    for second in ({"lapsed_days": 335}, {}):  # none where the states could not be computed
        page = read(overview.run_page(run(*each([{"lapsed_days": 335}, second]))))
        assert text(page.select_one("main > table").caption) == "at_risk_days; lapsed_days, from the data: 335"
        assert rows(page.select_one("main > table")) == [["Figure", "60", "90"], ["Customers", "60", "90"]]
    assert ["Taken from the data, Portfolio (at_risk_days = 60)", "lapsed_days = 335"] in rows(
        page.select_one("#provenance table")
    )
    table = read(overview.run_page(run(*each([{"lapsed_days": 335}, {"lapsed_days": 340}])))).select_one("main > table")
    assert text(table.caption) == "at_risk_days"
    assert rows(table)[1] == ["lapsed_days, from the data", "335", "340"]


def test_a_report_is_not_complete_where_a_section_could_not_be_computed():
    part = stage(
        uncomputed=["Who stays?", "Who goes?"], missing=["states: <b> too few."], findings=[found("Half left")]
    )
    whole, short = read(overview.run_page(run(stage("portfolio"), part))).find("ul", class_="plain").find_all("li")
    assert (whole.span["title"], whole.span["class"], whole.details) == ("complete", ["status", "good"], None)
    assert (short.span.get("title"), short.span["class"]) == (None, ["status", "part"])
    assert text(short.details) == "Sections not computed: 2 states: <b> too few."
    assert not short.details.has_attr("open")


def test_where_a_run_comes_from_is_folded_at_its_foot():
    moved = {"before": {"folder": "2026-05-31", "as_of": "2026-05-31", "page": "x.html"}, "cause": "The data changed."}
    page = read(
        overview.run_page(run(stage(changes=moved), stage("retention", parameters={"data": "shop", "months": 3})))
    )
    assert page.details["id"] == "provenance"
    assert not page.details.has_attr("open")
    assert rows(page.details.table) == [
        ["Data", "shop, 45,678 rows"],
        ["Fingerprint of the data", "d" * 16],
        ["Fingerprint of the code", "c" * 16],
        ["Parameters, Selection", "data = shop"],
        ["Parameters, Retention", "data = shop, months = 3"],
        ["Since the report before, Selection", "The data changed."],
        ["Versions", "python 3.11.7"],
        ["Made", "2026-06-30T08:00:00+03:00"],
        ["Time taken", "21.4 seconds"],
    ]


# (f) The shelf


def test_an_empty_shelf_says_how_to_fill_it():
    page = read(overview.shelf_page([]))
    assert text(page.main) == "There is no report yet. This command makes the first one: portfoy report"


def test_the_shelf_has_a_row_a_run_with_what_it_says_its_reports_and_what_failed():
    runs = [
        run(stage(findings=[found("Revenue is up 30%", 5, 6)]), stage("retention", status="failed")),
        run(stage(), as_of="2026-05-31"),
    ]
    page = read(overview.shelf_page(runs))
    assert [text(row) for row in page.find_all("li")] == [
        "2026-06-30 Revenue is up 30% Selection · Retention · Retention: did not finish",
        "2026-05-31 Selection",
    ]
    assert [link["href"] for link in page.main.find_all("a")] == [
        *("2026-06-30/index.html", "2026-06-30/selection.html", "2026-06-30/retention.html"),
        *("2026-05-31/index.html", "2026-05-31/selection.html"),
    ]


def test_each_source_has_its_own_section():
    runs = [run(stage(), source="A"), run(stage(), source="B"), run(stage(), source="A", as_of="2026-05-31")]
    page = read(overview.shelf_page(runs))
    listed = [(text(section.h2), len(section.find_all("li"))) for section in page.find_all("section")]
    assert listed == [("A", 2), ("B", 1)]


def test_two_hundred_runs_are_readable_small_and_fast():
    stages = [stage(name, findings=[found(f"{name} grew by 5%", 1, 2)]) for name in STAGES]
    runs = [run(*stages, as_of=f"{2200 - number}-06-30") for number in range(200)]
    start = time.perf_counter()
    made = overview.shelf_page(runs)
    assert time.perf_counter() - start < 1
    assert len(made.encode()) < 300_000
    page = read(made)
    assert text(page.details.summary) == "176 older runs"
    assert [len(part.find_all("li")) for part in page.find_all("ul")] == [24, 176]


# (g) Both


@pytest.mark.parametrize("name", [SCRIPT, IMAGE, "Şükrü İÇ Łódź & Söhne", "x" * 200, "$5 {0} %s {{ 7*7 }}"])
def test_a_name_from_data_is_text_on_both_pages(name):
    hostile = stage(
        figures=[figure(name, 1, label=name, note=name)] * 2, missing=[name], error=name, status="failed",
        parameters={name: name}, actions=[f"actions/{name}.csv"], page=f"{name}.html",
        findings=[found(name, 5, 6, name)], todo=[to_do(name, 5, f"actions/{name}.csv")],
    )  # fmt: skip
    cause = {"before": {"folder": name, "as_of": "2026-05-31", "page": name}, "cause": name}
    good = {**hostile, "status": "ok", "changes": cause}
    record = run(hostile, {**good, "stage": name}, source=name, folder=name, prices=name, workbook=name)
    older = run({**good, "stage": name}, source=name, as_of="2026-05-31")
    for made in (overview.run_page(record), overview.shelf_page([record, older])):
        page = read(made)
        assert text(page).count(name) > 2
        assert page.find_all(["script", "img"]) == []
        assert not [tag for tag in page.find_all(True) if any(key.startswith("on") for key in tag.attrs)]
        assert not [link for link in page.find_all("a") if re.match(r"[a-z]+:|//|/", link["href"])]
        assert not re.search(r"alert\(|[<&]", page.style.get_text())


@pytest.mark.parametrize("made", [overview.run_page(run(stage())), overview.shelf_page([run(stage())])])
def test_a_page_needs_nothing_but_itself_and_can_be_found_ones_way_in(made):
    page = read(made)
    policy = page.find("meta", {"http-equiv": "Content-Security-Policy"})["content"]
    assert policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    assert page.find("meta", {"name": "color-scheme"})["content"] == "light dark"
    assert (page.html["lang"], len(page.find_all("h1"))) == ("en", 1)
    assert page.find(id=page.find("a", class_="skip")["href"][1:]).name == "main"
    ids = [element["id"] for element in page.find_all(id=True)]
    assert len(ids) == len(set(ids))
    assert {element["aria-labelledby"] for element in page.find_all(attrs={"aria-labelledby": True})} <= set(ids)
    assert "url(" not in made
    assert "@import" not in made


def test_a_link_with_a_scheme_in_it_is_a_file_name():
    page = read(overview.run_page(run(stage(page="javascript:alert(1)"))))
    assert page.find("ul", class_="plain").a["href"] == "javascript%3Aalert%281%29"
