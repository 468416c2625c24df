"""Everyone known by a date, one row per person: customers, buyers that no list names, and leads; with their traits."""

import numpy as np
import pandas as pd

from portfoy.customers import as_table, resolve_as_of, to_frame
from portfoy.intervals import t_value
from portfoy.rows import find_rows, with_ids

TRAITS = ["type", "age_band", "gender", "region", "income_band", "channel", "interests"]
AGE_BANDS = ["under 25", "25-34", "35-44", "45-54", "55-64", "65 and over"]
OTHERS, NOT_KNOWN, EVERYONE = "all others", "not known", "all customers"  # levels and groups, as stored
AGES = (10, 110)  # years; a birth year that makes somebody younger or older is taken for a slip
DATES = {"joined_on", "created_on", "closed_on"}


def people_table(tables, *, as_of=None):
    """Everyone known by a date: one row per person, whether customer, buyer or lead; customers first, by ``person_id``.

    A lead that became a customer and that customer are one person, and keep one `person_id` from the first day. Those
    who bought but stand in no customer list are added. A lead is still open on a day before the day it was closed. Who
    came after `as_of` (by default the last date) is not seen; ages are those of its year.

    ``person_id`` customer_id, or lead_id for a lead that became no customer ("lead 17" where a customer has that
    number); ``customer_id`` text, missing for those who are leads on the day; ``known_as`` "customer" or "lead";
    ``known_on`` date: joined_on, else created_on of the lead, never after the first order, missing where none is known;
    ``lead_outcome`` "open" or "lost", missing for customers and where a closed lead tells no outcome; and of the traits
    those that the tables have: ``type``, ``age_band`` (ordered, of `AGE_BANDS`), ``gender``, ``region``,
    ``income_band``, ``channel`` (where customers buy, so missing for leads), ``interests`` (words joined by ";"). Its
    ``attrs`` count what was left out: ``duplicates``
    further rows of a customer_id, and ``unnamed_wins`` won leads without one, who are customers already under a name we
    cannot tell. DataError where the log has no rows, or lacks a column. Without a log `as_of` is needed.
    """
    log = None if tables.transactions is None else as_table(tables.transactions)
    as_of = pd.Timestamp(as_of) if log is None else resolve_as_of(log, as_of)
    listed = _read(tables.customers, ["customer_id", "joined_on", "birth_year", *TRAITS]).dropna(subset="customer_id")
    leads = _leads(tables.leads, as_of)
    everyone, duplicates = _everyone(listed, _first_orders(log, tables), leads)
    buyers = _customers(everyone, as_of)
    others = _others(leads, everyone, buyers, as_of)
    people = pd.concat([buyers, others], ignore_index=True)
    people = _with_age_bands(people, as_of).astype({"customer_id": "str", "lead_outcome": "str"})
    columns = ["person_id", "customer_id", "known_as", "known_on", "lead_outcome"]
    people = people[[*columns, *(trait for trait in TRAITS if trait in people and people[trait].notna().any())]]
    unnamed = leads["won"] & leads["customer_id"].isna() & (leads["created_on"] <= as_of)
    people.attrs = {"duplicates": duplicates, "unnamed_wins": int(unnamed.sum())}
    return people


def with_traits(customers, people):
    """A customer table with the traits of its customers from a `people_table` beside it; the index and the order stay.

    Traits are missing where a customer's are not known. `customers` needs ``customer_id``.
    """
    traits = [trait for trait in TRAITS if trait in people]
    known = people.dropna(subset="customer_id").reset_index(drop=True)
    place = find_rows(known, with_ids(customers, "with_traits"), "with_traits")
    known = known[traits].reindex(place).set_axis(customers.index)
    return customers.assign(**known)


def with_type(listed, people):
    """A list of customers with the ``type`` of each from a `people_table` beside the id, where it is known of some."""
    types = with_traits(listed, people).get("type")
    if types is not None and types.notna().any():
        listed = listed.drop(columns="type", errors="ignore")
        listed.insert(1, "type", types)
    return listed


def _read(table, columns):
    """Those of the columns that a table has, in pandas; ids as text, dates as dates."""
    if table is None:
        return pd.DataFrame({name: pd.Series(dtype="str") for name in columns if name.endswith("_id")})
    found = [name for name in columns if name in table.columns]
    frame = table[found].copy() if isinstance(table, pd.DataFrame) else to_frame(table.select(found))
    for name in found:
        if name in DATES:
            frame[name] = pd.to_datetime(frame[name]).astype("datetime64[us]")
        elif name != "birth_year":
            frame[name] = frame[name].astype("str")
    return frame


