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
        Mistake(never[listed].mean(), _("This counts only the customer list. The leads are people known too.")),
        Mistake(per_buyer, _("This divides by the customers who bought. Below the line stand all people known.")),
        Mistake(1 - never.mean(), _("This is the share of known people who have bought: the others are asked for.")),
        Mistake(never.sum(), _("This is how many never bought. As a share it has to be divided by all people known.")),
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
        Mistake(by_orders, _("Here those with the most orders are taken. Those with the most margin are asked for.")),
        Mistake(by_revenue, _("Here those with the most revenue are taken. Those with the most margin are asked for.")),
        Mistake(of_revenue, _("This is the share of the revenue. Asked for is margin: what the cost of goods leaves.")),
        Mistake(smallest, _("These are the smallest fifth: the customers were sorted the other way round.")),
        Mistake(100 * _held(known, "margin"), _("This is in per cent. A share lies between 0 and 1.")),
    ]


def _regions(desk):
    """Revenue of the customers whose region is known, with the region."""
    customers = with_traits(desk.customers, desk.people)
    if "region" not in customers or customers["region"].nunique() < 2:
        text = _("portfolio-3: the customers have no region; two regions at least are needed. Add them to customers.")
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
        Mistake(1.0, _("Shares always add up to 1. Square each of them first, then add up.")),
        Mistake(of_customers, _("These are shares of the customers. Asked for are each region's of the revenue.")),
        Mistake(by_customer, _("This is the index customer by customer. Add the revenue up by region first.")),
        Mistake(1 / right, _("This is how many equal regions would be as concentrated. Stop a step earlier.")),
        Mistake(10_000 * right, _("This is the index of shares in per cent, up to 10,000. We write it from 0 to 1.")),
        Mistake(largest, _("This is the share of the largest region. The index takes all, each share squared.")),
    ]


def _a_year_ago(desk):
    """The customers of a year ago, and whether each had bought in the year before that and has since."""
    ago = months_before(desk.day, 12)
    then, since = customer_table(desk.log, as_of=ago), desk.customers[desk.customers["last_order"] > ago]
    active, lost = then["idle"] < 365, ~then["customer_id"].isin(since["customer_id"])
    if not active.any():
        text = _("portfolio-5: nobody bought in the 365 days before the last twelve months. Take a longer history.")
        raise DataError(text)
    return active, lost


def _churn(desk):
    active, lost = _a_year_ago(desk)
    return (active & lost).sum() / active.sum()


def _churn_mistakes(desk):
    active, lost = _a_year_ago(desk)
    stayed, gone, today = (active & ~lost).sum(), (active & lost).sum(), len(desk.customers)
    return [
        Mistake(stayed / active.sum(), _("This is the retention rate: those who stayed. Churn counts the others.")),
        Mistake(lost.mean(), _("This counts those gone for long as lost again. Only those active at first can be.")),
        Mistake(gone / len(active), _("Below the line stand all who ever bought. Only those active at first belong.")),
        Mistake(gone / today, _("Below the line stand the customers of today, with those won since the start.")),
        Mistake(gone, _("This is how many were lost. The rate divides by those active at the start.")),
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
        Mistake(last - first, _("These are differences: they cannot be multiplied to the growth of revenue.")),
        Mistake(factors - 1, _("These are changes, 0.1 for a tenth more. A factor is 1.1 for a tenth more.")),
        Mistake(1 / factors, _("These are upside down: the later year is divided by the earlier one.")),
        Mistake(per_customer, _("The ticket is revenue per purchase; here the revenue was divided by the customers.")),
        Mistake(all_bought, _("Frequency is purchases per customer; here all purchases stand beside all purchases.")),
        Mistake(last, _("These are the figures of the later year alone: divide them by those of the earlier one.")),
    ]


EXERCISES = [
    Exercise(
        id="portfolio-1",
        reference=lambda desk: _never_bought(desk).mean(),
        hints=lambda: [
            _("Who is everyone? The table `people` has one row per person known, customers and leads alike."),
            _("Find the people whose `person_id` stands nowhere in `customers`: that table holds all who bought."),
            _("The mean of a column of true and false is the share of true: take it over all rows of `people`."),
        ],
        mistakes=_never_mistakes,
        praise=lambda: _("So large a part of those we know is potential: acquisition, the second phase, begins here."),
    ),
    Exercise(
        id="portfolio-2",
        reference=lambda desk: _held(_with_margin(desk), "margin"),
        hints=lambda: [
            _("Two steps: who are the largest fifth, and what do they hold of the whole?"),
            _("How many are a fifth? The number of customers divided by five with `//`, which rounds down."),
            _("`nlargest` takes the rows with the largest margin; add up their margin and divide by that of all rows."),
        ],
        mistakes=_held_mistakes,
        praise=lambda: _("Were all alike, the largest fifth would hold a fifth: all above that is concentration."),
    ),
    Exercise(
        id="portfolio-3",
        reference=lambda desk: _hhi(_regions(desk).groupby("region")["revenue"].sum()),
        hints=lambda: [
            _("Follow the five customers by hand: shares first, then squares, then the sum. Here a part is a region."),
            _("`firm.recent(months=0)` has the region beside each customer; group by it and add up the revenue."),
            _("Divide each region's revenue by the sum over regions, square the shares, add the squares up."),
        ],
        mistakes=_hhi_mistakes,
        praise=lambda: _("One over it is how many regions of equal size would carry the same risk of losing one."),
    ),
    Exercise(
        id="portfolio-4",
        reference=_factors,
        hints=lambda: [
            _("Work out the three figures for each of the two years first, from `latest` and from `previous`."),
            _("Customers are rows; frequency is all purchases by customers; ticket is all revenue by purchases."),
            _("Divide each figure of `latest` by that of `previous`. Multiplied, they give the growth of revenue."),
        ],
        mistakes=_factor_mistakes,
        praise=lambda: _("The three multiply to the growth of revenue, so we see which of them carried it."),
    ),
    Exercise(
        id="portfolio-5",
        reference=_churn,
        hints=lambda: [
            _("Say first who can be lost at all: those who were buying when the year began."),
            _("In `then`, `idle` is as of the start: below 365 days means active. No purchase since means lost."),
            _("In `customers`, a `last_order` after `year_ago` means bought since: which active ones have none?"),
        ],
        mistakes=_churn_mistakes,
        praise=lambda: _("Lost over active at the start, the window said: only so can two firms' churn be compared."),
    ),
]
