"""Recovery: the estimators a reader would use find the truth of the teaching company, within their standard errors.

The judge is `data/teaching/truth`. Estimators are the package's where it has them, else scipy's and statsmodels', or a
share with its binomial error. About 310 numbers are checked, each at |z| < 3. At |z| < 2 fourteen of them would fail by
chance alone; at 3, 0.27 % of the numbers of a fresh seed fall outside, 0.8 of 310. The seeds are fixed, so a failure
means that the generator, an estimator or the shipped data changed; a bias shows in several numbers of its family.
The columns that came later are held to |z| < 2 over ten seeds, too.
"""

import itertools
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import optimize, stats
from scipy.special import betaln, gammaln
from sklearn.metrics import roc_auc_score

from portfoy.models.bg_nbd import fit_bg_nbd
from portfoy.models.gamma_gamma import fit_gamma_gamma
from portfoy.simulate import read_truth, season_days, simulate
from portfoy.source.contract import TABLES, kind_of

SHIPPED = Path(__file__).parents[1] / "data" / "teaching"
START, END = pd.Timestamp("2023-07-01"), pd.Timestamp("2026-06-30")
WITHIN = 3  # standard errors; see above
OTHER_SEED = 24  # the next one after the shipped 23; any would do
FIRMS = ["business", "retailer", "wholesaler"]
NOT_RANDOMISED = "CAM06"


def firm(tables, truth, latent, answers, silent):
    """The tables, the orders with what they are worth, and the truth; as attributes. Surveys are those answered."""
    log, index = tables["transactions"], tables["price_index"]
    orders = log.groupby("order_id").agg(
        customer_id=("customer_id", "first"), day=("ordered_on", "first"), worth=("amount", "sum")
    )
    index = index.set_index(index["month"].dt.to_period("M"))["index"]
    orders["real"] = orders["worth"] / orders["day"].dt.to_period("M").map(index).astype(float)
    people = tables["customers"].set_index("customer_id")
    latent, answered = latent.set_index("customer_id"), set(answers["order_id"])
    asked = tables["surveys"].merge(silent, "left", on="survey_id")
    asked = asked.astype(dict.fromkeys(asked.select_dtypes("number"), float))
    told = asked[asked["answered_on"].notna()].reset_index(drop=True)
    return SimpleNamespace(
        **tables | {"surveys": told}, asked=asked, orders=orders.reset_index(), people=people, latent=latent,
        answered=answered, truth=truth, index=index,
    )  # fmt: skip


def shipped_firm():
    def read(name, kinds):
        path = SHIPPED / f"{name}.csv"
        columns = pd.read_csv(path, nrows=0).columns
        ids = {column: str for column in columns if column.endswith("_id") or column == "referred_by"}
        return pd.read_csv(path, dtype=ids, parse_dates=[column for column in columns if kinds(column) == "date"])

    tables = {name: read(name, lambda column, name=name: kind_of(name, column)) for name in TABLES if name != "totals"}
    latent = read("truth/customers", lambda column: "date" if column == "left_on" else "")
    truth = read_truth(SHIPPED / "truth" / "truth.toml")
    return firm(tables, truth, latent, read("truth/answers", str), read("truth/silent", str))


def other_firm(seed=OTHER_SEED):
    made = simulate(seed=seed)
    return firm(made.tables, made.truth, made.latent, made.answers, made.silent)


@pytest.fixture(scope="module")
def data():
    """The company as it is shipped."""
    return shipped_firm()


@pytest.fixture(scope="module", params=[shipped_firm, other_firm], ids=["shipped", "another seed"])
def either(request):
    """The company as it is shipped, and that of another seed."""
    return request.param()


def near(name, estimate, true, error):
    """Assert that an estimate is within so many standard errors of the truth."""
    z = (estimate - true) / error
    assert abs(z) < WITHIN, f"{name}: {estimate:.4g} +- {error:.2g}, but the truth is {true:.4g} (z {z:.1f})"


def near_share(name, flags, true):
    """The same for a share: flags are true or false, the error is the binomial one of the truth."""
    flags = np.asarray(flags, bool)
    near(name, flags.mean(), true, np.sqrt(true * (1 - true) / len(flags)))


def near_mean(name, values, true):
    values = np.asarray(values, float)
    near(name, values.mean(), true, values.std(ddof=1) / np.sqrt(len(values)))


def near_shares(name, values, shares):
    for value, share in shares.items():
        near_share(f"{name} {value}", np.asarray(values) == value, share)


def most_likely(minus_log, start):
    """Maximum-likelihood estimates and their errors, from the Hessian by central differences."""
    best = optimize.minimize(minus_log, start, method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-7}).x
    step = 1e-3 * np.maximum(np.abs(best), 0.1)
    n = len(best)
    hessian = np.empty((n, n))
    for i, j in itertools.product(range(n), repeat=2):
        a, b = np.eye(n)[i] * step[i], np.eye(n)[j] * step[j]
        corners = minus_log(best + a + b) - minus_log(best + a - b) - minus_log(best - a + b) + minus_log(best - a - b)
        hessian[i, j] = corners / (4 * step[i] * step[j])
    return best, np.sqrt(np.diag(np.linalg.inv(hessian)))


def difference(yes, no):
    """Difference of two shares and its error."""
    return yes.mean() - no.mean(), np.sqrt(yes.var(ddof=1) / len(yes) + no.var(ddof=1) / len(no))


# (a) Buying


