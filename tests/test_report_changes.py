"""What has changed between runs. Judges: arithmetic by hand, and a shelf whose causes are known by construction."""

from itertools import combinations
from statistics import NormalDist

import pytest
from scipy.stats import false_discovery_control

from portfoy.report import changes, compare, figures


def figure(name, value, low=None, high=None, **about):
    return {
        "name": name,
        "value": value,
        "low": low,
        "high": high,
        "unit": "count",
        "label": name,
        "note": None,
        **about,
    }


def run_of(
    folder,
    *figures,
    as_of=None,
    data="D1",
    code="C1",
    status="ok",
    parameters=None,
    source="Shop",
    pandas="3.0",
    settings="S1",
    currency="TRY",
):
    as_of = as_of or folder[:10]
    stage = {"name": "selection", "stage": "selection", "status": status, "code": code, "figures": list(figures),
             "page": "selection.html",
             "parameters": {"as_of": as_of, "data": "x", "contacts": 50, **(parameters or {})}}  # fmt: skip
    about = {"folder": folder, "as_of": as_of, "made_at": f"{as_of}T08:00:00+00:00", "source": source}
    return {**about, "currency": currency,
            "data": {"where": "x", "sha256": data, "settings_sha256": settings, "rows": 10},
            "versions": {"pandas": pandas}, "stages": [stage]}  # fmt: skip


def told(runs, run):
    return changes.changes(runs, run, run["stages"][0])


@pytest.mark.parametrize(
    ("before", "after", "relative", "direction"),
    [(200, 150, -0.25, "down"), (-50, -25, 0.5, "up"), (0, 3, None, "up"), (7, 7, 0.0, "same")],
)
def test_a_figure_beside_what_it_was_by_hand(before, after, relative, direction):
    found = changes.compared(figure("x", before), figure("x", after, better="up"))
    assert found == {
        "unit": "count",
        "better": "up",
        "before": before,
        "after": after,
        "relative": relative,
        "direction": direction,
    }


def test_chance_is_told_from_both_intervals_and_corrected_for_all_figures():
    """By hand, by the normal curve: each interval of 95 % is 1.96 standard errors to each side."""
    now = {"a": (10, 1), "b": (10, 1), "c": (10, 1), "d": (10, 1)}
    then = {"a": (5, 1), "b": (7.2, 1), "c": (7.0, 1), "d": (9.9, 1)}
    made = [
        [
            figure(name, value, value - 1.959964 * error, value + 1.959964 * error)
            for name, (value, error) in each.items()
        ]
        for each in (now, then)
    ]
    judged = figures.against(*made, "2025-06-30", 0.95)
    levels = [2 * NormalDist().cdf(-abs(now[name][0] - then[name][0]) / 2**0.5) for name in now]
    assert [each["past"]["p_value"] for each in judged] == pytest.approx(levels, rel=1e-5)
    assert [each["past"]["clear"] for each in judged] == (false_discovery_control(levels) <= 0.05).tolist()
    assert [level <= 0.05 for level in levels] == [True, True, True, False]
    assert "clear" not in figures.against(*made, "2025-06-30", None)[0]["past"]  # of two confidences nobody can say


def test_compare_and_the_page_say_the_same_of_the_same_day_last_year():
    """Judge: the cells of the page, told from the p-values that it has, which here are not those of the intervals."""
    said = {"revenue": (49.3e6, 37.9e6, 6e-05, "money"), "churn": (0.405, 0.41, 0.6, "share"),
            "nps": (33.5, 30, 0.01, "points"), "sales_cycle": (58, 58, 1.0, "days"),
            "customers": (2562, 1868, None, "count")}  # fmt: skip
    now = [
        figure(name, value, value * 0.9, value * 1.1, unit=unit, better="up")
        | {"year": {"day": "2025-06-30", "value": was, "p_value": p_value}}
        for name, (value, was, p_value, unit) in said.items()
    ]
    now[1]["days"] = 335
    judged = figures.judged(now, 0.95)
    before = [figure(name, was, was * 0.9, was * 1.1, unit=unit) for name, (_now, was, _p, unit) in said.items()]
    before[1]["days"] = 335
    earlier, later = run_of("2025-06-30", *before), run_of("2026-06-30", *judged)
    rows = figures.rows(later, later["stages"])
    page = [[row["label"], row["value"], f"{row['change']['arrow']} {row['change']['words']}"] for row in rows]
    assert {row[2] for row in page} >= {"▲ up 30.1%", "▼ −0.5 points, unclear", "● about the same"}
    told = compare.compare_text(earlier, later).splitlines()
    shown = [[part for part in line.strip().split("  ") if part] for line in told][-len(page) - 1 : -1]
    assert [[part.strip() for part in (line[0], line[2], line[3])] for line in shown] == page
    assert page[0][0] == "Churn in 335 days"


