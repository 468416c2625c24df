"""deepening.experiment: readouts held to published numbers, to the pages of responses, and to simulated truth."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import tea_tasting as tt
from scipy.stats import binomtest, false_discovery_control

import portfoy as pf
from helpers import plain
from portfoy.deepening.experiment import experiment
from portfoy.errors import DataError
from portfoy.firm import Firm
from portfoy.models.arms import difference, lots
from portfoy.models.columns import HISTORY
from portfoy.models.examples import TRAITS, response_examples
from portfoy.simulate import simulate
from portfoy.words import style


def row_of(found, outcome, **about):
    table = found.table[found.table["outcome"] == outcome]
    for name, value in about.items():
        table = table[table[name] == value]
    (row,) = table.to_dict("records")
    return row


# (b) Published numbers


def test_the_published_readout_of_tea_tasting():
    """tea-tasting's README, its `make_users_data(rng=42)`: 8.8 % [-.89, 19], p .0762; 9.3 % [-2.4, 22], p .123."""
    users = tt.make_users_data(rng=42).to_pandas()
    found = experiment(users, arm="variant", outcomes=["orders / sessions", "revenue"], planned_share=0.5)
    assert found.checks.loc[0, ["treated", "held_out"]].tolist() == [1977, 2023]
    assert found.checks["p_ratio"][0] == pytest.approx(0.477, abs=5e-4)
    orders, revenue = (row_of(found, outcome) for outcome in ("orders / sessions", "revenue"))
    judge = {"held_out_mean": 0.266, "treated_mean": 0.289, "change": 0.088, "change_low": -0.0089, "change_high": 0.19}
    assert {name: orders[name] for name in judge} == pytest.approx(judge, abs=6e-3)
    assert (orders["change_low"], orders["p_value"]) == pytest.approx((-0.0089, 0.0762), abs=5e-5)
    judge = {"held_out_mean": 5.24, "treated_mean": 5.73, "change": 0.093, "change_low": -0.024, "change_high": 0.22}
    assert {name: revenue[name] for name in judge} == pytest.approx(judge, abs=6e-3)
    assert revenue["p_value"] == pytest.approx(0.123, abs=5e-4)
    assert found.finding().nothing


def test_the_published_readout_adjusted_by_what_was_before():
    """Its manual, `make_users_data(rng=42, covariates=True)`: 12 % [4.2, 21], p .00229."""
    users = tt.make_users_data(rng=42, covariates=True).to_pandas()
    users = users.rename(columns=lambda name: name.replace("_covariate", "_before"))
    found = experiment(users, arm="variant", outcomes="orders / sessions")
    row = row_of(found, "orders / sessions")
    assert row["p_adjusted"] == pytest.approx(0.00229, abs=5e-6)
    assert [row[f"adjusted_change{end}"] for end in ("", "_low", "_high")] == pytest.approx(
        [0.12, 0.042, 0.21], abs=5e-3
    )
    assert plain(found.finding().text) == "Arm 1 changed orders / sessions by 0.03"


def test_the_email_test_from_counts():
    """Published counts: 3,238 of 21,387 against 2,262 of 21,306 visited: a difference of .045233."""
    arms = np.repeat(["e-mail", "no e-mail"], [21_387, 21_306])
    visits = np.concatenate([np.arange(21_387) < 3_238, np.arange(21_306) < 2_262]).astype(float)
    found = experiment(pd.DataFrame({"arm": arms, "visit": visits}).replace("no e-mail", "control"), outcomes="visit")
    row = row_of(found, "visit")
    assert (row["treated"], row["held_out"]) == (21_387, 21_306)
    assert row["effect"] == pytest.approx(0.045233, abs=5e-7)
    assert row["effect_low"] > 0.038


# (b) The same figure on other pages


@pytest.fixture(scope="module")
def teaching_found(teaching_firm):
    return experiment(teaching_firm)


def test_responses_differ_as_on_the_page_of_responses(teaching_firm, teaching_found):
    examples = response_examples(teaching_firm.tables, as_of=teaching_firm.as_of)
    judge = lots(examples, ["bought_before", *HISTORY, "years", *TRAITS]).set_index("campaign_id")
    drawn = judge.index[judge["at_random"]]
    own = teaching_found.table[teaching_found.table["outcome"] == "responded"].set_index("campaign_id")
    for end in ("", "_low", "_high"):
        assert own.loc[drawn, f"effect{end}"].tolist() == judge.loc[drawn, f"points{end}"].tolist()
    every = difference(examples[examples["campaign_id"].isin(drawn)])
    assert own.loc["all together", "effect_low"] == every["points_low"]
    assert teaching_found.checks["differs"].tolist() == judge["differs"].tolist()


