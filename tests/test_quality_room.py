"""What the figures rest on, from files counted by hand and by pandas, and the sentences that say it."""

import re
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from helpers import plain
from portfoy import firm as firms
from portfoy.firm import Firm
from portfoy.portfolio.quality import Further, Quality, quality, quality_text
from portfoy.source.account import COLUMNS, Account
from portfoy.source.quality import Facts

TEACHING = Path(__file__).parent.parent / "data" / "teaching"
LINES = """customer_id,order_id,ordered_on,amount
A,1,2026-03-01,10
A,2,2026-03-31,20
B,3,2026-03-31,-5
,4,2026-03-30,7
A,5,soon,9
C,6,2026-03-02,4
"""


@pytest.fixture
def opened(tmp_path):
    """A function that opens a source of these order lines and further tables."""

    def opened(lines=LINES, *, as_of=None, confidence=0.95, **further):
        (tmp_path / "transactions.csv").write_text(lines)
        for name, text in further.items():
            (tmp_path / f"{name}.csv").write_text(text)
        return firms.open(tmp_path, as_of=as_of, confidence=confidence)

    return opened


# (a) A few lines


def test_six_lines(opened):
    found = quality(
        opened(customers="customer_id\nA\nB\nX\n", tickets="ticket_id,customer_id,opened_on\n1,Q,2026-03-01\n")
    )
    expected = pd.DataFrame(
        {
            "rule": [
                "Date missing or unreadable",
                "Customer unknown (guest)",
                "Return (negative amount)",
                "Customer with returns but no purchase",
            ],
            "rows": [1, 1, 1, 1],
            "share": 1 / 6,
            "money": [9.0, 7.0, -5.0, float("nan")],
            "example": ["row 6: soon", "row 5: 4", "row 4: 3", "B"],  # row 1 is the header
            "done": [
                "set aside",
                "set aside; the revenue is nobody's",
                "off the customer's revenue; no purchase",
                "in no customer's figures",
            ],
        },
        index=pd.Index(["unreadable_date", "unknown_customer", "return", "only_returns"], name="check"),
    )
    pd.testing.assert_frame_equal(found.table, expected)
    assert (found.facts.rows, found.facts.used, found.facts.customers, found.facts.revenue) == (6, 4, 2, 29.0)
    missing = found.unmatched[["table", "ids", "missing", "example"]].to_numpy().tolist()
    assert missing == [["customers", 3, 1, "X"], ["tickets", 1, 1, "Q"]]


def test_nothing_found_is_a_row_that_says_so(opened):
    found = quality(opened("customer_id,order_id,ordered_on,amount\nA,1,2026-03-31,10\n"))
    assert found.table.loc["none", ["rule", "rows", "done"]].tolist() == ["All checks", 0, "nothing found"]
    assert found.finding().text == "Every order line is used"


# (c) A naive count


def test_the_figures_are_those_of_the_file(teaching_firm):
    found = quality(teaching_firm)
    log = pd.read_csv(TEACHING / "transactions.csv", usecols=["customer_id", "amount"])
    assert (found.facts.used, found.facts.customers) == (len(log), log["customer_id"].nunique())
    assert found.facts.revenue == pytest.approx(log["amount"].sum())


# (d) The day


def test_an_earlier_day_is_said(opened):
    found = quality(opened(as_of="2026-03-30"))
    assert plain(found.reading()) == (
        "2 of 4 order lines are used: 2 customers, 2 orders, 1 Mar 2026 to 2 Mar 2026. What came "
        "after 30 Mar 2026 is left out."
    )


# (e) Not possible


def test_lines_that_were_not_checked_have_no_quality():
    log = pd.DataFrame({"customer_id": ["A"], "order_id": ["1"], "ordered_on": ["2026-03-31"], "amount": [1.0]})
    found = quality(Firm.of(log.assign(ordered_on=pd.to_datetime(log["ordered_on"]))))
    assert not found
    assert found.reason == ("quality: the order lines were not checked. Open them from a source.")


# What is shown

