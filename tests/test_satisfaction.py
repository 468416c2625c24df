"""What customers expected and found, against a published interval, plain pandas, statsmodels and simulated truth."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from helpers import NAMES, labels, plain
from portfoy import metrics
from portfoy.firm import Firm
from portfoy.retention.answers import answer_rows, invitations, latest, leaning
from portfoy.retention.satisfaction import satisfaction
from portfoy.simulate import simulate

AS_OF, DAY = pd.Timestamp("2026-06-30"), pd.Timedelta(days=1)
BOUNDS = ["value", "value_low", "value_high"]


def firm_of(as_of=AS_OF, **tables):
    return Firm.of(as_of=as_of, currency="TRY", **tables)


def answers(nps, **columns):
    ids = [f"{number:05d}" for number in range(len(nps))]
    table = pd.DataFrame({"survey_id": ids, "customer_id": ids, "answered_on": AS_OF - 10 * DAY, "nps": nps})
    return table.assign(**columns)


@pytest.fixture(scope="module")
def found(teaching_firm):
    return satisfaction(teaching_firm)


@pytest.fixture(scope="module")
def last(teaching_firm):
    """The latest answer of each customer in the last year, by plain pandas."""
    table = teaching_firm.tables.surveys.to_pandas()
    table["answered_on"] = pd.to_datetime(table["answered_on"])
    lately = table[table["answered_on"] > AS_OF - 365 * DAY].sort_values("answered_on")
    return lately.drop_duplicates("customer_id", keep="last").set_index("customer_id")


# Scores


def test_the_nps_has_the_published_interval():
    """REFERENCE: 250 promoters and 75 detractors of 1,000 are 17.5, 14.14 to 20.86."""
    row = satisfaction(firm_of(surveys=answers([10] * 250 + [8] * 675 + [3] * 75))).score("nps")
    assert row[BOUNDS].tolist() == pytest.approx([17.5, 14.14, 20.86], abs=0.005)


def test_nps_is_the_number_of_all_who_print_it(teaching_firm, found):
    judge = metrics.nps(teaching_firm.tables.surveys, as_of=AS_OF)
    assert found.score("nps")[BOUNDS].tolist() == pytest.approx([judge.value, judge.low, judge.high])
    assert found.score("nps")["base"] == judge.base
    figure = found.figures()[0]
    for past, months in ((figure.year, 12), (figure.half, 6)):
        then = teaching_firm.before(months)
        assert past.value == pytest.approx(metrics.nps(then.tables.surveys, as_of=then.as_of).value)


def test_csat_and_effort_against_statsmodels_and_scipy(found, last):
    n, k = last["csat"].count(), (last["csat"] >= 4).sum()
    assert found.score("csat")[BOUNDS].tolist() == pytest.approx([k / n, *proportion_confint(k, n, method="wilson")])
    effort = last["effort"].astype(float)
    bounds = stats.t.interval(0.95, len(effort) - 1, effort.mean(), stats.sem(effort))
    assert found.score("effort")[BOUNDS].tolist() == pytest.approx([effort.mean(), *bounds])


def test_the_change_of_csat_is_that_of_two_proportions(teaching_firm, found):
    """Judge: the z test of statsmodels; the interval of Wilson makes a little difference."""
    then = satisfaction(teaching_firm.before(12))
    rows = [each.score("csat") for each in (found, then)]
    counts = [round(row["value"] * row["base"]) for row in rows]
    judge = sm.stats.proportions_ztest(counts, [row["base"] for row in rows])[1]
    assert found.score("csat")["p_value"] == pytest.approx(judge, abs=0.01)


def test_gaps_against_scipy_worst_first(found, last):
    assert found.table["above"].is_monotonic_increasing
    for row in found.table.to_dict("records"):
        gap = (last[f"performance_{row['attribute']}"] - last[f"expectation_{row['attribute']}"]).astype(float)
        bounds = stats.t.interval(0.95, len(gap) - 1, gap.mean(), stats.sem(gap))
        assert [row["above"], row["above_low"], row["above_high"]] == pytest.approx([gap.mean(), *bounds])
    assert found.finding().text == "Delivery disappoints most: 0.6 points below expectation"
    assert found.actions()[0].text.startswith("Put “delivery” right first")


def test_a_weighted_score_has_the_robust_error_of_statsmodels():
    """Judge: weighted least squares on a constant, its heteroscedasticity-consistent error (HC0)."""
    random = np.random.default_rng(4)
    nps, weight = random.integers(0, 11, 400), random.gamma(2, 1, 400) + 0.1
    row = satisfaction(firm_of(surveys=answers(nps, weight=weight))).score("nps_weighted")
    score = 100.0 * (nps >= 9) - 100.0 * (nps <= 6)
    judge = sm.WLS(score, np.ones(400), weights=weight).fit(cov_type="HC0")
    assert row[BOUNDS].tolist() == pytest.approx([judge.params[0], *judge.conf_int()[0]])


def test_answers_without_a_weight_leave_all_unweighted():
    weight = [2.0] * 99 + [np.nan]
    result = satisfaction(firm_of(surveys=answers([10] * 50 + [0] * 50, weight=weight)))
    assert not result.weighted
    assert result.score("nps_weighted") is None


def test_groups_against_a_z_test_of_plain_pandas(teaching_firm, found, last):
    people = teaching_firm.people.dropna(subset="customer_id").set_index("customer_id")
    score, chance = 100.0 * (last["nps"] >= 9) - 100.0 * (last["nps"] <= 6), []
    for row in found.groups.to_dict("records"):
        level = people[row["trait"]].reindex(last.index).astype("object").dropna()
        here, other = (
            score.reindex(level.index)[level == row["level"]],
            score.reindex(level.index)[level != row["level"]],
        )
        error = np.hypot(*(side.std(ddof=0) / np.sqrt(len(side)) for side in (here, other)))
        assert row["customers"] == len(here)
        assert row["nps"] == pytest.approx(here.mean())
        chance.append(2 * stats.norm.sf(abs(here.mean() - other.mean()) / error))
    assert found.groups["p_corrected"].tolist() == pytest.approx(multipletests(chance, method="fdr_bh")[1])


def test_segments_are_a_group_too(teaching_firm, last):
    segments = pd.DataFrame({"customer_id": last.index, "segment": np.where(np.arange(len(last)) % 2, "one", "<b>")})
    groups = satisfaction(teaching_firm, segments=segments).groups
    assert set(groups.loc[groups["trait"] == "segment", "level"]) == {"one", "<b>"}


def test_content_complaints_and_leaving_against_a_loop(teaching_firm, found):
    """Naive: customer by customer, from the raw tables."""
    surveys, tickets = teaching_firm.tables.surveys.to_pandas(), teaching_firm.tables.tickets.to_pandas()
    log = teaching_firm.log.select("customer_id", "ordered_on").to_pandas()
    days = {who: np.sort(each.to_numpy("datetime64[D]")) for who, each in log.groupby("customer_id")["ordered_on"]}
    until = AS_OF - found.window * DAY
    surveys["answered_on"] = pd.to_datetime(surveys["answered_on"])
    old = surveys[(surveys["answered_on"] <= until) & (surveys["answered_on"] > until - 365 * DAY)]
    old = old.sort_values("answered_on").drop_duplicates("customer_id", keep="last")
    left, complaints, kinds = [], [], []
    for who, day, nps in zip(old["customer_id"], old["answered_on"], old["nps"], strict=True):
        ago = (np.datetime64(day, "D") - days[who]).astype(int)
        there = ago[ago >= 0].min() <= found.window
        left.append(np.nan if not there else float(not ((ago < 0) & (ago >= -found.window)).any()))
        own = tickets[(tickets["customer_id"] == who) & tickets["is_complaint"]]
        since = (day - pd.to_datetime(own["opened_on"])) / DAY
        complaints.append(((since >= 0) & (since < 365)).sum())
        kinds.append("promoter" if nps >= 9 else "detractor" if nps <= 6 else "passive")
    judge = pd.DataFrame({"left": left, "complaints": complaints}).groupby(kinds).mean()
    kinds = found.kinds.set_index("group")
    for kind in judge.index:
        assert kinds.loc[kind, "left_since"] == pytest.approx(judge.loc[kind, "left"])
        assert kinds.loc[kind, "complaints_each"] == pytest.approx(judge.loc[kind, "complaints"])
    assert kinds.loc["all customers", "customers"] == len(old)


# Who does not answer


def panel(seed, *, planted, customers=1500):
    """Customers asked twice, some of whom complained before: these are unhappier and, where planted, answer less."""
    random = np.random.default_rng(seed)
    ids = np.array([f"{number:05d}" for number in range(customers)])
    complained = random.random(customers) < 0.3
    rows = []
    for back in (200, 60):
        happy = random.random(customers) < np.where(complained, 0.35, 0.7)
        told = random.random(customers) < np.where(complained & planted, 0.2, 0.5)
        day = AS_OF - back * DAY
        answered = np.where(told, day + 3 * DAY, pd.NaT)
        nps = np.where(told, np.where(happy, 10, 3), np.nan)
        rows.append(pd.DataFrame({"customer_id": ids, "invited_on": day, "answered_on": answered, "nps": nps}))
    surveys = pd.concat(rows, ignore_index=True)
    surveys = surveys.assign(survey_id=surveys.index.astype(str), answered_on=pd.to_datetime(surveys["answered_on"]))
    tickets = pd.DataFrame({"customer_id": ids[complained], "opened_on": AS_OF - 230 * DAY, "is_complaint": True})
    return firm_of(surveys=surveys, tickets=tickets.assign(ticket_id=tickets.index.astype(str)))


def way(firm):
    asked = leaning(invitations(firm, answer_rows(firm), 365, 0), 0.95)
    return {*asked["leans"]} - {""}


def test_the_direction_is_named_where_those_who_complained_keep_silent():
    """Simulated truth: the score looks kinder with every seed; where nobody keeps silent, at most one is named."""
    assert [way(panel(seed, planted=True)) for seed in range(6)] == [{"kinder"}] * 6
    assert sum(bool(way(panel(seed, planted=False))) for seed in range(6)) <= 1


def test_the_direction_is_said_and_no_corrected_number():
    firm = panel(1, planted=True)
    result = satisfaction(firm)
    assert "it looks too kind" in plain(result.reading())
    rows = answer_rows(firm)
    told = latest(rows, AS_OF, 365)
    naive = told["score"].mean()
    assert result.score("nps")["value"] == pytest.approx(naive)
    assert [*result.scores["score"]] == ["nps"]


def test_an_invitation_that_is_not_over_is_no_silence():
    surveys = answers([10] * 60, invited_on=AS_OF - 13 * DAY)
    asked = surveys.assign(survey_id="late", customer_id=[f"L{n}" for n in range(60)], nps=np.nan)
    asked = asked.assign(answered_on=pd.NaT, invited_on=[AS_OF - DAY] * 30 + [AS_OF - 50 * DAY] * 30)
    result = satisfaction(firm_of(surveys=pd.concat([surveys, asked], ignore_index=True)))
    assert result.invited["response"] == pytest.approx(60 / 90)


def test_answers_alone_tell_nobody_who_kept_silent():
    result = satisfaction(firm_of(surveys=answers([10] * 60, invited_on=AS_OF - 13 * DAY)))
    assert result.invited == {}
    assert "asked" not in result.reading()


@pytest.mark.study
def test_weights_give_the_true_nps_and_none_the_naive_one():
    """Simulated truth over ten seeds: consumers' NPS is 22 with weights, 37 without; gaps by attribute likewise."""
    near, naive, gaps, plain_gaps = [], [], [], []
    for seed in range(31, 41):
        made = simulate(seed=seed)
        truth, tables = made.truth, dict(made.tables)
        back = dict(zip([100, 0, -100], truth.answers_back, strict=True))
        nps = tables["surveys"]["nps"].astype(float)
        score = 100.0 * (nps >= 9) - 100.0 * (nps <= 6) + 0 * nps
        tables = {name: tables[name] for name in ("transactions", "customers", "surveys")}
        for weighted in (True, False):
            surveys = tables["surveys"].assign(weight=1 / score.map(back)) if weighted else tables["surveys"]
            result = satisfaction(Firm.of(**tables | {"surveys": surveys}))
            row = result.groups[result.groups["level"] == "consumer"].iloc[0]
            promoters, _passives, detractors = truth.answer_by_type["consumer"]
            error = (row["nps_high"] - row["nps_low"]) / 2 / 1.96
            off = (row["nps"] - 100 * (promoters - detractors)) / error
            (near if weighted else naive).append(abs(off) < 2)
            kinds = made.tables["customers"].set_index("customer_id")["type"].reindex(surveys["customer_id"])
            shares = np.array([truth.answer_by_type[kind] for kind in kinds[nps.notna().to_numpy()]]).mean(axis=0)
            if not weighted:
                shares = shares * truth.answers_back / (shares * truth.answers_back).sum()
            shift = shares @ [truth.performance_shift[name] for name in ("promoter", "passive", "detractor")]
            table = result.table.set_index("attribute")
            errors = (table["above_high"] - table["above_low"]) / 2 / 1.96
            z = (table["above"] - pd.Series(truth.gap) - shift) / errors
            (gaps if weighted else plain_gaps).append(z)
    assert sum(near) >= 8, near
    assert sum(naive) <= 2, naive  # the naive score is off by more than chance
    for each in (gaps, plain_gaps):
        assert ((pd.DataFrame(each).abs() < 2).sum() >= 8).all(), pd.DataFrame(each)