def season_table(data, kinds):
    """Repeats, span and age in season days of the customers of these types.

    Orders in answer to campaigns are left out, for they come on top of the process, and customers whom a bad ticket
    drove away are observed until then only: neither is in BG/NBD.
    """
    orders = data.orders[~data.orders["order_id"].isin(data.answered)]
    orders = orders[orders["customer_id"].map(data.people["type"]).isin(kinds)]
    days = orders.drop_duplicates(["customer_id", "day"])
    moment = pd.Series(season_days(days["day"]), days.index).groupby(days["customer_id"]).agg(["min", "max", "count"])
    end = season_days([END])[0] + 0.5  # season_days is noon of the last day, the window its evening
    table = pd.DataFrame(
        {"repeats": moment["count"] - 1, "span": moment["max"] - moment["min"], "age": end - moment["min"]}
    )
    left = data.latent["left_on"].dropna()
    left = left[left.index.isin(table.index)]
    table.loc[left.index, "age"] = np.maximum(
        season_days(left) - moment.loc[left.index, "min"], table["span"][left.index]
    )
    return table


def test_fit_bg_nbd_finds_how_consumers_buy(either):
    model = fit_bg_nbd(season_table(either, ["consumer"]))
    for name in ["r", "alpha", "a", "b"]:
        near(name, getattr(model, name), getattr(either.truth, name), model.standard_errors[name])


def test_bg_nbd_on_plain_dates_and_all_orders_misleads(data):
    """What the corrections are for: a reader who skips them does not find the truth."""
    orders = data.orders[data.orders["customer_id"].map(data.people["type"]) == "consumer"]
    moment = orders.groupby("customer_id")["day"].agg(["min", "max", "nunique"])
    table = pd.DataFrame(
        {
            "repeats": moment["nunique"] - 1,
            "span": (moment["max"] - moment["min"]).dt.days,
            "age": (END - moment["min"]).dt.days,
        }
    )
    model = fit_bg_nbd(table)
    z = [
        (getattr(model, name) - getattr(data.truth, name)) / model.standard_errors[name]
        for name in ["r", "alpha", "a", "b"]
    ]
    assert max(np.abs(z)) > WITHIN


def test_the_rate_of_firms_is_the_consumers_times_a_factor(data):
    """BG/NBD likelihood (Fader, Hardie & Lee 2005, eq. 6) in the factor alone, all else as in the truth."""
    t = data.truth
    for kind in FIRMS:
        x, span, age = season_table(data, [kind]).to_numpy().T

        def minus_log(given, x=x, span=span, age=age):
            alpha = t.alpha / np.exp(given[0])
            both = gammaln(t.r + x) - gammaln(t.r) + t.r * np.log(alpha) - betaln(t.a, t.b)
            active = betaln(t.a, t.b + x) - (t.r + x) * np.log(alpha + age)
            gone = betaln(t.a + 1, t.b + np.maximum(x, 1) - 1) - (t.r + x) * np.log(alpha + span)
            return -(both + np.where(x > 0, np.logaddexp(active, gone), active)).sum()

        (log,), (error,) = most_likely(minus_log, np.array([0.1]))
        near(f"rate of {kind}", log, np.log(t.rate_by_type[kind]), error)


def test_second_orders_of_a_day_are_their_share(data):
    orders = data.orders[~data.orders["order_id"].isin(data.answered)]
    days, seconds = len(orders.drop_duplicates(["customer_id", "day"])), orders.duplicated(["customer_id", "day"]).sum()
    share = data.truth.second_order_share
    near("second orders", seconds / days, share, np.sqrt(share * (1 - share) / days))


def test_poisson_regression_finds_season_feasts_and_growth(data):
    """First orders of consumers by day: only these come as the season and growth say, whatever campaigns do."""
    from portfoy.simulate.days import KURBAN, RAMAZAN

    first = data.orders.groupby("customer_id")["day"].min()
    first = first[data.people.loc[first.index, "type"] == "consumer"]
    days = pd.date_range(START, END)
    counts = first.value_counts().reindex(days, fill_value=0)
    terms = pd.get_dummies(pd.Series(days.month, days), dtype=float)
    terms.columns = terms.columns.astype(str)
    for name, feasts, length in [("ramazan", RAMAZAN, 21), ("kurban", KURBAN, 14)]:
        before = [(days < feast) & (days >= feast - pd.Timedelta(days=length)) for feast in pd.to_datetime(feasts)]
        terms[name] = np.any(before, axis=0).astype(float)
    terms["years"] = np.arange(len(days)) / 365.25
    fit = sm.GLM(counts, terms, family=sm.families.Poisson()).fit()
    near("growth", fit.params["years"], np.log(1 + data.truth.growth), fit.bse["years"])
    near("ramazan", fit.params["ramazan"], np.log(data.truth.ramazan_lift), fit.bse["ramazan"])
    near("kurban", fit.params["kurban"], np.log(data.truth.kurban_lift), fit.bse["kurban"])
    factor = np.exp(fit.params.iloc[:12].to_numpy())
    part = factor / factor.sum()
    gradient = np.eye(12) - part  # of the log of a factor over the mean of all
    error = np.sqrt(np.diag(gradient @ fit.cov_params().to_numpy()[:12, :12] @ gradient.T))
    for month in range(12):
        near(f"month {month + 1}", np.log(12 * part[month]), np.log(data.truth.season[month]), error[month])


# (b) Spending


def test_fit_gamma_gamma_finds_how_customers_spend(data):
    """On all orders of a customer, in prices of the first month, the multipliers of the customer taken out."""
    real = data.orders["real"] / data.orders["customer_id"].map(data.latent["multiplier"])
    spend = real.groupby(data.orders["customer_id"]).agg(["count", "mean"])
    model = fit_gamma_gamma(pd.DataFrame({"repeats": spend["count"], "repeat_ticket": spend["mean"]}))
    for name in "pqv":
        near(name, getattr(model, name), getattr(data.truth, name), model.standard_errors[name])


