"""Exports whose rows are not what they seem: what each is worth, as a careful person reads it, and what is said of it.

The folders of ../shared/cases are small files in the shapes that real exports have; their README has the right values.
Where they are not there, the tests of them skip. The others are of the same kinds, in other languages and forms, with
their right values worked out by hand.
"""

import datetime
from pathlib import Path

import pytest

from helpers import message_of
from portfoy.customers import customer_table
from portfoy.portfolio.quality import without_order
from portfoy.source import open as source

CASES = Path(__file__).parents[2] / "shared" / "cases"
TODAY = datetime.date(2026, 12, 31)
MINE = ("customer_id", "order_id", "ordered_on", "amount")


def section(*theirs, more=""):
    """A section of orders: their names of customer, order, date and amount, and lines more."""
    lines = [f'{ours} = "{name}"' for ours, name in zip(MINE, theirs, strict=True) if name]
    return "\n".join(["[transactions]", *lines, more])


@pytest.fixture
def shop(tmp_path):
    """A function that opens order lines, written as a file, under a portfoy.toml."""

    def shop(text, settings=""):
        (tmp_path / "transactions.csv").write_text(text.strip() + "\n", encoding="utf-8")
        (tmp_path / "portfoy.toml").write_text(settings, encoding="utf-8")
        return source.open(tmp_path, today=TODAY)

    return shop


@pytest.fixture
def case(tmp_path):
    """A function that opens the file of one case under a portfoy.toml."""

    def case(name, settings=""):
        if not (CASES / name).is_dir():
            pytest.skip(f"{CASES / name} is not there")
        file = next(path for path in (CASES / name).iterdir() if path.suffix != ".toml")
        (tmp_path / "portfoy.toml").write_text(f'source = "{file}"\n{settings}', encoding="utf-8")
        return source.open(tmp_path / "portfoy.toml", today=TODAY)

    return case


def worth(tables):
    """Revenue and customers of the lines used."""
    return tables.facts.revenue, tables.facts.customers


def people(tables):
    """Customer -> purchases, first and last order."""
    table = customer_table(tables.transactions, as_of=TODAY)
    rows = table.itertuples()
    return {
        row.customer_id: (row.purchases, f"{row.first_order:%Y-%m-%d}", f"{row.last_order:%Y-%m-%d}") for row in rows
    }


def found(tables, check):
    """Rows, money and what was done under one check."""
    row = tables.quality.loc[check]
    return int(row["rows"]), None if row["money"] != row["money"] else row["money"], row["done"]


# Credit notes


def test_a_credit_note_with_quantity_and_price_below_zero_is_a_return(case):
    tables = case("negative_times_negative")
    assert worth(tables) == (200, 2)
    assert found(tables, "return")[:2] == (1, -150)


def test_a_credit_note_stays_one_with_a_discount_and_however_its_signs_stand(shop):
    lines = [
        "A;1;2026-01-02;4;25",
        "A;2;2026-02-03;-1;-25",
        "B;3;2026-02-04;2;10",
        "B;4;2026-02-05;-2;10",
        "B;5;2026-02-05;2;-5",
    ]
    tables = shop("\n".join(["customer_id;order_id;ordered_on;quantity;unit_price", *lines]))
    assert worth(tables) == (100 - 25 + 20 - 20 - 10, 2)
    assert found(tables, "return")[:2] == (3, -55)


# Money that stands once an order, or once a line


ORDER_TOTAL = 'product_id = "SKU"\nquantity = "Item Qty"\n'


def test_the_total_of_an_order_on_each_of_its_lines_counts_once(case):
    mapped = section("Customer Email", "Order ID", "Order Date", "Order Total", more=ORDER_TOTAL)
    tables = case("order_total_on_each_line", mapped + 'amount_per = "order"')
    assert worth(tables) == (1260, 3)
    per_order = tables.transactions.group_by("order_id").agg(paid=lambda t: t.amount.sum()).to_pandas()
    assert sorted(per_order["paid"].round(6)) == [100 + 10 * order for order in range(9)]


def test_orders_of_one_number_that_differ_in_customer_day_or_amount_count_apart(shop):
    rows = ["A,7,2026-01-02,30", "A,7,2026-01-02,30", "B,7,2026-01-02,30", "A,8,2026-01-02,12", "A,8,2026-01-02,-12"]
    tables = shop(
        "\n".join(["customer_id,order_id,ordered_on,amount,sku", *(f"{row},{n}" for n, row in enumerate(rows))]),
        '[transactions]\namount_per = "order"',
    )
    assert worth(tables) == (30 + 30 + 12 - 12, 2)


AMAZON = section(
    "buyer-email", "order-id", "purchase-date", "", more='quantity = "quantity"\nunit_price = "item-price"\n'
)


def test_a_price_that_is_already_the_lines_is_not_multiplied(case):
    tables = case("item_price_is_line_total", AMAZON + 'price_per = "line"')
    assert worth(tables) == (55, 2)


def test_order_fields_on_the_first_line_make_each_order_once_less_what_was_given_back(case):
    more = 'fill_down = ["Financial Status"]\namount_per = "order"\nrefunded = "Refunded Amount"\n'
    more += 'leave_out = { "Financial Status" = ["voided"] }'
    tables = case("order_fields_on_first_line", section("Email", "Name", "Created at", "Total", more=more))
    assert worth(tables) == (80, 2)
    assert found(tables, "left_out")[:2] == (1, 60)
    assert people(tables) == {
        "anna@ex.com": (2, "2026-01-05", "2026-02-01"),
        "ben@ex.com": (1, "2026-01-07", "2026-01-07"),
    }