def test_money_is_what_a_loop_over_the_orders_finds(teaching_firm, teaching_found):
    """CAM05 by plain pandas: margin at constant prices of the 30 days from the contact on, those without orders too."""
    contacts = teaching_firm.tables.contacts.to_pandas().query("campaign_id == 'CAM05'")
    log = teaching_firm.log.to_pandas().assign(ordered_on=lambda rows: pd.to_datetime(rows["ordered_on"]))
    log["margin"] = log["amount"] - log["unit_cost"] * log["quantity"]
    day = log.groupby("order_id")["ordered_on"].transform("min")
    met = contacts.merge(log.assign(day=day), on="customer_id")
    first = pd.to_datetime(met["contacted_on"])
    met = met[(met["day"] >= first) & (met["day"] < first + pd.Timedelta(days=30))]
    each = contacts.set_index("customer_id")["arm"].to_frame()
    each["margin"] = met.groupby("customer_id")["margin"].sum().reindex(each.index).fillna(0)
    judge = each.groupby("arm")["margin"].mean()
    row = row_of(teaching_found, "margin", campaign_id="CAM05")
    assert (row["treated_mean"], row["held_out_mean"]) == pytest.approx((judge["treatment"], judge["control"]))
    campaigns = teaching_firm.tables.campaigns.to_pandas().set_index("campaign_id")
    factor = teaching_firm.prices.factors(pd.Series([pd.Timestamp("2025-10-10")])).iloc[0]
    net = teaching_found.net.set_index("campaign_id").loc["CAM05"]
    cost = campaigns.loc["CAM05", "cost"] * factor
    assert net["net_money"] == pytest.approx(row["adjusted"] * 584 - cost)


# (c) Truth


def test_the_campaign_that_was_chosen_is_no_effect_and_adjusting_tells_what_it_leaves(teaching_found):
    """CAM06 of the teaching company: the true effect is 4 in a hundred, the naive number 12.9."""
    rows = teaching_found.chosen.query("campaign_id == 'CAM06' and outcome == 'responded'").set_index("way")
    assert rows["effect"]["plain"] == pytest.approx(12.9, abs=0.05)
    assert rows["effect_low"]["plain"] > 4
    for way in ("fixed", "overlap"):
        assert rows["effect_low"][way] < 4 < rows["effect_high"][way]
    for table in (teaching_found.table, teaching_found.net):
        assert "CAM06" not in set(table["campaign_id"])
    said = plain(teaching_found.reading())
    left = style.number(rows["effect"]["fixed"], 1)
    assert f"adjusted for what was known before, {left} of 12.9 points more responses remain (" in said
    assert said.endswith("; what nobody recorded is not adjusted.")
    assert teaching_found.actions() == []


def with_personas(company):
    persona = company.latent.set_index("customer_id")["persona"]
    tables = {name: company.tables[name] for name in ("campaigns", "contacts")}
    customers = company.tables["customers"]
    customers = customers.assign(persona=customers["customer_id"].map(persona))
    return Firm.of(company.tables["transactions"], customers=customers, **tables)


TRUE = {"persuadable": 26.0, "sure thing": 0.0, "lost cause": 0.0, "do-not-disturb": -14.0}


@pytest.mark.study
def test_effects_by_persona_are_the_true_ones():
    """Twenty companies: within two standard errors of the truth in eight of ten, persona by persona.

    Of thirty companies 26 were for the persuadable, 28.6 expected; of the first ten alone 7.
    """
    near = dict.fromkeys(TRUE, 0)
    for seed in range(20):
        found = experiment(with_personas(simulate(seed=seed)), by="persona")
        rows = found.groups[found.groups["outcome"] == "responded"].set_index("level")
        error = (rows["effect_high"] - rows["effect_low"]) / (2 * 1.96)
        for persona, true in TRUE.items():
            near[persona] += abs(rows["effect"][persona] - true) <= 2 * error[persona]
    assert all(count >= 16 for count in near.values()), near


def test_effects_by_persona_of_one_company(simulated):
    found = experiment(with_personas(simulated), by="persona")
    rows = found.groups[found.groups["outcome"] == "responded"].set_index("level")
    error = (rows["effect_high"] - rows["effect_low"]) / (2 * 1.96)
    assert all(abs(rows["effect"][persona] - true) <= 3 * error[persona] for persona, true in TRUE.items())
    assert (rows["p_corrected"] >= rows["p_adjusted"]).all()
    assert rows["p_corrected"]["persuadable"] < 0.001 < rows["p_corrected"]["lost cause"]


