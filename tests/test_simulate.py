"""The teaching company: the same bytes from the same seed, and its truth estimated back from its orders."""

import tomllib
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import pytest

from portfoy.customers import customer_table
from portfoy.models.bg_nbd import fit_bg_nbd
from portfoy.models.gamma_gamma import fit_gamma_gamma
from portfoy.simulate import Truth, read_truth, simulate, write_company

SHIPPED = Path(__file__).parents[1] / "data" / "teaching"


@pytest.fixture(scope="module")
def company():
    """The company as it is shipped."""
    return simulate()


# (a) What the tables look like


def test_columns_ids_and_dates(company):
    assert company.columns.tolist() == [
        *("customer_id", "order_id", "ordered_on", "product_id", "quantity", "amount", "unit_cost")
    ]
    known = company[company["customer_id"] != ""]
    assert known["customer_id"].str.fullmatch(r"C\d{5}").all()
    assert known["customer_id"].nunique() == 2000
    assert company["order_id"].str.fullmatch(r"S\d{6}").all()
    assert company["product_id"].str.fullmatch(r"P\d{3}").all()
    assert company["ordered_on"].is_monotonic_increasing
    assert company["ordered_on"].iloc[0] >= "2023-07-01"
    assert company["ordered_on"].iloc[-1] <= "2026-06-30"
    assert (company["unit_cost"] > 0).all()
    assert ((company["amount"] < 0) == (company["quantity"] < 0)).all()


def test_a_return_names_a_line_that_was_bought(company):
    keys = ["customer_id", "order_id", "product_id", "unit_cost"]
    sales = company[company["amount"] > 0].assign(size=lambda t: t["amount"])
    returns = company[company["amount"] < 0].assign(size=lambda t: -t["amount"])
    both = returns.merge(sales, on=[*keys, "size"], suffixes=("", "_sold"))
    assert set(both["order_id"]) == set(returns["order_id"])
    assert (both["ordered_on"] > both["ordered_on_sold"]).all()
    days = pd.to_datetime(both["ordered_on"]) - pd.to_datetime(both["ordered_on_sold"])
    assert days.max() <= pd.Timedelta(days=35)


# (b) The files that are shipped


def test_shipped_files_are_what_write_company_writes(tmp_path):
    written = write_company(tmp_path)
    assert [path.name for path in written] == ["portfoy.toml", "truth.toml", "transactions.csv"]
    for path in written:
        assert path.read_bytes() == (SHIPPED / path.name).read_bytes(), f"run `portfoy simulate`: {path.name} differs"


def test_truth_can_be_read_back(tmp_path):
    write_company(tmp_path / "new", customers=20, seed=3)
    assert read_truth(tmp_path / "new") == {"customers": 20, "seed": 3, **asdict(Truth())}
    settings = tomllib.loads((tmp_path / "new" / "portfoy.toml").read_text("utf-8"))
    assert settings == {"name": "Teaching company", "currency": "TRY"}


def test_the_seed_decides_every_row():
    one, same, other = simulate(customers=50), simulate(customers=50), simulate(customers=50, seed=21)
    pd.testing.assert_frame_equal(one, same)
    assert not one.equals(other)


def test_another_seed_writes_other_bytes(tmp_path):
    write_company(tmp_path, customers=50, seed=1)
    one = (tmp_path / "transactions.csv").read_bytes()
    write_company(tmp_path, customers=50, seed=2)
    assert (tmp_path / "transactions.csv").read_bytes() != one


# (c) Recovery of the truth


@pytest.fixture(scope="module")
def plain():
    """Customers of a larger company without returns, guests and second orders."""
    truth = Truth(guest_share=0.0, return_share=0.0, second_order_share=0.0)
    lines = simulate(customers=6000, seed=7, truth=truth)
    return customer_table(lines, as_of="2026-06-30")


def test_buying_parameters_are_recovered(plain):
    fit = fit_bg_nbd(plain)
    for name in ("r", "alpha", "a", "b"):
        assert getattr(fit, name) == pytest.approx(getattr(Truth(), name), abs=3 * fit.standard_errors[name]), name


def test_spending_parameters_are_recovered(plain):
    fit = fit_gamma_gamma(plain)
    for name in ("p", "q", "v"):
        assert getattr(fit, name) == pytest.approx(getattr(Truth(), name), abs=3 * fit.standard_errors[name]), name


def test_shares_of_guests_returns_and_second_orders_are_near_their_truth():
    truth = Truth(guest_share=0.05, return_share=0.04, second_order_share=0.03)
    lines = simulate(customers=4000, seed=9, truth=truth)
    sales = lines[lines["amount"] > 0]
    orders = sales.drop_duplicates("order_id")
    guests = orders["customer_id"] == ""
    days = orders[~guests].drop_duplicates(["customer_id", "ordered_on"])
    # Guests come in proportion to the customers' purchases, of which a few fall on the same day.
    assert guests.sum() / len(days) == pytest.approx(0.05, rel=0.05)
    # Three standard errors of a share.
    assert (~guests).sum() / len(days) - 1 == pytest.approx(0.03, abs=0.01)
    early = sales[sales["ordered_on"] < "2026-05-20"]  # all of their returns are in
    back = lines[(lines["amount"] < 0) & lines["order_id"].isin(early["order_id"])]
    assert len(back) / len(early) == pytest.approx(0.04, abs=3 * (0.04 * 0.96 / len(early)) ** 0.5)


def test_costs_are_near_their_share_of_the_price():
    lines = simulate(customers=500, truth=Truth(return_share=0.0, products=400))
    cost = (lines["unit_cost"] * lines["quantity"]).sum() / lines["amount"].sum()
    assert cost == pytest.approx(0.62, abs=0.03)


# (d) Properties


def test_one_customer():
    lines = simulate(customers=1, seed=2, truth=Truth(guest_share=0.0))
    assert lines["customer_id"].unique().tolist() == ["C00001"]


def test_other_dates_are_kept_to():
    lines = simulate(customers=200, start="2020-01-01", end="2020-02-29")
    assert (lines["ordered_on"].min() >= "2020-01-01", lines["ordered_on"].max() <= "2020-02-29") == (True, True)
