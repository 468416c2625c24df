"""Every row of a further table is accounted for: judged by a count by hand, and by plain Python on drawn tables."""

import random
from collections import Counter
from datetime import date
from pathlib import Path

import ibis
import pandas as pd
import pytest

from portfoy.source import open as source
from portfoy.source.account import COLUMNS, account

TODAY = date(2026, 1, 1)


def typed(rows, dates=(), **unread):
    """A table as `parse.typed` gives it: rows numbered as in a file, dates as dates, texts that were not understood."""
    table = pd.DataFrame(rows).assign(row=range(2, len(rows) + 2))
    for name in dates:
        table[name] = pd.to_datetime(table[name]).dt.date
    for name, texts in unread.items():
        table[f"unread_{name}"] = pd.Series(texts, dtype="object").reindex(table.index)
    schema = dict.fromkeys(dates, "date") | {f"unread_{name}": "string" for name in unread}
    schema |= {name: "float64" for name in table.columns if pd.api.types.is_float_dtype(table[name])}
    schema |= {"row": "int64"}
    return ibis.memtable(table, schema={name: schema.get(name, "string") for name in table.columns})


def checked(name, table, **options):
    used, told = account(name, table, today=TODAY, **options)
    return used.to_pandas(), told


def lines(told, *columns):
    return told.findings[list(columns)].to_numpy().tolist()


LEADS = [
    {"lead_id": "L1", "created_on": "2025-03-01", "closed_on": "2025-02-24", "outcome": "won", "expected_value": 10.0},
    {"lead_id": "L2", "created_on": None, "closed_on": "2025-03-22", "outcome": "won", "expected_value": 20.0},
    {"lead_id": "L2", "created_on": "2025-03-02", "closed_on": "2026-02-01", "outcome": None, "expected_value": 30.0},
    {"lead_id": "L2", "created_on": "2025-03-03", "closed_on": None, "outcome": "won", "expected_value": 40.0},
    {"lead_id": None, "created_on": None, "closed_on": None, "outcome": "won", "expected_value": 50.0},
    {"lead_id": "L3", "created_on": "1900-01-01", "closed_on": None, "outcome": "won", "expected_value": 60.0},
    {"lead_id": "L4", "created_on": "2026-01-02", "closed_on": None, "outcome": "won", "expected_value": 70.0},
    {"lead_id": "L5", "created_on": "2026-01-01", "closed_on": "1900-01-01", "outcome": "open", "expected_value": None},
]


def leads():
    unread = {"created_on": {1: "not yet"}, "outcome": {2: "maybe"}, "expected_value": {7: "much"}}
    return typed(LEADS, ["created_on", "closed_on"], **unread)


# (a) A few rows


def test_every_rule_of_a_few_leads():
    used, told = checked("leads", leads())
    aside, missing = "set aside", "left missing"
    second = "Repeats the id of an earlier row", 1, 40, "row 5: L2", "set aside; the first row counts"
    later = "Date in the future", 1, 30, "row 4: 2026-02-01 (L2)", "kept; counts as not yet happened"
    label = "Word not understood", 1, 30, "row 4: maybe (L2)", 'left missing, not read as "no"'
    expected = pd.DataFrame(
        [
            ("no_key", "", "Id missing", 1, 50, "row 6: (empty)", aside),
            ("no_date", "created_on", "Date missing or unreadable", 1, 20, "row 3: not yet (L2)", aside),
            ("impossible_date", "created_on", "Date that cannot be", 1, 60, "row 7: 1900-01-01 (L3)", aside),
            ("future_date", "created_on", "Date in the future", 1, 70, "row 8: 2026-01-02 (L4)", aside),
            ("repeated_key", "", *second),
            ("impossible_date_cell", "closed_on", "Date that cannot be", 1, None, "row 9: 1900-01-01 (L5)", missing),
            ("unread_label", "outcome", *label),
            ("unread_number", "expected_value", "Number unreadable", 1, None, "row 9: much (L5)", missing),
            ("ends_before_begin", "closed_on", "Date before created_on", 1, 10, "row 2: 2025-02-24 (L1)", missing),
            ("not_yet", "closed_on", *later),
        ],
        columns=COLUMNS,
    )
    pd.testing.assert_frame_equal(told.findings, expected.astype({"money": "float64"}))
    assert (told.rows, told.used, bool(told)) == (8, 3, True)
    assert list(used.columns) == list(LEADS[0])
    assert used["lead_id"].tolist() == ["L1", "L2", "L5"]
    assert used["closed_on"].astype("string").fillna("").tolist() == ["", "2026-02-01", ""]