def test_a_refund_in_a_column_of_its_own_comes_off_whatever_its_sign(shop):
    rows = ["A,1,2026-01-02,80,-15.5", "A,2,2026-02-02,20,", "B,3,2026-02-03,9,9"]
    text = "\n".join(["customer_id,order_id,ordered_on,amount,Erstattung", *rows])
    tables = shop(text, '[transactions]\nrefunded = "Erstattung"')
    assert worth(tables) == (80 - 15.5 + 20, 2)


# Cells that stand for those below them


def test_what_stands_on_the_first_line_of_an_order_is_filled_down(case):
    mapped = section("Customer", "Order Reference", "Order Date", "Order Lines/Subtotal")
    tables = case("fill_down", mapped + 'fill_down = ["Order Reference", "Customer", "Order Date"]')
    assert worth(tables) == (1120, 2)
    assert tables.facts.orders == 3
    assert people(tables)["Azure Interior"] == (2, "2026-01-05", "2026-02-03")


def test_nothing_is_filled_down_from_one_order_into_another(shop):
    text = "Nr;Klient;Data;Status;Kwota\n1;A;2026-01-02;void;10\n1;;;;20\n2;B;2026-01-03;;30\n2;;;;40"
    more = 'fill_down = ["Klient", "Data", "Status"]\nleave_out = { Status = ["void"] }'
    tables = shop(text, section("Klient", "Nr", "Data", "Kwota", more=more))
    assert worth(tables) == (70, 1)  # the second order has no status


# Several currencies


SALES = section("Customer", "Order", "Date", "Amount")


def test_several_currencies_are_refused_kept_apart_or_turned_into_one(case):
    assert message_of(case, "several_currencies", SALES) == (
        "transactions.Currency: money in EUR (1), TRY (1), USD (1) cannot be added up. Say in portfoy.toml, under "
        '[transactions]: keep = { "Currency" = ["EUR"] }, or currency = "EUR" and what one unit of the others is '
        "worth: [rates] TRY = ?, USD = ?."
    )
    assert worth(case("several_currencies", SALES + '\nkeep = { Currency = ["TRY"] }')) == (1000, 1)
    tables = case("several_currencies", 'currency = "TRY"\n[rates]\nEUR = 50\nUSD = 40.5\n' + SALES)
    assert worth(tables) == (1000 + 100 * 50 + 100 * 40.5, 3)
    assert tables.reading == [
        "transactions.Currency: money at the rates of portfoy.toml, 1 EUR = 50 TRY, 1 USD = 40.5 TRY"
    ]


def test_currencies_are_known_by_name_of_their_column_and_by_signs(shop):
    text = (
        "customer_id;order_id;ordered_on;amount;unit_cost;Para Birimi\nA;1;2026-01-02;100;60;TL\nB;2;2026-01-03;10;4;€"
    )
    assert message_of(shop, text).startswith("transactions.Para Birimi: money in EUR (1), TRY (1) cannot be added up.")
    tables = shop(text + "\nC;3;2026-01-04;7;1;", 'currency = "TRY"\n[rates]\nEUR = 40')
    assert worth(tables) == (100 + 400 + 7, 3)
    assert tables.transactions.unit_cost.sum().to_pandas() == 60 + 160 + 1
    assert tables.reading[0] == "transactions.Para Birimi: empty in 1 rows, which are taken for TRY"
    assert message_of(shop, text, 'currency = "TRY"\n[rates]\nUSD = 40').endswith("[rates] EUR = ?.")


def priced(*cells, name="amount"):
    """Lines with these texts as their amounts, in a file that has no column of currencies."""
    lines = [f"C{place % 3};O{place};2026-01-{place + 1:02};{text}" for place, text in enumerate(cells)]
    return "\n".join([f"customer_id;order_id;ordered_on;{name}", *lines])


def test_several_currencies_beside_the_amounts_are_refused_or_turned_into_one(shop):
    text = priced("$5.00", "€5.50", "$2.00", "3.00")
    assert message_of(shop, text) == (
        "transactions.amount: money in USD (2), EUR (1) cannot be added up. Say in portfoy.toml: currency = "
        '"USD" and what one unit of the others is worth: [rates] EUR = ?; or leave those rows out where the file comes '
        "from."
    )
    tables = shop(text, 'currency = "USD"\n[rates]\nEUR = 1.5')
    assert worth(tables) == (5 + 5.5 * 1.5 + 2 + 3, 3)
    assert tables.reading == [
        "transactions.amount: no currency in 1 rows, which are taken for USD",
        "transactions.amount: money at the rates of portfoy.toml, 1 EUR = 1.5 USD",
    ]


