"""Everyone known by a date, against a firm worked out by hand and the teaching company counted a second way."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from portfoy.customers import customer_table
from portfoy.errors import DataError
from portfoy.people import AGE_BANDS, people_table, with_traits
from portfoy.words.codes import age_words, trait_labels

TEACHING = Path(__file__).parents[1] / "data" / "teaching"
ORDERS = ["customer_id", "order_id", "ordered_on", "amount"]


def log(*rows):
    return pd.DataFrame(rows, columns=ORDERS).astype({"amount": float})


def tables(transactions, customers=None, leads=None):
    return SimpleNamespace(transactions=transactions, customers=customers, leads=leads)


@pytest.fixture
def firm():
    orders = log(
        ("007", "1", "2024-02-01", 10),
        ("008", "2", "2024-06-01", 10),  # after the day, and in no list
        ("009", "3", "2024-03-01", 10),  # in no list
        ("010", "4", "2024-03-05", -1),  # nothing but a return, and in no list
    )
    customers = pd.DataFrame(
        {
            "customer_id": ["007", "007", "020", "030", "040"],
            "joined_on": ["2024-01-05", "2024-01-01", "2024-03-20", "2024-07-01", None],
            "birth_year": [2000, 1960, 1990, 1950, 1800],
            "region": ["Ege", "Marmara", "Ege", None, "İç Anadolu"],
            "channel": ["shop", "online", "online", "shop", None],
        }
    )
    leads = pd.DataFrame(
        [
            ("L1", "fair", "2024-01-10", "020", "2024-03-20", "won", "business"),
            ("L2", "fair", "2024-01-20", "030", "2024-07-01", "won", "retailer"),  # won after the day
            ("L3", "fair", "2024-02-02", None, "2024-03-01", "lost", "business"),
            ("L4", "fair", "2024-02-03", None, "2024-06-30", "lost", "business"),  # lost after the day: still open
            ("L5", "fair", "2024-05-03", None, None, "open", "business"),  # after the day
            ("007", "fair", "2024-02-05", None, None, "open", "business"),  # a lead with the number of a customer
            ("L6", "fair", "2024-02-05", None, "2024-02-09", "won", "business"),  # a customer, but nobody says who
        ],
        columns=["lead_id", "channel", "created_on", "customer_id", "closed_on", "outcome", "type"],
    )
    return tables(orders, customers, leads)


# (a) Worked out by hand


def test_a_firm_of_eight_people_seen_on_a_day(firm):
    people = people_table(firm, as_of="2024-03-31")
    none = np.nan
    expected = pd.DataFrame(
        [
            ("007", "007", "customer", "2024-01-05", none, none, "under 25", "Ege", "shop"),
            ("009", "009", "customer", "2024-03-01", none, none, none, none, none),
            ("020", "020", "customer", "2024-03-20", none, "business", "25-34", "Ege", "online"),
            ("040", "040", "customer", None, none, none, none, "İç Anadolu", none),
            ("030", none, "lead", "2024-01-20", "open", "retailer", none, none, none),
            ("L3", none, "lead", "2024-02-02", "lost", "business", none, none, none),
            ("L4", none, "lead", "2024-02-03", "open", "business", none, none, none),
            ("lead 007", none, "lead", "2024-02-05", "open", "business", none, none, none),
        ],
        columns=[
            *("person_id", "customer_id", "known_as", "known_on", "lead_outcome", "type", "age_band", "region"),
            "channel",
        ],
    )
    expected["age_band"] = pd.Categorical(expected["age_band"], AGE_BANDS, ordered=True)
    expected["known_on"] = pd.to_datetime(expected["known_on"])
    pd.testing.assert_frame_equal(people, expected, check_dtype=False)
    assert people.attrs == {"duplicates": 1, "unnamed_wins": 1}


def test_later_the_lead_that_was_won_is_the_same_person(firm):
    before, now = (people_table(firm, as_of=day).set_index("person_id") for day in ("2024-03-31", "2024-07-31"))
    assert before.loc["030", "known_as"] == "lead"
    assert now.loc["030", ["known_as", "customer_id"]].tolist() == ["customer", "030"]
    assert set(before.index) <= set(now.index)
    assert now.loc["L4", "lead_outcome"] == "lost"
    assert "008" in now.index


@pytest.mark.parametrize(
    ("born", "band"),
    [
        *((2014, "under 25"), (2000, "under 25"), (1999, "25-34"), (1990, "25-34"), (1989, "35-44"), (1979, "45-54")),
        *((1969, "55-64"), (1960, "55-64"), (1959, "65 and over"), (1914, "65 and over")),
        *((1913, None), (2015, None), (0, None), (None, None), ("n/a", None)),
    ],
)
def test_age_bands_are_those_of_the_year(born, band):
    customers = pd.DataFrame({"customer_id": ["1", "2"], "birth_year": [born, 1985]})
    found = people_table(tables(log(("1", "1", "2024-01-01", 1)), customers), as_of="2024-12-31")["age_band"]
    assert (found[0] == band) if band else pd.isna(found[0])
    assert found[1] == "35-44"


def test_traits_go_beside_the_customers_and_their_index_stays(firm):
    people = people_table(firm, as_of="2024-03-31")
    customers = customer_table(firm.transactions, as_of="2024-03-31").iloc[::-1].set_axis(["x", "y"])
    found = with_traits(customers, people)
    assert found.index.tolist() == ["x", "y"]
    assert found["customer_id"].tolist() == ["009", "007"]
    assert found["region"].isna().tolist() == [True, False]
    assert found.columns.tolist() == [*customers.columns, "type", "age_band", "region", "channel"]
    pd.testing.assert_frame_equal(with_traits(found, people), found)


# (b) The log alone, and tables that lack most columns


def test_the_log_alone_names_its_buyers():
    people = people_table(
        tables(log(("b", "1", "2024-01-05", 1), ("a", "2", "2024-01-01", 1), ("b", "3", "2024-01-02", 1)))
    )
    assert people["person_id"].tolist() == ["a", "b"]
    assert people["known_on"].tolist() == [pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-02")]
    assert people.columns.tolist() == ["person_id", "customer_id", "known_as", "known_on", "lead_outcome"]
    customers = customer_table(log(("a", "2", "2024-01-01", 1)))
    pd.testing.assert_frame_equal(with_traits(customers, people), customers)


@pytest.mark.parametrize(("closed", "outcome"), [(None, "open"), ("2024-01-20", "lost"), ("2024-02-20", "open")])
def test_a_lead_without_outcome_goes_by_the_day_it_was_closed(closed, outcome):
    leads = pd.DataFrame({"lead_id": ["L1"], "channel": "fair", "created_on": "2024-01-02", "closed_on": [closed]})
    people = people_table(tables(log(("a", "1", "2024-01-31", 1)), None, leads))
    assert people["lead_outcome"].tolist()[1:] == [outcome]


def test_several_leads_of_one_person_are_one_person_and_the_open_one_counts():
    leads = pd.DataFrame(
        {
            "lead_id": ["L1", "L2"], "channel": "fair", "created_on": ["2024-01-02", "2024-01-05"],
            "customer_id": "z", "closed_on": ["2024-01-03", None], "outcome": ["lost", "open"],
        }
    )  # fmt: skip
    people = people_table(tables(log(("a", "1", "2024-01-31", 1)), None, leads)).iloc[1]
    assert people[["person_id", "known_as", "lead_outcome"]].tolist() == ["z", "lead", "open"]
    assert people["known_on"] == pd.Timestamp("2024-01-02")


def test_who_joined_after_the_first_order_is_known_since_the_order():
    customers = pd.DataFrame({"customer_id": ["a"], "joined_on": ["2024-01-20"]})
    people = people_table(tables(log(("a", "1", "2024-01-05", 1)), customers), as_of="2024-01-10")
    assert people["known_on"].tolist() == [pd.Timestamp("2024-01-05")]


def test_a_log_without_rows():
    with pytest.raises(DataError) as error:
        people_table(tables(log()))
    assert str(error.value) == ("transactions: there are no rows. Check the file.")


# (c) The teaching company, counted again with plain pandas


@pytest.mark.parametrize("as_of", ["2024-06-30", "2026-06-30"])
def test_the_teaching_company_counted_again(teaching, as_of):
    people = people_table(teaching, as_of=as_of)
    customers, leads = (pd.read_csv(TEACHING / f"{name}.csv") for name in ("customers", "leads"))
    joined = set(customers.loc[customers["joined_on"] <= as_of, "customer_id"])
    leads = leads[(leads["created_on"] <= as_of) & ~leads["customer_id"].isin(joined)]
    lost = leads[(leads["outcome"] == "lost") & (leads["closed_on"] <= as_of)]
    assert people["person_id"].is_unique
    assert set(people["customer_id"].dropna()) == joined
    assert (people["known_as"] == "lead").sum() == len(leads)
    assert (people["lead_outcome"] == "lost").sum() == len(lost)
    assert people.loc[people["known_as"] == "customer", "region"].notna().all()


# (d) Words


def test_every_trait_and_age_band_has_a_word():
    assert len(set(trait_labels().values())) == 7
    assert list(age_words()) == AGE_BANDS
