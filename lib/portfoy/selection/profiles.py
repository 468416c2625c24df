"""What each group of customers is like and what it is worth: profiles beside the base, cards."""

import numpy as np
import pandas as pd

from portfoy.errors import need_columns, positive_total
from portfoy.intervals import corrected, on_logs
from portfoy.people import EVERYONE, TRAITS, index_table, level_groups
from portfoy.rows import find_rows, with_ids

FALSE_SHARE = 0.05  # of the lines of a kind, on all cards together, that may be chance
NOTABLE = 1.1  # a difference smaller than a tenth is not worth a line, however certain
EXPECTED = 5  # customers of a level that a group must let expect before it is tested (Cochran 1954)
CATEGORIES = 12  # product categories looked at, the largest by revenue
BUYING = {  # way of buying, as stored -> amount, and what it is divided by where that is not the customers
    "purchases per customer": ("purchases", None),
    "revenue per purchase": ("revenue", "purchases"),
    "days since last purchase": ("idle", None),
    "revenue per customer": ("revenue", None),
}


def profile_table(customers, *, by="segment", confidence=0.95):
    """Each group of customers beside the base: how large it is, and what it brings per customer.

    `customers` need `by`, ``revenue`` and ``purchases``; ``margin`` where it is known. Gives a DataFrame, one row per
    group as `level_groups` puts them, the base last: ``group``; ``customers``; ``customer_share``, ``revenue_share``
    0-1; ``revenue_each``, ``margin_each`` money per customer (margin over those whose margin is known); ``ticket``
    revenue per purchase; ``purchases`` per customer; and ``index_revenue``, ``index_margin``, ``index_ticket``,
    ``index_purchases``: 100 x the group's figure / that of the base, with bounds (`people.index_table`). DataError
    where a column is missing, nobody is there, or the total revenue is not above zero.
    """
    need_columns(customers, [by, "revenue", "purchases"], "cards")
    positive_total(customers["revenue"], "revenue")
    groups, names = level_groups(customers, by)
    table = customers[["revenue", "purchases"]].assign(margin=customers.get("margin", np.nan), customers=1)
    everyone = pd.Series(0, customers.index)
    rows = pd.concat([_figures(table, codes) for codes in (groups, everyone)], ignore_index=True)
    rows.insert(0, "group", [*names, EVERYONE])
    figures = {"revenue": "revenue_each", "margin": "margin_each", "ticket": "ticket", "purchases": "purchases"}
    for name, column in figures.items():
        base = rows[column].iloc[-1]
        rows[f"index_{name}"] = 100 * rows[column] / base if base > 0 else np.nan
    for name in figures:
        amount, per = (table["revenue"], table["purchases"]) if name == "ticket" else (table[name], None)
        index = index_table(amount, groups, per=per, confidence=confidence)
        rows[f"index_{name}_low"], rows[f"index_{name}_high"] = index["index_low"], index["index_high"]
    return rows


def _figures(table, groups):
    """What `profile_table` says of each group but for its index."""
    grouped = table.groupby(groups)
    sums = grouped.sum()
    rows = pd.DataFrame({"customers": sums["customers"], "customer_share": sums["customers"] / len(table)})
    rows["revenue_share"] = sums["revenue"] / table["revenue"].sum()
    rows["revenue_each"], rows["margin_each"] = sums["revenue"] / sums["customers"], grouped["margin"].mean()
    rows["ticket"] = sums["revenue"] / sums["purchases"].where(sums["purchases"] > 0)
    rows["purchases"] = sums["purchases"] / sums["customers"]
    return rows


