"""Dirt: `portfoy.open` finds every fault that `simulate(dirt=True)` plants, counts it exactly, and harms no other line.

The judge is what was planted. The clean company of the same seed is drawn beside it.
"""

import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from portfoy.cli import main
from portfoy.customers import customer_table
from portfoy.simulate import Truth, simulate
from portfoy.simulate.write import write_csv
from portfoy.source import open as source

CUSTOMERS = 1_500  # enough that each kind of fault is planted at least twenty times
AS_OF = "2026-06-30"
ASIDE = ["duplicate", "unreadable_date", "unreadable_amount", "future_date", "unknown_customer"]
KEPT = ["return", "zero_amount", "mixed_case_id"]


@pytest.fixture(scope="module")
def clean():
    return simulate(customers=CUSTOMERS)


@pytest.fixture(scope="module")
def dirty():
    return simulate(customers=CUSTOMERS, dirt=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The dirty company as the command writes it."""
    folder = tmp_path_factory.mktemp("dirty")
    asked = ["simulate", "--customers", str(CUSTOMERS), "--dirt", "--out", str(folder)]
    assert CliRunner().invoke(main, asked).exit_code == 0
    return folder


@pytest.fixture(scope="module")
def opened(folder):
    return source.open(folder)


def planted_in(company, table="transactions"):
    """Code -> rows planted in a table."""
    return company.planted[table]


def written(table):
    """The rows of a table as they stand in a file."""
    with tempfile.TemporaryDirectory() as folder:
        return write_csv(Path(folder) / "table.csv", table).read_text("utf-8").splitlines()[1:]


def changed(clean, dirty):
    """Clean lines that are not in the dirty log as they were."""
    columns = list(clean.tables["transactions"].columns)
    before = clean.tables["transactions"].assign(ordered_on=lambda log: log["ordered_on"].dt.strftime("%Y-%m-%d"))
    after = dirty.tables["transactions"].drop_duplicates()
    both = before.merge(after, on=columns, how="left", indicator=True)
    return before[(both["_merge"] == "left_only").to_numpy()]


# (a) What is planted


def test_each_fault_is_planted_at_its_rate(clean, dirty):
    lines, truth = len(clean.tables["transactions"]), Truth()
    rates = truth.dirt | {"return": truth.dirt_return}
    assert planted_in(dirty) == {code: round(rate * lines) for code, rate in sorted(rates.items())}
    assert min(planted_in(dirty).values()) >= 20


def test_rows_that_no_fault_was_planted_in_are_those_of_the_clean_company(clean, dirty):
    pd.testing.assert_frame_equal(clean.latent, dirty.latent)
    assert clean.planted == {}
    assert {*clean.tables} - {*dirty.planted} == {"price_index"}
    for name, planted in dirty.planted.items():
        if name != "transactions":
            before, after = written(clean.tables[name]), written(dirty.tables[name])
            copies = planted.get("repeated_key", 0) + planted.get("again", 0)
            assert len(after) - len(before) == copies
            left = Counter(before) - Counter(after)
            assert left.total() == sum(planted.values()) - copies, name


def test_no_line_has_two_faults(clean, dirty):
    """Lines that are changed in place are as many as were planted; all others are added."""
    planted, added = planted_in(dirty), ["duplicate", "unknown_customer", "return"]
    assert len(changed(clean, dirty)) == sum(planted.values()) - sum(planted[code] for code in added)
    longer = len(dirty.tables["transactions"]) - len(clean.tables["transactions"])
    assert longer == sum(planted[code] for code in added)


def test_the_log_stays_in_the_order_of_the_days_it_was_kept(dirty):
    """A fault cannot be told from where it stands: duplicates, guests and returns lie between the others."""
    log = dirty.tables["transactions"]
    readable = pd.to_datetime(log["ordered_on"], format="%Y-%m-%d", errors="coerce")
    sound = readable[readable <= AS_OF]
    assert sound.is_monotonic_increasing
    assert log["customer_id"].isna().iloc[: len(log) // 2].sum() > 0.3 * planted_in(dirty)["unknown_customer"]


def test_half_of_the_unreadable_dates_have_day_and_month_swapped(dirty):
    day = dirty.tables["transactions"]["ordered_on"]
    missing = day.isna().sum()
    swapped = (day.str[5:7].astype(float) > 12).sum()
    n, share = planted_in(dirty)["unreadable_date"], Truth().swapped_share
    assert missing + swapped == n
    assert abs(swapped - n * share) < 3 * np.sqrt(n * share * (1 - share))  # three standard errors of a count


def test_a_return_takes_back_a_line_of_its_order_up_to_four_weeks_later(clean, dirty):
    log, keys = (
        dirty.tables["transactions"],
        ["customer_id", "order_id", "product_id", "unit_cost", "quantity", "amount"],
    )
    back = log[log["amount"] < 0]
    both = back.assign(quantity=-back["quantity"], amount=-back["amount"]).merge(
        clean.tables["transactions"], on=keys, suffixes=("", "_sold")
    )
    assert len(both) == len(back) == planted_in(dirty)["return"]
    days = (pd.to_datetime(both["ordered_on"]) - both["ordered_on_sold"]).dt.days
    assert days.between(1, 28).all()
    assert both["ordered_on"].max() <= AS_OF


# (b) What is found


def test_every_planted_fault_is_found_and_counted_exactly(opened, dirty):
    found = opened.quality["rows"]
    assert {code: found[code] for code in planted_in(dirty)} == planted_in(dirty)
    assert sorted(planted_in(dirty)) == sorted([*ASIDE, *KEPT])


def test_no_other_fault_is_found(opened, dirty):
    found = opened.quality["rows"]
    # Second orders of a day are part of the truth of the clean company.
    assert set(found[found > 0].index) == {*planted_in(dirty), "same_day_order"}


def test_every_fault_of_the_further_tables_is_found_and_no_other(opened, dirty):
    for name, planted in dirty.planted.items():
        if name != "transactions":
            rows = getattr(opened, name) is not None and opened.accounts[name].findings
            found = {f"{row['code']} {row['column']}".strip(): row["rows"] for _n, row in rows.iterrows()}
            assert found == planted, name
    assert not opened.accounts.get("price_index")


def test_rows_of_further_tables_that_are_used_are_those_without_a_fault_of_the_row(opened, dirty):
    aside = ("no_key", "no_date", "impossible_date ", "future_date", "repeated_key")
    for name, planted in dirty.planted.items():
        if name != "transactions":
            _used = getattr(opened, name)
            told = opened.accounts[name]
            assert told.rows == len(dirty.tables[name])
            assert told.rows - told.used == sum(n for code, n in planted.items() if f"{code} ".startswith(aside)), name


def test_lines_used_and_lines_set_aside_are_the_lines_read(opened, dirty):
    aside = opened.quality.loc[ASIDE, "rows"].sum()
    assert opened.facts.rows == len(dirty.tables["transactions"])
    assert opened.facts.used + aside == opened.facts.rows
    assert opened.transactions.count().to_pyarrow().as_py() == opened.facts.used


def test_the_clean_company_has_no_fault(tmp_path):
    assert CliRunner().invoke(main, ["simulate", "--size", "tiny", "--out", str(tmp_path)]).exit_code == 0
    tables = source.open(tmp_path)
    assert set(tables.findings().index) <= {"same_day_order"}
    assert len(tables.all()) == 12
    assert not any(tables.accounts.values())


def test_the_command_check_tells_of_each_fault(folder, opened, dirty):
    result = CliRunner().invoke(main, ["check", str(folder)])
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    for code, planted in planted_in(dirty).items():
        line = next(line for line in lines if line.startswith(opened.quality.loc[code, "rule"]))
        assert f" {planted:,} " in line, code
    assert "Faults were found in customers, products, leads, spend, campaigns, contacts, " in result.stdout
    assert "{used:,} of {rows:,} rows of tickets are used.".format(**vars(opened.accounts["tickets"])) in lines


# (c) What is left


def test_customers_without_a_fault_have_the_same_row_as_in_the_clean_company(clean, dirty, opened):
    """Copies and guests are added all over and must not show in anyone's row."""
    log = dirty.tables["transactions"]
    touched = {*changed(clean, dirty)["customer_id"], *log.loc[log["amount"] < 0, "customer_id"]}
    true, found = (
        customer_table(table, as_of=AS_OF).set_index("customer_id").sort_index()
        for table in (clean.tables["transactions"], opened.transactions)
    )
    spared = true.index.difference(touched)
    assert len(spared) > 0.4 * len(true)
    copied = log.loc[log.duplicated(), "customer_id"]
    assert copied.isin(spared).any()
    pd.testing.assert_frame_equal(found.loc[spared], true.loc[spared])


def test_the_revenue_lost_is_that_of_the_faults(clean, dirty, opened):
    lost = changed(clean, dirty)
    log = dirty.tables["transactions"]
    mixed = log[log["customer_id"].str.contains("c", na=False)]  # kept, under a name of their own
    returned = log.loc[log["amount"] < 0, "amount"].sum()
    expected = clean.tables["transactions"]["amount"].sum() - lost["amount"].sum() + mixed["amount"].sum() + returned
    assert len(mixed) == planted_in(dirty)["mixed_case_id"]
    assert opened.facts.revenue == pytest.approx(expected, abs=0.01)


def test_what_is_known_of_the_clean_lines_is_kept(clean, dirty, opened):
    """The clean lines that no fault changed are all in the checked log, as they were."""
    columns = ["customer_id", "order_id", "product_id", "quantity", "amount", "unit_cost"]
    used = opened.transactions.to_pyarrow().to_pandas()[columns]
    spared = clean.tables["transactions"].drop(changed(clean, dirty).index)[columns]
    both = spared.merge(used, on=columns, how="left", indicator=True)
    assert (both["_merge"] == "both").all()
    assert len(both) == len(spared)


def test_the_same_seed_plants_the_same_faults(dirty):
    again = simulate(customers=CUSTOMERS, dirt=True)
    assert again.planted == dirty.planted
    for name, table in dirty.tables.items():
        pd.testing.assert_frame_equal(table, again.tables[name])