# Where the data do not allow it


def test_each_thing_that_is_missing_is_said_or_left_out():
    no = satisfaction(firm_of(leads=pd.DataFrame({"lead_id": ["1"], "created_on": [AS_OF]})))
    assert str(no).startswith("surveys: there is no such table; it needs customer_id, answered_on.")
    said = "surveys: {} customers answered in 365 days; at least 30 are needed. Ask more of them."
    nobody = answers([10] * 40).assign(answered_on=pd.NaT, nps=np.nan, invited_on=AS_OF)
    assert str(satisfaction(firm_of(surveys=nobody))) == said.format(0)
    assert str(satisfaction(firm_of(surveys=answers([10])))) == said.format(1)
    only = answers([10] * 40, csat=[5] * 30 + [1] * 10).drop(columns="nps")
    result = satisfaction(firm_of(surveys=only))
    assert [*result.scores["score"]] == ["csat"]
    assert plain(result.finding().text) == "75% of customers are satisfied"
    assert (result.reading(), result.plot(), result.actions()) == ("", None, [])
    assert str(result)


def test_two_months_of_history_have_no_year_before_and_nobody_left():
    table = answers([10] * 60 + [3] * 20).assign(answered_on=AS_OF - 40 * DAY)
    orders = pd.DataFrame({"customer_id": table["customer_id"], "order_id": table["survey_id"], "amount": 5.0})
    result = satisfaction(firm_of(surveys=table, transactions=orders.assign(ordered_on=AS_OF - 50 * DAY)))
    assert result.scores["before"].isna().all()
    assert result.window == 0
    assert "left_since" not in result.kinds
    assert plain(result.reading()) == "NPS is 50 (31–69)."