def test_a_share_over_other_days_is_not_compared():
    before, after = (
        run_of(day, figure("churn", share, share - 0.01, share + 0.01, unit="share", days=days), parameters={"x": days})
        for day, share, days in (("2026-05-31", 0.6, 180), ("2026-06-30", 0.4, 365))
    )
    text = " ".join(compare.compare_text(before, after).split())
    assert "Churn in 180 / 365 days 60.0% 40.0% not over the same days" in text


def test_a_report_is_compared_with_the_newest_good_one_of_an_earlier_date():
    runs = [
        run_of("2026-06-30", figure("x", 5)),  # the same date: only where there is nothing earlier
        run_of("2026-05-31.2", figure("x", 4), status="failed"),
        run_of("2026-05-31", figure("x", 3)),
        run_of("2026-04-30", figure("x", 2)),
        run_of("2026-05-31.3", figure("x", 9), parameters={"contacts": 9}),
        run_of("2026-05-31.4", figure("x", 9), source="Another"),
        run_of("2026-07-31", figure("x", 9)),
    ]
    new = run_of("2026-06-30", figure("x", 6), data="D2")
    assert told(runs, new)["before"] == {"folder": "2026-05-31", "as_of": "2026-05-31", "page": "selection.html"}
    assert told(runs[:1], new)["before"]["folder"] == "2026-06-30"
    assert told([], new) is None


@pytest.mark.parametrize(
    ("about", "cause"),
    [
        ({}, "Data, settings, code and parameters are the same."),
        ({"data": "D2"}, "What differs: the data."),
        ({"code": "C2"}, "What differs: the code."),
        ({"pandas": "3.1"}, "What differs: the code."),
        ({"as_of": "2026-06-30"}, "What differs: the day."),
        ({"as_of": "2026-06-30", "data": "D2"}, "What differs: the data, the day."),
        (
            {"data": "D2", "code": "C2"},
            "What differs: the data, the code. To tell which, change one at a time: portfoy report selection "
            "--as-of 2026-05-31",
        ),
    ],
)
def test_the_cause_is_told_data_from_code(about, cause):
    new = run_of("2026-05-31.2", figure("x", 6), **about)
    assert told([run_of("2026-05-31", figure("x", 5))], new)["cause"] == cause


ALL = {
    "as_of": {"as_of": "2026-06-30"},
    "data": {"data": "D2"},
    "settings": {"settings": "S2"},
    "code": {"code": "C2"},
    "parameters": {"parameters": {"contacts": 7}},
}


@pytest.mark.parametrize(
    "what", [set(some) for n in range(6) for some in combinations(ALL, n)], ids=lambda what: " ".join(sorted(what))
)
def test_every_combination_of_causes_has_a_true_sentence(what):
    before, about = run_of("2026-05-31", figure("x", 5)), {}
    for name in what:
        about |= ALL[name]
    after = run_of("2026-06-30.2", figure("x", 6), **{"as_of": "2026-05-31", **about})
    (one,), (other,) = before["stages"], after["stages"]
    assert changes.moved(before, one, after, other) == what
    said = changes.cause_words(what, before, other)
    told, _point, advice = said.lower().partition(". ")
    words = {name: "day" if name == "as_of" else name for name in ALL}
    assert {name for name, word in words.items() if word in told} == (
        what or {"data", "settings", "code", "parameters"}
    )
    assert ("--as-of" in advice) == (len(what - {"as_of"}) > 1), said


def test_the_settings_are_a_cause_of_their_own():
    before = run_of("2026-05-31", figure("x", 5))
    after = run_of("2026-05-31.2", figure("x", 9), settings="S2")
    assert told([before], after)["cause"] == ("What differs: the settings in portfoy.toml.")
    after["data"]["sha256"] = "D2"
    assert told([before], after)["cause"] == (
        "What differs: the data, the settings in portfoy.toml. To tell which, change one at a time: portfoy "
        "report selection --as-of 2026-05-31"
    )
    before["data"]["settings_sha256"] = None
    assert told([before], after)["cause"] == ("One is of an earlier version without settings: no cause can be told.")