def test_a_clean_table_is_used_as_it_is():
    used, told = checked("leads", typed([LEADS[3]], ["created_on", "closed_on"], created_on={}))
    assert (told.rows, told.used, bool(told), list(told.findings.columns)) == (1, 1, False, COLUMNS)
    assert used["lead_id"].tolist() == ["L2"]


def test_a_clean_table_takes_one_query_and_stores_nothing(monkeypatch):
    asked, kind = [], ibis.expr.types.Table
    whole = kind.to_pyarrow
    monkeypatch.setattr(kind, "to_pyarrow", lambda *given, **more: asked.append(1) or whole(*given, **more))
    table = typed([LEADS[3]], ["created_on", "closed_on"])
    account("leads", table, today=TODAY, keep=lambda table: pytest.fail("kept"))
    assert len(asked) == 1


def test_lines_that_do_not_fit_the_header_are_rows_read():
    _used, told = checked("leads", typed([LEADS[3]], ["created_on", "closed_on"]), broken=(2, "row 7: a,b"))
    assert (told.rows, told.used) == (3, 1)
    assert lines(told, "code", "rows", "example", "done") == [["broken_line", 2, "row 7: a,b", "set aside"]]


@pytest.mark.parametrize(
    ("table", "column", "good", "bad", "words"),
    [
        ("surveys", "nps", [0, 10], [-1, 11, 99], "Number not from 0 to 10"),
        ("surveys", "csat", [1, 5], [0, 6], "Number not from 1 to 5"),
        ("surveys", "effort", [1, 7], [0, 8], "Number not from 1 to 7"),
        ("surveys", "performance_price", [1, 5], [0, 6], "Number not from 1 to 5"),
        ("customers", "birth_year", [1900, 2026], [1899, 2027], "Number not from 1900 to 2026"),
        ("ratings", "rating", [1, 5], [0, 9], "Number not from 1 to 5"),
        ("tickets", "touches", [0, 400], [-1], "Number below 0"),
        ("leads", "fit_size", [-9, 1e9], [], ""),
    ],
)
def test_a_number_out_of_range_is_left_missing(table, column, good, bad, words):
    keys = {"surveys": "survey_id", "customers": "customer_id", "tickets": "ticket_id", "leads": "lead_id"}
    rows = [{keys.get(table, "brand"): f"A{n}", column: float(value)} for n, value in enumerate(good + bad)]
    used, told = checked(table, typed([*rows, rows[0] | {keys.get(table, "brand"): "none", column: None}]))
    assert used[column].dropna().tolist() == good
    assert len(used) == len(rows) + 1
    assert [(row["rows"], row["rule"]) for _n, row in told.findings.iterrows()] == ([(len(bad), words)] if bad else [])


def test_ranges_are_as_the_source_says():
    table = typed([{"survey_id": "1", "nps": 90.0}, {"survey_id": "2", "nps": 101.0}])
    used, told = checked("surveys", table, ranges={"nps": (0, 100)})
    assert used["nps"].dropna().tolist() == [90]
    assert lines(told, "rule", "example") == [["Number not from 0 to 100", "row 3: 101 (2)"]]


# What is particular to a table


def test_asked_and_not_answered_is_no_fault_and_a_contract_may_tell_its_duration():
    surveys = typed([{"survey_id": n, "answered_on": None} for n in "ab"], ["answered_on"], answered_on={1: "soon"})
    assert lines(checked("surveys", surveys)[1], "code", "example") == [["no_date", "row 3: soon (b)"]]
    contracts = [
        {"contract_id": n, "started_on": None, "duration": lasted}
        for n, lasted in zip("abc", [3.0, None, 4.0], strict=True)
    ]
    told = checked("subscriptions", typed(contracts, ["started_on"], started_on={2: "?"}))[1]
    assert lines(told, "code", "rows", "example") == [
        ["no_date", 1, "row 3: (empty) (b)"],
        ["unread_date", 1, "row 4: ? (c)"],
    ]


