"""Exercises of lesson 0, the portfolio: who is known, how much rests on a few, who leaves, what growth is made of."""

import numpy as np
import pandas as pd

from portfoy.course.exercise import Exercise, Mistake
from portfoy.customers import customer_table, months_before, recent_table
from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.people import with_traits


def _never_bought(desk):
    """Whether each known person never bought, in the order of the people."""
    buyers = pd.Index(desk.customers["customer_id"])
    return buyers.get_indexer(desk.people["person_id"]) < 0


def _never_mistakes(desk):
    never, listed = _never_bought(desk), (desk.people["known_as"] == "customer").to_numpy()
    per_buyer = never.sum() / len(desk.customers)
    return [
        Mistake(never[listed].mean(), _("Leads are people known, too.")),
        Mistake(per_buyer, _("Below the line stand all people known.")),
        Mistake(1 - never.mean(), _("This is the share who have bought.")),
        Mistake(never.sum(), _("This is how many; divide by all people known.")),
    ]


def _with_margin(desk):
    """Customers whose margin is known."""
    known = desk.customers.dropna(subset="margin")
    if len(known) < 5 or known["margin"].sum() <= 0:
        text = _("portfolio-2: {n} customers have a known margin; 5, above zero in sum, are needed. Add unit costs.")
        raise DataError(text.format(n=len(known)))
    return known