def test_no_part_of_a_change_is_the_data_s_where_the_settings_moved_it():
    before = run_of("2026-05-31", figure("x", 100))
    between = run_of("2026-05-31.2", figure("x", 103), data="D2", settings="S2")
    after = run_of("2026-06-30", figure("x", 110), data="D2", code="C2", settings="S2")
    assert changes.split([between], before, before["stages"][0], after, after["stages"][0]) == {}


@pytest.mark.parametrize("about", [{"currency": "EUR"}, {"parameters": {"currency": "EUR"}}])
def test_money_in_two_currencies_is_not_compared(about):
    before = run_of("2026-05-31", figure("worth", 1000, unit="money"), figure("buyers", 10))
    after = run_of("2026-06-30", figure("worth", 25, unit="money"), figure("buyers", 11), **about)
    assert told([before], after) is None
    lines = compare.compare_text(before, after).replace("\u00a0", " ").splitlines()
    shown = [" ".join(line.split()) for line in lines]
    assert "worth TRY 1,000 EUR 25.00" in shown
    assert "buyers 10 11 ▲ +10.0%" in shown
    assert "  Money in TRY and in EUR cannot be compared." in lines
    assert "cannot be compared" not in compare.compare_text(before, before)


def test_money_is_compared_at_the_prices_of_the_later_run():
    """Prices rose by a tenth: 1,000 were 1,100 in the money of the second, of which 1,210 is a tenth more."""
    runs = [
        run_of("2026-05-31", figure("worth", 1000, unit="money")),
        run_of("2026-06-30", figure("worth", 1210, unit="money")),
    ]
    before, after = ({**run, "prices": "x", "price_level": level} for run, level in zip(runs, (200, 220), strict=True))
    text = " ".join(compare.compare_text(before, after).replace("\u00a0", " ").split())
    assert "worth TRY 1,100 TRY 1,210 ▲ +10.0% Money of 2026-05-31 is at the prices of the other." in text
    text = " ".join(compare.compare_text(runs[0], after).replace("\u00a0", " ").split())
    assert "One has no price index: their money is not at the same prices." in text


def test_a_run_between_splits_a_change_into_data_and_code():
    before = run_of("2026-05-31", figure("x", 100))
    between = run_of("2026-05-31.2", figure("x", 103), code="C2")  # the new code on the old data
    after = run_of("2026-06-30", figure("x", 110), data="D2", code="C2")
    split = changes.split([between], before, before["stages"][0], after, after["stages"][0])
    assert split == {"x": {"code": 3, "data": 7}}
    between = run_of("2026-06-30.2", figure("x", 109), data="D2")  # the old code on the new data
    split = changes.split([between], before, before["stages"][0], after, after["stages"][0])
    assert split == {"x": {"data": 9, "code": 1}}
    assert changes.split([before, after], before, before["stages"][0], after, after["stages"][0]) == {}


def test_two_runs_side_by_side_on_a_terminal():
    before = run_of("2026-05-31", figure("revenue so far", 1000, unit="money"))
    between = run_of("2026-05-31.2", figure("revenue so far", 1010, unit="money"), code="C2")
    after = run_of("2026-06-30", figure("revenue so far", 1100, unit="money"), data="D2", code="C2", pandas="3.1")
    between["versions"] = after["versions"]
    text = compare.compare_text(before, after, runs=[between]).replace("\u00a0", " ")
    assert text.splitlines() == [
        "          2026-05-31        2026-06-30",
        "as of     2026-05-31        2026-06-30        ≠",
        "source    Shop              Shop",
        "data      D1, 10 rows       D2, 10 rows       ≠",
        "settings  S1                S1",
        "made      2026-05-31 08:00  2026-06-30 08:00  ≠",
        "pandas    3.0               3.1               ≠",
        "",
        "selection",
        "  status  ok          ok",
        "  code    C1          C2          ≠",
        "  as_of   2026-05-31  2026-06-30  ≠",
        "",
        "  revenue so far  TRY 1,000  TRY 1,100  ▲ +10.0% (data TRY 90.00, code TRY 10.00)",
    ]


def test_a_stage_that_only_one_run_has_is_named():
    before, after = run_of("2026-05-31"), run_of("2026-06-30")
    after["stages"][0]["name"] = "portfolio"
    lines = compare.compare_text(before, after).splitlines()
    assert lines[-3:] == ["portfolio: only in 2026-06-30.", "", "selection: only in 2026-05-31."]