def test_a_contract_may_be_known_to_end_later_and_9999_is_no_end():
    rows = [
        {"contract_id": n, "started_on": "2025-01-01", "ended_on": end}
        for n, end in zip("abc", ["2030-01-01", "2199-12-31", "2024-12-31"], strict=True)
    ]
    used, told = checked("subscriptions", typed(rows, ["started_on", "ended_on"]))
    assert lines(told, "code", "rows") == [["impossible_date_cell", 1], ["ends_before_begin", 1]]
    assert used["ended_on"].notna().tolist() == [True, False, False]


def test_who_joins_in_the_future_is_set_aside_and_who_joined_in_1900_has_no_date():
    rows = [
        {"customer_id": n, "joined_on": day} for n, day in zip("abc", ["2027-05-05", "1900-01-01", None], strict=True)
    ]
    used, told = checked("customers", typed(rows, ["joined_on"], joined_on={2: "31.31.2024"}))
    assert used["customer_id"].tolist() == ["b", "c"]
    assert used["joined_on"].isna().all()
    assert lines(told, "code", "example") == [
        ["future_date", "row 2: 2027-05-05 (a)"],
        ["unread_date", "row 4: 31.31.2024 (c)"],
        ["impossible_date_cell", "row 3: 1900-01-01 (b)"],
    ]


def test_who_is_contacted_again_in_a_campaign_is_counted_and_kept():
    pairs = [("K", "A"), ("K", "B"), ("K", "A"), ("L", "A"), ("K", None)]
    rows = [{"campaign_id": campaign, "customer_id": who} for campaign, who in pairs]
    used, told = checked("contacts", typed(rows))
    assert (len(used), told.used) == (4, 4)
    assert lines(told, "code", "example") == [["no_key", "row 6: K, (empty)"], ["again", "row 4: K, A"]]


def test_a_table_without_a_key_may_repeat_itself():
    rows = [{"month": "2025-01-01", "channel": "web", "cost": 5.0}] * 2 + [
        {"month": None, "channel": "web", "cost": 7.0}
    ]
    used, told = checked("spend", typed(rows, ["month"]))
    assert used["cost"].sum() == 10
    assert lines(told, "code", "rows", "money", "example") == [["no_date", 1, 7.0, "row 4: (empty)"]]


@pytest.mark.parametrize("table", ["surveys", "spend"])
def test_what_portfoy_toml_leaves_out_is_set_aside_first_and_its_cells_are_nobodys(table):
    key, number = {"surveys": ("survey_id", "nps"), "spend": ("channel", "cost")}[table]
    rows = pd.DataFrame({key: ["a", "b", None], number: [-1.0, -1.0, -1.0], "left_out": [True, False, True]})
    used, told = checked(table, ibis.memtable(rows))
    assert list(used.columns) == [key, number]
    assert (told.rows, told.used) == (3, 1)
    assert lines(told, "code", "rows") == [["left_out", 2], ["out_of_range", 1]]


def test_nothing_after_the_day_is_seen_not_even_as_in_the_future():
    assert lines(checked("leads", leads(), as_of=date(2025, 3, 2))[1], "code") == [
        *[["no_key"], ["no_date"], ["impossible_date"], ["ends_before_begin"]]
    ]


