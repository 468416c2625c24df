"""Who needs special attention: a hand-made firm in which everybody's reason is known."""

import numpy as np
import pandas as pd
import pytest

from portfoy.firm import Firm
from portfoy.models.bg_nbd import BgNbd
from portfoy.models.discounted_value import discounted_value
from portfoy.models.gamma_gamma import GammaGamma
from portfoy.retention.attention import attention
from portfoy.words.result import NotPossible

END, DAY = pd.Timestamp("2026-06-30"), pd.Timedelta(days=1)
RULE = {"states": {"at_risk_days": 60, "lapsed_days": 200, "since": "2026-05-31"}}
IDLE = {"00A": 5, "00B": 70, "00C": 5, "00D": 5, "00E": 250, "00F": 5, "00G": 5, "<b>": 5}  # days of silence


def shop(**tables):
    """Ten valuable customers, of whom the named have a reason each, and forty of little value."""
    names = [*IDLE, "00H", "00I", *(f"X{number}" for number in range(40))]
    rows = []
    for place, name in enumerate(names):
        last, spend = IDLE.get(name, 5), 500.0 - place if place < 10 else 5.0
        rows += [(name, f"{name}-{day}", END - day * DAY, spend) for day in range(last, last + 300, 30)]
    log = pd.DataFrame(rows, columns=["customer_id", "order_id", "ordered_on", "amount"])
    surveys = pd.DataFrame(
        [
            ("1", "00C", END - 30 * DAY, 6.0, np.nan),
            ("2", "00C", END - 60 * DAY, 10.0, np.nan),
            ("3", "00F", END - 60 * DAY, 3.0, np.nan),  # who has changed his mind since
            ("4", "00F", END - 20 * DAY, 9.0, np.nan),
            ("5", "<b>", END - 20 * DAY, np.nan, 2.0),
        ],
        columns=["survey_id", "customer_id", "answered_on", "nps", "csat"],
    )
    tickets = pd.DataFrame(
        [("1", "00D", END - 9 * DAY, pd.NaT, False), ("2", "00G", END - 9 * DAY, END - 8 * DAY, False)],
        columns=["ticket_id", "customer_id", "opened_on", "resolved_on", "is_complaint"],
    )
    given = {"surveys": surveys, "tickets": tickets} | tables
    firm = Firm.of(
        log, as_of=END, currency="TRY", **{name: table for name, table in given.items() if table is not None}
    )
    firm.kept.update(RULE)
    fit = BgNbd(0.243, 30.9, 0.793, 2.426, covariance=pd.DataFrame(np.eye(4) * 1e-4))
    spend = GammaGamma(6.25, 3.74, 15.44, covariance=pd.DataFrame(np.eye(3) * 1e-2))
    return firm, discounted_value(firm.customers, fit, spend)


def test_everybody_with_a_reason_is_listed_and_nobody_else():
    firm, value = shop()
    found = attention(firm, value=value)
    why = found.table.set_index("customer_id")["why"].to_dict()
    assert why == {"00B": "silent for long", "00C": "unhappy", "00D": "open ticket", "<b>": "unhappy"}
    assert found.table["expected_value"].is_monotonic_decreasing
    assert (found.found, found.spared, found.at_risk_days) == (4, 0, 60)
    assert found.finding().text == "4 of the most valuable need special attention"
    (action,) = found.actions()
    assert action.worth == pytest.approx(found.table["expected_value"].sum())
    assert "&lt;b&gt;" in found._repr_mimebundle_()["text/html"]
    assert len(attention(firm, value=value, contacts=2).table) == 2


def test_without_tickets_and_surveys_silence_is_left():
    firm, value = shop(surveys=None, tickets=None)
    assert attention(firm, value=value).table["customer_id"].tolist() == ["00B"]


def test_who_is_held_out_is_left_in_peace():
    held = pd.DataFrame(
        {"campaign_id": "save-2026-05-31", "customer_id": ["00B", "00C"], "contacted_on": END - 29 * DAY}
    )
    held = held.assign(arm=["control", "treatment"], hold_out_share=0.5)
    firm, value = shop(contacts=held)
    found = attention(firm, value=value)
    assert "00B" not in set(found.table["customer_id"])
    assert "00C" in set(found.table["customer_id"])
    assert found.reading().endswith(" 1 held out elsewhere are left in peace.")

    class Saved:
        listed = pd.DataFrame({"customer_id": ["00D"], "arm": ["control"]})

    assert "00D" not in set(attention(firm, value=value, saved=Saved).table["customer_id"])
    assert attention(firm, value=value, saved=NotPossible("no history"))


def test_nobody_is_a_finding_too():
    firm, value = shop(surveys=None, tickets=None)
    firm.kept["states"] = {"at_risk_days": 100, "lapsed_days": 200, "since": "2026-05-31"}
    found = attention(firm, value=value)
    assert found.finding().nothing
    assert (found.actions(), found.summary(), found.reading()) == ([], [], "")
    assert attention(firm, value=NotPossible("no value")).reason == "no value"
