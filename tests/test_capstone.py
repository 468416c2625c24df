"""The capstone: a company from a seed, its page, its truth. Judges: futures drawn one by one, and sums by hand."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest

import portfoy as pf
from portfoy.course import capstone, editions, envelope, grading, judging, lessons, start
from portfoy.course.sittings import one_page, the_decision
from portfoy.simulate import Truth

SIZE = 500


@pytest.fixture(scope="module")
def own(once):
    """A function that gives the firm of the capstone of a seed, small; for reading only."""
    firms = {}

    def firm(seed):
        if seed not in firms:
            make = lambda new: capstone.make(new / "own", seed=seed, customers=SIZE)  # noqa: E731
            firms[seed] = pf.own_company(once(f"capstone {seed} of {SIZE}", make) / "own")
        return firms[seed]

    return firm


def drawn_years(told, number, seed):
    """What firms buy in the year from their first order on: each drawn purchase by purchase."""
    random = np.random.default_rng(seed)
    days = envelope.year_days(told)
    bad = told["ticket_share"] * told["complaint_share"] * (1 - told["first_contact"]) * told["bad_ticket_effect"]
    kinds, regions = list(told["firm_shares"]), list(told["region_shares"])
    shares = np.array([told["region_shares"][name] for name in regions])
    worth = []
    for _firm in range(number):
        kind = random.choice(kinds, p=[told["firm_shares"][name] for name in kinds])
        region = regions[random.choice(len(regions), p=shares / shares.sum())]
        rate = random.gamma(told["r"], 1 / told["alpha"]) * told["rate_by_type"][kind]
        stop, mean = random.beta(told["a"], told["b"]), told["p"] / random.gamma(told["q"], 1 / told["v"])
        mean *= told["spend_by_type"][kind] * told["spend_by_region"][region]
        spent, now, first = 0.0, 0.0, True
        while now <= days:
            spent += mean * (1 + told["second_order_share"])
            if random.random() < bad or (not first and random.random() < stop):
                break
            now, first = now + random.exponential(1 / rate), False
        worth.append(spent * (1 - told["dirt_return"]))
    return np.array(worth)


@pytest.mark.parametrize("seed", [3, 8])
def test_the_worth_of_a_new_customer_is_the_mean_of_drawn_futures(seed):
    told = asdict(Truth(**capstone._drawn(np.random.default_rng([seed, 6]))))
    worth = drawn_years(told, 20_000, seed)
    assert abs(envelope.year_worth(told) - worth.mean()) < 4 * worth.std() / len(worth) ** 0.5


def test_what_a_bad_complaint_costs_is_the_mean_of_drawn_futures(own):
    firm, random = own(1), np.random.default_rng(5)
    told, bad = lessons.truth(firm).parameters, envelope.bad_complaints(firm)
    latent = lessons.truth(firm).customers.set_index("customer_id")
    gone, days, price = envelope.driven_away(told), envelope.year_days(told), envelope._price(firm)
    sums = np.zeros(400)
    for who in bad["customer_id"].str.upper():
        if who not in latent.index:
            continue
        one = latent.loc[who]
        margin = one["mean_order"] * one["multiplier"] * price * 0.97 * 1.02
        alive = random.random(400) >= one["stop"]
        now, bought = np.zeros(400), np.zeros(400)
        while alive.any():
            now += random.exponential(1 / one["rate"], 400)
            alive &= now <= days
            bought += alive
            alive &= (random.random(400) >= one["stop"]) & (random.random(400) >= gone)
        sums += bought * margin * told["bad_ticket_effect"]
    assert abs(envelope.complaint_worth(firm).sum() - sums.mean()) < 4 * sums.std() / 20


def test_options_are_those_sums_by_hand(own):
    firm = own(2)
    asked, found = pf.brief(firm), pf.truth(firm)
    table = envelope.options(firm, asked)
    lately = firm.recent(9)
    people = found.customers.set_index("customer_id")
    told, total = found.parameters, 0.0
    moved = dict(zip(["persuadable", "sure thing", "lost cause", "do-not-disturb"], [
        told["response_treated"][k] - told["response_control"][k] for k in range(4)
    ], strict=True))  # fmt: skip
    ids = [name.upper() for name in lately.loc[lately["type"] == "consumer", "customer_id"]]
    for one in ids:
        if one in people.index:
            row = people.loc[one]
            total += moved[row["persona"]] * row["mean_order"] * row["multiplier"]
    rate = firm.customers["margin"].sum() / firm.customers["revenue"].sum()
    index = pd.read_csv(f"{firm.tables.where}/price_index.csv")["index"]
    assert table.loc["contact", "brought"] == pytest.approx(
        total * 0.97 * rate * index.iloc[-1] / index.iloc[0], rel=1e-3
    )
    assert table.loc["contact", "cost"] == asked.contact_cost * len(ids)
    leads = firm.tables.leads.to_pandas()
    each = (told["lead_cost"][asked.channel] + told["sales_cost"][asked.channel]) * index.iloc[-1] / index.iloc[0]
    won = asked.budget / (each / found.p_win(leads)[leads["channel"] == asked.channel].mean())
    worth = envelope.year_worth(told) * rate * index.iloc[-1] / index.iloc[0]
    assert table.loc["leads", "brought"] == pytest.approx(won * worth, rel=1e-3)
    assert table.loc["nothing"].tolist() == [0, 0, 0]
    assert (table["profit"] == table["brought"] - table["cost"]).all()


def test_who_marks_sees_a_choice_beside_the_best_by_the_truth_and_by_the_data(own):
    firm = own(2)
    asked, log = pf.brief(firm), firm.log.to_pandas()
    since, lately = firm.as_of - pd.DateOffset(months=12), firm.recent(9)
    ids = set(lately.loc[lately["type"] == "consumer", "customer_id"])
    total, orders = 0.0, set()
    for line in log[log["ordered_on"] > since].itertuples():
        if line.customer_id in ids:
            total, orders = total + line.amount - line.quantity * line.unit_cost, {*orders, line.order_id}
    profit = the_decision.expected(firm)
    by_hand = one_page.effect(firm) * total / len(orders) * asked.contacts - asked.contact_cost * asked.contacts
    assert profit["contact"] == pytest.approx(by_hand)
    assert profit["nothing"] == 0
    true = envelope.options(firm, asked)["profit"]
    said = the_decision.held(firm, "nothing")
    assert said.startswith(f"Chosen: nothing; best by the truth: leads, by the data: {profit.idxmax()}; it cost TRY")
    assert f"{true['leads']:,.0f}" in said
    assert the_decision.held(firm, "all of them") == ""


def test_the_best_option_differs_between_seeds(own):
    found = {seed: envelope.options(own(seed), pf.brief(own(seed)))["profit"].idxmax() for seed in (1, 2, 3, 7)}
    assert set(found.values()) == {"leads", "contact", "service", "nothing"}, found


def test_a_seed_is_one_company_which_stays_and_has_faults_in_every_table(tmp_path, own):
    capstone.make(tmp_path / "again", seed=1, customers=SIZE)
    first = Path(own(1).tables.where)
    for name in ("transactions.csv", "leads.csv", "brief.toml", "portfoy.toml"):
        assert (tmp_path / "again" / name).read_bytes() == (first / name).read_bytes()
    (tmp_path / "again" / "leads.csv").write_text("mine")
    capstone.make(tmp_path / "again", seed=2, customers=SIZE)
    assert (tmp_path / "again" / "leads.csv").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["again"]
    faults = pf.quality(own(1)).further.findings["table"]
    every = {"customers", "leads", "spend", "campaigns", "contacts", "tickets", "surveys", "subscriptions", "products"}
    assert every <= set(faults)


def test_a_brief_is_asked_of_a_capstone_only(teaching_firm):
    with pytest.raises(pf.DataError, match=r"has no brief\. Open it by pf\.own_company\(\)\."):
        pf.brief(teaching_firm)


# The page


@pytest.fixture
def page(own):
    """A page that is right in its form, from the data of seed 2."""
    firm = own(2)
    return {
        "carries": "Of 100 order lines 3 are set aside, and 2 % of the money is of people who said no name; so revenue "
        "by customer is too low.",
        "figures": {name: list(one_page.usual(firm, name)) for name in ("cost", "effect", "complaint")},
        "plan": {
            "choice": "leads",
            "cost": pf.brief(firm).budget,
            "profit": 5.0,
            "because": "It brings more than it costs, until a customer costs twice as much.",
        },
        "claim": {
            "verdict": "cannot be told",
            "share": one_page.top_fifth(firm),
            "low": 0.0,
            "high": 1.0,
            "so": "Look after the largest of them all.",
        },
        "missing": "A trial with customers drawn by chance, for a month; without an effect we would not go on.",
    }


@pytest.mark.parametrize("part", ["carries", "figures", "plan", "claim", "missing"])
def test_a_part_in_its_form_is_right_and_as_it_is_handed_in_too(own, page, part):
    firm, form = own(2), getattr(one_page, part)
    assert form(firm, page[part])[0], form(firm, page[part])
    handed = grading._value(json.loads(json.dumps(grading._taken_down(page[part]))))
    assert form(firm, handed)[0], form(firm, handed)


def test_a_page_is_shown_whole_and_what_is_not_written_says_so(own, page):
    text = pf.one_page(own(2), **page)._repr_markdown_()
    assert text.count("### ") == 5
    assert page["missing"] in text
    assert page["plan"]["because"] in text
    assert pf.one_page(own(2))._repr_markdown_().count("Not written yet") == 5


def test_the_truth_opens_once_the_decision_is_given_and_says_what_it_cost(own, page):
    firm = own(2)
    assert not pf.open_truth(firm)
    assert not pf.open_truth(firm, page["plan"], {"churn": [1, 2, 3]})
    table = envelope.options(firm, pf.brief(firm))
    assert table["profit"].idxmax() == "leads"
    assert not pf.open_truth(firm, page["plan"], page["figures"])
    assert not pf.open_truth(firm, page["plan"], page["figures"], "service")
    right = pf.open_truth(firm, page["plan"], page["figures"], "leads")
    assert "No other option has a higher profit." in right.text
    wrong = dict(page["plan"], choice="nothing", cost=0, profit=0)
    said = pf.open_truth(firm, wrong, page["figures"], "nothing")
    assert f"its profit is TRY {table['profit'].max():,.0f} higher" in said.text.replace("\u00a0", " "), said.text
    exercise = lessons.exercises_of("6c")["6c-8"]
    solved, words, _read = judging.judge(exercise, "nothing", firm)
    assert not solved
    assert f"{table['profit'].max():,.0f} more" in words.replace("\u00a0", " "), words
    for name, row in said.figures.iterrows():
        assert row["holds"] == (row["low"] <= row["true"] <= row["high"]), name


def test_true_churn_counts_who_has_left(own):
    firm = own(2)
    people = pf.truth(firm).customers.set_index("customer_id")["active"]
    some = list(people.index[:40])
    true = envelope.true_figure(firm, "churn", pf.brief(firm), base=[name.lower() for name in some])
    assert true == sum(not people[name] for name in some) / 40


def test_the_rubric_that_students_see_is_that_of_the_teacher():
    def rows(text):
        lines = [[part.strip() for part in line.strip("| ").split("|")] for line in text.splitlines() if "|" in line]
        start = next(k for k, line in enumerate(lines) if line[:2] == ["Part", "0 points"])
        return lines[start : start + 1] + lines[start + 2 : start + 7]

    solution = lessons.solutions()["6c"]
    cell = next(cell for cell in editions.read(solution).cells if cell.id == "page-md")
    assert rows(cell.source) == rows((solution.parents[1] / "TEACHING.md").read_text("utf-8"))


# Handed in


@pytest.mark.study
def test_the_model_solution_gets_full_marks_and_an_untouched_edition_none(tmp_path):
    for student, notebooks in {"model": lessons.solutions(), "untouched": lessons.editions()}.items():
        (tmp_path / "class" / student).mkdir(parents=True)
        for sitting in lessons.CAPSTONE:
            notebook = editions.read(notebooks[sitting])
            notebook.metadata["portfoy"]["seed"] = 3
            nbformat.write(notebook, tmp_path / "class" / student / notebooks[sitting].name)
    rows = grading.grade(tmp_path / "class")
    assert len(rows) == 2 * 16
    model = rows[rows["student"] == "model"]
    assert model["solved"].all(), model[~model["solved"]].to_string()
    assert not rows.loc[rows["student"] == "untouched", "solved"].any()


def test_a_folder_with_a_seed_gets_the_company_and_judges_ours_without(tmp_path, monkeypatch, own):
    made = []
    monkeypatch.setattr(capstone, "make", lambda folder, **given: made.append((folder, given)))
    for name in start.DATA[:2]:
        (tmp_path / name).mkdir(parents=True)
    start.companies(tmp_path, 9)
    assert made == [(tmp_path / capstone.DATA, {"seed": 9})]
    desk = grading.Desk(None, tmp_path / "room")
    shutil.copytree(own(1).tables.where, tmp_path / "room" / capstone.DATA)
    assert desk.firm(capstone.DATA).log.count().execute() == own(1).log.count().execute()