def test_contacts_stand_for_effort_where_it_is_not_asked(teaching_firm):
    tables = {name: getattr(teaching_firm.tables, name).to_pandas() for name in ("surveys", "tickets")}
    result = satisfaction(firm_of(surveys=tables["surveys"].drop(columns="effort"), tickets=tables["tickets"]))
    tickets = tables["tickets"]
    closed = tickets[pd.to_datetime(tickets["closed_on"]) > AS_OF - 365 * DAY]
    assert result.score("touches")["value"] == pytest.approx(closed["touches"].astype(float).mean())


def test_strange_names_are_shown_and_break_nothing():
    sides = {f"{side}_{name}": 4.0 for name in NAMES for side in ("expectation", "performance")}
    surveys = answers([10] * 40, **sides)
    surveys[f"performance_{NAMES[0]}"] = [2.0, 3.0] * 20
    customers = pd.DataFrame({"customer_id": surveys["customer_id"], "type": [NAMES[0], NAMES[4]] * 20})
    result = satisfaction(firm_of(surveys=surveys, customers=customers))
    assert "<script>" not in result._repr_mimebundle_()["text/html"]
    assert result.table["attribute"].iloc[0] == NAMES[0]
    assert len(labels(result.plot().yaxis)) == len(NAMES)


def test_numbers_out_of_range_are_no_answers():
    surveys = answers([10] * 30 + [11, -1], csat=[5] * 30 + [0, 6])
    result = satisfaction(firm_of(surveys=surveys))
    assert result.scores.set_index("score")["base"].to_dict() == {"nps": 30, "csat": 30}


def test_nothing_after_the_day_counts(teaching_firm):
    then = teaching_firm.before(6)
    surveys = teaching_firm.tables.surveys.to_pandas()
    late = pd.to_datetime(surveys["answered_on"]) > then.as_of
    surveys.loc[late, "nps"] = 0
    one, other = satisfaction(then), satisfaction(firm_of(then.as_of, surveys=surveys))
    names = ["score", *BOUNDS, "base"]
    pd.testing.assert_frame_equal(one.scores[names], other.scores[names])


def test_the_chart_names_what_falls_short(found):
    ax = found.plot()
    assert labels(ax.yaxis) == [*found.table["attribute"]]
    for high in (0.3, 0.6, 0.9, 1.4, 2.3):  # what stands below a tick is its value
        ax = replace(found, table=found.table.assign(above=[high, *[0.0] * (len(found.table) - 1)])).plot()
        told = [float(text.replace("\u2212", "-")) for text in labels(ax.xaxis)]
        assert told == pytest.approx([*ax.get_xticks()], abs=1e-9)
    assert replace(found, table=pd.DataFrame()).plot() is None