FACTS = Facts(
    rows=1200,
    used=1100,
    customers=300,
    orders=800,
    revenue=12345.6,
    first_day=date(2025, 1, 2),
    last_day=date(2026, 6, 30),
)
USED = "1,100 of 1,200 order lines are used: 300 customers, 800 orders, 2 Jan 2025 to 30 Jun 2026."
NONE = pd.DataFrame(columns=["table", "link", "of", "ids", "missing", "example", "order"])


def checks(*rows):
    return pd.DataFrame(rows, columns=["rule", "rows", "share", "example", "done"])


LATE = ("future_date", "created_on", "Date in the future", 2, 1500.0, "row 9: 2031-01-01 (L7)", "set aside")
WORD = ("unread_label", "outcome", "Word not understood", 1, None, "row 4: maybe (L2)", "left missing")


def accounts(*findings):
    """Two tables of 200 rows, in the first of which this was found."""
    found = pd.DataFrame(findings, columns=COLUMNS).astype({"money": "float64"})
    aside = found.loc[found["done"] == "set aside", "rows"].sum()
    told = Account("leads", 200, 200 - aside, found), Account("tickets", 200, 200, found[:0])
    return {one.table: one for one in told}


def tables(*rows, reading=(), facts=FACTS, further=(), aside=()):
    told = {"accounts": accounts(*further), "aside": dict(aside), "later": {}}
    return SimpleNamespace(
        facts=facts, quality=checks(*rows), reading=reading, name="Kırtasiye", currency="TRY", **told,
        unmatched=pd.DataFrame,
    )  # fmt: skip


def result(facts=FACTS, unmatched=NONE, read=(), confidence=0.95, **further):
    rows = checks(("Date in the future", 1, 0.0001, "row 9", "set aside")) if facts else None
    told = facts, Further.of(tables(**further)), unmatched, tuple(read), pd.Timestamp("2026-06-30"), confidence
    return Quality(rows, *told, currency="TRY")


def test_the_finding_counts_what_is_set_aside():
    assert result().finding().text == "Order lines set aside: 100"
    one = Facts(**{**vars(FACTS), "used": 1199})
    assert result(one).finding().text == "Order lines set aside: 1"


def test_the_reading_is_what_is_used():
    assert plain(result().reading()) == USED + " Every row of the further tables is used."


# Further tables


def test_further_tables_are_told_by_what_was_found(opened):
    leads = "lead_id,created_on,outcome\nL1,2026-03-01,won\nL1,2026-03-02,lost\nL2,soon,won\nL3,2026-03-01,perhaps\n"
    found = quality(opened(leads=leads, tickets="ticket_id,customer_id,opened_on\n1,A,2026-03-01\n"))
    assert found.further.rows.to_numpy().tolist() == [["leads", 4, 2], ["tickets", 1, 1]]
    assert found.further.findings[["table", "code", "rows"]].to_numpy().tolist() == [
        ["leads", "no_date", 1],
        ["leads", "repeated_key", 1],
        ["leads", "unread_label", 1],
    ]
    assert plain(found.reading()).endswith(" Faults were found in leads. Every row of tickets is used.")
    assert "2 of 4 rows of leads are used." in plain(found.method())


def test_a_table_that_cannot_be_used_is_set_aside_with_its_sentence(opened):
    found = quality(opened(leads="number,begun\nL1,2026-03-01\n", tickets="ticket_id,customer_id,opened_on\n"))
    assert (
        plain(found.reading())
        .split(". ", 1)[1]
        .startswith("leads is set aside: columns 'lead_id', 'created_on' are missing; the file has 'number', 'begun'.")
    )


def test_what_is_found_in_further_tables_is_a_table_of_its_own_and_only_then_there():
    assert [table.caption for table in result().summary()] == ["What was found"]
    _lines, found = result(further=[LATE, WORD]).summary()
    assert found.caption == "In other tables"
    assert [plain(cell) for cell in found.texts.iloc[0]] == [
        *("leads", "created_on", "Date in the future", "2", "1,500", "row 9: 2031-01-01 (L7)", "set aside")
    ]
    heads = ["Table", "Column", "Check", "Rows", "Money (TRY)", "First example", "What was done"]
    assert list(found.texts) == heads
    assert list(result(further=[WORD]).summary()[1].texts) == [head for head in heads if "Money" not in head]