def test_a_second_currency_is_found_in_words_and_far_down(shop):
    head = "transactions.Tutar: money in TRY"
    text = priced("1.250,50 TL", "5,25 USD", "(40,00) TL", "TL 7,50", name="Tutar")
    assert message_of(shop, text, '[transactions]\namount = "Tutar"').startswith(f"{head} (3), USD (1) cannot be")
    given = 'currency = "TRY"\n[transactions]\namount = "Tutar"\n[rates]\nUSD = 40'
    assert worth(shop(text, given)) == (1250.5 + 5.25 * 40 - 40 + 7.5, 2)  # the third only gave back
    lines = [f"C{place};O{place};2026-01-02;{'$' if place >= 11_000 else ''}5" for place in range(11_300)]
    text = "\n".join(["customer_id;order_id;ordered_on;amount", *lines])
    head = "transactions.amount: money in USD (300), where that of the source is TRY."
    assert message_of(shop, text, 'currency = "TRY"').startswith(head)


def test_prices_and_costs_are_money_too(shop):
    text = "customer_id;order_id;ordered_on;quantity;unit_price;unit_cost\n"
    text += "A;1;2026-01-02;2;10 zł;{}\nB;2;2026-01-03;3;€ 5;2"
    assert message_of(shop, text.format("6 PLN")).startswith(
        "transactions.unit_price: money in EUR (1), PLN (1) cannot"
    )
    tables = shop(text.format("6 PLN"), 'currency = "PLN"\n[rates]\nEUR = 4')
    assert worth(tables) == (2 * 10 + 3 * 5 * 4, 2)
    assert sorted(tables.transactions.unit_cost.to_pandas()) == [6, 2 * 4]
    assert message_of(shop, text.format("$6")) == (
        "transactions.unit_price: a line has money in PLN, USD at once. Write each line in one currency."
    )


@pytest.mark.parametrize(
    ("cells", "currency"),
    [
        (["5 TL", "₺5", "5 TRY", "YTL 5", "5"], ""),
        (["$5", "US$5", "5 USD", "USD 5"], ""),
        (["5 zł", "5 PLN", "PLN. 5", "5 zl"], ""),
        (["£5", "5 GBP"], "GBP"),
        (["$5", "5 CAD", "CA$5"], "CAD"),
        (["kr 5", "5 DKK", "5 kr."], ""),
        (["Rs. 5", "5 INR", "₹5"], ""),
        (["5 Dr", "5 Dr", "2 Cr"], "EUR"),
        (["5,- €", "EUR 5", "Euro 5"], "EUR"),
    ],
)
def test_one_currency_written_in_several_ways_is_one(shop, cells, currency):
    tables = shop(priced(*cells), f'currency = "{currency}"' if currency else "")
    assert tables.facts.used == len(cells)
    assert tables.facts.revenue == 5 * len(cells) - 7 * ("2 Cr" in cells)


@pytest.mark.parametrize("code", ["EUR", ""])
def test_one_currency_alone_is_nothing_to_say(shop, code):
    tables = shop(f"customer_id,order_id,ordered_on,amount,currency\nA,1,2026-01-02,5,{code}\nB,2,2026-01-02,6,{code}")
    assert worth(tables) == (11, 2)
    assert tables.reading == []


ORDERS = "customer_id,order_id,ordered_on,amount,currency\nA,1,2026-01-02,50,TRY\nB,2,2026-01-05,40,TRY"
RATES = {"TRY": 1, "EUR": 50, "USD": 40.5}
IN_TABLES = {  # column of money -> a table that has it, row by row: the number, then its currency
    "products.unit_cost": "product_id,unit_cost,Währung\nP1,3,EUR\nP2,4,USD\nP3,5,TRY",
    "products.list_price": "product_id,list_price,Currency\nP1,3,EUR\nP2,4,USD",
    "leads.expected_value": "lead_id,created_on,expected_value,Currency Code\n1,2026-01-02,100,USD\n2,2026-01-03,7,EUR",
    "spend.cost": "month,channel,cost,Para Birimi\n2026-01-01,web,3,USD\n2026-01-01,tv,9,TRY",
    "campaigns.cost": "campaign_id,starts_on,cost,Waluta\nC1,2026-01-01,8,EUR\nC2,2026-01-01,9,TRY",
    "subscriptions.monthly_fee": "contract_id,customer_id,started_on,monthly_fee,currency\n1,A,2026-01-01,5,EUR\n"
    "2,B,2026-01-01,7,TRY",
    "surveys.category_spend": "survey_id,customer_id,answered_on,category_spend,Devise\n1,A,2026-01-03,5,EUR\n"
    "2,B,2026-01-03,6,USD",
}


@pytest.mark.parametrize("signs", [False, True])
@pytest.mark.parametrize("where", IN_TABLES)
def test_no_table_adds_up_several_currencies(shop, tmp_path, where, signs):
    """Judge: each number times its rate, by hand; signs stand beside the numbers where there is no column of codes."""
    table, _dot, ours = where.partition(".")
    head, *rows = [line.split(",") for line in IN_TABLES[where].split("\n")]
    at = head.index(ours)
    worth = [float(row[at]) * RATES[row[-1]] for row in rows]
    codes = {row[-1] for row in rows}
    if signs:
        given = {"TRY": "₺", "EUR": "€", "USD": "$"}
        head, rows = head[:-1], [[*row[:at], given[row[-1]] + row[at], *row[at + 1 : -1]] for row in rows]
    (tmp_path / f"{table}.csv").write_text("\n".join(map(",".join, [head, *rows])), encoding="utf-8")
    tables = shop(ORDERS, 'currency = "TRY"')
    assert getattr(tables, table) is None
    assert tables.aside[table].startswith(f"{table}.{ours if signs else head[-1]}: money in ")
    assert tables.aside[table].partition(" cannot be added up")[0].count("(1)") == len(codes)
    assert all(f"{code} = ?" in tables.aside[table] for code in codes - {"TRY"})
    assert "TRY = ?" not in tables.aside[table]
    tables = shop(ORDERS, 'currency = "TRY"\n[rates]\nEUR = 50\nUSD = 40.5')
    assert sorted(getattr(tables, table)[ours].to_pandas()) == sorted(worth)
    assert "currency" not in getattr(tables, table).columns
    if not signs:
        tables = shop(ORDERS, f'currency = "TRY"\n[{table}]\nkeep = {{ "{head[-1]}" = ["{rows[0][-1]}"] }}\n[rates]\n'
                              f'EUR = 50\nUSD = 40.5')  # fmt: skip
        assert getattr(tables, table)[ours].to_pandas().to_list() == worth[:1]


