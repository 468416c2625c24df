"""A firm is a base on one day. Judge: the customer table of the same log, and tables counted by hand."""

import pandas as pd
import pytest

import portfoy as pf
from portfoy.customers import customer_table
from portfoy.errors import DataError
from portfoy.firm import Firm

LOG = pd.DataFrame(
    [("001", "1", "2024-01-31", 10.0), ("002", "2", "2024-02-15", 20.0), ("002", "3", "2024-03-31", 5.0)],
    columns=["customer_id", "order_id", "ordered_on", "amount"],
)


@pytest.fixture(scope="module")
def firm():
    return Firm.of(LOG, currency="TRY", confidence=0.8, customers=pd.DataFrame({"customer_id": ["001", "009"]}))


def test_a_firm_stands_on_the_last_day_of_its_data_and_carries_its_terms(firm):
    assert (firm.as_of, firm.currency, firm.confidence) == (pd.Timestamp("2024-03-31"), "TRY", 0.8)
    pd.testing.assert_frame_equal(firm.customers, customer_table(LOG))
    assert firm.people["person_id"].tolist() == ["001", "002", "009"]


def test_a_firm_on_an_earlier_day_knows_nothing_of_later_ones(firm):
    january = firm.before(2)
    assert january.as_of == pd.Timestamp("2024-01-31")  # the last day of a month stays one
    assert january.customers["customer_id"].tolist() == ["001"]
    assert (january.currency, january.confidence) == ("TRY", 0.8)
    assert firm.on("2024-02-20").customers["customer_id"].tolist() == ["001", "002"]


def test_what_becomes_known_later_is_not_known_on_an_earlier_day():
    leads = pd.DataFrame(
        {
            "lead_id": ["L1", "L2"],
            "created_on": pd.to_datetime(["2024-01-10", "2024-03-01"]),
            "closed_on": pd.to_datetime(["2024-03-20", None]),
            "outcome": ["won", "open"],
            "customer_id": ["002", None],
        }
    )
    firm = Firm.of(LOG, leads=leads)
    assert firm.tables.leads.outcome.to_pandas().tolist() == ["won", "open"]
    february = firm.on("2024-02-29").tables.leads.to_pandas()
    assert february[["lead_id", "outcome"]].to_numpy().tolist() == [["L1", "open"]]
    assert february[["closed_on", "customer_id"]].isna().all(axis=None)


def test_a_firm_cannot_be_seen_on_a_later_day(firm):
    with pytest.raises(ValueError, match=r"^firm\.on: 2024-04-01 is after 2024-03-31, its day\. Open it on"):
        firm.on("2024-04-01")


def test_what_is_worked_out_once_is_kept(firm):
    assert firm.customers is firm.customers
    assert firm.before(1) is firm.on("2024-02-29")


def test_a_firm_is_opened_where_its_tables_are(tmp_path):
    LOG.to_csv(tmp_path / "transactions.csv", index=False)
    (tmp_path / "portfoy.toml").write_text('currency = "PLN"\n')
    opened = pf.open(tmp_path)
    assert (opened.as_of, opened.currency, opened.confidence) == (pd.Timestamp("2024-03-31"), "PLN", 0.95)
    assert pf.open(tmp_path, currency="EUR", as_of="2024-02-01").customers["customer_id"].tolist() == ["001"]


def test_a_table_that_no_firm_has_is_a_slip():
    with pytest.raises(TypeError, match=r"^Firm\.of: no table \['orders'\]; there are"):
        Firm.of(LOG, orders=LOG)


def test_a_log_without_a_needed_column_is_refused():
    with pytest.raises(DataError, match=r"^transactions: column 'amount' is missing; the file has "):
        Firm.of(LOG.drop(columns="amount"))


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "99999-01-01", "1900-01-01", "someday"])
def test_a_day_that_no_data_can_be_of_is_refused(day, tmp_path):
    LOG.to_csv(tmp_path / "transactions.csv", index=False)
    said = f"as_of: {day} is not a day from 1900-01-02 to 2100-12-31. Give the last day of the data."
    for opened in (lambda: Firm.of(LOG, as_of=day), lambda: pf.open(tmp_path, as_of=day)):
        with pytest.raises(DataError) as error:
            opened()
        assert str(error.value) == said


def test_dates_that_cannot_be_are_gone_as_from_a_source(tmp_path):
    far = ["9999-12-31", "0001-01-01", "1900-01-01", "1899-05-05", "2024-01-15", "2023-12-31"]
    ids = [str(number) for number in range(6)]
    tables = {
        "leads": pd.DataFrame({"lead_id": ids, "created_on": ["2024-01-01"] * 6, "closed_on": far}),
        "subscriptions": pd.DataFrame({"contract_id": ids, "customer_id": "001", "started_on": far}),
        "tickets": pd.DataFrame({"ticket_id": ids, "customer_id": "001", "opened_on": "2024-01-02", "closed_on": far}),
    }
    for name, table in {"transactions": LOG, **tables}.items():
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    read, given = pf.open(tmp_path), Firm.of(LOG, **tables)
    for name, table in tables.items():
        one, other = (getattr(firm.tables, name).select(list(table)).to_pyarrow().to_pylist() for firm in (read, given))
        assert sorted(map(str, one)) == sorted(map(str, other)), name