def _first_orders(log, tables):
    """Series customer_id -> day of the first sale in the whole log, so that who buys later is not known before.

    Where there is no log, as the totals have it.
    """
    if log is None and tables.totals is not None:
        first = to_frame(tables.totals.select("customer_id", day="first_order"))
        return first.astype({"customer_id": "str"}).set_index("customer_id")["day"].astype("datetime64[us]")
    if log is None:
        return pd.Series(dtype="datetime64[us]", index=pd.Index([], dtype="str"), name="day")
    sales = log.filter(log.amount >= 0)
    first = to_frame(sales.group_by("customer_id").agg(day=sales.ordered_on.min())).dropna(subset="customer_id")
    return first.astype({"customer_id": "str"}).set_index("customer_id")["day"].astype("datetime64[us]")


def _leads(table, as_of):
    """Leads, one row each, with ``won`` (by the day) and ``lead_outcome`` on the day."""
    traits = [trait for trait in TRAITS if trait != "channel"]  # a lead's channel is where it came from
    columns = ["lead_id", "customer_id", "created_on", "closed_on", "outcome", "birth_year", *traits]
    leads = _read(table, columns).dropna(subset="lead_id").drop_duplicates("lead_id")
    told = "outcome" in leads
    for name in ["customer_id", "created_on", "closed_on", "outcome"]:
        if name not in leads:
            leads[name] = pd.Series(None, leads.index, dtype="datetime64[us]" if name in DATES else "str")
    outcome = leads["outcome"].str.lower()
    outcome = outcome.mask(outcome.isna() & leads["customer_id"].notna(), "won")
    closed = leads["closed_on"].notna()
    outcome = outcome.mask(outcome.isna() & closed, None if told else "lost")
    over = ~(leads["closed_on"] > as_of)
    ended = (over & (outcome == "lost")).map({True: "lost", False: "open"})
    return leads.assign(won=over & (outcome == "won"), lead_outcome=ended.mask(over & closed & outcome.isna()))


def _everyone(listed, first, leads):
    """All who ever are customers, by customer_id, with what is known of their dates; and the rows that repeat one."""
    unique = listed.drop_duplicates("customer_id").set_index("customer_id")
    named = leads.dropna(subset="customer_id").sort_values(["won", "created_on"], ascending=[False, True])
    named = named.drop_duplicates("customer_id").set_index("customer_id")
    everyone = unique.reindex(unique.index.union(first.index).union(named.index).sort_values())
    if "joined_on" not in everyone:
        everyone["joined_on"] = pd.Series(pd.NaT, everyone.index, dtype="datetime64[us]")
    everyone["listed"], everyone["first_order"] = _among(everyone.index, unique.index), first
    everyone["created_on"], everyone["won"] = named["created_on"], _among(everyone.index, named.index[named["won"]])
    everyone["won_on"] = named["closed_on"].fillna(named["created_on"]).where(named["won"])
    for trait in [*TRAITS, "birth_year"]:
        if trait in named:
            everyone[trait] = everyone[trait].fillna(named[trait]) if trait in everyone else named[trait]
    return everyone, len(listed) - len(unique)


def _customers(everyone, as_of):
    """Of everyone, those who are customers by the day: they joined, bought or were won; or no date says otherwise."""
    since = everyone[["joined_on", "first_order"]].min(axis=1).fillna(everyone["won_on"])
    found = everyone[(since <= as_of) | (since.isna() & (everyone["listed"] | everyone["won"]))]
    known_on = found["joined_on"].fillna(found["created_on"]).to_frame("known_on").assign(first=found["first_order"])
    return found.assign(
        person_id=found.index, customer_id=found.index, known_as="customer", known_on=known_on.min(axis=1),
        lead_outcome=pd.Series(None, found.index, dtype="str"),
    )  # fmt: skip


def _others(leads, everyone, customers, as_of):
    """Leads known by the day who are no customers on it; of several leads of one person the open one counts."""
    known = leads[~(leads["created_on"] > as_of) & ~_among(leads["customer_id"], customers.index) & ~leads["won"]]
    alone = known["lead_id"].mask(_among(known["lead_id"], everyone.index), "lead " + known["lead_id"])
    known = known.assign(person_id=known["customer_id"].fillna(alone), known_as="lead")
    known = known.sort_values(["person_id", "lead_outcome", "created_on"], ascending=[True, False, True])
    known["known_on"] = known.groupby("person_id")["created_on"].transform("min")
    return known.drop_duplicates("person_id").drop(columns=["won", "customer_id"])


def _among(ids, index):
    """Which ids are in an index; `isin` takes ten times as long for text."""
    return index.get_indexer(ids) >= 0


def _with_age_bands(people, as_of):
    if "birth_year" not in people:
        return people.drop(columns="age_band", errors="ignore")
    age = as_of.year - pd.to_numeric(people["birth_year"], errors="coerce")
    return people.assign(age_band=age_bands(age))


def age_bands(years):
    """The one of `AGE_BANDS` that each age in years is in, missing where it is not credible."""
    edges = [AGES[0], 25, 35, 45, 55, 65, AGES[1] + 1]
    return pd.cut(years, edges, right=False, labels=AGE_BANDS, ordered=True)