def test_a_table_in_another_currency_than_the_orders_is_set_aside_until_its_rate_is_given(shop, tmp_path):
    leads = "lead_id,created_on,expected_value,currency\n1,2026-01-02,100,EUR\n2,2026-01-03,7,EUR"
    (tmp_path / "leads.csv").write_text(leads)
    for settings in ("", 'currency = "TRY"'):  # by the orders alone, and as portfoy.toml says
        tables = shop(ORDERS, settings)
        assert tables.leads is None
        assert tables.aside["leads"] == (
            "leads.currency: money in EUR (2), where that of the source is TRY. Say in portfoy.toml: currency = "
            '"TRY" and what one unit of the other is worth: [rates] EUR = ?; or correct the currency.'
        )
    assert shop(ORDERS, 'currency = "TRY"\n[rates]\nEUR = 50').leads.expected_value.sum().to_pandas() == 107 * 50
    tables = shop(ORDERS.replace("TRY", ""))
    assert tables.leads.expected_value.sum().to_pandas() == 107
    said = 'leads: money in EUR, taken for that of all tables; if so, say in portfoy.toml: currency = "EUR"'
    assert tables.reading == [said]
    said = message_of(shop, ORDERS, 'currency = "PLN"')
    assert said.startswith("transactions.currency: money in TRY (2), where that of the source is PLN. ")
    assert said.endswith("[rates] TRY = ?; or correct the currency.")


def test_a_table_without_money_may_have_any_column_of_currencies(shop, tmp_path):
    (tmp_path / "leads.csv").write_text("lead_id,created_on,currency\n1,2026-01-02,EUR\n2,2026-01-03,USD")
    assert shop(ORDERS, 'currency = "TRY"').leads.count().to_pandas() == 2


# Amounts with the other sign


def booked(sign=-1, name="Betrag", more=""):
    """A sale of 10 pieces of money a row, ten of them, and a refund of 4, as a book writes them; beside the amount."""
    rows = [f"C{n % 4},{n},2026-02-{n + 1:02},{sign * (10 if n else -4)}{more}" for n in range(11)]
    return "\n".join([f"customer_id,order_id,ordered_on,{name}{',' if more else ''}", *rows])


@pytest.mark.parametrize("name", ["Betrag", "amount"])
@pytest.mark.parametrize("returns", ["net", "drop"])
def test_books_that_write_a_sale_with_a_minus_are_refused_with_what_mends_them(shop, name, returns):
    """Judge: the same sales without the minus."""
    mapped = f'returns = "{returns}"\n[transactions]\namount = "{name}"'
    assert message_of(shop, booked(name=name), mapped) == (
        "transactions: 10 of 11 amounts are below zero, -96.00 in all, as in books that write a sale with a minus. "
        f'If so, say in portfoy.toml, under [transactions]: credit = "{name}"; then each has the other sign.'
    )
    mended = shop(booked(name=name), f'{mapped}\ncredit = "{name}"')
    right = shop(booked(1, name=name), mapped)
    assert worth(mended) == worth(right) == (96 if returns == "net" else 100, 4)
    assert mended.quality["rows"].to_list() == right.quality["rows"].to_list()
    assert mended.reading == []


def test_pieces_that_went_out_and_their_money_below_zero_are_sales(shop):
    lines = [(-2, -20), (-1, -8), (1, 8)]
    rows = "\n".join(f"C{n % 3},{n},2026-02-{n + 1:02},{q},{a}" for n, (q, a) in enumerate(lines))
    text = f"customer_id,order_id,ordered_on,quantity,amount\n{rows}\nC9,9,2026-02-20,-5,-50"
    assert "3 of 4 amounts are below zero" in message_of(shop, text)
    tables = shop(text, '[transactions]\ncredit = "amount"')
    assert worth(tables) == (20 + 8 - 8 + 50, 3)
    assert tables.transactions.quantity.sum().to_pandas() == 2 + 1 - 1 + 5
    text = text.replace("quantity,amount", "quantity,unit_price").replace(",-20", ",10").replace(",-8", ",8")
    text = text.replace(",-50", ",10")
    said = message_of(shop, text)
    assert said.endswith('credit = "quantity"; then each has the other sign.')
    assert worth(shop(text, '[transactions]\ncredit = "quantity"')) == (20 + 8 - 8 + 50, 3)