def _held(customers, ranked_by, counted="margin"):
    """Share of the total that the largest fifth of customers hold."""
    fifth = customers.nlargest(len(customers) // 5, ranked_by)
    return fifth[counted].sum() / customers[counted].sum()


def _held_mistakes(desk):
    known = _with_margin(desk)
    smallest = known.nsmallest(len(known) // 5, "margin")["margin"].sum() / known["margin"].sum()
    by_orders, by_revenue, of_revenue = (
        _held(known, *columns) for columns in (["orders"], ["revenue"], ["revenue", "revenue"])
    )
    return [
        Mistake(by_orders, _("These have most orders, not most margin.")),
        Mistake(by_revenue, _("These have most revenue, not most margin.")),
        Mistake(of_revenue, _("This is the share of revenue, not of margin.")),
        Mistake(smallest, _("This is the smallest fifth: sort the other way.")),
        Mistake(100 * _held(known, "margin"), _("This is in per cent; a share is from 0 to 1.")),
    ]


def _regions(desk):
    """Revenue of the customers whose region is known, with the region."""
    customers = with_traits(desk.customers, desk.people)
    if "region" not in customers or customers["region"].nunique() < 2:
        text = _("portfolio-3: customers need at least two regions. Add them to customers.")
        raise DataError(text)
    return customers.dropna(subset="region")


def _hhi(parts):
    return float(((parts / parts.sum()) ** 2).sum())


def _hhi_mistakes(desk):
    customers = _regions(desk)
    revenue = customers.groupby("region")["revenue"].sum()
    right, largest = _hhi(revenue), float(np.max(revenue / revenue.sum()))
    of_customers, by_customer = _hhi(customers["region"].value_counts()), _hhi(customers["revenue"])
    return [
        Mistake(1.0, _("Square each share first, then add up.")),
        Mistake(of_customers, _("These are shares of customers, not of revenue.")),
        Mistake(by_customer, _("Add the revenue up by region first.")),
        Mistake(1 / right, _("This is how many equal regions there would be. Stop a step earlier.")),
        Mistake(10_000 * right, _("This index is of per cents; ours is from 0 to 1.")),
        Mistake(largest, _("The index takes all regions, squared.")),
    ]


def _a_year_ago(desk):
    """The customers of a year ago, and whether each had bought in the year before that and has since."""
    ago = months_before(desk.day, 12)
    then, since = customer_table(desk.log, as_of=ago), desk.customers[desk.customers["last_order"] > ago]
    active, lost = then["idle"] < 365, ~then["customer_id"].isin(since["customer_id"])
    if not active.any():
        text = _("portfolio-5: nobody bought in the year before the last. Take a longer history.")
        raise DataError(text)
    return active, lost


def _churn(desk):
    active, lost = _a_year_ago(desk)
    return (active & lost).sum() / active.sum()


def _churn_mistakes(desk):
    active, lost = _a_year_ago(desk)
    stayed, gone, today = (active & ~lost).sum(), (active & lost).sum(), len(desk.customers)
    return [
        Mistake(stayed / active.sum(), _("This is who stayed; churn counts the others.")),
        Mistake(lost.mean(), _("Only those active at first can be lost.")),
        Mistake(gone / len(active), _("Below the line belong only those active at first.")),
        Mistake(gone / today, _("Below the line stand today's customers, not those of then.")),
        Mistake(gone, _("This is how many; divide by those active at the start.")),
    ]


def _parts(customers):
    """Customers, purchases per customer and revenue per purchase: their product is the revenue."""
    purchases, revenue = customers["purchases"].sum(), customers["revenue"].sum()
    return pd.Series(
        {"customers": len(customers), "frequency": purchases / len(customers), "ticket": revenue / purchases}
    )


def _two_years(desk):
    ago = months_before(desk.day, 12)
    now = recent_table(desk.customers, desk.log, months=12, as_of=desk.day)
    before = recent_table(customer_table(desk.log, as_of=ago), desk.log, months=12, as_of=ago)
    return now, before


def _factors(desk):
    now, before = _two_years(desk)
    return _parts(now) / _parts(before)


def _factor_mistakes(desk):
    now, before = _two_years(desk)
    last, first = _parts(now), _parts(before)
    factors, bought = last / first, now["purchases"].sum() / before["purchases"].sum()
    per_customer = factors.where(factors.index != "ticket", now["revenue"].mean() / before["revenue"].mean())
    all_bought = factors.where(factors.index != "frequency", bought)
    return [
        Mistake(last - first, _("These are differences; divide instead.")),
        Mistake(factors - 1, _("These are changes; a factor is 1.1 for a tenth more.")),
        Mistake(1 / factors, _("Upside down: divide the later year by the earlier.")),
        Mistake(per_customer, _("The ticket is revenue per purchase.")),
        Mistake(all_bought, _("Frequency is purchases per customer.")),
        Mistake(last, _("This is the later year alone: divide by the earlier.")),
    ]


EXERCISES = [
    Exercise(
        id="portfolio-1",
        reference=lambda desk: _never_bought(desk).mean(),
        hints=lambda: [
            _("A row of `people` is a person known, customer or lead."),
            _("Whose `person_id` is not in `customers`, which holds all who bought?"),
            _("The mean of true and false over `people` is the share."),
        ],
        mistakes=_never_mistakes,
        praise=lambda: _("So many are potential: acquisition begins here."),
    ),
    Exercise(
        id="portfolio-2",
        reference=lambda desk: _held(_with_margin(desk), "margin"),
        hints=lambda: [
            _("Who are the largest fifth, and what do they hold?"),
            _("A fifth: the number of customers divided by five with `//`."),
            _("`nlargest` by margin; its sum over that of all rows."),
        ],
        mistakes=_held_mistakes,
        praise=lambda: _("Were all alike, a fifth would hold a fifth: the rest is concentration."),
    ),
    Exercise(
        id="portfolio-3",
        reference=lambda desk: _hhi(_regions(desk).groupby("region")["revenue"].sum()),
        hints=lambda: [
            _("As by hand: shares, squares, sum. A part is a region."),
            _("`firm.recent(months=0)` has each customer's region; add revenue up by it."),
            _("Divide each region's revenue by the sum, square, add up."),
        ],
        mistakes=_hhi_mistakes,
        praise=lambda: _("One over it: so many equal regions would carry the same risk."),
    ),
    Exercise(
        id="portfolio-4",
        reference=_factors,
        hints=lambda: [
            _("First the three figures of each year, `latest` and `previous`."),
            _("Customers are rows; frequency is all purchases by customers; ticket all revenue by purchases."),
            _("Divide each figure of `latest` by that of `previous`."),
        ],
        mistakes=_factor_mistakes,
        praise=lambda: _("They multiply to the growth of revenue: we see which carried it."),
    ),
    Exercise(
        id="portfolio-5",
        reference=_churn,
        hints=lambda: [
            _("Who can be lost? Those buying when the year began."),
            _("In `then`, `idle` below 365 means active; no purchase since, lost."),
            _("A `last_order` in `customers` after `year_ago` means bought since: which active ones have none?"),
        ],
        mistakes=_churn_mistakes,
        praise=lambda: _("Lost over active at the start, and the window said: so two firms compare."),
    ),
]