def level_groups(customers, column, *, most=None):
    """Customers in the groups that a column makes: a number each, and the names of the groups.

    `customers` needs ``revenue`` and the `column`, one with few different values, such as a trait or "segment"; with
    `most`, so many groups keep their name and the others become one. Gives a Series on the index of `customers`,
    counted from 0, and the list of names. They stand in the order of the column where it has one (a Categorical of at
    most `most`), else the one with the largest revenue first; `OTHERS` and `NOT_KNOWN` come last. Names are as stored;
    `said_as` says them.
    """
    values = customers[column]
    ordered = isinstance(values.dtype, pd.CategoricalDtype) and (most is None or values.nunique() <= most)
    values = values.cat.remove_unused_categories() if ordered else values.astype("str").astype("category")
    codes, names = values.cat.codes.to_numpy(int), values.cat.categories.to_list()
    if not ordered:
        revenue = np.bincount(codes + 1, customers["revenue"].fillna(0), minlength=len(names) + 1)[1:]
        place = np.argsort(-revenue, kind="stable")
        names, codes = [names[old] for old in place], np.append(np.argsort(place), -1)[codes]
    names = [str(name) for name in names]
    if most is not None and len(names) > most:
        codes, names = np.minimum(codes, most), [*names[:most], OTHERS]
    if (codes < 0).any():
        codes, names = np.where(codes < 0, len(names), codes), [*names, NOT_KNOWN]
    return pd.Series(codes, customers.index), names


def index_table(amount, groups, *, per=None, confidence=0.95):
    """Index numbers: what each group has per customer, or per something else, where the whole base is 100.

    `amount` is one number per customer (who has none is left out), `groups` group numbers from 0 as from
    `level_groups`, `per` what the sum of `amount` is divided by, else the number of customers: Series on one index.
    Gives a DataFrame, one row per group number: ``customers`` with an amount; ``average`` sum of `amount` / sum of
    `per`; ``base_average`` the same for all; ``index`` 100 x average / base_average, with ``index_low`` and
    ``index_high``; ``p_value`` two-sided, of the group having the average of the others. Missing where there is too
    little to tell.

    Customers are seen as a sample of those the firm could have. With the residuals e = amount - average x per, the
    variance of the index is that of a ratio of two ratios of the same sample (Taylor linearisation; Wolter 2007,
    Introduction to Variance Estimation, ch. 6), the group being part of the base. The interval is symmetric in the
    logarithm and uses Student's t with customers - 1 degrees of freedom; a few very large customers make it too narrow.
    The test is Welch's (1947).
    """
    from scipy.special import stdtr

    per = amount.notna() * 1.0 if per is None else per
    known = (amount.notna() & per.notna()).to_numpy()
    top, bottom, code = (values.to_numpy(float)[known] for values in (amount, per, groups))
    code, size = code.astype(int), int(groups.max()) + 1 if len(groups) else 0

    def total(values):
        return np.bincount(code, values, minlength=size)

    n, tops, bottoms = np.bincount(code, minlength=size), total(top), total(bottom)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        rate, base = tops / bottoms, np.divide(top.sum(), bottom.sum()) if bottom.sum() > 0 else np.nan
        index = rate / base if base > 0 else np.full(size, np.nan)
        own, common = top - rate[code] * bottom, top - base * bottom
        to_rate, to_base = bottom.sum() / (bottoms * top.sum()), index / top.sum()
        inside = (
            to_rate**2 * total(own**2) - 2 * to_rate * to_base * total(own * common) + to_base**2 * total(common**2)
        )
        outside = to_base**2 * ((common**2).sum() - total(common**2))
        error = np.sqrt(np.maximum(inside * n / (n - 1) + outside, 0))
        low, high = _around(index, error, n, confidence)
        t, freedom = _welch(n, total(common), total(common**2), len(top), common.sum(), (common**2).sum())
        p_value = 2 * stdtr(freedom, -np.abs(t))
    table = pd.DataFrame({"customers": n, "average": rate, "base_average": base})
    return table.assign(index=100 * index, index_low=100 * low, index_high=100 * high, p_value=p_value)


def _around(index, error, n, confidence):
    """Bounds of an index, symmetric in its logarithm where it has one; missing for a group of one."""
    half = np.where(n > 1, t_value(confidence, n - 1) * error, np.nan)
    factor = np.exp(half / index)
    low, high = np.where(index > 0, index / factor, index - half), np.where(index > 0, index * factor, index + half)
    return low, high


def _welch(n, total, squares, all_n, all_total, all_squares):
    """Welch's t and degrees of freedom of each group against the others, from counts, sums and sums of squares."""
    m = all_n - n
    mean, other = total / n, (all_total - total) / m
    part = (squares - n * mean**2) / (n - 1) / n
    rest = (all_squares - squares - m * other**2) / (m - 1) / m
    return (mean - other) / np.sqrt(part + rest), (part + rest) ** 2 / (part**2 / (n - 1) + rest**2 / (m - 1))