def test_a_debit_and_a_credit_the_wrong_way_round_are_to_be_exchanged(shop):
    text = "customer_id,order_id,ordered_on,Soll,Haben\nA,1,2026-02-02,,10\nB,2,2026-02-03,,20\nB,3,2026-02-04,5,"
    text += "\nC,4,2026-02-05,,1"
    said = message_of(shop, text, '[transactions]\namount = "Soll"\ncredit = "Haben"')
    assert said.endswith('under [transactions]: amount = "Haben", credit = "Soll"; then each has the other sign.')
    assert worth(shop(text, '[transactions]\namount = "Haben"\ncredit = "Soll"')) == (26, 3)


def test_many_returns_are_no_book_with_the_other_sign(shop):
    """As many returns as sales, and more: what is left is what was sold less what came back."""
    rows = [f"C{n % 5},{n},2026-02-{n % 28 + 1:02},{30 if n % 5 < 2 else -5}" for n in range(40)]
    assert shop("\n".join(["customer_id,order_id,ordered_on,amount", *rows])).facts.revenue == 16 * 30 - 24 * 5


# Tests, and nobody in particular

NOBODY = ["guest", "walk-in", "anonymous", "unknown", "Perakende", "Muhtelif", "Barverkauf"]
NOBODY += ["cash customer", "klient detaliczny"]
STAND_INS = ["test@test.com", "dummy", "TEST MÜŞTERİ", "Guest (web)", "Perakende Satış", "Walk-in 2", "no name"]
FIRMS = ["Anna Test", "Contest Ltd", "Cash & Carry", "C0012", "Demo Sp. z o.o. Łódź", "mail@anna.com", "Gaston"]


def test_who_is_called_as_a_test_or_as_nobody_is_said_and_left_out_by_a_setting(shop):
    """Judge: the rows of each kind, counted by hand; three of each id."""
    names = [name for name in [*NOBODY, "test", *STAND_INS, *FIRMS] for _time in range(3)]
    rows = [f'"{name}",{n},2026-03-{n % 28 + 1:02},5' for n, name in enumerate(names)]
    text = "\n".join(["customer_id,order_id,ordered_on,amount", *rows])
    tables = shop(text)
    assert found(tables, "unknown_customer")[:2] == (3 * len(NOBODY), 15 * len(NOBODY))
    assert found(tables, "test_row")[:2] == (3, 15)
    rows, money, done = found(tables, "stand_in")
    assert (rows, money) == (3 * len(STAND_INS), 15 * len(STAND_INS))
    assert tables.quality.loc["stand_in", "example"].split(", ")[:2] == sorted(STAND_INS)[:2]
    assert "unknown_customers" in done
    assert tables.facts.customers == len(STAND_INS) + len(FIRMS)
    tables = shop(text, f"unknown_customers = {[*STAND_INS]}")
    assert found(tables, "stand_in")[0] == 0
    assert found(tables, "unknown_customer")[0] == 3 * len(NOBODY + STAND_INS)
    assert tables.facts.customers == len(FIRMS)


def test_behind_pseudonyms_stand_ins_are_counted_and_not_named(shop):
    rows = [f"{name},{n},2026-03-{n + 1:02},5" for n, name in enumerate(["dummy", "dummy", "Anna"])]
    tables = shop("\n".join(["customer_id,order_id,ordered_on,amount", *rows]), "pseudonyms = true")
    assert found(tables, "stand_in")[:2] == (2, 10)
    assert tables.quality.loc["stand_in", "example"] == ""


# Ids


def test_ids_that_differ_in_case_are_one_customer_where_portfoy_toml_says_so(case):
    mapped = section("Email", "Order", "Date", "Amount")
    assert case("email_case", mapped).facts.customers == 4
    assert people(case("email_case", 'ignore_in_ids = ["case"]\n' + mapped)) == {
        "anna@ex.com": (3, "2026-01-02", "2026-02-13"),
        "ben@ex.com": (1, "2026-01-13", "2026-01-13"),
    }


def test_the_phone_is_the_id_where_there_is_no_email(shop):
    rows = ["a@x.com,1,O1,2026-01-02,10", ",48111,O2,2026-01-03,20", "brak,48111,O3,2026-02-03,5", ",,O4,2026-02-04,1"]
    text = "\n".join(["Email,Phone,Order,Date,Amount", *rows])
    tables = shop(text, section("", "Order", "Date", "Amount", more='first_of = { customer_id = ["Email", "Phone"] }'))
    assert {who: purchases for who, (purchases, *_days) in people(tables).items()} == {"a@x.com": 1, "48111": 2}
    assert found(tables, "unknown_customer")[:2] == (1, 1)


# Status


def test_orders_of_some_status_are_left_out(case):
    mapped = section("Customer Email", "Order ID", "Order Date", "Order Total")
    tables = case("status_cancelled", mapped + '\nkeep = { "Order Status" = ["WC-Completed"] }')
    assert worth(tables) == (30, 1)
    assert found(tables, "left_out")[:2] == (4, 110)


SAYS_STATUS = [  # column, what its rows say, which of them brought nothing
    ("Status", ["completed", "cancelled", "refunded", "failed"], ["cancelled", "refunded", "failed"]),
    ("Bestellstatus", ["Abgeschlossen", "Fehlgeschlagen", "Rückerstattet", "Storniert"], [1, 2, 3]),
    ("Statut", ["Terminée", "Annulée", "Échouée", "Remboursée"], [1, 2, 3]),
    ("Situação", ["Pago", "Cancelado", "Devolvido", "Pago"], [1, 2]),
    ("Sipariş Durumu", ["Teslim Edildi", "İptal Edildi", "İade Edildi", "Kargoda"], [1, 2]),
    ("Payment", ["paid", "refunded", "paid", "paid"], [1]),
    ("Stan", ["Zatwierdzony", "Anulowany", "Zwrócone", "Bufor"], [1, 2]),
]


