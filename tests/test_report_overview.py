"""Tiles, the page of a run and the shelf. Judges: an HTML parser, and per cents and points worked out by hand."""

import re
import time

import pytest
from bs4 import BeautifulSoup

import portfoy.locale
from portfoy.report import overview, tiles
from portfoy.words.stages import STAGES

SCRIPT, IMAGE = "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>'
NBSP = "\u00a0"


def figure(name, value, unit="count", **more):
    return {"name": name, "value": value, "low": None, "high": None, "unit": unit, "label": name, "note": None, **more}


def change(before, after, unit="count", *, better="up", beyond=None, name="customers"):
    relative = None if before in (None, 0) or after is None else (after - before) / abs(before)
    direction = "new" if before is None else "gone" if after is None else "up" if after > before else "down"
    direction = "same" if before == after else direction
    return {"name": name, "label": name, "unit": unit, "before": before, "after": after, "relative": relative,
            "direction": direction, "beyond": beyond, "better": better}  # fmt: skip


def moved(*figures, as_of="2026-05-31", cause="The data have changed, the code has not."):
    return {"before": {"folder": as_of, "as_of": as_of}, "cause": cause, "figures": list(figures)}


def stage(name="selection", figures=(), **more):
    return {"name": name, "stage": name, "status": "ok", "page": f"{name}.html", "pdf": "", "seconds": 8.1, "each": {},
            "parameters": {"data": "shop"}, "code": "c" * 64, "missing": [], "error": "", "actions": [],
            "figures": list(figures), "changes": None, **more}  # fmt: skip


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
        (change(1000, 1032), "▲", "up 3.2% since 31 May 2026", "good"),
        (change(1032, 1000, "money"), "▼", "down 3.1% since 31 May 2026", "bad"),
        (change(10.0, 8.0, "days", better="down"), "▼", "down 20.0% since 31 May 2026", "good"),
        (change(-10.0, -5.0, "number"), "▲", "up 50.0% since 31 May 2026", "good"),
        (change(0.650, 0.654, "share"), "▲", "up 0.4 points since 31 May 2026", "good"),
        (change(31.0, 28.5, "points"), "▼", "down 2.5 points since 31 May 2026", "bad"),
        (change(0.10001, 0.10009, "share"), "●", "about the same since 31 May 2026", "plain"),
        (change(10_000, 10_004), "●", "about the same since 31 May 2026", "plain"),
        (change(10_000, 10_006), "▲", "up 0.1% since 31 May 2026", "good"),
        (change(7, 7), "●", "about the same since 31 May 2026", "plain"),
        (change(0, 12, "money"), "▲", f"up TRY{NBSP}12.00 since 31 May 2026", "good"),
        (change(None, 12), "●", "new", "plain"),
        (change(12, None), "●", "no longer there, was 12", "plain"),
        (change(None, None), "●", "missing in both", "plain"),
        (change(1000, 1032, better=""), "▲", "up 3.2% since 31 May 2026", "plain"),
        (change(1000, 1032, beyond=True), "▲", "up 3.2% since 31 May 2026", "good"),
        (change(1000, 1032, beyond=False), "▲", "up 3.2% since 31 May 2026, within its margin of error", "plain"),
    ],
)  # fmt: skip
def test_a_change_is_said_in_words(moves, arrow, words, kind):
    said = tiles.change_words(moves, since="31 May 2026", currency="TRY")
    assert said == {"arrow": arrow, "words": words, "kind": kind}


def test_a_place_that_says_the_date_itself_has_the_change_alone():
    said = [tiles.change_words(change(*pair), since="", currency="")["words"] for pair in ((2, 3), (3, 2), (3, 3))]
    assert said == ["up 50.0%", "down 33.3%", "about the same"]


def test_a_change_is_written_as_its_language_writes_numbers(monkeypatch):
    monkeypatch.setattr(portfoy.locale, "_language", "tr")
    assert tiles.change_words(change(1000, 1032), since="", currency="")["words"] == "up %3,2"


def test_a_tile_has_label_value_interval_note_and_change():
    figures = [
        figure("top_share", 0.661, "share", low=0.642, high=0.68, note="by revenue"),
        figure("half_life", 1, "days", label="Half stay longer than"),
        figure("nps", None, "points"),
    ]
    made = tiles.make_tiles(figures, "TRY", moved(change(0.65, 0.661, "share", name="top_share")))
    assert made == [
        {"label": "Revenue from the top 20%", "value": "66.1%", "interval": "64.2\u2060–\u206068.0%",
         "note": "by revenue",
         "change": {"arrow": "▲", "words": "up 1.1 points since 31 May 2026", "kind": "good"}},
        {"label": "Half stay longer than", "value": "1 day", "interval": "", "note": None, "change": None},
        {"label": "NPS", "value": "–", "interval": "", "note": None, "change": None},
    ]  # fmt: skip