# (d) What must hold


def contacts(n=120, arms=("treatment", "control"), days="2025-03-01", **columns):
    rng = np.random.default_rng(1)
    made = {"campaign_id": "K", "customer_id": [f"{one:03}" for one in range(n)], "contacted_on": days}
    return pd.DataFrame(made | {"arm": rng.choice(list(arms), n)} | columns)


def orders(n=120, last="2025-06-30"):
    rng = np.random.default_rng(2)
    size = 5 * n
    day = pd.Timestamp("2024-06-01") + pd.to_timedelta(rng.integers(0, 390, size), unit="D")
    rows = {
        "customer_id": [f"{one:03}" for one in rng.integers(0, n, size)],
        "order_id": range(size),
        "ordered_on": day,
    }
    rows = pd.DataFrame(rows).assign(amount=rng.gamma(2, 20, size).round(2))
    return pd.concat([rows, rows.head(1).assign(order_id=size, ordered_on=pd.Timestamp(last))])


LOG = orders()


def test_where_the_arms_are_not_as_large_as_meant_nothing_is_read_out():
    """The exact test of scipy; nothing but the sizes is shown."""
    firm = Firm.of(LOG, contacts=contacts(responded=False))
    found = experiment(firm, planned_share=0.2)
    held = int((contacts()["arm"] == "control").sum())
    assert found.checks["p_ratio"].tolist() == [binomtest(held, 120, 0.2).pvalue]
    assert [len(part) for part in (found.table, found.net, found.chosen, found.groups)] == [0, 0, 0, 0]
    assert (plain(found.finding().text), found.finding().nothing) == (
        "Arms are not of the sizes meant: no read-out",
        True,
    )
    assert found.plot() is None
    assert len(found.summary()) == 1
    assert len(experiment(firm, planned_share=0.5).table) == 3


def test_a_list_of_ours_is_judged_by_the_share_it_meant():
    listed = contacts(hold_out_share=0.2)
    assert experiment(Firm.of(LOG, contacts=listed)).checks["arms"].tolist() == ["ratio"]


def test_days_that_are_not_over_do_not_count():
    two = pd.concat([contacts(), contacts(days="2025-06-20", campaign_id="L")])
    found = experiment(Firm.of(LOG, contacts=two.assign(responded=False)))
    assert found.checks.set_index("campaign_id")["open"].to_dict() == {"K": 0, "L": 120}
    assert found.checks["arms"].tolist() == ["drawn", "few"]
    assert set(found.table["campaign_id"]) == {"K"}
    assert plain(found.reading()).endswith("Too early to be sure: the days of 120 customers are not over.")
    half = contacts(240).assign(contacted_on=np.repeat(["2025-03-01", "2025-06-20"], 120), responded=False)
    found = experiment(Firm.of(orders(240), contacts=half))
    row = row_of(found, "bought")
    assert (row["treated"] + row["held_out"], found.checks["open"].tolist()) == (120, [120])
    assert "responded" not in set(found.table["outcome"])


def test_nothing_after_the_day_is_seen():
    later = orders(last="2025-12-31")
    table = contacts(responded=False)
    first, second = (experiment(Firm.of(log, contacts=table, as_of="2025-06-30")) for log in (LOG, later))
    pd.testing.assert_frame_equal(first.table, second.table)


def test_a_programme_is_read_out_as_a_campaign_and_answers_need_not_be_told():
    found = experiment(Firm.of(LOG, contacts=contacts(campaign_id="Club").assign(hold_out_share=0.5)), days=60)
    assert found.table["outcome"].tolist() == ["responded", "bought", "revenue"]
    assert (found.table["effect"].iloc[0], found.days) == (pytest.approx(found.table["effect"].iloc[1]), 60)


def test_several_arms_are_each_compared_with_the_control_and_corrected():
    rng = np.random.default_rng(3)
    arm = rng.choice(["control", "letter", "call"], 900)
    table = pd.DataFrame({"arm": arm, "revenue": rng.gamma(2, 20, 900) + 20 * (arm == "call")})
    found = experiment(table, outcomes=["revenue"])
    assert found.table["arm"].tolist() == ["call", "letter"]
    assert found.table["p_corrected"].tolist() == pytest.approx(
        [2 * found.table["p_value"][0], found.table["p_value"][1]], rel=1e-9
    )
    assert plain(found.finding().text).startswith("Arm call changed revenue by ")


