"""The reports again: whether a language changes words only, a confidence the width of the intervals only, and what
comes after the day of a report nothing.

The language is a made-up one, in which words without a number read alike. It is spoken in the report of a company that
went otherwise after the day, so that one run judges both.
"""

import re
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from click.testing import CliRunner

import portfoy.locale as locale
from differences import differences
from helpers import REPORTS
from otherwise import DAY, write_otherwise
from portfoy.cli import main
from portfoy.locale import use_language
from portfoy.models import separation
from portfoy.source.seen import BEGINS
from portfoy.source.tables import KEPT
from run_notebook import kept_open, run_report

mpl.use("agg")

PACKAGE = Path(locale.__file__).parent.parent
DATED = [*BEGINS, "transactions"]
WORDS = {  # columns that are words by design, and no analysis reads
    *("finding", "verdict", "area", "figure", "basis", "missing", "group", "measure", "largest"),
    *("cluster", "first_segment", "second_segment", "meaning", "transform", "reason", "feature", "comparison", "why"),
    *("parameter", "rule", "done", "example", "against", "action", "next_step", "because"),
}
LIKELY_RANGES = {"top"}  # what one customer will bring in 8 of 10 cases: no interval of an estimate


@pytest.fixture(scope="module")
def alike(tmp_path_factory):
    """A catalogue, called Turkish, that gives every message without a field the same word, and brackets the others."""
    catalogue = Catalog(locale="tr")
    keywords = {"_": None, "plural": (1, 2)}
    for _file, _line, message, _comments, _context in extract_from_dir(
        PACKAGE, [("**.py", "python"), ("**.j2", "jinja2")], keywords=keywords
    ):
        one = message[0] if isinstance(message, tuple) else message
        if one:
            said = f"‹{one}›" if re.search(r"[{\d]", one) else "‹x›"
            catalogue.add(message, (f"‹{message[0]}›", f"‹{message[1]}›") if isinstance(message, tuple) else said)
    assert len(catalogue) > 500
    folder = tmp_path_factory.mktemp("locale")
    (folder / "tr" / "LC_MESSAGES").mkdir(parents=True)
    with (folder / "tr" / "LC_MESSAGES" / "portfoy.mo").open("wb") as file:
        write_mo(file, catalogue)
    return folder


@pytest.fixture(scope="module")
def companies(tmp_path_factory):
    """A dirty company in CSV, five months of which are still to come, and one in which these months went otherwise."""
    folders = [tmp_path_factory.mktemp(name) / "shop" for name in ("first", "second")]
    asked = ["simulate", "--customers", "2000", "--dirt", "--out", str(folders[0])]
    assert CliRunner().invoke(main, asked).exit_code == 0
    write_otherwise(*folders)
    return folders


@pytest.fixture(scope="module")
def run(companies, alike, tmp_path_factory):
    """A function that runs a report on the day in a kind, once: a Page.

    ``plain``, of 80 %; ``other``, in the made-up language, of the company that went otherwise, without its charts;
    ``otherwise``, of that company; and at ``95%``.
    """
    kept, made = {}, {}
    given = {"plain": {"confidence": 0.8}, "other": {"confidence": 0.8, "language": "tr"}}
    given |= {"otherwise": given["plain"], "95%": {}}

    def page(stage, kind):
        if (stage, kind) in made:
            return made[stage, kind]
        place = companies[kind in ("other", "otherwise")]
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(separation, "RESAMPLES", 3)
            patched.chdir(place.parent)  # both companies are called alike
            if place not in kept:
                folder = tmp_path_factory.mktemp("kept")
                kept_open("shop", folder, patched, as_of=DAY)
                kept[place] = folder / "tables.duckdb"
            patched.setenv(KEPT, str(kept[place]))
            if kind == "other":
                patched.setattr(locale, "_here", alike)
            made[stage, kind] = run_report(
                stage, draw=kind in ("plain", "otherwise"), data="shop", as_of=f"{DAY:%Y-%m-%d}", **given[kind]
            )
        use_language("en")
        return made[stage, kind]

    return page


@pytest.fixture(params=REPORTS)
def pages(request, run):
    """The page of a report, and the other one."""
    return run(request.param, "plain"), run(request.param, "other")


def test_the_language_was_another(pages):
    _english, other = pages
    assert [text for text in other.said if text and "‹" not in text] == []  # what found nothing has no reading


def test_the_same_cells_run(pages):
    english, other = pages
    assert english.missing == []
    assert other.missing == []


def test_no_number_and_no_code_of_any_table_changes(pages):
    english, other = pages
    assert english.frames.keys() == other.frames.keys()
    changed = []
    for name, table in english.frames.items():
        frames = [
            frame.to_frame("value") if isinstance(frame, pd.Series) else frame for frame in (table, other.frames[name])
        ]
        mine, its = frames
        if mine.shape != its.shape or list(mine.columns) != list(its.columns) or not mine.index.equals(its.index):
            changed.append(f"{name}: {mine.shape} {its.shape}")
            continue
        changed += [
            f"{name}.{column}" for column in mine if str(column) not in WORDS and not same(mine[column], its[column])
        ]
    assert changed == []


