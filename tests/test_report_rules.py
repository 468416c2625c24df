"""Rules from run to run. Judges: what the firm of each day derives by itself; records by hand."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from helpers import plain, random_log
from portfoy.firm import Firm
from portfoy.portfolio.states import states
from portfoy.report import changes, rules, shelf
from portfoy.selection.rfm import rfm

RULE = {"at_risk_days": 30, "lapsed_days": 90, "since": "2026-01-31"}


def run_of(as_of, kept, *, source="Shop", currency="TRY", made_at="2026-07-01T08:00:00+00:00"):
    stage = {"name": "portfolio", "stage": "portfolio", "status": "ok", "parameters": {}, "figures": [], "kept": kept}
    data = {"where": "shop", "sha256": "d", "rows": 3, "settings_sha256": "s"}
    about = {"as_of": as_of, "made_at": made_at, "source": source, "currency": currency, "folder": as_of}
    return {**about, "language": "en", "data": data, "versions": {}, "stages": [{**stage, "code": "c"}]}


def handed(*runs, as_of="2026-06-30", fresh=False, **about):
    return rules.handed(shelf.newest_first(runs), run_of(as_of, {}, **about), fresh)


def test_a_run_takes_the_rules_of_the_latest_day_before_its_own_whenever_they_were_made():
    march, may, june = ({"states": {**RULE, "lapsed_days": days}} for days in (91, 92, 93))
    runs = [
        run_of("2026-03-31", march, made_at="2026-09-01T08:00:00+00:00"),
        run_of("2026-05-31", may),
        run_of("2026-06-30", june),
    ]
    assert handed(*runs) == {"TRY": may}
    assert handed(*runs, as_of="2026-04-30") == {"TRY": march}
    assert handed(*runs, as_of="2026-03-31") == {}
    assert handed(*runs, fresh=True) == {"TRY": {"states": {**may["states"], "fresh": True}}}
    cuts = {"rfm": {"cuts": {}, "since": "2026-05-31"}}  # another analysis, whose rule an earlier run has
    assert handed(run_of("2026-03-31", march | cuts), run_of("2026-05-31", may)) == {"TRY": may | cuts}


def test_no_rule_comes_from_another_source_or_currency_or_from_what_is_no_rule():
    kept = {"states": RULE}
    assert handed(run_of("2026-05-31", kept, source="Other"), run_of("2026-05-31", kept, currency="EUR")) == {
        "EUR": kept
    }
    assert handed(run_of("2026-05-31", []), run_of("2026-05-31", {"states": 5, "rfm": {"cuts": 1}})) == {}


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"stages": 3}', '{"stages": [{}]}'])
def test_a_record_that_is_broken_is_none(tmp_path, text):
    (tmp_path / "2026-05-31").mkdir()
    (tmp_path / "2026-05-31" / "run.json").write_text(text)
    assert shelf.runs(tmp_path) == []


def test_a_record_of_an_earlier_version_hands_on_no_rule(tmp_path):
    old = run_of("2026-05-31", {})
    del old["stages"][0]["kept"]
    (tmp_path / "2026-05-31").mkdir()
    (tmp_path / "2026-05-31" / "run.json").write_text(json.dumps(old))
    assert rules.handed(shelf.runs(tmp_path), run_of("2026-06-30", {}), False) == {}


@pytest.fixture(scope="module")
def months():
    """A firm in December, and the same in June as it was before."""
    firm = Firm.of(random_log(3))
    return firm.before(6), firm


def kept_by(firm):
    return json.loads(json.dumps(states(firm).kept() | rfm(firm).kept(), sort_keys=True))  # as a notebook stores it


def knowing(firm, kept):
    return replace(firm, kept=kept, worked={})


def test_a_firm_that_knows_the_rules_of_an_earlier_day_keeps_them_on_every_day(months):
    before, now = months
    rule, own = kept_by(before), kept_by(now)
    since = f"{before.as_of:%Y-%m-%d}"
    limits = {name: getattr(states(before).rule, name) for name in ("at_risk_days", "lapsed_days")}
    assert rule["states"] == {**limits, "since": since}
    assert rule["states"] | {"since": ""} != own["states"] | {"since": ""}
    firm = knowing(now, rule)
    assert kept_by(firm) == kept_by(firm.before(3)) == rule
    cuts = rfm(before).cuts
    assert rfm(firm).cuts.equals(cuts)
    assert rfm(firm).table.equals(rfm(now, cuts=cuts).table)
    told = {name: getattr(states(now, **limits), name) for name in ("table", "people")}
    assert all(getattr(states(firm), name).equals(table) for name, table in told.items())
    day = f"{before.as_of.day} {before.as_of:%b %Y}"
    assert plain(states(firm).method()).startswith(f"Limits kept since {day}.")
    assert plain(rfm(firm).method()).startswith(f"Cut points kept since {day}.")


def test_rules_derived_anew_are_those_of_the_day_and_say_what_they_were(months):
    before, now = months
    rule = kept_by(before)
    fresh = knowing(now, {name: each | {"fresh": True} for name, each in rule.items()})
    assert kept_by(fresh) == kept_by(now)
    day = f"{before.as_of.day} {before.as_of:%b %Y}"
    limits = f"{rule['states']['at_risk_days']} and {rule['states']['lapsed_days']} days"
    assert plain(states(fresh).method()).startswith(f"Limits were derived anew; since {day} they were {limits}.")
    assert plain(rfm(fresh).method()).startswith(f"Cut points derived anew; before, those of {day}.")


def test_kept_money_is_brought_to_the_prices_of_the_day_and_never_from_as_paid(months):
    log = random_log(3)
    now = Firm.of(log, prices=0.1)
    before = Firm.of(log, prices=0.1, as_of=now.as_of - pd.DateOffset(months=6))
    rule, firm = kept_by(before), knowing(now, kept_by(before))
    assert rule["rfm"]["priced_on"] == f"{before.as_of:%Y-%m-%d}"
    levels = [rfm(each).cuts.loc[["r", "f", "m"], [2, 3, 4, 5]].to_numpy(float) for each in (before, firm)]
    assert np.allclose(levels[1], levels[0] * np.array([[1], [1], [1.1**0.5]]))
    assert kept_by(firm) == rule
    assert rfm(knowing(now, kept_by(months[0]))).before == rfm(knowing(months[1], rule)).before == {}


def test_rules_given_by_hand_win_and_are_not_kept(months):
    before, now = months
    firm = knowing(now, kept_by(before))
    cuts = rfm(now).cuts
    assert (states(firm, at_risk_days=9, lapsed_days=99).rule.lapsed_days, rfm(firm, cuts=cuts).cuts.equals(cuts)) == (
        99,
        True,
    )
    assert states(firm, at_risk_days=9, lapsed_days=99).kept() | rfm(firm, cuts=cuts).kept() == {}
    assert rfm(now.customers).kept() == {}


@pytest.mark.parametrize(
    "kept",
    [
        {"states": {**RULE, "lapsed_days": 30}, "rfm": {"since": "2026-01-31"}},
        {"states": {**RULE, "at_risk_days": "30"}, "rfm": {"cuts": [1], "since": "2026-01-31"}},
        {"states": {"since": "2026-01-31"}, "rfm": {"cuts": {"r": [1, 2]}, "since": "2026-01-31"}},
        {"rfm": {"cuts": {score: [4, 3, 2, 1] for score in "rfm"}, "since": "2026-01-31"}},
    ],
)
def test_what_is_no_rule_is_left(months, kept):
    assert kept_by(knowing(months[1], kept)) == kept_by(months[1])


def test_runs_by_two_rules_say_so():
    records = [
        run_of("2026-05-31", {"states": RULE}),
        run_of("2026-06-30", {"states": {**RULE, "since": "2026-06-30"}}),
    ]
    apart = run_of("2026-06-30", {"states": {**RULE, "lapsed_days": 80}})

    def cause(later):
        what = changes.moved(records[0], records[0]["stages"][0], later, later["stages"][0])
        return what, changes.cause_words(what, records[0], records[0]["stages"][0])

    same = ({"as_of"}, "What differs: the day.")
    assert cause(records[1]) == cause(run_of("2026-06-30", {})) == same
    assert cause(apart) == ({"as_of", "rules"}, "What differs: the rules of who is what, the day.")