def two_arms(seed, n=1_500):
    """Orders and contacts of two campaigns; in K a call adds 30 in a hundred buyers, an e-mail none, in L mail 15."""
    rng, ids = np.random.default_rng(seed), [f"{one:04}" for one in range(n)]
    arms = rng.choice(["Call", "E-Mail", "Control"], n), rng.choice(["mailed", "Control"], n)
    days = pd.to_datetime(["2025-03-01", "2025-05-01"])
    rows = [{"campaign_id": name, "customer_id": ids, "arm": arm} for name, arm in zip("KL", arms, strict=True)]
    rows = pd.concat([pd.DataFrame(row).assign(contacted_on=day) for row, day in zip(rows, days, strict=True)])
    adds = rows["arm"].map({"Call": 0.3, "mailed": 0.15}).fillna(0)
    rows["responded"] = rng.random(2 * n) < 0.2 + adds
    bought = rows[rows["responded"]]
    orders = bought[["customer_id"]].assign(ordered_on=bought["contacted_on"] + pd.Timedelta(days=5), amount=50.0)
    before = pd.DataFrame({"customer_id": ids, "ordered_on": pd.Timestamp("2024-12-01"), "amount": 50.0})
    log = pd.concat([orders, before, before.head(1).assign(ordered_on=pd.Timestamp("2025-07-31"))], ignore_index=True)
    return log.assign(order_id=log.index.astype("str")), rows


def test_each_arm_of_a_campaign_is_read_out_against_its_control():
    """Planted: of a hundred a call makes 30 more buy, an e-mail none; the control of plain pandas, counted once."""
    log, rows = two_arms(1)
    campaigns = pd.DataFrame({"campaign_id": ["K", "L"], "cost": [900.0, 300.0]})
    found = experiment(Firm.of(log, contacts=rows, campaigns=campaigns))
    own = found.table[found.table["outcome"] == "bought"].set_index("campaign_id")
    assert own.index.tolist() == ["K: Call", "K: E-Mail", "L", "all together"]
    for name, planted in (("K: Call", 30), ("K: E-Mail", 0), ("L", 15)):
        assert own["effect_low"][name] < planted < own["effect_high"][name], name
    sizes = rows.groupby(["campaign_id", "arm"]).size()
    assert own["held_out"].tolist() == [
        *[sizes["K", "Control"]] * 2,
        *[sizes["L", "Control"]],
        sizes[:, "Control"].sum(),
    ]
    assert own["treated"].tolist()[:2] == [sizes["K", "Call"], sizes["K", "E-Mail"]]
    assert own["p_corrected"]["K: E-Mail"] > 0.05 > own["p_corrected"]["K: Call"]
    judge = false_discovery_control(own["p_adjusted"].iloc[:3])
    assert own["p_corrected"].tolist()[:3] == pytest.approx(judge.tolist())
    assert found.net.empty, "no margin is known"
    alone = experiment(Firm.of(log, contacts=rows), "K")
    assert set(alone.table["campaign_id"]) == {"K: Call", "K: E-Mail", "all together"}


def test_the_share_meant_is_judged_for_each_arm():
    """A third was held out: as meant; had it been half that was meant, no arm is read out."""
    log, rows = two_arms(2)
    firm = Firm.of(log, contacts=rows[rows["campaign_id"] == "K"])
    assert experiment(firm, planned_share=1 / 3).checks["arms"].tolist() == ["drawn", "drawn"]
    assert experiment(firm, planned_share=1 / 2).checks["arms"].tolist() == ["ratio", "ratio"]


def test_a_clear_arm_is_named_where_all_together_are_not_clear():
    log, rows = two_arms(3)
    found = experiment(Firm.of(log, contacts=rows[rows["campaign_id"] == "K"]))
    odd = found.table["campaign_id"] != "K: Call"
    found = replace(found, table=found.table.assign(p_corrected=found.table["p_corrected"].mask(odd, 0.5)))
    assert plain(found.finding().text).startswith("K: Call brought ")


def test_arms_named_in_portfoy_toml_are_arms(tmp_path):
    log, rows = two_arms(4, n=600)
    words = {"Call": "Arama", "E-Mail": "Eposta", "mailed": "Eposta", "Control": "Kontrol"}
    log.to_csv(tmp_path / "orders.csv", index=False)
    rows.replace({"arm": words}).to_csv(tmp_path / "contacts.csv", index=False)
    toml = '[transactions]\nfile = "orders.csv"\n[contacts]\nfile = "contacts.csv"\n'
    named = 'values.arm = { telefon = ["Arama"], "e-mail" = ["eposta"] }\n'
    (tmp_path / "portfoy.toml").write_text(toml + named)
    found = pf.experiment(pf.open(tmp_path))
    names = ["K: e-mail", "K: telefon", "L", "all together"]
    assert found.table["campaign_id"].drop_duplicates().tolist() == names