def test_regression_finds_the_spend_of_types_incomes_and_regions(data):
    """Each customer's mean log spend, in prices of the first month, on what is known of them."""
    spend = np.log(data.orders["real"]).groupby(data.orders["customer_id"]).mean()
    people = data.people.loc[spend.index]
    kind = people["income_band"].where(people["type"] == "consumer", people["type"])
    terms = pd.get_dummies(
        pd.DataFrame({"kind": kind, "region": people["region"]}), prefix="", prefix_sep="", dtype=float
    )
    fit = sm.OLS(spend, sm.add_constant(terms.drop(columns=["middle", "Akdeniz"]))).fit()
    t = data.truth
    factors = t.spend_by_income | t.spend_by_type | t.spend_by_region
    for name in fit.params.index.drop("const"):
        near(f"spend of {name}", fit.params[name], np.log(factors[name]), fit.bse[name])


# (c) People and products


def bands(data, consumers):
    return np.select(
        [consumers["birth_year"] >= data.truth.young_from, consumers["birth_year"] <= data.truth.older_until],
        ["young", "older"],
        "middle",
    )


def test_people_are_as_the_truth_says(data):
    t, consumers = data.truth, data.people[data.people["type"] == "consumer"]
    near_shares("region", data.people["region"], t.region_shares)
    near_shares("income", consumers["income_band"], t.income_shares)
    near_share("female", consumers["gender"] == "female", t.female_share)
    near_share("prospects", ~consumers.index.isin(data.orders["customer_id"]), t.prospect_share)
    for band, shares in t.channel_by_age.items():
        near_shares(
            band,
            consumers["channel"][bands(data, consumers) == band],
            dict(zip(["shop", "online", "representative"], shares, strict=True)),
        )
    firms = data.people[data.people["type"] != "consumer"]
    near_shares(
        "firms", firms["channel"], dict(zip(["shop", "online", "representative"], t.channel_of_firms, strict=True))
    )


def test_a_censored_normal_finds_the_years_of_birth(data):
    """Years are kept within 1940 and 2005, so the first and the last stand for all beyond."""
    year = data.people["birth_year"].dropna().to_numpy(float)
    low, high = year.min(), year.max()
    inside = year[(year > low) & (year < high)]
    sample = stats.CensoredData(inside, left=year[year == low], right=year[year == high])
    mean, sd = stats.norm.fit(sample)
    near("year of birth", mean, data.truth.birth_year_mean, sd / np.sqrt(len(year)))
    # A little more than the error of a standard deviation without censoring, which is sd / sqrt(2 n).
    near("its spread", sd, data.truth.birth_year_sd, sd / np.sqrt(2 * len(inside)))


def test_firms_order_as_long_after_the_lead_as_the_truth_says(data):
    firms = data.people[(data.people["type"] != "consumer") & (data.people["joined_on"] < END - pd.Timedelta(days=90))]
    first = data.orders.groupby("customer_id")["day"].min().reindex(firms.index)
    assert first.notna().all()  # after 90 days, one in 8,000 has not ordered: exp(-90 / 10)
    wait = (first - firms["joined_on"]).dt.days
    near_mean("first order", wait, 1 / np.expm1(1 / data.truth.first_order_delay))  # mean in whole days, rounded down


def test_affinities_are_what_the_partner_adds_to_a_basket(data):
    lines = data.transactions[["order_id", "product_id"]]
    baskets = {name: set(group) for name, group in lines.groupby("product_id")["order_id"]}
    orders = lines["order_id"].nunique()
    for pair, strength in data.truth.affinities.items():
        one, other = (baskets[name] for name in pair.split())
        share = len(one & other) / len(one)
        base = len(other - one) / (orders - len(one))  # by itself, in the baskets without the first
        near(pair, (share - base) / (1 - base), strength, np.sqrt(share * (1 - share) / len(one)) / (1 - base))


def test_the_twelve_pairs_that_go_together_most_are_the_affinities(data):
    """Of all 7,140 pairs, by (seen - expected) / sqrt(expected), where expected takes two products as independent."""
    order, product = (pd.factorize(data.transactions[column], sort=True) for column in ["order_id", "product_id"])
    held = np.zeros((len(order[1]), len(product[1])))
    held[order[0], product[0]] = 1
    seen = held.T @ held
    expected = np.outer(np.diag(seen), np.diag(seen)) / len(held)
    first, second = np.triu_indices(len(seen), 1)
    excess = ((seen - expected) / np.sqrt(expected))[first, second]
    most = np.argsort(-excess)[: len(data.truth.affinities)]
    found = {frozenset(product[1][[first[k], second[k]]]) for k in most}
    assert found == {frozenset(pair.split()) for pair in data.truth.affinities}


