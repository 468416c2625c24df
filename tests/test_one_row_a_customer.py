"""Totals, one row a customer, against the log they come from, five rows by hand, and exports as tools write them."""

import pandas as pd
import pytest

import portfoy as pf
from portfoy.errors import DataError
from portfoy.firm import Firm
from portfoy.models.bg_nbd import fit_bg_nbd
from portfoy.source import mapping
from portfoy.source import open as source

FIVE = """customer_id,first_order,last_order,orders,revenue
a,2025-01-01,2025-01-31,3,90
b,2025-02-01,2025-02-01,1,10
c,2025-03-01,2025-03-01,2,50
d,2025-01-10,2025-01-11,4,80
e,2025-03-11,2025-03-21,2,30
"""
NO_LOG = "This needs order lines; the source has totals, one row a customer."


def write(path, text, encoding="utf-8"):
    path.write_text(text, encoding=encoding)
    return path


@pytest.fixture
def five(tmp_path):
    return pf.open(write(tmp_path / "totals.csv", FIVE))


# (a) By hand


def test_five_rows_by_hand(five):
    """Two orders of one day are one purchase; four on two days cannot be more than two."""
    found = five.customers.set_index("customer_id")
    assert str(five.as_of.date()) == "2025-03-21"
    assert found["orders"].to_list() == [3, 1, 2, 4, 2]
    assert found["purchases"].to_list() == [3, 1, 1, 2, 2]
    assert found["repeats"].to_list() == [2, 0, 0, 1, 1]
    assert found["span"].to_list() == [30, 0, 0, 1, 10]
    assert found["idle"].to_list() == [49, 48, 20, 69, 0]
    assert found["age"].to_list() == [79, 48, 20, 70, 10]
    assert found["ticket"].to_list() == [30, 10, 50, 40, 15]
    assert found["repeat_ticket"].fillna(0).to_list() == [30, 0, 0, 40, 15]
    assert found["margin"].isna().all()


def test_rows_that_cannot_be_are_set_aside_each_under_its_rule(tmp_path):
    odd = [
        ("", "2025-01-01", "2025-01-02", 2, 5),
        ("f", "2025-02-02", "2025-02-01", 2, 5),
        ("g", "2025-01-01", "2025-01-01", 0, 5),
        ("h", "2025-01-01", "2025-01-09", 1, 5),
        ("i", "2025-01-01", "2025-01-09", 2.5, 5),
        ("j", "2025-01-01", "2125-01-09", 2, 5),
        ("k", "2025-01-01", "", 2, 5),
        ("l", "2025-01-01", "2025-01-09", 2, "?"),
        ("a", "2025-01-01", "2025-01-02", 2, 5),
    ]
    more = "\n".join(",".join(map(str, row)) for row in odd)
    tables = source.open(write(tmp_path / "totals.csv", FIVE + more + "\n"))
    assert tables.totals.count().to_pandas() == 5
    told = tables.accounts["totals"]
    assert (told.rows, told.used) == (14, 5)
    found = told.findings.groupby("code")["rows"].sum().to_dict()
    rules = ["no_key", "last_before_first", "one_order_two_days", "future_date", "no_date", "no_revenue"]
    assert {rule: found[rule] for rule in rules} == dict.fromkeys(rules, 1)
    assert (found["no_orders"], found["repeated_key"]) == (2, 1)


def test_an_earlier_day_is_not_possible_and_a_later_one_is(five, tmp_path):
    said = "totals: customers who bought after 2025-03-01: 1; totals do not tell what by then. Take 2025-03-21."
    assert str(pf.rfm(five.on("2025-03-01"))) == said
    with pytest.raises(DataError, match="customers who bought after 2025-03-01"):
        _totals = source.open(tmp_path / "totals.csv", as_of="2025-03-01").totals
    write(tmp_path / "portfoy.toml", 'source = "totals.csv"\nas_of = "2025-04-20"\n')
    later = pf.open(tmp_path)
    assert later.customers["idle"].to_list() == [79, 78, 50, 99, 30]


ORDERS = ["growth", "years", "states", "cohorts", "churn", "forecast", "baskets", "bridge", "economics", "migration"]


@pytest.mark.parametrize("name", [*ORDERS, "next_offers"])
def test_what_needs_order_lines_says_so(five, name):
    assert NO_LOG in str(getattr(pf, name)(five))


def test_beside_order_lines_totals_are_not_looked_at():
    log = pd.DataFrame({"customer_id": ["z"], "order_id": ["1"], "ordered_on": ["2025-01-01"], "amount": [7.0]})
    totals = pd.DataFrame(
        {"customer_id": ["a"], "first_order": ["2025-01-01"], "last_order": ["2025-02-01"], "orders": 2, "revenue": 9.0}
    )
    firm = Firm.of(log, totals=totals)
    assert firm.customers["customer_id"].to_list() == ["z"]


# (b) Against the log itself, reduced by plain pandas