def same(one, two):
    if pd.api.types.is_numeric_dtype(one):  # the engine adds up in several threads, so that a last digit may differ
        pair = (column.to_numpy(float, na_value=np.nan) for column in (one, two))
        return np.allclose(*pair, rtol=1e-12, atol=1e-12, equal_nan=True)
    return one.astype("object").fillna("").tolist() == two.astype("object").fillna("").tolist()


def test_no_headline_and_no_list_changes(pages):
    english, other = pages
    figures = ["value", "low", "high", "unit", "better"]
    for page in (english, other):
        assert bool(page.recorded) != ("card" in page.names)  # the page of one customer has no headline figures
    told = [[[about[key] for key in figures] for about in page.recorded.values()] for page in (english, other)]
    assert differences(*told) == []
    for name, told in english.lists.items():
        keep = [place for place, column in enumerate(told["columns"]) if column not in WORDS]
        rows = [[[row[place] for place in keep] for row in page.lists[name]["rows"]] for page in (english, other)]
        assert rows[0] == rows[1], name
    assert [texts.shape for _caption, texts in english.shown] == [texts.shape for _caption, texts in other.shown]


# The width of the intervals


@pytest.mark.parametrize("stage", REPORTS)
def test_no_page_says_95_per_cent_of_intervals_that_are_of_80(run, stage):
    # The one other 95 % is that of the rule: the share of the gaps between purchases within which nobody has lapsed.
    words = [text.replace(", 95% last ", ", many last ") for text in run(stage, "plain").words]
    words = [re.sub(r"best \d+%: \d+%", "", text) for text in words]  # nor is what the best reach, in a chart's text
    assert [text for text in words if re.search(r"(?<![\d.])95\s?%", text)] == []
    fewest = {"monitoring": 3, "customer": 0}  # a month's figures have limits, a customer's bounds stand beside them
    assert sum("80%" in text for text in words) >= fewest.get(stage, 5)


def in_one_order(table):
    """Findings stand in the order of their verdicts, and fewer are in doubt at 80 %."""
    return table.sort_values("topic") if "topic" in table else table


@pytest.mark.study  # that each room takes the confidence is tested with the room, and in test_confidence.py
@pytest.mark.parametrize("stage", REPORTS)
def test_every_interval_of_a_page_is_narrower_at_80_per_cent(run, stage):
    narrow, wide = run(stage, "plain"), run(stage, "95%")
    assert len(narrow.missing) == len(wide.missing)
    assert list(narrow.frames) == list(wide.frames)
    wider = []
    for name in narrow.frames.keys() - LIKELY_RANGES:
        table, other = (in_one_order(page.frames[name]) for page in (narrow, wide))
        bounds = [column[:-4] for column in map(str, getattr(table, "columns", [])) if column.endswith("_low")]
        for column in bounds:
            mine, its = (
                (frame[f"{column}_high"] - frame[f"{column}_low"]).to_numpy(dtype=float) for frame in (table, other)
            )
            whole = np.isclose(its % 1, 0)  # bounds that are days or months may be the same
            if len(mine) != len(its) or not (np.isnan(its) | (mine < its) | (its == 0) | (whole & (mine == its))).all():
                wider.append(f"{name}.{column}")
    assert wider == []
    for name, figure in narrow.recorded.items():
        if figure["low"] is not None:
            assert figure["high"] - figure["low"] < wide.recorded[name]["high"] - wide.recorded[name]["low"], name


# Nothing after the day


@pytest.mark.study  # that no number of the other page is another one is tested above
@pytest.mark.parametrize("stage", REPORTS)
def test_nothing_after_the_day_reaches_a_report(run, stage):
    found = [dict(vars(run(stage, kind))) for kind in ("plain", "otherwise")]
    for page in found:
        tables = page["names"]["firm"].tables  # which know where their files lie and how large they are
        page["names"] = {name: value for name, value in page["names"].items() if name != "firm" and name[0] != "_"}
        page["names"] |= {"facts": tables.facts, "quality": tables.quality, "reading": tables.reading}
    assert found[0]["missing"] == []
    assert [line for line in differences(*found) if "xample: " not in line] == []  # rows have other numbers in the file


def test_every_table_is_changed(companies):
    company, altered = companies
    same = [path.name for path in company.glob("*.csv") if path.read_bytes() == (altered / path.name).read_bytes()]
    assert sorted(same) == ["ratings.csv"]  # ratings have no date


def test_no_table_shows_what_came_later(run):
    """That no report does, is what the numbers of the other pages say."""
    firms = [run("portfolio", kind).names["firm"].tables for kind in ("plain", "other")]
    for name in DATED:
        waiting = {"contacts": ["opened", "responded"]}.get(name, [])  # the analysis of answers waits for these
        one, other = (getattr(tables, name).to_pandas().drop(columns=waiting) for tables in firms)
        one, other = (table.sort_values(list(table), ignore_index=True) for table in (one, other))
        pd.testing.assert_frame_equal(one, other)
        assert len(one) > 0
        assert not (one.select_dtypes("datetime") > DAY).to_numpy().any()
    one, other = firms
    assert differences(one.facts, other.facts) == []