def test_bass_p_q_and_m_are_found_from_first_purchases_by_week(data):
    """Poisson likelihood of weekly first purchases; F(t) is Bass (1969)."""
    t, log = data.truth, data.transactions
    launch = data.products.set_index("product_id").loc[t.bass_product, "launched_on"]
    assert launch == START + pd.Timedelta(days=round(t.bass_launch * (END - START).days))
    first = log[log["product_id"] == t.bass_product].groupby("customer_id")["ordered_on"].min()
    counts = np.bincount((first - launch).dt.days // 7, minlength=(END - launch).days // 7 + 1)
    months = 7 * np.arange(len(counts) + 1) / (365.25 / 12)

    def minus_log(given):
        p, q, m = np.exp(given)
        gone = np.exp(-(p + q) * months)
        expected = m * np.diff((1 - gone) / (1 + q / p * gone))
        return (expected - counts * np.log(expected)).sum()

    best, error = most_likely(minus_log, np.log([0.02, 0.3, 1.1 * len(first)]))
    for k, (name, true) in enumerate([("p", t.bass_p), ("q", t.bass_q), ("m", t.bass_share * len(data.people))]):
        near(name, best[k], np.log(true), error[k])
    year = data.people.loc[first.index, "birth_year"]
    young, older = (first[year >= t.young_from], first[year <= t.older_until])
    assert young.median() < older.median()  # bass_youth: the young come first
    later = log.merge(first.rename("adopted_on"), left_on="customer_id", right_index=True)
    later = later[later["ordered_on"] > later["adopted_on"]]
    near_share(
        "repeats", later.groupby("order_id")["product_id"].agg(lambda held: t.bass_product in set(held)), t.bass_repeat
    )


def test_costs_are_near_their_share_of_the_price(data):
    share = data.products["unit_cost"] / data.products["list_price"]
    for tier, true in data.truth.cost_share.items():
        near_mean(f"cost of {tier}", share[data.products["tier"] == tier], true)


# (d) Leads and marketing money


def test_logistic_regression_finds_what_wins_a_lead(data):
    t, closed = data.truth, data.leads[data.leads["outcome"] != "open"]
    terms = closed[list(t.win_by_feature)].astype(float).assign(const=1.0)
    for channel in list(t.win_by_channel)[1:]:
        terms[channel] = (closed["channel"] == channel).astype(float)
    fit = sm.Logit((closed["outcome"] == "won").astype(float), terms).fit(disp=0)
    truth = t.win_by_feature | t.win_by_channel | {"const": t.win_intercept}
    for name in terms:
        near(f"win by {name}", fit.params[name], truth[name], fit.bse[name])


def test_the_leak_looks_almost_perfect_and_says_nothing_of_open_leads(data):
    leads, closed = data.leads, data.leads["outcome"] != "open"
    won, leak = leads["outcome"] == "won", leads["engagement_contract_pages"]
    assert roc_auc_score(won[closed], leak[closed]) > 0.97
    honest = roc_auc_score(won[closed], leads.loc[closed, "engagement_visits"])
    assert 0.5 < honest < 0.75
    near_mean("pages of won leads", leak[won], data.truth.contract_pages["won"])
    near_mean("pages of lost leads", leak[closed & ~won], data.truth.contract_pages["lost"])
    near_mean("pages of open leads", leak[~closed], data.truth.contract_pages["open"])
    # So a model that learnt from it takes hardly an open lead for one to be won, though many will be.
    assert (leak[~closed] >= 2).mean() < 0.05


def test_leads_come_in_the_mix_of_the_truth_and_stop_where_it_says(data):
    t, leads = data.truth, data.leads
    assert len(leads) == round(t.leads_per_customer * len(data.people))
    near_shares("channel", leads["channel"], t.lead_shares)
    near_shares("type", leads["type"], t.firm_shares)
    lost = leads[leads["outcome"] == "lost"]
    last = np.select(
        [lost["proposed_on"].notna(), lost["qualified_on"].notna()], ["proposed", "qualified"], "contacted"
    )
    near_shares("lost after", last, t.lost_after)


def test_stages_last_as_long_as_the_truth_says(data):
    """Of leads created half a year before the end; by then all but a few per million are through: no censoring."""
    t, leads = data.truth, data.leads[data.leads["created_on"] < END - pd.Timedelta(days=181)]
    before = "created_on"
    for stage in ["contacted", "qualified", "proposed", "closed"]:
        days = (leads[f"{stage}_on"] - leads[before]).dt.days.dropna()
        near_mean(stage, days, t.stage_shape[stage] * t.stage_scale[stage])
        before = f"{stage}_on"


def real_spend(data, rows):
    """Money in prices of the first month, by channel and month."""
    spend = data.spend[rows]
    month = pd.PeriodIndex(spend["month"], freq="M")
    return pd.Series(spend["cost"].to_numpy() / data.index.loc[month].to_numpy(), [spend["channel"], month])


def test_a_lead_and_a_consumer_cost_what_the_truth_says(data):
    """Money of a month over those who came in it, in prices of the first month; the noise is of the logarithm."""
    t, real = data.truth, real_spend(data, data.spend["kind"] != "sales")
    consumers = data.people[data.people["type"] == "consumer"]
    noise = []

    def check(channel, came, true):
        each = np.log(real[channel] / came.dt.to_period("M").value_counts()).dropna()
        noise.extend(each - np.log(true))
        near(f"cost of {channel}", each.mean(), np.log(true), t.cost_noise / np.sqrt(len(each)))

    for channel, true in t.lead_cost.items():
        check(channel, data.leads.loc[data.leads["channel"] == channel, "created_on"], true)
    for channel, true in t.consumer_cost.items():
        check(channel, consumers.loc[consumers["channel"] == channel, "joined_on"], true)
    near("noise", np.std(noise), t.cost_noise, t.cost_noise / np.sqrt(2 * len(noise)))
    near_mean("television", real["television"] / len(data.people), t.brand_cost)


# (e) Campaigns


def randomised(data):
    contacts = data.contacts[data.contacts["campaign_id"] != NOT_RANDOMISED]
    return contacts.assign(
        persona=contacts["customer_id"].map(data.latent["persona"]), told=contacts["arm"] == "treatment"
    )


def test_the_difference_in_proportions_finds_the_effect_on_each_persona(either):
    t, contacts = either.truth, randomised(either)
    near_share("treated", contacts["told"], t.treated_share)
    implied = 0.0
    for k, persona in enumerate(["persuadable", "sure thing", "lost cause", "do-not-disturb"]):
        here = contacts[contacts["persona"] == persona]
        effect = t.response_treated[k] - t.response_control[k]
        estimate, error = difference(here.loc[here["told"], "responded"], here.loc[~here["told"], "responded"])
        near(persona, estimate, effect, error)
        near_share(f"{persona}, treated", here.loc[here["told"], "responded"], t.response_treated[k])
        near_share(f"{persona}, held out", here.loc[~here["told"], "responded"], t.response_control[k])
        implied += effect * len(here) / len(contacts)
    estimate, error = difference(
        contacts.loc[contacts["told"], "responded"], contacts.loc[~contacts["told"], "responded"]
    )
    near("all", estimate, implied, error)


def chosen(data):
    """Contacts of the campaign that was not randomised, and who of them bought in the 90 days before it."""
    starts = data.campaigns.set_index("campaign_id").loc[NOT_RANDOMISED, "starts_on"]
    last = data.orders[data.orders["day"] < starts].groupby("customer_id")["day"].max()
    contacts = data.contacts[data.contacts["campaign_id"] == NOT_RANDOMISED]
    recent = (starts - contacts["customer_id"].map(last)).dt.days <= 90
    return contacts.assign(recent=recent, told=contacts["arm"] == "treatment")


def test_the_campaign_that_was_not_randomised_misleads_by_what_the_truth_implies(either):
    """Recent buyers are told more often and respond more often anyway; the naive difference takes that for effect."""
    t, contacts = either.truth, chosen(either)
    recent = contacts["recent"].mean()
    among_told = t.chosen_recent * recent / (t.chosen_recent * recent + t.chosen_other * (1 - recent))
    among_others = (
        (1 - t.chosen_recent) * recent / ((1 - t.chosen_recent) * recent + (1 - t.chosen_other) * (1 - recent))
    )
    bias = (t.base_recent - t.base_other) * (among_told - among_others)
    naive, error = difference(contacts.loc[contacts["told"], "responded"], contacts.loc[~contacts["told"], "responded"])
    near("naive", naive, t.chosen_effect + bias, error)
    assert naive - t.chosen_effect > WITHIN * error  # so a reader who takes it for the effect is refuted
    assert bias > t.chosen_effect


def test_strata_recover_the_effect_of_the_campaign_that_was_not_randomised(either):
    t, contacts = either.truth, chosen(either)
    estimate = variance = 0.0
    for recent, here in contacts.groupby("recent"):
        near_share(f"told, recent {recent}", here["told"], t.chosen_recent if recent else t.chosen_other)
        near_share(
            f"base, recent {recent}", here.loc[~here["told"], "responded"], t.base_recent if recent else t.base_other
        )
        effect, error = difference(here.loc[here["told"], "responded"], here.loc[~here["told"], "responded"])
        estimate += effect * len(here) / len(contacts)
        variance += (error * len(here) / len(contacts)) ** 2
    near("strata", estimate, t.chosen_effect, np.sqrt(variance))


def test_the_share_of_the_truth_of_those_who_bought_lately_is_reached(data):
    """Of consumers with an order in the last 270 days (active_days) whom no bad ticket drives away meanwhile."""
    t, reached, able = data.truth, 0, 0
    consumers = data.people.index[data.people["type"] == "consumer"]
    for campaign in data.campaigns.itertuples():
        if campaign.campaign_id == NOT_RANDOMISED:
            continue
        before = data.orders[data.orders["day"] < campaign.starts_on].groupby("customer_id")["day"].max()
        active = before.index[before >= campaign.starts_on - pd.Timedelta(days=t.active_days)].intersection(consumers)
        contacted = data.contacts.loc[data.contacts["campaign_id"] == campaign.campaign_id, "customer_id"]
        assert contacted.isin(active).all()
        # A campaign takes 24 days: 3 of contact and 21 to answer. Who left over the answer itself had been reached.
        gone = data.latent["left_on"] <= campaign.starts_on + pd.Timedelta(days=24)
        able += len(active.difference(data.latent.index[gone]).union(contacted))
        reached += len(contacted)
    near("reach", reached / able, t.reach, np.sqrt(t.reach * (1 - t.reach) / able))


def test_personas_go_with_age_and_channel_as_the_truth_says(data):
    consumers = data.people[data.people["type"] == "consumer"]
    group = bands(data, consumers) + " " + consumers["channel"]
    persona = data.latent.loc[consumers.index, "persona"]
    names = ["persuadable", "sure thing", "lost cause", "do-not-disturb"]
    # Chi-square of all nine groups together; 0.0027 is the chance of |z| > 3.
    square = freedom = 0
    for name, shares in data.truth.persona_shares.items():
        counts = persona[group == name].value_counts().reindex(names, fill_value=0)
        square += stats.chisquare(counts, np.array(shares) * counts.sum()).statistic
        freedom += len(names) - 1
    assert stats.chi2.sf(square, freedom) > 0.0027


def test_who_responds_orders_within_three_weeks(data):
    """Answers are orders, so that the response can also be read off the log; a bad ticket may drive a few away."""
    answers = data.contacts[data.contacts["responded"]].merge(data.orders, on="customer_id")
    soon = (answers["day"] > answers["contacted_on"]) & (
        answers["day"] <= answers["contacted_on"] + pd.Timedelta(days=21)
    )
    assert soon.groupby([answers["campaign_id"], answers["customer_id"]]).any().mean() > 0.98


# (f) The club


def test_sbg_finds_the_churn_of_each_plan(data):
    """Shifted beta-geometric (Fader & Hardie 2007): the chance to leave in a month is beta(gamma, delta)."""
    club = data.subscriptions
    near_shares("plan", club["plan"], data.truth.plan_shares)
    stop = club["ended_on"].fillna(END)
    whole = 12 * (stop.dt.year - club["started_on"].dt.year) + stop.dt.month - club["started_on"].dt.month
    # A contract ends on the day it began on, at most the 28th; before that day the last month is not over.
    months = whole - (stop.dt.day < club["started_on"].dt.day.clip(upper=28))
    for plan in data.truth.plan_shares:
        here = club["plan"] == plan
        n, gone = months[here].to_numpy(), club.loc[here, "ended_on"].notna().to_numpy()

        def minus_log(given, n=n, gone=gone):
            gamma, delta = np.exp(given)
            return (
                betaln(gamma, delta) - np.where(gone, betaln(gamma + 1, delta + n - 1), betaln(gamma, delta + n))
            ).sum()

        best, error = most_likely(minus_log, np.log([1.0, 6.0]))
        near(f"{plan}: gamma", best[0], np.log(data.truth.churn_gamma[plan]), error[0])
        near(f"{plan}: delta", best[1], np.log(data.truth.churn_delta[plan]), error[1])


def test_the_club_is_joined_as_often_and_late_as_the_truth_says(data):
    t = data.truth
    first = data.orders.groupby("customer_id")["day"].min()
    # Two years after the first order all have joined who ever will, but one in 190,000: exp(-730 / 60).
    early = first[(data.people.loc[first.index, "type"] == "consumer") & (first < END - pd.Timedelta(days=730))]
    joined = data.subscriptions.set_index("customer_id")["started_on"].reindex(early.index)
    near_share("club", joined.notna(), t.club_share)
    near_mean("delay", (joined - early).dt.days.dropna(), 1 / np.expm1(1 / t.club_delay))  # in whole days, rounded down
    index = data.index.loc[data.subscriptions["started_on"].dt.to_period("M")].to_numpy()
    fee = data.subscriptions["plan"].map(t.plan_fee) * index
    assert data.subscriptions["monthly_fee"].to_numpy() == pytest.approx(fee.to_numpy(), abs=0.0051)


# (g) Tickets


def test_tickets_are_as_the_truth_says(data):
    t, tickets = data.truth, data.tickets
    near(
        "tickets",
        len(tickets) / len(data.orders),
        t.ticket_share,
        np.sqrt(t.ticket_share * (1 - t.ticket_share) / len(data.orders)),
    )
    near_share("complaints", tickets["is_complaint"], t.complaint_share)
    near_share("first contact", tickets["touches"] == 1, t.first_contact)
    old = tickets[tickets["opened_on"] < END - pd.Timedelta(days=120)]  # whose reopening, if any, is in the data
    near_share("reopened", old["reopened_on"].notna(), t.reopened_share)


def test_a_lognormal_in_whole_days_finds_the_time_to_resolve(data):
    t, old = data.truth, data.tickets[data.tickets["opened_on"] < END - pd.Timedelta(days=120)]
    days = (old["resolved_on"] - old["opened_on"]).dt.days.to_numpy()
    slow = (old["touches"] > 1).to_numpy()

    def minus_log(given):
        middle, spread = given[0] + slow * given[1], np.exp(given[2])
        below = [stats.norm.cdf((np.log(np.maximum(days + k, 1e-12)) - middle) / spread) for k in (0, 1)]
        return -np.log(below[1] - below[0]).sum()

    best, error = most_likely(minus_log, np.array([1.0, 0.5, 0.0]))
    truth = {"median": t.resolution_median, "slow factor": t.slow_factor, "sigma": t.resolution_sigma}
    for k, (name, true) in enumerate(truth.items()):
        near(name, best[k], np.log(true), error[k])


def test_a_bad_ticket_drives_away_the_share_of_the_truth(data):
    """Bad: a complaint not resolved at first contact, which is chance. Those gone over it never order again.

    Others stop too: with share s of them, the effect is (bad - s) / (1 - s).
    """
    tickets = data.tickets
    bad = tickets["is_complaint"] & (tickets["touches"] > 1)
    silent = tickets["customer_id"].map(data.orders.groupby("customer_id")["day"].max()) <= tickets["opened_on"]
    one, other = silent[bad], silent[~bad]
    s, effect = other.mean(), (one.mean() - other.mean()) / (1 - other.mean())
    error = np.hypot(
        np.sqrt(one.var() / len(one)) / (1 - s), np.sqrt(other.var() / len(other)) * (1 - one.mean()) / (1 - s) ** 2
    )
    near("bad ticket", effect, data.truth.bad_ticket_effect, error)


# (h) Surveys and ratings


def answers(data):
    """Surveys with the customer's type and the answer: 0 promoter, 1 passive, 2 detractor."""
    kind = data.surveys["customer_id"].map(data.people["type"])
    return data.surveys.assign(
        kind=kind, answer=np.select([data.surveys["nps"] >= 9, data.surveys["nps"] >= 7], [0, 1], 2)
    )


def test_the_raw_nps_is_off_by_what_the_response_implies(either):
    t, back = either.truth, np.array(either.truth.answers_back)
    for kind, here in answers(either).groupby("kind"):
        shares = np.array(t.answer_by_type[kind]) * back
        promoters, _, detractors = shares / shares.sum()
        score = 100.0 * (1 - here["answer"])
        error = 100 * np.sqrt((promoters + detractors - (promoters - detractors) ** 2) / len(here))
        near(f"raw NPS of {kind}", score.mean(), 100 * (promoters - detractors), error)


def test_weights_of_one_over_the_response_recover_the_nps(either):
    t = either.truth
    told = answers(either)
    for kind, here in told.groupby("kind"):
        score, weight = 1 - here["answer"].to_numpy(), 1 / np.array(t.answers_back)[here["answer"]]
        nps = (weight * score).sum() / weight.sum()
        error = np.sqrt((weight**2 * (score - nps) ** 2).sum()) / weight.sum()
        promoters, _, detractors = t.answer_by_type[kind]
        near(f"NPS of {kind}", 100 * nps, 100 * (promoters - detractors), 100 * error)
    consumers = told[told["kind"] == "consumer"]
    raw = 100 * (1 - consumers["answer"])
    promoters, _, detractors = t.answer_by_type["consumer"]
    # Promoters answer more often, so the raw score of consumers is too good, by more than chance.
    assert raw.mean() - 100 * (promoters - detractors) > 2 * raw.std() / np.sqrt(len(raw))


def test_as_many_answer_as_are_invited_and_willing(data):
    t = data.truth
    asked = [day for day in pd.date_range(START, END) if day.day == 15 and day.month % 3 == 0]
    expected = variance = 0.0
    for day in asked:
        recent = data.orders[(data.orders["day"] < day) & (data.orders["day"] >= day - pd.Timedelta(days=180))]
        for kind, count in data.people.loc[recent["customer_id"].unique(), "type"].value_counts().items():
            share = t.invited_share * np.dot(t.answer_by_type[kind], t.answers_back)
            expected += count * share
            variance += count * share * (1 - share)
    near("answers", len(data.surveys), expected, np.sqrt(variance))


def test_expectation_and_gap_are_found_by_attribute(data):
    t, told = data.truth, answers(data)
    shift = np.array([t.performance_shift[name] for name in ["promoter", "passive", "detractor"]])
    for name in t.gap:
        expected, performed = told[f"expectation_{name}"], told[f"performance_{name}"]
        near_mean(f"expectation of {name}", expected, t.expectation[name])
        near_mean(f"gap in {name}", performed - expected - shift[told["answer"]], t.gap[name])
        for k, who in [(0, "promoters"), (2, "detractors")]:
            estimate, error = difference(performed[told["answer"] == k], performed[told["answer"] == 1])
            near(f"{who} on {name}", estimate, shift[k], error)


def test_the_share_of_wallet_is_found_by_type(data):
    t, told = data.truth, answers(data)
    both = data.orders.merge(told[["customer_id", "answered_on", "survey_id"]], on="customer_id")
    year = (both["day"] <= both["answered_on"]) & (both["day"] > both["answered_on"] - pd.Timedelta(days=365))
    own = told["survey_id"].map(both[year].groupby("survey_id")["worth"].sum())
    ratio = told["category_spend"] / own
    for kind, true in t.wallet_share.items():
        near_mean(f"wallet of {kind}", ratio[told["kind"] == kind], 1 / true)
    noise = np.log(ratio * told["kind"].map(t.wallet_share))
    near("noise", noise.std(), t.wallet_noise, t.wallet_noise / np.sqrt(2 * len(noise)))


def test_ratings_lie_where_the_brands_stand_on_the_map(data):
    t = data.truth
    cells = data.ratings.pivot_table(index="brand", columns="attribute", values="rating", aggfunc="mean")
    place, loading = (pd.DataFrame(given).T for given in (t.brand_positions, t.attribute_loadings))
    true = 3 + (place @ loading.T).loc[cells.index, cells.columns]
    assert data.ratings["customer_id"].nunique() == t.raters
    assert np.corrcoef(cells.to_numpy().ravel(), true.to_numpy().ravel())[0, 1] > 0.99
    centred = cells - cells.mean()
    strength = np.linalg.svd(centred, compute_uv=False) ** 2
    assert strength[:2].sum() / strength.sum() > 0.97  # two dimensions, as in the truth


# (i) Columns that came later: each family gives (name, estimate, truth, standard error) of its numbers


def share_rows(name, values, shares):
    for value, true in shares.items():
        yield f"{name}: {value}", (np.asarray(values) == value).mean(), true, np.sqrt(true * (1 - true) / len(values))


def education(data):
    """Shares by age band and income."""
    t, consumers = data.truth, data.people[data.people["type"] == "consumer"]
    for (band, income), here in consumers.groupby([bands(data, consumers), "income_band"]):
        shares = dict(zip(["primary", "secondary", "university"], t.education_shares[f"{band} {income}"], strict=True))
        yield from share_rows(f"{band} {income}", here["education"], shares)


def causes(data):
    """Shares by plan, of those who left."""
    gone = data.subscriptions.dropna(subset="ended_on")
    for plan, shares in data.truth.ended_because.items():
        yield from share_rows(plan, gone.loc[gone["plan"] == plan, "ended_because"], shares)


def responses(data):
    """Shares of the answers, given or not, and how many of each were given."""
    t, asked = data.truth, data.asked
    given = np.select([asked["nps"] >= 9, asked["nps"] >= 7], ["promoter", "passive"], "detractor")
    answer = asked["answer"].where(asked["answer"].notna(), given)
    kind = asked["customer_id"].map(data.people["type"])
    for name, shares in t.answer_by_type.items():
        shares = dict(zip(["promoter", "passive", "detractor"], shares, strict=True))
        yield from share_rows(name, answer[kind == name], shares)
    for name, true in zip(["promoter", "passive", "detractor"], t.answers_back, strict=True):
        back = asked.loc[answer == name, "answered_on"].notna()
        yield f"{name}s who answer", back.mean(), true, np.sqrt(true * (1 - true) / len(back))


def invitations(data):
    """The share of those who bought in the 180 days before that is asked."""
    able = 0
    for day in data.asked["invited_on"].unique():
        recent = (data.orders["day"] < day) & (data.orders["day"] >= day - pd.Timedelta(days=180))
        able += data.orders.loc[recent, "customer_id"].nunique()
    true = data.truth.invited_share
    yield "invited", len(data.asked) / able, true, np.sqrt(true * (1 - true) / able)


def efforts(data):
    """Means by the last ticket opened by the day of the answer."""
    both = data.surveys[["survey_id", "customer_id", "answered_on", "effort"]].merge(data.tickets, on="customer_id")
    both = both[both["opened_on"] <= both["answered_on"]].sort_values("ticket_id")  # ids are in order of date
    touches = data.surveys["survey_id"].map(both.groupby("survey_id")["touches"].last())
    for name, rows in {"none": touches.isna(), "first": touches == 1, "more": touches > 1}.items():
        effort = data.surveys.loc[rows, "effort"]
        yield f"effort {name}", effort.mean(), data.truth.effort[name], effort.std(ddof=1) / np.sqrt(len(effort))


def replies(data):
    """Lognormal in whole days; a reply on the day of the resolution may be the resolution itself (censored)."""
    t, tickets = data.truth, data.tickets
    yield from share_rows("channel", tickets["channel"], t.ticket_channels)
    old = tickets[tickets["opened_on"] < END - pd.Timedelta(days=120)]  # all replied to
    days = (old["first_reply_on"] - old["opened_on"]).dt.days.to_numpy()
    itself = (old["first_reply_on"] == old["resolved_on"]).to_numpy()
    channels = list(t.reply_median)
    which = pd.Index(channels).get_indexer(old["channel"])

    def minus_log(given):
        middle, spread = np.asarray(given[:-1])[which], np.exp(given[-1])
        below = [stats.norm.cdf((np.log(np.maximum(days + k, 1e-12)) - middle) / spread) for k in (0, 1)]
        return -np.log(np.where(itself, 1 - below[0], below[1] - below[0])).sum()

    best, error = most_likely(minus_log, np.array([0.1, 0.5, 0.9, -0.2]))
    for k, name in enumerate(channels):
        yield f"reply by {name}", best[k], np.log(t.reply_median[name]), error[k]
    yield "reply, sigma", best[-1], np.log(t.reply_sigma), error[-1]


def sales(data):
    """Money of a month over the leads contacted in it, in prices of the first month."""
    t, real = data.truth, real_spend(data, data.spend["kind"] == "sales")
    for channel, true in t.sales_cost.items():
        month = data.leads.loc[data.leads["channel"] == channel, "contacted_on"].dropna().dt.to_period("M")
        each = np.log(real[channel] / month.value_counts())
        assert each.notna().all()  # money where somebody was contacted, and nowhere else
        yield f"sales by {channel}", each.mean(), np.log(true), t.cost_noise / np.sqrt(len(each))


def referrers(data):
    """Conditional logit (McFadden 1974): each referred lead chose among those who had bought before it."""
    t, leads = data.truth, data.leads[data.leads["channel"] == "referral"].dropna(subset="referred_by")
    number, firms = data.people.index.get_indexer, (data.people["type"] != "consumer").to_numpy()
    bought, buyer = (data.orders["day"] - START).dt.days.to_numpy(), number(data.orders["customer_id"])
    told, teller = (data.surveys["answered_on"] - START).dt.days.to_numpy(), number(data.surveys["customer_id"])
    chosen, counts = [], []
    for day, here in leads.groupby((leads["created_on"] - START).dt.days):
        last, nps = np.full(len(firms), -1), np.zeros(len(firms))
        np.maximum.at(last, buyer[bought < day], bought[bought < day])
        nps[teller[told < day]] = data.surveys["nps"].to_numpy()[told < day]  # by date, so that the last one stays
        cell = 4 * firms + 2 * (last >= day - t.refer_days) + (nps >= 9)
        chosen.extend(cell[number(here["referred_by"])])
        counts.extend([np.bincount(cell[last >= 0], minlength=8)] * len(here))
    terms = np.array(list(itertools.product([0, 1], repeat=3)), float)  # firm, active, promoter of each cell
    chosen, counts = np.array(chosen), np.array(counts)

    def minus_log(given):
        score = terms @ given
        return (np.log(counts @ np.exp(score)) - score[chosen]).sum()

    best, error = most_likely(minus_log, np.array([1.0, 1.0, 0.5]))
    for k, name in enumerate(["firm", "active", "promoter"]):
        yield f"refers: {name}", best[k], np.log(t.refer_factor[name]), error[k]


FAMILIES = [education, causes, responses, invitations, efforts, replies, sales, referrers]


@pytest.mark.parametrize("family", FAMILIES)
def test_the_later_columns_are_as_the_truth_says(data, family):
    for row in family(data):
        near(*row)


@pytest.mark.study
def test_each_number_of_the_later_columns_is_within_two_errors_on_8_of_10_seeds():
    off = []
    for seed in range(1, 11):
        data = other_firm(seed)
        off += [name for family in FAMILIES for name, estimate, true, error in family(data)
                if abs(estimate - true) > 2 * error]  # fmt: skip
    missed = pd.Series(off).value_counts()
    assert missed.max() <= 2, missed.head()