def test_arms_of_a_table_that_differed_before_are_not_read_out():
    rng = np.random.default_rng(4)
    arm = rng.choice(["a", "b"], 400)
    table = pd.DataFrame({"arm": arm, "y": rng.normal(size=400), "y_before": rng.normal(size=400) + 2 * (arm == "b")})
    found = experiment(table, outcomes=["y"])
    assert (found.checks["differs"].tolist(), len(found.table)) == (["y_before"], 0)
    assert plain(found.finding().text) == "Contacts were chosen: what they brought is not known"


@pytest.mark.parametrize("name", ["<b>", "$5 \\frac", "Çınarlı"])
def test_names_are_names(name):
    two = pd.concat([contacts(campaign_id=name), contacts(campaign_id="007")]).assign(responded=False)
    found = experiment(Firm.of(LOG, contacts=two))
    assert {name, "007", "all together"} == set(found.table["campaign_id"])
    content = found.content()
    assert content["chart"] is not None
    assert "<b>" not in content["tables"][0]["html"]


def test_days_in_which_nobody_bought_have_no_chart_and_no_effect():
    found = experiment(
        Firm.of(LOG[LOG["ordered_on"] < "2025-02-01"], as_of="2025-06-30", contacts=contacts(responded=False))
    )
    assert (found.table["treated_mean"].tolist(), found.plot(), found.finding().nothing) == ([0, 0, 0], None, True)
    assert found.content()["reading"]


# (e) Errors


def test_what_is_not_possible_says_why():
    def reason(**given):
        named = {"contacts": contacts(), **given}
        return plain(str(experiment(Firm.of(LOG, **{k: v for k, v in named.items() if v is not None}))))

    assert reason(contacts=None).startswith("contacts: there is no such table")
    nobody = (
        "experiment: no campaign has five contacted and five held out; there are K. Hold customers "
        "out at random next time."
    )
    assert reason(contacts=contacts(arms=["treatment"], responded=False)) == nobody
    assert reason(contacts=contacts(responded=False).drop(columns="arm")) == nobody
    few = experiment(Firm.of(LOG, contacts=contacts(20, responded=False)))
    assert plain(few.finding().text) == "Too early, or too few customers, to read out"
    assert reason(contacts=contacts(8, responded=False)) == nobody


def test_parameters_and_tables_that_cannot_be_are_refused():
    firm, table = Firm.of(LOG, contacts=contacts(responded=False)), contacts().assign(y=1.0)
    assert plain(str(experiment(firm, days=0))) == (
        "experiment: days is 0, planned_share 0; take 1 or more, and 0 to below 1."
    )
    assert "campaign 'X'" in str(experiment(firm, "X"))
    assert "by is 'height', which is not known of customers" in str(experiment(firm, by="height"))
    with pytest.raises(DataError) as caught:
        experiment(table.head(20), outcomes=["y"])
    assert str(caught.value).startswith("experiment: rows by arm {'control': ")
    for wrong in (pd.concat([table, table]), table.assign(arm="control")):
        with pytest.raises(DataError):
            experiment(wrong, outcomes=["y"])
    with pytest.raises(DataError):
        experiment(table)
    with pytest.raises(DataError):
        experiment(table, outcomes=["height"])


# (f) What is shown


def test_an_experiment_in_words(teaching_found):
    bought, margin = (row_of(teaching_found, name, campaign_id="all together") for name in ("bought", "margin"))
    text = f"Contact made {style.number(bought['adjusted'], 1)} more customers in a hundred buy"
    assert (margin["p_corrected"] > 0.05, plain(teaching_found.finding().text)) == (True, text)
    more = plain(style.money(margin["adjusted"], "TRY", digits=2))
    said = plain(teaching_found.reading())
    assert said.startswith(f"Given earlier purchases, each contacted brought {more} more in 30 days, perhaps by chance")
    lasts = replace(teaching_found, table=teaching_found.table.assign(p_corrected=0.01), currency="")
    assert plain(lasts.finding().text).startswith("Contact brought ")
    assert plain(lasts.finding().text).endswith(" more margin from each customer contacted")
    ax = teaching_found.plot()
    assert [text.get_text() for text in ax.get_yticklabels()] == [*(f"CAM0{n}" for n in range(1, 6)), "all together"]
    assert ax.get_label() == "margin a customer, TRY, in 30 days; colour: beyond chance; lines: 95%"
    assert "chosen" not in str(teaching_found)
    assert pf.experiment is experiment
