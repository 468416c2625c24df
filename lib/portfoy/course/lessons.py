"""The sittings there are, their exercises and worked solutions, and the truth behind the data they use."""

import json
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd

from portfoy.customers import margin_rate
from portfoy.errors import DataError
from portfoy.source.address import locate
from portfoy.words.stages import STAGES

SITTINGS = {  # id -> name: notebooks/solutions/<id>_<name>.ipynb, exercises in sittings/<name>.py, quizzes/<id>.toml
    "0a": "who_we_know",
    "0b": "how_much_rests_on_few",
    "0c": "growth_and_churn",
    "0d": "judging",
    "1a": "rfm",
    "1b": "profit_and_value",
    "1c": "campaigns",
    "1d": "groups_and_maps",
    "1e": "launch",
    "2a": "channels",
    "2b": "funnel_and_cycle",
    "2c": "payback",
    "3a": "cohorts_and_churn",
    "3b": "how_long",
    "3c": "satisfaction_and_service",
    "3d": "expected_and_got",
    "4a": "what_goes_together",
    "4b": "who_is_moved",
    "5a": "bridge_and_prices",
    "5b": "alarms",
    "6a": "the_brief",
    "6b": "the_figures",
    "6c": "the_decision",
}
CAPSTONE = ("6a", "6b", "6c")  # a company of one's own; no stage of the lifecycle, but all of them
WORKED = Path(__file__).with_name("worked.json")  # written by `portfoy lessons build` from the solutions


def stem(sitting):
    """The name of a sitting's notebook, without its suffix."""
    return f"{sitting}_{SITTINGS[sitting]}"


def stage_of(sitting):
    """The stage of the lifecycle that a sitting belongs to; None for one of the capstone, which belongs to all."""
    return None if sitting in CAPSTONE else STAGES[int(sitting[0])]


def sitting_of(name):
    """A sitting's id, whether its id is given or that of one of its exercises; None where there is none."""
    found = str(name).partition("-")[0]
    return found if found in SITTINGS else None


def exercises_of(sitting):
    """The exercises of a sitting in their order, id -> Exercise."""
    module = import_module(f"portfoy.course.sittings.{SITTINGS[sitting]}")
    return {one.id: one for one in module.EXERCISES}


@cache
def worked():
    """Exercise -> its ``task``, the ``code`` that solves it, and the ``names`` that the answer is given by."""
    return json.loads(WORKED.read_text("utf-8"))


def solutions():
    """Sitting -> solution notebook, in the order of the course; those that exist."""
    return _notebooks("notebooks/solutions")


def editions():
    """Sitting -> student edition, in the order of the course; those that exist."""
    return _notebooks("notebooks/lessons")


def _notebooks(folder):
    try:
        folder = locate(folder)
    except DataError:
        return {}
    paths = {sitting: folder / f"{stem(sitting)}.ipynb" for sitting in SITTINGS}
    return {sitting: path for sitting, path in paths.items() if path.exists()}


def about(path):
    """What a sitting says of itself: title, question, objectives with their exercises, needs; see CONTRIBUTING."""
    return json.loads(Path(path).read_text("utf-8"))["metadata"]["portfoy"]


@dataclass(frozen=True)
class Truth:
    """What is true of a simulated company, and what no firm would know; a table it lacks is None.

    ``customers`` one row per customer: ``rate`` purchases a day while active, ``stop`` probability to leave after a
    purchase, ``mean_order`` money, ``multiplier`` of the mean order by income and region, ``persona``, ``active`` on
    the last day, ``left_on``; ``answers`` orders that answered a campaign; ``affinities`` pairs of products that are
    bought together; ``contacts`` of a company of the preset "campaigns", the probability of an answer with and without
    each contact, ``p_treated`` and ``p_control``; ``parameters`` all that the simulation was told.
    """

    customers: pd.DataFrame | None
    answers: pd.DataFrame | None
    affinities: pd.DataFrame | None
    contacts: pd.DataFrame | None
    parameters: dict

    def p_win(self, leads):
        """The chance of each lead to be won, by what the simulation was told; on the index of the leads."""
        odds = self.parameters["win_intercept"] + leads["channel"].map(self.parameters["win_by_channel"])
        for name, weight in self.parameters["win_by_feature"].items():
            odds = odds + weight * leads[name]
        return 1 / (1 + np.exp(-odds))

    def win_cost(self, firm, leads):
        """What a won customer truly costs by channel of the leads: money at the firm's prices, sales work included."""
        each = pd.Series(self.parameters["lead_cost"]) + pd.Series(self.parameters["sales_cost"])
        price = firm.prices.factors(pd.Series([self.parameters["start"]])).iloc[0]
        return price * each / self.p_win(leads).groupby(leads["channel"]).mean()

    def coming(self, firm, *, days=365):
        """Margin truly to be expected of each customer of a firm in so many days: money, on ``firm.customers``' index.

        Who is active buys ``rate`` times a day and leaves with probability ``stop`` after each purchase, so within t
        days buys (1 - exp(-rate stop t)) / stop times; who has left buys no more. At the firm's prices and its margin
        on average; feasts, campaigns and complaints are left out.
        """
        own = self.customers.set_index("customer_id").reindex(firm.customers["customer_id"])
        stop = own["stop"].clip(lower=1e-9)
        purchases = -np.expm1(-own["rate"] * stop * days) / stop * own["active"].eq(True)
        price = firm.prices.factors(pd.Series([self.parameters["start"]])).iloc[0]
        money = purchases * own["mean_order"] * own["multiplier"] * price * margin_rate(firm.customers)
        return money.set_axis(firm.customers.index).rename("coming")


def truth(where):
    """The Truth of a simulated company, given as its Firm or its folder, or None where there is none.

    It is that of the last day of the data: a Firm that stands on an earlier day has none.
    """
    if known := getattr(where, "worked", {}).get("truth"):
        return known
    folder, day = (where.tables.where, where.as_of) if hasattr(where, "tables") else (where, None)
    try:
        folder = locate(str(folder)) / "truth"
    except DataError:
        return None
    if not (folder / "truth.toml").is_file():
        return None
    parameters = tomllib.loads((folder / "truth.toml").read_text("utf-8"))
    if day is not None and f"{day:%Y-%m-%d}" != parameters["end"]:
        return None
    tables = {name: _table(folder, name) for name in ("customers", "answers", "affinities", "contacts")}
    return Truth(**tables, parameters=parameters)


def _table(folder, name):
    ids = {"customer_id": "str", "order_id": "str", "campaign_id": "str", "product_a": "str", "product_b": "str"}
    if (folder / f"{name}.csv").is_file():
        table = pd.read_csv(folder / f"{name}.csv", dtype=ids)
    elif parts := sorted((folder / name).glob("*.parquet")) if (folder / name).is_dir() else []:
        table = pd.concat([pd.read_parquet(part) for part in parts], ignore_index=True)
    else:
        return None
    dates = {column: pd.to_datetime(table[column]) for column in table if column.endswith("_on")}
    return table.assign(**dates)