def test_cdnow_reduced_to_a_row_a_customer_gives_what_its_log_gives(cdnow_log, tmp_path):
    """The same scores, the same share of the largest, the same BG/NBD; spend differs, for the first is not told."""
    days = cdnow_log.groupby(["customer_id", "ordered_on"], as_index=False)["amount"].sum()
    naive = days.groupby("customer_id").agg(
        first=("ordered_on", "min"), last=("ordered_on", "max"), n=("ordered_on", "size"), sum=("amount", "sum")
    )
    names = {"first": "first_order", "last": "last_order", "n": "orders", "sum": "revenue"}
    naive.rename(columns=names).to_csv(tmp_path / "totals.csv")
    own, log = pf.open(tmp_path / "totals.csv", as_of="1998-06-30"), Firm.of(cdnow_log, as_of="1998-06-30")
    scores = [pf.rfm(firm).table.set_index("customer_id")[["r", "f", "m"]] for firm in (own, log)]
    pd.testing.assert_frame_equal(*scores)
    assert pf.concentration(own).top_share == pytest.approx(pf.concentration(log, months=0).top_share, rel=1e-9)
    fits = [fit_bg_nbd(firm.customers) for firm in (own, log)]
    for name in ("r", "alpha", "a", "b"):
        assert getattr(fits[0], name) == pytest.approx(getattr(fits[1], name), rel=1e-6)
    value = pf.lifetime_value(own)
    assert value.total > 0
    assert "totals do not tell that of the first" in str(value.method())


# (c) As tools export them


def draft(tmp_path, name, text, encoding="utf-8"):
    drafted = mapping.draft(write(tmp_path / name, text, encoding), beside=tmp_path)
    write(tmp_path / "portfoy.toml", drafted)
    return pf.open(tmp_path), drafted


def test_a_turkish_summary_is_drafted_whole(tmp_path):
    text = (
        "Müşteri No;Ünvan;İlk Alışveriş Tarihi;Son Alışveriş Tarihi;Sipariş Sayısı;Toplam Ciro\n"
        "0012;Çay Evi;05.01.2025;17.03.2025;3;1.234,50\n0013;Şirin;28.02.2025;28.02.2025;1;75,00\n"
    )
    firm, _drafted = draft(tmp_path, "ozet.csv", text, "cp1254")
    found = firm.customers[["customer_id", "orders", "revenue", "span"]].to_numpy().tolist()
    assert found == [["0012", 3, 1234.5, 71], ["0013", 1, 75.0, 0]]


def test_a_list_of_subscribers_with_what_they_spent_is_drafted_whole(tmp_path):
    text = (
        "Email,First Name,City,First Order Date,Last Order Date,Total Orders,Total Spent,Average Order Value\n"
        'x@example.org,X,Gdynia,2025-01-05 10:00:00,2025-03-17 09:00:00,3,"$1,234.50",411.5\n'
        "y@example.org,Y,Gdynia,2025-02-28 08:00:00,2025-02-28 08:00:00,1,$75.00,75\n"
    )
    firm, drafted = draft(tmp_path, "customers.csv", text)
    assert "unsure: it could hold customers" in drafted
    assert firm.customers["revenue"].to_list() == [1234.5, 75.0]


def test_ways_to_buy_in_columns_of_their_own_are_added_up(tmp_path):
    """An empty one is nothing; one that does not read leaves the sum unknown, and the row is set aside."""
    head = "master_id,first_order,last_order,orders_online,orders_offline,total_spent_offline,total_spent_online"
    rows = ["m1,2020-10-30,2021-02-26,4,1,139.99,799.38", "m2,2019-08-03,2021-03-07,1,1,,159.99"]
    rows += ["m3,2019-08-03,2021-03-07,1,1,5,many"]
    firm, drafted = draft(tmp_path, "shop.csv", "\n".join([head, *rows]) + "\n")
    assert 'orders = ["orders_online", "orders_offline"]  # added up' in drafted
    assert firm.customers[["orders", "revenue"]].to_numpy().tolist() == [[5, 939.37], [2, 159.99]]
    assert firm.tables.accounts["totals"].used == 2


def test_beside_orders_a_list_of_customers_is_that_whatever_it_tells_of_them(tmp_path):
    write(tmp_path / "orders.csv", "customer_id,order_id,date,amount\na,1,2025-01-01,5\na,2,2025-02-01,6\n")
    write(tmp_path / "people.csv", "customer_id,first_order,last_order,orders,revenue\na,2025-01-01,2025-02-01,2,11\n")
    assert "[totals]" not in mapping.draft(tmp_path)


def test_the_shared_case_is_drafted_and_added_up(shared_data, tmp_path):
    path = shared_data.parent / "cases" / "one_row_per_customer" / "flo_shape.csv"
    if not path.is_file():
        pytest.skip("needs the shared case one_row_per_customer")
    write(tmp_path / "portfoy.toml", mapping.draft(path, beside=tmp_path))
    found = pf.open(tmp_path).customers[["customer_id", "orders", "revenue"]]
    assert found.to_numpy().tolist() == [["m1", 5, 939.37], ["m2", 2, 209.98]]
