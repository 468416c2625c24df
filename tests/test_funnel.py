"""Leads as deals, when they are ripe, and the funnel; the judges are tables worked out by hand and plain pandas."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from portfoy.acquisition.deals import deals, is_ripe, not_understood, ripe_days, ripe_rule
from portfoy.errors import DataError
from portfoy.firm import Firm

AS_OF = pd.Timestamp("2026-06-30")
DAY = pd.Timedelta(days=1)


def leads(*rows, **columns):
    """Rows of (created, contacted, closed, outcome), days before the day; None: missing."""
    names = ["created_on", "contacted_on", "closed_on"]
    ago = [[pd.NaT if day is None else AS_OF - day * DAY for day in row[:3]] for row in rows]
    table = pd.DataFrame(ago, columns=names).apply(pd.to_datetime)
    outcome = pd.Series([row[3] for row in rows], dtype="str")
    return table.assign(lead_id=[f"{n:03d}" for n in range(len(rows))], outcome=outcome, **columns)


def firm(table, as_of=AS_OF, **others):
    return Firm.of(leads=table, as_of=as_of, **others)


# Deals


def test_each_lead_is_a_deal_with_its_beginning_its_end_and_its_days():
    """Worked out by hand."""
    table = leads(
        (100, 90, 40, "won"),
        (99, None, 39, "Lost"),  # no first contact known: from its creation
        (98, 90, None, "open"),
        (97, 90, 50, "open"),  # a closing date of an open deal is a plan
        (96, 90, 50, None),  # closed, but how?
        (95, 90, None, None),
        (94, 30, 60, "won"),  # contacted after it was closed: not then
        (93, 99, 13, "lost"),  # contacted before it was made: not then
        (92, 90, None, "won"),  # won, nobody knows when
        (91, None, -5, "won"),  # closed after the day
    )
    found = deals(firm(table))
    assert found["lead_id"].tolist() == table["lead_id"].tolist()
    assert found["outcome"].astype(object).where(found["outcome"].notna(), None).tolist() == [
        *("won", "lost", "open", "open", None, "open", "won", "lost", "won", "open"),
    ]
    days = found["days"].astype(object).where(found["days"].notna(), None).tolist()
    assert days == [50, 60, 90, 90, None, 90, 34, 80, None, 91]
    assert ((AS_OF - found["begun_on"]) / DAY).tolist() == [90, 99, 90, 90, 90, 90, 94, 93, 90, 91]
    assert found["closed_on"].notna().tolist() == [True, True, *[False] * 4, True, True, False, False]
    assert not_understood(firm(table)) == 1


def test_without_outcomes_whoever_became_a_customer_is_won():
    table = leads((9, None, 1, ""), (8, None, 1, ""), (7, None, None, ""), customer_id=["01", None, None])
    found = deals(firm(table.drop(columns="outcome")))
    assert found["outcome"].tolist() == ["won", "lost", "open"]
    assert found["customer_id"].iloc[0] == "01"
    assert deals(firm(table[["lead_id", "created_on"]]))["outcome"].tolist() == ["open"] * 3


def test_deals_without_a_table_or_a_row_are_refused():
    with pytest.raises(DataError) as caught:
        deals(Firm.of(as_of=AS_OF))
    told = "leads: there is no such table; it needs lead_id, created_on. Add it to the source."
    assert str(caught.value) == told
    with pytest.raises(DataError) as caught:
        deals(firm(leads((-1, None, None, "open"))))
    told = "leads: nobody was a lead by 2026-06-30; at least one row is needed. Take a later date."
    assert str(caught.value) == told


# Ripe


def test_ripe_is_when_95_of_100_of_those_that_close_are_closed():
    """A hundred leads closed after 1 to 100 days, none censored before: the 95th day, counted by hand."""
    rows = [(300, None, 300 - n, "won" if n % 2 else "lost") for n in range(1, 101)]
    assert ripe_days(firm(leads(*rows))) == 95
    assert ripe_rule(firm(leads(*rows))) == {"days": 95, "since": "2026-06-30"}


def test_a_lead_is_ripe_that_long_after_it_was_made():
    table = leads((94, None, None, "open"), (95, None, None, "open"), (96, None, 1, "won"), (99, None, 1, None))
    base = replace(firm(table), kept={"ripe": {"days": 95, "since": "2026-05-31"}})
    assert dict(zip(deals(base)["lead_id"], is_ripe(base), strict=True)) == {
        **{"000": False, "001": True},
        **{"002": True, "003": False},  # the last was not understood
    }


def test_ripe_days_censor_open_leads():
    """Kaplan-Meier by hand: half of 200 are seen for ten days only, the rest close evenly over 100 days."""
    rows = [(300, None, 300 - n, "lost") for n in range(1, 101)] + [(10, None, None, "open")] * 100
    there = np.array([200 - (n - 1) if n <= 10 else 100 - (n - 1) for n in range(1, 101)])
    closed = 1 - np.cumprod(1 - 1 / there)
    assert ripe_days(firm(leads(*rows))) == 1 + np.argmax(closed >= 0.95)


def test_what_earlier_reports_have_kept_stays_ripe():
    base = firm(leads(*[(300, None, 300 - n, "won") for n in range(1, 101)]))
    rule = {"days": 40, "since": "2026-05-31"}
    assert ripe_days(replace(base, kept={"ripe": rule})) == 40
    assert ripe_rule(replace(base, kept={"ripe": rule})) == rule
    assert ripe_days(replace(base, kept={"ripe": rule | {"fresh": True}}, worked={})) == 95


def test_a_history_too_short_has_no_ripe_leads():
    few = leads(*[(50, None, 40, "won")] * 29, (50, None, None, "open"))
    slow = leads(*[(50, None, 40, "won")] * 30, *[(50, None, None, "open")] * 70)
    for table, told in ((few, "29 are closed on a known day, 97%"), (slow, "30 are closed on a known day, 30%")):
        with pytest.raises(DataError) as caught:
            ripe_days(firm(table))
        assert str(caught.value) == (
            f"leads: {told} of all within the history; to say from when a lead counts, 30 and half are needed. Take a "
            "longer history."
        )
