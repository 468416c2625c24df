"""What contact does for staying: differences by hand, only where chance drew the arms, and else no number."""

import numpy as np
import pandas as pd
import pytest

from helpers import plain
from portfoy.firm import Firm
from portfoy.retention.programme import programme

END, DAY = pd.Timestamp("2026-06-30"), pd.Timedelta(days=1)
START = END - 250 * DAY


def shop(more=0.2, *, chosen=False, seed=1, n=600, phase="retention", members=True, start=START):
    """Everybody bought once before; of those contacted so many more buy within half a year."""
    random = np.random.default_rng(seed)
    ids, idle = [f"{number:03d}" for number in range(n)], random.integers(1, 200, n)
    treated = idle < 80 if chosen else random.random(n) < 0.5
    again = random.random(n) < np.where(treated, 0.3 + more, 0.3)
    first = pd.DataFrame({"customer_id": ids, "ordered_on": START - idle * DAY})
    later = pd.DataFrame({"customer_id": ids, "ordered_on": START + random.integers(0, 180, n) * DAY})[again]
    log = pd.concat([first, later], ignore_index=True).assign(amount=10.0)
    log["order_id"] = log.index.astype(str)
    contacts = pd.DataFrame({"campaign_id": "K", "customer_id": ids, "contacted_on": start})
    contacts["arm"] = np.where(treated, "treatment", "control")
    given = {"contacts": contacts, "campaigns": pd.DataFrame({"campaign_id": ["K"], "phase": [phase]})}
    if members:
        club = pd.DataFrame({"contract_id": ["1"], "customer_id": ["001"], "started_on": [START], "ended_on": [pd.NaT]})
        given["subscriptions"] = club
    return Firm.of(log, as_of=END, **given), treated, again


def test_the_difference_is_that_of_the_arms():
    firm, treated, again = shop()
    found = programme(firm)
    assert found.effect["points"] == pytest.approx(100 * (again[treated].mean() - again[~treated].mean()))
    assert found.effect["points_low"] < 20 < found.effect["points_high"]
    assert found.finding().text.endswith(" more customers in a hundred buy again")
    said = plain(found.reading())
    assert said.startswith(f"Within 182 days, {100 * again[treated].mean():.0f}% of those contacted bought again, and ")
    assert said.endswith("The programme's effect is not known: members chose themselves, nobody was held out.")
    assert "programme" not in programme(shop(members=False)[0]).reading()


def test_no_effect_is_none():
    found = programme(shop(0.0)[0])
    assert (found.finding().text, found.finding().nothing) == (
        "The effect of contact on staying cannot be told from chance",
        True,
    )


def test_arms_that_were_chosen_give_no_number():
    found = programme(shop(0.0, chosen=True)[0])
    assert found.effect is None
    assert found.finding().text == "Effect of contact on staying not known: chance did not choose"
    assert not any(letter.isdigit() for letter in str(found.reading()))


@pytest.mark.parametrize("given", [{"phase": "deepening"}, {"start": END - 100 * DAY}])
def test_without_an_experiment_there_is_one_sentence(given):
    found = programme(shop(**given)[0])
    assert found.reason.startswith("programme: no campaign of the phase retention held customers out 182 days ago")


def test_a_firm_without_campaigns_is_told_the_same():
    log = pd.DataFrame({"customer_id": ["1"], "order_id": ["1"], "ordered_on": [END], "amount": [1.0]})
    assert not programme(Firm.of(log, as_of=END))


def test_the_campaigns_of_the_teaching_company_are_those_to_keep(teaching_firm):
    found = programme(teaching_firm)
    assert found.table["campaign_id"].tolist() == ["CAM01", "CAM03", "CAM05"]
    assert found.table["at_random"].all()  # as planted
