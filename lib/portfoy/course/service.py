"""The second company of the course: a paid service, simulated by the preset ``subscription``, and its truth."""

from functools import cache

import pandas as pd

from portfoy.course.lessons import Truth
from portfoy.customers import to_frame
from portfoy.firm import Firm
from portfoy.monitoring.months import monthly
from portfoy.monitoring.rates import running_on

SEED = 23


@cache
def _made():
    from portfoy.simulate.presets import subscription

    return subscription(seed=SEED)


@cache
def paid_service():
    """The Firm of a service with contracts in three plans, on 30 June 2026."""
    tables = {name: table for name, table in _made().tables.items() if len(table)}
    firm = Firm.of(as_of=pd.Timestamp("2026-06-30"), currency="TRY", **tables)
    firm.worked["truth"] = Truth(None, None, None, None, parameters=planted())
    return firm


def planted_churn():
    """The churn that is true of the paid service: ``year_from``, ``plan``, ``contracts``, ``churn`` in that year."""
    return _made().hidden["churn"]


def planted():
    """What the simulation of the paid service was told: ``churn`` by plan a month, ``break_month`` and the rest."""
    return _made().truth


def two_years():
    """Contracts of the paid service that ran when its first or second year began: ``year``, ``plan``, ``lost``."""
    contracts, years = to_frame(paid_service().tables.subscriptions), []
    for year, day in {"first": "2023-06-30", "second": "2024-06-30"}.items():
        start = pd.Timestamp(day)
        runs = running_on(contracts, start)
        years.append(runs.assign(year=year, lost=runs["ended_on"] <= start + pd.DateOffset(years=1)))
    return pd.concat(years, ignore_index=True)


def contract_months():
    """Contracts of the paid service by month: ``running`` when it began, ``begun`` and ``ended`` in it, ``fees``."""
    return _months().copy()


@cache
def _months():
    return monthly(paid_service())["contracts"].loc["2023-07":].to_timestamp().rename_axis("month")
