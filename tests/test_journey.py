"""The customer's journey: against a naive walk, in a picture and in words."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from helpers import plain, random_log
from portfoy.firm import Firm
from portfoy.portfolio.journey import STEPS, Journey, journey
from portfoy.words.result import NotPossible

DAY = pd.Timedelta(days=1)
AS_OF = pd.Timestamp("2026-06-30")


def states_of(people, window):
    return SimpleNamespace(people=range(people), rule=SimpleNamespace(lapsed_days=window))


def naive_journey(log, window):
    start = AS_OF - 365 * DAY
    sales = log[log["amount"] >= 0].drop_duplicates(["customer_id", "ordered_on"]).sort_values("ordered_on")
    new = ripe = again = gone = back = 0
    lately = []
    for _customer, days in sales.groupby("customer_id")["ordered_on"]:
        days = days.tolist()
        new += days[0] > start
        if start - window * DAY < days[0] <= AS_OF - window * DAY:
            ripe += 1
            again += len(days) > 1 and days[1] - days[0] <= window * DAY
        recent, earlier = [day for day in days if day > start], [day for day in days if day <= start]
        lately += [len(recent)] if recent else []
        if earlier and start - earlier[-1] > window * DAY:
            gone += 1
            back += bool(recent)
    return {"first": new, "second": again / ripe, "grows": np.mean(lately), "returns": back / gone}


def metric(name, value, half, unit="share", missing=""):
    bounds = {"value": value, "value_low": value - half, "value_high": value + half}
    return {"metric": name, **bounds, "unit": unit, "counted": 1.0, "base": 2.0, "days": 365, "missing": missing}


METRICS = pd.DataFrame([metric("churn", 0.3, 0.1), metric("nps", np.nan, np.nan, missing="no surveys")])


@pytest.mark.parametrize("seed", [1, 2])
def test_the_journey_equals_a_naive_walk(seed):
    log = random_log(seed, customers=500)
    figures = SimpleNamespace(table=METRICS)
    found = journey(Firm.of(log, as_of=AS_OF), key_figures=figures, states=states_of(7, 120))
    table = found.table.set_index("step")
    assert table.index.tolist() == list(STEPS)
    assert table.loc["known", "value"] == 7
    for step, value in naive_journey(log, 120).items():
        assert table.loc[step, "value"] == pytest.approx(value), step
    assert table.loc["stays", ["value", "value_low", "value_high"]].tolist() == pytest.approx([0.7, 0.6, 0.8])
    assert table.loc["recommends", "missing"] == "no surveys"
    assert table.loc["won", "missing"] == (
        "leads: there is no such table; it needs closed_on, outcome. Add it to the source."
    )


def test_without_states_the_steps_that_need_them_say_so():
    firm = Firm.of(random_log(1), as_of=AS_OF)
    for states in (None, NotPossible("why")):
        table = journey(firm, key_figures=SimpleNamespace(table=METRICS), states=states).table.set_index("step")
        assert table.index[table["missing"] == ""].tolist() == ["stays"]
        assert table.loc["known", "missing"] == ("journey: not counted; the section on states says why.")


# What is shown


def result(*there, unit="share", confidence=0.95):
    steps = pd.DataFrame({"step": list(STEPS), "phase": STEPS.values(), "value": 0.25, "value_low": 0.2})
    steps = steps.assign(value_high=0.3, unit=unit, counted=1.0, base=4.0)
    return Journey(steps.assign(missing=np.where(steps["step"].isin(there), "", "x")), 120, AS_OF, confidence)


def test_the_picture_shows_a_number_or_says_that_there_is_none():
    ax = result(*[step for step in STEPS if step != "known"]).plot()
    texts = [text.get_text() for text in ax.texts]
    assert texts.count("not in the data") == texts.count("–") == 1
    names = {"Known", "Won", "First purchase", "Second purchase", "Stays", "Grows", "Recommends", "Comes back"}
    assert names <= set(texts)
    assert texts.count("25.0%") == 7
    assert len(ax.patches) == 8
    assert plain(ax.figure.get_label()).startswith(
        "Chart: The journey. over the year to 30 Jun 2026. Known: – not in the data; Won: 25.0% of leads closed"
    )


def test_the_journey_in_words():
    found = result("won", "second", "stays", "returns")
    assert plain(found.finding().text) == "25% of new customers buy a second time"
    assert plain(found.reading()) == "Of those gone a year ago, 25% returned."
    assert result("won").finding() is None
    assert plain(result("stays").finding().text) == "25% of buyers buy again in time"
    nothing = result()
    told = nothing.finding()
    assert (told.text, told.nothing, nothing.plot()) == ("No step can be counted yet", True, None)
    assert nothing.reading() == ""


def test_the_words_say_the_confidence():
    content = result(*STEPS, confidence=0.8).content()
    assert "80%" in plain(content["method"])
    assert "95%" not in str(content)
