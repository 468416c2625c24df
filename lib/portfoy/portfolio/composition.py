"""Who the customers are: how the base and its revenue divide by what is known of them."""

import pandas as pd

from portfoy.errors import DataError, need_columns, positive_total
from portfoy.locale import _
from portfoy.people import TRAITS, index_table, level_groups

MOST = 8  # levels of a trait that keep their name


def composition_table(customers, traits=None, *, value=None, confidence=0.95):
    """How the base divides by what is known of the customers, and which part of it brings how much.

    Parameters
    ----------
    customers : DataFrame, one row per customer, with traits joined by `with_traits`
        Needs ``revenue``; ``margin`` where it is known.
    traits : list of columns, optional
        The default is every trait that is there but interests, of which one customer may have several.
    value : LifetimeValue of the same customers, optional
        Adds what each level is expected to bring.
    confidence : of the index, default 0.95

    Returns
    -------
    DataFrame, one row per trait and level
        ``trait`` the column; ``level`` as stored: the one with the largest revenue first, ages from the youngest, at
        most eight by name, then "all others" and "not known"; ``customers``; ``customer_share`` 0-1; ``revenue`` money;
        ``revenue_share`` 0-1; ``margin`` money, of the customers whose margin is known, ``margin_rate`` of their
        revenue, both missing where there is none; with `value` ``expected_value`` money, with ``expected_value_low``
        and ``expected_value_high``; ``index`` revenue per customer, the base is 100, with ``index_low`` and
        ``index_high`` (`people.index_table`). The base is everyone, those whose level is not known included.

    Raises
    ------
    DataError : there is no trait, or not the one asked for; the total revenue is not above zero.
    """
    need_columns(customers, ["revenue"], "composition")
    positive_total(customers["revenue"], "revenue")
    value = value and value.of(customers)
    parts = [_divided(customers, trait, value, confidence) for trait in _known_traits(customers, traits)]
    return pd.concat(parts, ignore_index=True)


def _known_traits(customers, traits):
    there = [trait for trait in TRAITS if trait in customers and customers[trait].notna().any()]
    if traits is None:
        traits = [trait for trait in there if trait != "interests"]
    unknown = [trait for trait in traits if trait not in customers]
    if unknown:
        raise DataError(
            _("composition: there is no column {unknown}; the traits there are: {there}. Choose among these.").format(
                unknown=", ".join(f"'{name}'" for name in unknown), there=", ".join(there) or _("none")
            )
        )
    if not traits:
        raise DataError(
            _(
                "composition: nothing is known of the customers but what they bought; one trait at least is needed. "
                "Add a table customers with type, region, birth_year, gender, income_band or channel."
            )
        )
    return traits


def _divided(customers, trait, value, confidence):
    groups, names = level_groups(customers, trait, most=MOST)
    known = customers["margin"].notna() if "margin" in customers else pd.Series(False, customers.index)
    margin = customers["margin"].where(known) if known.any() else customers["revenue"] * float("nan")
    sums = pd.DataFrame(
        {"revenue": customers["revenue"], "margin": margin, "valued": customers["revenue"].where(known)}
    )
    sums = sums.groupby(groups).sum(min_count=1)
    index = index_table(customers["revenue"], groups, confidence=confidence)
    table = pd.DataFrame({"trait": trait, "level": names, "customers": index["customers"]})
    table["customer_share"] = table["customers"] / len(customers)
    table["revenue"], table["revenue_share"] = sums["revenue"], sums["revenue"] / sums["revenue"].sum()
    table["margin"], table["margin_rate"] = sums["margin"], sums["margin"] / sums["valued"].where(sums["valued"] > 0)
    if value is not None:
        worth = ["expected_value", "expected_value_low", "expected_value_high"]
        table[worth] = value.by(groups.rename("level")).set_index("level")[worth]
    return table.assign(**index[["index", "index_low", "index_high"]])