def profile_cards(customers, *, by="segment", most=4, categories=None, confidence=0.95):
    """What sets each group of customers apart from the base: who they are, how they buy, what they buy.

    A level of a trait, a way of buying or a product category is on a card only where the group differs from the others
    by a tenth or more and by more than chance: the method of Benjamini and Hochberg keeps the false ones among those of
    a kind below 5 % on average. Of each kind at `most` so many lines are kept, those farthest from the base.
    `categories`, as from `category_table`, add those on which a group spends more or less.

    Gives a DataFrame, one row per line of a card (one with a missing ``trait`` for a group with nothing to tell):
    ``group``, in the order of `level_groups`; ``customers``, ``customer_share`` 0-1, ``revenue_share`` 0-1 of the
    group; ``kind`` "trait", "buying" or "category"; ``trait``, ``level`` as stored; ``share`` of the group's customers
    whose trait is known, or of its money for a category, and ``base_share``, 0-1; ``average``, ``base_average`` per
    customer (or per purchase) for ways of buying; ``index`` 100 x group / base with ``index_low`` and ``index_high``;
    ``p_value`` two-sided, before the correction. DataError as `profile_table`.

    Traits: Pearson's chi-square of 2 x 2, where at least 5 are expected in each cell (Cochran 1954, Biometrics 10,
    417-451); ways of buying and categories: Welch's test (`people.index_table`). Benjamini & Hochberg (1995), JRSS B
    57(1), 289-300.
    """
    need_columns(customers, [by, "revenue", "purchases"], "cards")
    total = positive_total(customers["revenue"], "revenue")
    groups, names = level_groups(customers, by)
    lines = [
        _trait_lines(customers, groups, trait, confidence)
        for trait in TRAITS
        if trait in customers and trait != by and customers[trait].notna().any()
    ]
    lines += _buying_lines(customers, groups, confidence) + _category_lines(customers, groups, categories, confidence)
    lines = pd.concat(lines, ignore_index=True).dropna(subset="p_value")
    lines = lines[lines.groupby("kind")["p_value"].transform(corrected) <= FALSE_SHARE]
    far = np.log(lines["index"].clip(lower=1) / 100).abs()
    lines = lines.assign(far=far)[far >= np.log(NOTABLE)].sort_values(["far", "level"], ascending=[False, True])
    lines = lines.groupby(["code", "kind"], sort=False).head(most)
    cards = pd.DataFrame({"group": names, "customers": groups.value_counts().sort_index()})
    cards["customer_share"] = cards["customers"] / len(customers)
    cards["revenue_share"] = customers["revenue"].groupby(groups).sum() / total
    cards = cards.merge(lines, left_index=True, right_on="code", how="left")
    kinds = cards["kind"].map({"trait": 0, "buying": 1, "category": 2})
    cards = cards.assign(place=kinds).sort_values(["code", "place", "index"], ascending=[True, True, False])
    figures = ["share", "base_share", "average", "base_average", "index", "index_low", "index_high", "p_value"]
    columns = ["group", "customers", "customer_share", "revenue_share", "kind", "trait", "level", *figures]
    return cards.reindex(columns=columns).reset_index(drop=True)


def _trait_lines(customers, groups, trait, confidence):
    """Each group and level of a trait: how many of the group's customers have it, against the base."""
    from scipy.special import ndtr

    known = customers[trait].notna()
    counts = pd.DataFrame({"code": groups, "level": customers[trait].astype("str")})[known].value_counts().reset_index()
    if trait == "interests":
        parts = [list(dict.fromkeys(map(str.strip, text.split(";")))) for text in counts["level"]]
        counts = counts.assign(level=parts).explode("level").query("level != ''")
    cells = counts.pivot_table(index="code", columns="level", values="count", aggfunc="sum", fill_value=0)
    lines = cells.stack().rename("count").reset_index()
    n, size = known.sum(), lines["code"].map(groups[known].value_counts())
    share, base = lines["count"] / size, lines["level"].map(cells.sum()) / n
    expected = np.minimum(size, n - size) * np.minimum(base, 1 - base)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (share - base) * np.sqrt(size / (base * (1 - base) * (1 - size / n)))
        error = np.sqrt((1 - share) / (size * share) - 2 * (1 - share) / (n * base) + (1 - base) / (n * base))
        low, high = on_logs(100 * share / base, error, confidence)
    two = len(cells.columns) == 2  # the one level says what the other does
    shown = (expected >= EXPECTED) & ~(two & (share < base))
    return pd.DataFrame(
        {
            "code": lines["code"], "kind": "trait", "trait": trait,
            "level": lines["level"], "share": share, "base_share": base, "index": 100 * share / base,
            "index_low": low, "index_high": high, "p_value": 2 * ndtr(-z.abs()),
        }
    )[shown]  # fmt: skip


def _buying_lines(customers, groups, confidence):
    lines = []
    for level, (amount, per) in BUYING.items():
        if amount in customers:
            per = customers[per] if per else None
            index = index_table(customers[amount], groups, per=per, confidence=confidence)
            lines.append(_lines(index, "buying", "buying", level))
    return lines


def _category_lines(customers, groups, categories, confidence):
    """For each of the largest categories the share of a group's money that goes to it."""
    if categories is None or categories.empty:
        return []
    place = find_rows(with_ids(customers, "cards"), categories, "cards")
    spent = categories[place >= 0].assign(place=place[place >= 0])
    largest = spent.groupby("category")["revenue"].sum().nlargest(CATEGORIES)

    def each(rows):
        return pd.Series(np.bincount(rows["place"], rows["revenue"], minlength=len(customers)), customers.index)

    everything, lines = each(spent), []
    for category in largest.index:
        index = index_table(each(spent[spent["category"] == category]), groups, per=everything, confidence=confidence)
        index = index.rename(columns={"average": "share", "base_average": "base_share"})
        lines.append(_lines(index, "category", "category", category))
    return lines


def _lines(index, kind, trait, level):
    enough = (index["customers"] >= EXPECTED) & (index["customers"].sum() - index["customers"] >= EXPECTED)
    return index.assign(code=index.index, kind=kind, trait=trait, level=level)[enough].drop(columns="customers")