@pytest.mark.parametrize(("column", "says", "nothing"), SAYS_STATUS)
def test_a_status_that_portfoy_toml_does_not_mention_is_asked_about(shop, column, says, nothing):
    undone = [says[one] if isinstance(one, int) else one for one in nothing]
    rows = "\n".join(f"K{n},{n},2026-01-0{n + 2},{10**n},{text}" for n, text in enumerate(says))
    text = f"customer_id,order_id,ordered_on,amount,{column}\n{rows}"
    [said] = shop(text).reading
    named = ", ".join(f'"{one}"' for one in undone)
    assert said.startswith(
        f"transactions: {column} says {', '.join(undone)} in {len(undone)} of the first 4 rows, which"
    )
    mends = f'leave_out = {{ "{column}" = [{named}] }}'
    assert said.endswith(mends)
    tables = shop(text, f"[transactions]\n{mends}")
    assert (tables.facts.revenue, tables.reading) == (
        sum(10**n for n, one in enumerate(says) if one not in undone),
        [],
    )


def test_a_status_of_orders_that_are_fine_is_not_asked_about(shop):
    for says in (["paid", "shipped"], ["open", "pending"], ["cancelled", "cancelled"], ["new", "returning"]):
        rows = "\n".join(f"K{n},{n},2026-01-0{n + 2},{10**n},{text}" for n, text in enumerate(says))
        assert shop(f"customer_id,order_id,ordered_on,amount,Status\n{rows}").reading == []


@pytest.mark.parametrize("column", ["Refunded Amount", "Amount Refunded", "Erstattungsbetrag", "Kwota zwrotu"])
def test_money_given_back_in_a_column_not_mapped_is_asked_about(shop, column):
    text = f"customer_id,order_id,ordered_on,amount,{column}\nA,1,2026-01-02,50,\nB,2,2026-01-05,40,15.5"
    tables = shop(text)
    assert tables.facts.revenue == 90
    assert tables.reading == [
        f"transactions: what {column} holds is not taken off the amounts. If it should be, say in portfoy.toml, "
        f'under [transactions]: refunded = "{column}"'
    ]
    tables = shop(text, f'[transactions]\nrefunded = "{column}"')
    assert (tables.facts.revenue, tables.reading) == (74.5, [])
    assert shop(text.replace("15.5", "0.00")).reading == []


def test_a_credit_or_a_discount_not_mapped_is_asked_about(shop):
    text = "customer_id,order_id,ordered_on,amount,Alacak Tutar\nA,1,2026-01-02,50,0\nB,2,2026-01-05,0,15"
    assert shop(text).reading[0].endswith('credit = "Alacak Tutar"')
    assert shop(text, '[transactions]\ncredit = "Alacak Tutar"').facts.revenue == 35
    text = "customer_id,order_id,ordered_on,quantity,unit_price,Remise\nA,1,2026-01-02,5,100,25"
    assert shop(text).reading[0].endswith('discount = "Remise"')
    assert shop(text, '[transactions]\ndiscount = "Remise"').facts.revenue == 475


# A number that begins anew


RESTARTS = section("Cari Kodu", "", "Tarih", "Tutar")


def test_a_number_that_begins_anew_each_year_is_one_with_its_day(case):
    tables = case("number_restarts_each_year", RESTARTS + 'order_id = ["Fiş No", "Tarih"]')
    assert people(tables) == {"120.01": (2, "2024-01-10", "2026-03-05"), "120.02": (3, "2024-01-12", "2026-02-20")}


def test_a_number_used_again_after_a_month_is_said_with_what_mends_it(case):
    tables = case("number_restarts_each_year", RESTARTS + 'order_id = "Fiş No"')
    rows, _money, done = found(tables, "number_spans")
    assert rows == 2
    assert "order_id = [number, date or shop]" in done


# Totals and headers among the lines


def test_totals_and_a_header_among_the_lines_are_nobodys_purchase(case):
    tables = case("subtotals_and_repeated_header", section("Customer", "Invoice", "Date", "Amount"))
    assert worth(tables) == (35, 2)
    assert found(tables, "total_row")[:2] == (3, 30 + 5 + 35)
    assert found(tables, "repeated_header")[0] == 1


TURKISH = """Cari;Fiş;Tarih;Tutar
Ak;1;02.01.2026;100,50
Ak;2;05.01.2026;50,00
Ara Toplam;;31.01.2026;150,50
Cari;Fiş;Tarih;Tutar
Bey;3;02.02.2026;20,00
Bey;4;03.02.2026;-5,25
Cam;5;04.02.2026;7,00
Ara Toplam;;28.02.2026;21,75
Genel Toplam;;28.02.2026;172,25
"""
NAMELESS = """Klient;Nr;Data;Kwota
A;1;2026-01-02;10
A;2;2026-01-03;20
A;;2026-01-31;30
B;3;2026-02-02;4
B;4;2026-02-03;5
B;;2026-02-28;9
"""


