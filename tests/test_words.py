"""Both reports again: whether a language changes words only, and a confidence the width of the intervals only.

The language is a made-up one, in which words without a number read alike.
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

import portfoy.locale as locale
from portfoy.locale import use_language
from portfoy.source.tables import KEPT
from run_notebook import kept_open, run_report

mpl.use("agg")

PACKAGE = Path(locale.__file__).parent.parent
WORDS = {  # columns that are words by design, and no analysis reads
    *("finding", "verdict", "area", "figure", "basis", "missing", "group", "measure", "largest"),
    *("cluster", "first_segment", "second_segment", "meaning", "transform", "reason", "feature", "comparison", "why"),
    *("parameter", "rule", "done", "example", "against"),
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
            said = f"‹{one}›" if "{" in one else "‹x›"
            catalogue.add(message, (f"‹{message[0]}›", f"‹{message[1]}›") if isinstance(message, tuple) else said)
    assert len(catalogue) > 500
    folder = tmp_path_factory.mktemp("locale")
    (folder / "tr" / "LC_MESSAGES").mkdir(parents=True)
    with (folder / "tr" / "LC_MESSAGES" / "portfoy.mo").open("wb") as file:
        write_mo(file, catalogue)
    return folder


@pytest.fixture(scope="module", params=["portfolio", "selection"])
def pages(request, company, alike, tmp_path_factory):
    """A report in English, in the made-up language, and at 80 %."""
    data = str(company(1200, seed=3))
    with pytest.MonkeyPatch.context() as patched:
        kept_open(data, tmp_path_factory.mktemp("kept"), patched)
        made = {"plain": run_report(request.param, data=data)}
        made["80%"] = run_report(request.param, data=data, confidence=0.8)
        patched.delenv(KEPT)
        patched.setattr(locale, "_here", alike)
        made["language"] = run_report(request.param, data=data, language="tr")
    use_language("en")
    return made


def test_the_language_was_another(pages):
    other = pages["language"]
    assert all("‹" in text for text in other.said if text)  # what found nothing has no reading


def test_the_same_cells_run(pages):
    english, other = pages["plain"], pages["language"]
    assert len(english.missing) == len(other.missing)


def test_no_number_and_no_code_of_any_table_changes(pages):
    english, other = pages["plain"], pages["language"]
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
    english, other = pages["plain"], pages["language"]
    figures = ["value", "low", "high", "unit", "better"]
    for page in (english, other):
        assert page.recorded
    assert [[about[key] for key in figures] for about in english.recorded.values()] == [
        [about[key] for key in figures] for about in other.recorded.values()
    ]
    for name, told in english.lists.items():
        keep = [place for place, column in enumerate(told["columns"]) if column != "why"]
        rows = [[[row[place] for place in keep] for row in page.lists[name]["rows"]] for page in (english, other)]
        assert rows[0] == rows[1], name
    assert len(english.drawn) == len(other.drawn)
    assert [texts.shape for _caption, texts in english.shown] == [texts.shape for _caption, texts in other.shown]


# The width of the intervals


def test_no_page_says_95_per_cent_of_intervals_that_are_of_80(pages):
    # The one other 95 % is that of the rule: the share of the gaps between purchases within which nobody has lapsed.
    words = [text.replace(", 95% last ", ", many last ") for text in pages["80%"].words]
    assert [text for text in words if re.search(r"(?<![\d.])95\s?%", text)] == []
    assert sum("80%" in text for text in words) >= 5


def in_one_order(table):
    """Findings stand in the order of their verdicts, and fewer are in doubt at 80 %."""
    return table.sort_values("topic") if "topic" in table else table


def test_every_interval_of_a_page_is_narrower_at_80_per_cent(pages):
    narrow, wide = pages["80%"], pages["plain"]
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
            if len(mine) != len(its) or not (np.isnan(its) | (mine < its) | (its == 0)).all():
                wider.append(f"{name}.{column}")
    assert wider == []
    for name, figure in narrow.recorded.items():
        if figure["low"] is not None:
            assert figure["high"] - figure["low"] < wide.recorded[name]["high"] - wide.recorded[name]["low"], name
