"""The difference to the books, rule by rule: worked out by hand on small files, and from what dirt was planted."""

import datetime

import pandas as pd
import pytest
from click.testing import CliRunner

from helpers import message_of
from portfoy.cli import main
from portfoy.portfolio.reconcile import reconcile
from portfoy.source import open as source

TODAY = datetime.date(2026, 12, 31)
ROWS = """customer_id,order_id,ordered_on,amount
A,1,2026-01-05,100.50
A,1,2026-01-05,100.50
B,2,2026-01-06,50
B,3,2026-02-06,-20.25
guest,4,2026-02-07,7
C,5,someday,3
C,6,2026-02-08,40
D,7,2026-02-08,much
"""  # sales before all rules 100.50 x 2 + 50 + 7 + 3 + 40 = 301; ours 100.50 + 50 - 20.25 + 40 = 170.25
RETURNS = "The difference is just what these rules took: Return (negative amount). Do the books count it, too?"


@pytest.fixture
def tables(tmp_path):
    """A function that opens order lines under a portfoy.toml."""

    def tables(text=ROWS, settings="", **given):
        (tmp_path / "transactions.csv").write_text(text, encoding="utf-8")
        (tmp_path / "portfoy.toml").write_text(settings, encoding="utf-8")
        return source.open(tmp_path, today=TODAY, **given)

    return tables


def rules(found):
    return {row.code: (row.rows, row.money if row.money == row.money else None) for row in found.table.itertuples()}


def test_the_rules_lead_from_all_sales_to_ours(tables):
    found = reconcile(tables(), 170.25)
    assert (found.before, found.rows, found.revenue) == (301, 8, 170.25)
    assert rules(found) == {
        "duplicate": (1, 100.5),
        "unreadable_date": (1, 3),
        "unreadable_amount": (1, None),
        "unknown_customer": (1, 7),
        "return": (1, 20.25),
    }


@pytest.mark.parametrize(
    ("against", "because", "said"),
    [
        (170.25, (), "There is no difference."),
        (190.50, ("return",), RETURNS),
        (270.75, ("duplicate",), "The difference is just what these rules took: Repeats an earlier row. Do"),
        (173.25, ("unreadable_date",), "The difference is just what these rules took: Date missing or unreadable."),
        (
            180.25,
            ("unreadable_date", "unknown_customer"),
            "The difference is just what these rules took: Date missing or unreadable; Customer unknown (guest).",
        ),
        (
            301,
            ("duplicate", "unreadable_date", "unknown_customer", "return"),
            "The difference is just what these rules",
        ),
    ],
)
def test_what_the_rules_took_explains_a_difference(tables, against, because, said):
    found = reconcile(tables(), against)
    assert found
    assert found.because == because
    assert found.reading().startswith(said)


@pytest.mark.parametrize(
    ("against", "said"),
    [
        (170.75, "No rule explains 0.50; rows whose money is not known: 1."),
        (204.30, "No rule explains 34.05, but 20.0% of tax would: is it in one figure only?"),
        (143.07, "No rule explains −27.18, but 19.0% of tax would: is it in one figure only?"),
    ],
)
def test_what_no_rule_took_is_left_unexplained(tables, against, said):
    found = reconcile(tables(), against)
    assert not found
    assert found.reading().replace("20%", "20.0%").replace("19%", "19.0%") == said


def test_a_figure_without_decimals_is_taken_as_rounded(tables):
    assert reconcile(tables(), 170)
    assert not reconcile(tables(), 169)
    assert not reconcile(tables(), 170.01)


def test_a_period_has_its_days_only(tables):
    january = {"first": datetime.date(2026, 1, 1), "last": datetime.date(2026, 1, 31)}
    found = reconcile(tables(), 251, **january)
    assert (found.revenue, found.because) == (150.5, ("duplicate",))
    assert rules(found) == {"duplicate": (1, 100.5), "unreadable_date": (1, 3)}
    text = message_of(reconcile, tables(ROWS.replace("someday", "2026-02-01")), 1, first=datetime.date(2026, 5, 1))
    assert text == "reconcile: no order lines in the period; there are some from 5 Jan 2026 to 8 Feb 2026."


def test_discounts_refunds_totals_and_later_rows_are_rules_like_the_others(tables):
    text = """customer_id,order_id,ordered_on,quantity,unit_price,discount,refunded
A,1,2026-01-05,2,50,10,
B,2,2026-01-06,1,30,0,12
B,3,2026-02-06,1,40,5,0
C,4,2026-03-06,1,64,0,0
"""
    found = reconcile(tables(text, as_of="2026-02-28"), 143 + 12)
    assert found.revenue == 90 + 18 + 35
    assert rules(found) == {"after_as_of": (1, 64), "refunded": (1, 12), "discount": (2, 15)}
    assert (found.before, found.because) == (100 + 30 + 40 + 64, ("refunded",))


def test_planted_dirt_is_what_the_difference_is_made_of(tmp_path):
    from portfoy.simulate import simulate

    company, clean = simulate(customers=200, dirt=True), simulate(customers=200)
    for name in ("transactions", "products"):
        company.tables[name].to_csv(tmp_path / f"{name}.csv", index=False)
    planted, found = company.planted["transactions"], reconcile(source.open(tmp_path, today=TODAY), 1.01)
    counted = {code: rows for code, (rows, _money) in rules(found).items()}
    assert counted == {code: n for code, n in planted.items() if code in counted}
    assert {"duplicate", "unknown_customer", "return", "future_date"} <= {*counted}
    log = company.tables["transactions"]
    repeated = log.duplicated()
    amounts = pd.to_numeric(log["amount"], errors="coerce").fillna(0.0)
    assert found.before == pytest.approx(amounts[(amounts > 0)].sum(), abs=0.01)
    books = found.revenue + amounts[repeated].sum()  # who counts the copies, too
    assert reconcile(source.open(tmp_path, today=TODAY), round(books, 2)).because == ("duplicate",)
    assert len(log) > len(clean.tables["transactions"])


def test_the_command_ends_with_one_sentence_and_its_exit_code(tmp_path):
    (tmp_path / "t.csv").write_text(ROWS)
    ask = lambda *more: CliRunner().invoke(main, ["check", str(tmp_path / "t.csv"), *more])  # noqa: E731
    found = ask("--against", "190.50")
    assert found.exit_code == 0
    assert found.stdout.splitlines() == [
        "Check                         Rows  Money",
        "Sales before all rules        8     301",
        "Repeats an earlier row        1     −100.50",
        "Date missing or unreadable    1     −3",
        "Amount missing or unreadable  1",
        "Customer unknown (guest)      1     −7",
        "Return (negative amount)      1     −20.25",
        "Revenue here                        170.25",
        "The other figure                    190.50",
        "Difference                          20.25",
        "Left unexplained                    0",
        "",
        RETURNS,
    ]
    assert ask("--against", "180.11").exit_code == 1
    assert ask("--against", "170.25", "--to", "2026-02-28").exit_code == 0
    assert "--from and --to go with --against only" in ask("--from", "2026-01-01").stderr