def test_what_is_found_by_a_day_stays_whatever_comes_after():
    before = [
        {"survey_id": "a", "invited_on": "2025-01-01", "answered_on": "2025-01-05", "nps": 11.0},
        {"survey_id": "b", "invited_on": "2025-01-01", "answered_on": "2025-03-01", "nps": 9.0},
        {"survey_id": "c", "invited_on": "2025-04-01", "answered_on": "2025-04-02", "nps": 9.0},
    ]
    moved = [before[0], before[1] | {"answered_on": "2029-01-01", "nps": 77.0}, before[2] | {"survey_id": "a"}]
    tables = [typed(rows, ["invited_on", "answered_on"]) for rows in (before, moved)]
    found = [checked("surveys", table, as_of=date(2025, 2, 1))[1] for table in tables]
    pd.testing.assert_frame_equal(found[0].findings, found[1].findings)
    assert lines(found[0], "code", "example") == [["out_of_range", "row 2: 11 (a)"]]


def test_a_column_of_the_source_may_be_called_unread():
    used, _told = checked("tickets", typed([{"ticket_id": "a", "unread_mails": "x"}]))
    assert list(used.columns) == ["ticket_id", "unread_mails"]


# (b) Files of faulty tables, counted by pandas


@pytest.fixture(scope="module")
def case():
    """A function that opens a folder of `../shared/cases/reports`: its accounts, and its files as text."""
    folder = Path(__file__).parents[2] / "shared" / "cases" / "reports"
    if not folder.is_dir():
        pytest.skip(f"the cases are not in {folder}")

    def opened(name, *further):
        tables = source.open(folder / name, today=date(2026, 11, 26))
        assert {*tables.all()} == {*further, "transactions"}
        files = [folder / name / f"{table}.csv" for table in further]
        return tables, [pd.read_csv(file, dtype=str, on_bad_lines="skip") for file in files]

    return opened


def found(tables, table):
    """Code and column -> rows, first example, what was done."""
    rows = tables.accounts[table].findings
    return {(row["code"], row["column"]): (row["rows"], row["example"], row["done"]) for _n, row in rows.iterrows()}


def first(rule, column, *keys):
    """Rows of a file that a rule holds for; the first of them, as an example shows it."""
    row = rule.idxmax()
    ids = ", ".join(key[row] for key in keys)
    return int(rule.sum()), f"row {row + 2}: " + (ids if column is None else f"{column[row]} ({ids})")


def test_six_faulty_tables_are_accounted_for_as_pandas_counts_them(case):
    tables, files = case("tables", "customers", "leads", "tickets", "surveys", "contacts")
    customers, leads, tickets, surveys, contacts = files
    missing, aside, repeats = ("left missing",), ("set aside",), ("set aside; the first row counts",)
    who, joined, born = customers["customer_id"], customers["joined_on"], customers["birth_year"]
    assert who[joined == "2027-05-05"].str.startswith("X").all()  # ids in another form, too
    assert found(tables, "customers") == {
        ("future_date", "joined_on"): (*first(joined == "2027-05-05", joined, who), *aside),
        ("repeated_key", ""): (*first(who.duplicated(), None, who), *repeats),
        ("unread_date", "joined_on"): (*first(joined == "31.31.2024", joined, who), *missing),
        ("unread_number", "birth_year"): (*first(born == "?", born, who), *missing),
        ("out_of_range", "birth_year"): (*first(pd.to_numeric(born, errors="coerce") > 2026, born, who), *missing),
    }
    undated, lead = leads["created_on"] == "not yet", leads["lead_id"]
    early = ~undated & (leads["closed_on"] < leads["created_on"])
    again = ~undated & leads[~undated].duplicated("lead_id").reindex(leads.index, fill_value=False)
    assert found(tables, "leads") == {
        ("no_date", "created_on"): (*first(undated, leads["created_on"], lead), *aside),
        ("repeated_key", ""): (*first(again, None, lead), *repeats),
        ("ends_before_begin", "closed_on"): (*first(early, leads["closed_on"], lead), *missing),
    }
    ticket = tickets["ticket_id"]
    assert found(tables, "tickets") == {("repeated_key", ""): (*first(ticket.duplicated(), None, ticket), *repeats)}
    nps, answer = surveys["nps"], surveys["survey_id"]
    assert found(tables, "surveys") == {
        ("unread_number", "nps"): (*first(nps == "refused", nps, answer), *missing),
        ("out_of_range", "nps"): (*first(nps.isin(["11", "99"]), nps, answer), *missing),
    }
    arm = first(contacts["arm"].notna(), contacts["arm"], contacts["campaign_id"], contacts["customer_id"])
    assert found(tables, "contacts") == {("unread_label", "arm"): (*arm, 'left missing, not read as "no"')}
    told = tables.contacts.responded.value_counts().to_pandas().set_index("responded")["responded_count"].to_dict()
    yes = contacts["responded"].isin(["ja", "Y"])
    assert told == {True: yes.sum(), False: (~yes).sum()}
    used = {name: told.used for name, told in tables.accounts.items()}
    assert used == {"customers": 150, "leads": 100, "tickets": 300, "surveys": 200, "contacts": 600}