def test_a_run_of_the_same_date_is_not_called_by_its_date():
    (tile,) = tiles.make_tiles([figure("customers", 12)], "", moved(change(10, 12)), as_of="2026-05-31")
    assert tile["change"]["words"] == "up 20.0% since the previous report"


# (b) The page of a run


def test_the_metrics_of_a_run_stand_first_and_those_without_data_are_named():
    churn = figure("churn", 0.0412, "share", low=0.037, high=0.046)
    page = read(
        overview.run_page(
            run(stage("retention", [churn], changes=moved(change(0.045, 0.0412, "share", better="down", name="churn"))))
        )
    )
    first = page.find("section", {"aria-labelledby": "metrics"})
    assert text(first.li) == "Churn 4.1% 3.7\u2060–\u20604.6% ▼ down 0.4 points since 31 May 2026"
    assert "good" in first.find("span", class_="change")["class"]
    assert text(first.p) == (
        "Not in this run: NPS (needs surveys), customer lifetime value (needs repeat purchases), "
        "sales cycle length (needs leads with their dates), first contact resolution (needs tickets)."
    )


def test_a_metric_of_a_stage_that_failed_is_not_shown_among_the_five():
    page = read(overview.run_page(run(stage("retention", [figure("churn", 0.04, "share")], status="failed"))))
    assert page.find(id="metrics") is None
    assert "Not in this run: churn (needs contracts or repeat purchases), NPS" in text(page)


def test_every_stage_has_its_state_in_words_its_figures_and_its_links():
    good = stage(figures=[figure("customers", 3816)], pdf="selection.pdf", actions=["actions/most_valuable.csv"],
                 missing=["clv: at least 30 customers are needed."])  # fmt: skip
    bad = stage("retention", status="timeout", error="No answer within 600 seconds.")
    page = read(overview.run_page(run(good, bad)))
    one, other = page.find_all("section", class_="stage")
    assert [link["href"] for link in one.find_all("a")] == [
        *("selection.html", "selection.html", "selection.pdf", "actions/most_valuable.csv"),
    ]
    assert text(one) == (
        "Selection: who is the most profitable customer? complete · Open the report · PDF Customers 3,816 "
        "Files: most_valuable.csv Cannot be computed: clv: at least 30 customers are needed."
    )
    assert text(other) == (
        "Retention: how long can we keep this customer? ran out of time · Open the report No answer within 600 seconds."
    )


def test_what_has_changed_is_a_table_with_its_cause():
    compared = moved(change(3790, 3816), change(1.5, None, "number", name="gone_now"))
    page = read(overview.run_page(run(stage(changes=compared), stage("retention"))))
    section = page.find("section", {"aria-labelledby": "changes"})
    assert text(section.h2) == "What has changed since 31 May 2026"
    assert rows(section.table) == [
        ["Figure", "Before", "Now", "Change"],
        ["Customers", "3,790", "3,816", "▲ up 0.7%"],
        ["gone_now", "1.50", "–", "● no longer there, was 1.50"],
    ]
    assert [text(paragraph) for paragraph in section.find_all("p")] == [
        "The data have changed, the code has not. The previous report",
        "First run of its kind, to be compared with next time: Retention.",
    ]
    assert section.p.a["href"] == "../2026-05-31/index.html"


@pytest.mark.parametrize(
    ("stages", "said"),
    [
        ([stage()], "This is the first run of its kind. The next one will be compared with it."),
        ([stage(status="failed")], "Nothing finished that could be compared."),
    ],
)
def test_a_run_with_nothing_to_compare_says_so(stages, said):
    section = read(overview.run_page(run(*stages))).find("section", {"aria-labelledby": "changes"})
    assert text(section) == f"What has changed {said}"


def test_stages_compared_with_different_dates_each_say_theirs():
    page = read(
        overview.run_page(
            run(stage(changes=moved(change(1, 2))), stage("retention", changes=moved(as_of="2026-04-30")))
        )
    )
    said = [text(heading) for heading in page.find("section", {"aria-labelledby": "changes"}).find_all(["h2", "h3"])]
    assert said == ["What has changed", "Selection, since 31 May 2026", "Retention, since 30 Apr 2026"]