@pytest.mark.parametrize(
    ("text", "mapped", "revenue", "customers", "sums"),
    [
        (TURKISH, section("Cari", "Fiş", "Tarih", "Tutar"), 172.25, 3, 3),
        (NAMELESS, section("Klient", "Nr", "Data", "Kwota"), 39, 2, 2),
        (
            NAMELESS.replace("A;;", "Suma A;;").replace("B;;", "Suma B;;"),
            section("Klient", "Nr", "Data", "Kwota"),
            39,
            2,
            2,
        ),
    ],
)
def test_a_row_that_sums_up_those_above_it_is_a_total_in_any_language(shop, text, mapped, revenue, customers, sums):
    tables = shop(text, mapped)
    assert worth(tables) == (revenue, customers)
    assert found(tables, "total_row")[0] == sums


def test_a_total_with_all_fields_of_a_line_is_known_by_name_and_sum(shop):
    more = 'order_id = ["Kunde", "Tag"]'
    text = "Kunde,Tag,Betrag\nA,2026-01-02,10\nB,2026-01-03,20\nC,2026-01-05,5\nGesamt,2026-01-31,35"
    tables = shop(text, section("Kunde", "", "Tag", "Betrag", more=more))
    assert worth(tables) == (35, 3)
    assert found(tables, "total_row")[:2] == (1, 35)


def test_totals_are_found_beside_a_customer_called_total_and_by_name(shop):
    """Judge: the five lines that somebody bought."""
    text = "customer_id,order_id,ordered_on,amount\nA,1,2026-01-02,10\nA,2,2026-01-03,20\nA,,2026-01-31,30\n"
    text += "Total Ltd,3,2026-02-02,4\nB,4,2026-02-03,5\nB,,2026-02-28,9\nGesamt,7,2026-02-28,39"
    tables = shop(text)
    assert worth(tables) == (10 + 20 + 4 + 5, 3)
    assert found(tables, "total_row")[0] == 3


def test_a_customer_called_total_stays_one(shop):
    lines = [
        f"{who},{n},2026-01-{n:02},{n * 7 % 11 + 1}"
        for n, who in enumerate(["Total", "A", "Razem Sp", "B"] * 7, start=1)
    ]
    tables = shop("\n".join(["customer_id,order_id,ordered_on,amount", *lines]))
    assert tables.facts.customers == 4
    assert found(tables, "total_row")[0] == found(tables, "repeated_header")[0] == 0


# What is odd about a log as a whole


def test_an_order_total_on_each_line_is_said_with_the_money_counted_too_often(case):
    tables = case(
        "order_total_on_each_line", section("Customer Email", "Order ID", "Order Date", "Order Total", more=ORDER_TOTAL)
    )
    rows, money, done = found(tables, "order_total")
    assert (rows, money) == (27 - 9, 3780 - 1260)
    assert 'amount_per = "order"' in done


def test_lines_of_one_price_are_no_order_total(shop):
    lines = [f"C{n % 9},{n},2026-01-{n % 28 + 1:02},9.99,{p}" for n in range(30) for p in ("cup", "jug")]
    tables = shop("\n".join(["customer_id,order_id,ordered_on,amount,product_id", *lines]))
    assert found(tables, "order_total")[0] == 0


def test_a_price_that_is_the_lines_is_known_by_its_name_or_as_it_rises_with_the_pieces(case, shop):
    rows, money, done = found(case("item_price_is_line_total", AMAZON), "price_of_line")
    assert (rows, money) == (1, 60)
    assert 'price_per = "line"' in done
    pieces = [(p, q) for p, q in zip("ABC" * 6, [1, 2, 3, 5, 1, 4] * 3, strict=True)]
    for of_line in (True, False):
        prices = {"A": 10, "B": 7.5, "C": 99}
        lines = [
            f"K{n % 4},{n},2026-02-{n + 1:02},{p},{q},{prices[p] * (q if of_line else 1)}"
            for n, (p, q) in enumerate(pieces)
        ]
        tables = shop("\n".join(["customer_id,order_id,ordered_on,product_id,quantity,unit_price", *lines]))
        assert (found(tables, "price_of_line")[0] > 0) == of_line


def test_one_order_for_every_customer_is_asked_about(case, shop):
    assert found(case("customer_per_order"), "one_order_each")[:1] == (300,)
    lines = [f"K{n % 40},{n},2026-02-{n % 28 + 1:02},{n}" for n in range(60)]
    assert found(shop("\n".join(["customer_id,order_id,ordered_on,amount", *lines])), "one_order_each")[0] == 0


def test_words_for_nobody_are_no_customers(case, shop):
    assert worth(case("null_words", section("Customer", "Order", "Date", "Amount"))) == (1200, 12)
    nobody = ["brak", "YOK", "(boş)", "#YOK", "-", "Gość", "keine Angabe", "#N/D!", "n/d", "Unbekannt", "000"]
    lines = [f"{who},{n},2026-02-02,5" for n, who in enumerate([*nobody, "Anna", "Yokohama", "N/A Ltd"])]
    tables = shop("\n".join(["customer_id,order_id,ordered_on,amount", *lines]))
    assert worth(tables) == (15, 3)
    assert found(tables, "unknown_customer")[:2] == (len(nobody), 5 * len(nobody))