def test_rows_of_further_tables_are_the_finding_where_every_line_is_used():
    whole = Facts(**{**vars(FACTS), "used": 1200})
    assert result(whole, further=[LATE]).finding().text == "Rows set aside: 2"
    assert result(whole, aside={"spend": "spend: is empty."}).finding().text == "Tables set aside: 1"
    assert result(further=[LATE]).finding().text == "Order lines set aside: 100"


def test_without_order_lines_the_further_tables_are_the_whole():
    found = result(None, further=[LATE])
    assert found.finding().text == "Rows set aside: 2"
    used = "398 of 400 rows of leads, tickets are used; no order lines."
    assert plain(found.reading()) == f"{used} Faults were found in leads. Every row of tickets is used."
    assert [table.caption for table in found.summary()] == ["In other tables"]
    assert result(None).finding().text == "Every row is used"
    assert found.content()["missing"] == ""
    told = quality_text(tables(facts=None, further=[WORD]))
    assert plain(told).splitlines() == [
        "Kırtasiye: 400 of 400 rows of leads, tickets are used; no order lines.",
        "Faults were found in leads.",
        "Every row of tickets is used.",
        "",
        "200 of 200 rows of leads are used.",
        "Column   Check                Rows  First example      What was done",
        "outcome  Word not understood  1     row 4: maybe (L2)  left missing",
        "",
        "The data can be used.",
    ]


def test_the_method_names_ids_without_an_order_and_how_text_was_read(opened):
    found = quality(
        opened(customers="customer_id\nA\nX\n", tickets="ticket_id,customer_id,opened_on\n1,Q,2026-03-01\n")
    )
    assert plain(found.method()) == (
        "The first check that finds a row sets it aside; shares are of lines read. 1 of 2 ids in "
        "customers are not in transactions (X). No customer_id of tickets (Q) is in transactions (A); check its "
        "column. Brackets hold intervals, of 95% if not said."
    )
    assert (
        "Read from the values: dates are day first; commas." in result(read=["dates are day first", "commas"]).method()
    )


@pytest.mark.parametrize(("confidence", "words"), [(0.8, "80%"), (0.95, "95%"), (0.995, "99.5%")])
def test_the_reader_is_told_of_which_confidence_the_intervals_are(confidence, words):
    said = "Brackets hold intervals, of {} if not said."
    assert plain(result(confidence=confidence).method()).endswith(said.format(words))


def test_the_table_is_open_and_nothing_is_left_blank():
    content = result(confidence=0.8).content()
    assert content["chart"] is None
    assert [table["caption"] for table in content["tables"]] == ["What was found"]
    assert not re.search(r"95|[{}]|nan|None", content["reading"] + content["method"])


def test_data_in_a_terminal():
    found = tables(
        ("Return (negative amount)", 1200, 0.25, "row 7: A", "subtracted"),
        ("Amount of zero", 0, 0.0, "", ""),
        ("Id differs from another only in case", 0, 0.0, "", ""),
        reading=["dates are day first"],
        further=[LATE],
        aside={"surveys": "surveys: is empty. Export it again."},
    )
    assert plain(quality_text(found)).splitlines() == [
        f"Kırtasiye: {USED}",
        "Revenue, net of returns: TRY 12,346.",
        "surveys is set aside: is empty. Export it again.",
        "Faults were found in leads.",
        "Every row of tickets is used.",
        "Read from the values: dates are day first.",
        "",
        "Check                     Rows   Share  First example  What was done",
        "Return (negative amount)  1,200  25.0%  row 7: A       subtracted",
        "",
        "198 of 200 rows of leads are used.",
        "Column      Check               Rows  Money (TRY)  First example           What was done",
        "created_on  Date in the future  2     1,500        row 9: 2031-01-01 (L7)  set aside",
        "",
        "Looked for and not found: Amount of zero; Id differs from another only in case.",
        "",
        "The data can be used.",
    ]


def test_data_in_a_terminal_when_nothing_or_everything_was_found():
    assert "Check" not in quality_text(tables(("Amount of zero", 0, 0.0, "", "")))
    assert "not found" not in quality_text(tables(("Amount of zero", 2, 0.1, "row 1", "kept")))