def test_values_of_a_parameter_stand_side_by_side():
    entries = [
        stage(name=f"selection-horizon_months-{months}", page=f"selection-horizon_months-{months}.html",
              each={"horizon_months": months}, figures=figures, status=status)
        for months, figures, status in [
            (6, [figure("customers", 10), figure("expected_value", 500, "money", low=400, high=600)], "ok"),
            (12, [figure("customers", 10)], "failed"),
        ]
    ]  # fmt: skip
    for entry in entries:
        entry["stage"] = "selection"
    section = read(overview.run_page(run(*entries))).find("section", class_="stage")
    assert rows(section.table) == [
        ["horizon_months", "6", "12 did not finish"],
        ["Customers", "10", "10"],
        ["Expected value ahead", "TRY 500 TRY 400\u2060–\u2060600", "–"],
    ]
    assert [link["href"] for link in section.thead.find_all("a")] == [entry["page"] for entry in entries]
    assert "horizon_months = 12 · did not finish" in text(section)


def test_where_a_run_comes_from_is_at_its_foot():
    page = read(overview.run_page(run(stage(), stage("retention", parameters={"data": "shop", "months": 3}))))
    assert rows(page.find("table", class_="facts")) == [
        ["Data", "shop, 45,678 rows"],
        ["Fingerprint of the data", "d" * 16],
        ["Fingerprint of the code", "c" * 16],
        ["Parameters, Selection", "data = shop"],
        ["Parameters, Retention", "data = shop, months = 3"],
        ["Versions", "python 3.11.7"],
        ["Made", "2026-06-30T08:00:00+03:00"],
        ["Time taken", "21.4 seconds"],
    ]


# (c) The shelf


def test_an_empty_shelf_says_how_to_fill_it():
    page = read(overview.shelf_page([]))
    assert text(page.main) == "There is no report yet. This command makes the first one: portfoy report"


def test_the_shelf_has_a_row_a_run_with_its_state_in_words():
    runs = [
        run(stage(figures=[figure("customers", 12)]), stage("retention", status="failed")),
        run(stage(figures=[figure("customers", 11)]), as_of="2026-05-31"),
    ]
    page = read(overview.shelf_page(runs))
    assert rows(page.table) == [
        ["Run", "Customers", "Reports", "Status", "Made"],
        ["2026-06-30", "12", "Selection , Retention", "Retention: did not finish", "2026-06-30 08:00"],
        ["2026-05-31", "11", "Selection", "complete", "2026-05-31 08:00"],
    ]
    assert [link["href"] for link in page.table.find_all("a")] == [
        *("2026-06-30/index.html", "2026-06-30/selection.html", "2026-06-30/retention.html"),
        *("2026-05-31/index.html", "2026-05-31/selection.html"),
    ]


def test_headlines_are_those_of_the_newest_good_run():
    runs = [
        run(stage(figures=[figure("customers", 99)], status="failed")),
        run(stage(figures=[figure("revenue", 5, "money"), figure("churn", 0.04, "share")]), as_of="2026-05-31"),
        run(stage(figures=[figure("customers", 1)]), as_of="2026-04-30"),
    ]
    page = read(overview.shelf_page(runs))
    assert [text(tile) for tile in page.ul.find_all("li")] == ["Churn 4.0%", "Revenue so far TRY 5.00"]


def test_each_source_has_its_own_section():
    runs = [run(stage(), source="A"), run(stage(), source="B"), run(stage(), source="A", as_of="2026-05-31")]
    page = read(overview.shelf_page(runs))
    found = [(text(section.h2), len(section.find_all("tr")) - 1) for section in page.find_all("section")]
    assert found == [("A", 2), ("B", 1)]


def test_only_runs_of_the_same_parameters_share_a_curve_and_a_column():
    def months(number, value, as_of, **more):
        entry = stage(figures=[figure("expected_value", value, "money")], parameters={"months": number}, **more)
        return run(entry, as_of=as_of)

    runs = [
        months(6, 70, "2026-06-30", name="selection-months-6", each={"months": 6}),
        months(12, 130, "2026-05-31"),
        months(6, 60, "2026-04-30"),
        months(12, 120, "2026-03-31"),
    ]
    page = read(overview.shelf_page(runs))
    assert [row[1] for row in rows(page.table)[1:]] == ["–", "TRY 130", "–", "TRY 120"]
    assert text(page.ul.find("span", class_="value")) == "TRY 130"
    assert text(page.svg.title).endswith("lowest TRY 120, highest TRY 130, last TRY 130")
    assert page.find_all("p")[-1].get_text() == "A dash: not recorded, or with other parameters or in another currency."