def test_flags_that_mean_nothing_are_counted_and_not_read_as_no(case):
    tables, (contacts, leads, surveys) = case("flags", "contacts", "leads", "surveys")
    odd = contacts["responded"].isin(["responded", "won"])
    assert {code: counts[0] for code, counts in found(tables, "contacts").items()} == {
        ("again", ""): len(contacts) - 1,
        ("unread_label", "responded"): odd.sum(),
    }
    empty = contacts["responded"].isna()
    assert tables.contacts.responded.isnull().sum().to_pandas() == (odd | empty).sum()
    assert {code: counts[0] for code, counts in found(tables, "leads").items()} == {
        ("no_date", "created_on"): (leads["created_on"] == "not yet").sum(),
        ("unread_date", "closed_on"): (leads["closed_on"] == "31.31.2024").sum(),
    }
    assert {code: counts[0] for code, counts in found(tables, "surveys").items()} == {
        ("broken_line", ""): 1,  # "7,5", of which the comma is one of the file
        ("unread_number", "nps"): (surveys["nps"] == "refused").sum(),
        ("out_of_range", "nps"): surveys["nps"].isin(["11", "99", "-1"]).sum(),
    }


# (c) A naive count


def naive(rows):
    """A second count, row by row: what sets a row aside."""
    found, seen, used = Counter(), set(), []
    for row in rows:
        day = row["opened_on"]
        if row["ticket_id"] is None:
            found["no_key"] += 1
        elif day is None:
            found["no_date"] += 1
        elif not "1900-01-02" <= day <= "2100-12-31":
            found["impossible_date"] += 1
        elif day > "2026-01-01":
            found["future_date"] += 1
        elif row["ticket_id"] in seen:
            found["repeated_key"] += 1
        else:
            seen.add(row["ticket_id"])
            used.append(row["ticket_id"])
        found["out_of_range"] += (row["touches"] or 0) < 0
    return +found, used


@pytest.mark.parametrize("seed", range(3))
def test_rows_used_and_set_aside_add_up_as_in_a_naive_count(seed):
    draw = random.Random(seed)
    days = ["2025-01-05", "2025-06-30", "1900-01-01", "2150-01-01", "2026-03-01", None]
    rows = [
        {
            "ticket_id": draw.choice([*"abcdefghij", None]),
            "opened_on": draw.choice(days),
            "touches": draw.choice([1.0, -2.0, None]),
        }
        for _ in range(300)
    ]
    used, told = checked("tickets", typed(rows, ["opened_on"]))
    found, ids = naive(rows)
    assert told.findings.set_index("code")["rows"].to_dict() == found
    assert used["ticket_id"].tolist() == ids
    aside = sum(count for code, count in found.items() if code != "out_of_range")
    assert (told.rows, told.used) == (300, 300 - aside)


def test_without_row_numbers_the_order_of_rows_does_not_matter():
    rows = pd.DataFrame({"ticket_id": list("aabbc"), "topic": list("zyxxw"), "opened_on": date(2025, 1, 1)})
    found = []
    for table in (rows, rows[::-1]):
        used, told = checked("tickets", ibis.memtable(table))
        found.append((used.sort_values("ticket_id").to_numpy().tolist(), lines(told, "code", "rows", "example")))
    assert found[0] == found[1]
    assert found[0][1] == [["repeated_key", 2, "a"]]
    assert [row[1] for row in found[0][0]] == ["y", "x", "w"]