def test_walk_in_customers_and_balances_carried_forward_are_nobody(shop):
    nobody = [
        "Perakende Müşteri",
        "Laufkundschaft",
        "Klient detaliczny",
        "Walk-in Customer",
        "Consumidor final",
        "DEVİR",
    ]
    lines = [f"{who},{n},2026-02-02,5" for n, who in enumerate([*nobody, "Anna", "Devir Ltd"])]
    tables = shop("\n".join(["customer_id,order_id,ordered_on,amount", *lines]))
    assert worth(tables) == (10, 2)


def test_zero_is_a_customer_among_numbers(shop):
    lines = [f"{n % 5},{n},2026-02-{n + 1:02},5" for n in range(20)]
    assert shop("\n".join(["customer_id,order_id,ordered_on,amount", *lines])).facts.customers == 5


def test_an_order_number_that_is_a_word_for_nothing_is_none(shop):
    text = "customer_id,order_id,ordered_on,amount\nA,NULL,2026-01-02,5\nA,NULL,2026-03-03,6\nB,brak,2026-03-03,6"
    tables = shop(text)
    assert found(tables, "no_order_number")[0] == 3
    assert people(tables)["A"] == (2, "2026-01-02", "2026-03-03")


@pytest.mark.parametrize("lost", ["9.05E+11", "9,05E+11", "1E+05"])
def test_ids_that_lost_digits_in_a_spreadsheet_are_set_aside(shop, lost):
    text = f'customer_id,order_id,ordered_on,amount\nA,1,2026-01-02,5\n"{lost}",2,2026-01-03,6\n"{lost}",3,2026-01-04,7'
    tables = shop(text)
    assert worth(tables) == (5, 1)
    assert found(tables, "lost_id") == (2, 13, "set aside; export the ids as text")
    tables = shop(f'customer_id,order_id,ordered_on,amount\nA,"{lost}",2026-01-02,5\nB,2,2026-01-03,6')
    assert found(tables, "lost_digits")[:2] == (1, 5)


# No alarm where nothing is wrong

ALARMS = [
    "total_row",
    "repeated_header",
    "fields_above",
    "lost_id",
    "zero_id",
    "number_spans",
    "lost_digits",
    "order_total",
]
ALARMS += ["price_of_line", "one_order_each", "stand_in"]


def alarms(tables):
    told = tables.quality.loc[ALARMS, "rows"]
    return told[told > 0].to_dict()


def test_no_alarm_in_cdnow(shared_data, tmp_path):
    lines = (shared_data / "cdnow" / "CDNOW_master.txt").read_text().splitlines()[:20_000]
    rows = [line.split() for line in lines if line.strip()]
    text = "\n".join(["id,ordered_on,discs,amount", *(",".join(row[:4]) for row in rows if row[0].isdigit())])
    (tmp_path / "t.csv").write_text(text)
    toml = (
        '[transactions]\nfile = "t.csv"\ncustomer_id = "id"\norder_id = ["id", "ordered_on"]\ndate_format = "YYYYMMDD"'
    )
    (tmp_path / "portfoy.toml").write_text(toml)
    assert alarms(source.open(tmp_path, today=TODAY)) == {}


def test_no_alarm_in_the_teaching_company_and_a_small_one(tmp_path):
    teaching = Path(__file__).parents[1] / "data" / "teaching"
    assert alarms(source.open(teaching, today=TODAY)) == {}
    from portfoy.simulate import write_company

    write_company(tmp_path, customers=200)
    assert alarms(source.open(tmp_path, today=TODAY)) == {}


def test_no_alarm_in_the_won_deals_of_the_pipeline(shared_data, tmp_path):
    mapped = section("account", "opportunity_id", "close_date", "close_value", more='keep = { deal_stage = ["Won"] }')
    file = shared_data / "sales_pipeline" / "sales_pipeline.csv"
    (tmp_path / "portfoy.toml").write_text(f'source = "{file}"\n{mapped}')
    assert alarms(source.open(tmp_path / "portfoy.toml", today=TODAY)) == {}


# Ids of two tables


@pytest.mark.parametrize(
    ("name", "first", "second", "hint"),
    [("ids_do_not_match", "X1", "C0", None), ("ids_do_not_match_longer", "0", "C000", '["letters", "zeros"]')],
)
def test_ids_that_do_not_match_are_said_with_what_would_make_them_match(name, first, second, hint):
    if not (CASES / name).is_dir():
        pytest.skip(f"{CASES / name} is not there")
    told = without_order(source.open(CASES / name, today=TODAY).unmatched())
    assert told[0] == f"No customer_id of customers ({first}) is in transactions ({second}); check its column."
    assert told[1:] == ([f"They would match with ignore_in_ids = {hint} in portfoy.toml."] if hint else [])


@pytest.mark.parametrize(
    ("ours", "theirs", "ignored"),
    [("007", "7", "zeros"), ("TR-015", "15", "letters zeros"), ("Anna@x.com", "anna@X.com", "case")],
)
def test_ids_match_once_portfoy_toml_ignores_in_what_they_differ(shop, tmp_path, ours, theirs, ignored):
    text = f"customer_id,order_id,ordered_on,amount\n{ours},1,2026-01-02,5"
    (tmp_path / "customers.csv").write_text(f"customer_id,region\n{theirs},north\n")
    setting = "ignore_in_ids = [" + ", ".join(f'"{word}"' for word in ignored.split()) + "]"
    assert without_order(shop(text).unmatched())[1].endswith(f"{setting} in portfoy.toml.")
    assert shop(text, setting).unmatched().empty