def curves(page):
    return [
        [[tuple(map(float, pair.split(","))) for pair in line["points"].split()] for line in curve.find_all("polyline")]
        for curve in page.find_all("svg")
    ]


def test_a_curve_runs_over_the_dates_and_stops_at_gaps():
    values = [1, 3, None, 2, 5, 4]  # months 1 to 6 of a year of equal months: day 1, 31, 61 ... of it
    days = ["2026-01-01", "2026-01-31", "2026-03-02", "2026-04-01", "2026-05-01", "2026-05-31"]
    runs = [
        run(stage(figures=[figure("customers", value)]), as_of=day) for day, value in zip(days, values, strict=True)
    ]
    page = read(overview.shelf_page(runs[::-1]))
    ((first, second),) = curves(page)
    across = [x for x, _y in first + second]
    steps = [(x - across[0]) / (across[-1] - across[0]) for x in across]
    assert steps == pytest.approx([0, 0.2, 0.6, 0.8, 1], abs=0.001)
    heights = {value: y for value, (_x, y) in zip([1, 3, 2, 5, 4], first + second, strict=True)}
    assert sorted(heights, key=heights.get, reverse=True) == [1, 2, 3, 4, 5]  # up is less in SVG
    end = page.find("circle", class_="end")
    assert (float(end["cx"]), float(end["cy"])) == second[-1]
    assert text(page.svg.title) == "Customers, 5 dates from 1 Jan 2026 to 31 May 2026: lowest 1, highest 5, last 4"


def test_a_curve_counts_the_last_good_run_of_a_date_and_36_dates_at_most():
    runs = [
        run(stage(figures=[figure("customers", year - 1900)]), as_of=f"{year}-06-30") for year in range(2026, 1980, -1)
    ]
    revised = run(stage(figures=[figure("customers", 500)]), folder="2026-06-30.2")
    broken = run(stage(figures=[figure("customers", 9000)], status="failed"), folder="2026-06-30.3")
    page = read(overview.shelf_page([broken, revised, *runs]))
    assert [len(line) for (line,) in curves(page)] == [36]
    assert (
        text(page.svg.title) == "Customers, 36 dates from 30 Jun 1991 to 30 Jun 2026: lowest 91, highest 500, last 500"
    )


def test_one_date_draws_no_curve():
    assert read(overview.shelf_page([run(stage(figures=[figure("customers", 1)]))])).find("svg") is None


def test_two_hundred_runs_are_readable_small_and_fast():
    stages = [stage(name, [figure(f"{name}_{n}", 1234.5, "money") for n in range(5)]) for name in STAGES]
    runs = [run(*stages, as_of=f"{2200 - number}-06-30") for number in range(200)]
    start = time.perf_counter()
    made = overview.shelf_page(runs)
    assert time.perf_counter() - start < 1
    assert len(made.encode()) < 300_000
    page = read(made)
    assert text(page.details.summary) == "176 older runs"
    assert [len(table.tbody.find_all("tr")) for table in page.find_all("table")] == [24, 176]


# (d) Both


@pytest.mark.parametrize("name", [SCRIPT, IMAGE, "Şükrü İÇ Łódź & Söhne", "x" * 200, "$5 {0} %s {{ 7*7 }}"])
def test_a_name_from_data_is_text_on_both_pages(name):
    hostile = stage(
        figures=[figure(name, 1, label=name, note=name)] * 2, missing=[name], error=name, status="failed",
        parameters={name: name}, actions=[f"actions/{name}.csv"], page=f"{name}.html",
    )  # fmt: skip
    good = {**hostile, "status": "ok", "changes": moved({**change(1, 2, name=name), "label": name}, cause=name)}
    record = run(hostile, {**good, "stage": name}, source=name, folder=name)
    older = run({**good, "stage": name}, source=name, as_of="2026-05-31")
    for made in (overview.run_page(record), overview.shelf_page([record, older])):
        page = read(made)
        assert text(page).count(name) > 2
        assert page.find_all(["script", "img"]) == []
        assert not [tag for tag in page.find_all(True) if any(key.startswith("on") for key in tag.attrs)]
        assert not [link for link in page.find_all("a") if re.match(r"[a-z]+:|//|/", link["href"])]


@pytest.mark.parametrize("made", [overview.run_page(run(stage())), overview.shelf_page([run(stage())])])
def test_a_page_needs_nothing_but_itself_and_can_be_found_ones_way_in(made):
    page = read(made)
    policy = page.find("meta", {"http-equiv": "Content-Security-Policy"})["content"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
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
    assert page.find("section", class_="stage").a["href"] == "javascript%3Aalert%281%29"
