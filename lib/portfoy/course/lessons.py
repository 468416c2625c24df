"""The lessons there are, and the truth behind the data they use."""

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from portfoy.errors import DataError
from portfoy.source.address import locate

LESSONS = {"portfolio": (0, "0_portfolio"), "selection": (1, "1_selection")}


def solutions():
    """Phase -> solution notebook, in the order of the course; those that exist."""
    return _notebooks("notebooks/solutions")


def editions():
    """Phase -> student edition, in the order of the course; those that exist."""
    return _notebooks("notebooks/lessons")


def _notebooks(folder):
    try:
        folder = locate(folder)
    except DataError:
        return {}
    paths = {phase: folder / f"{stem}.ipynb" for phase, (_number, stem) in LESSONS.items()}
    return {phase: path for phase, path in paths.items() if path.exists()}


def about(path):
    """What a lesson says of itself: number, phase, title, questions, objectives, minutes, terms; see CONTRIBUTING."""
    return json.loads(Path(path).read_text("utf-8"))["metadata"]["portfoy"]


@dataclass(frozen=True)
class Truth:
    """What is true of a simulated company, and what no firm would know; a table it lacks is None.

    ``customers`` one row per customer: ``rate`` purchases a day while active, ``stop`` probability to leave after a
    purchase, ``mean_order`` money, ``multiplier`` of the mean order by income and region, ``persona``, ``active`` on
    the last day, ``left_on``; ``answers`` orders that answered a campaign; ``affinities`` pairs of products that are
    bought together; ``parameters`` all that the simulation was told.
    """

    customers: pd.DataFrame
    answers: pd.DataFrame | None
    affinities: pd.DataFrame | None
    parameters: dict


def truth(where):
    """The Truth of the simulated company at `where` (a folder, as `open` takes it), or None where there is none."""
    try:
        folder = locate(str(where)) / "truth"
    except DataError:
        return None
    if not (folder / "truth.toml").is_file():
        return None
    tables = {name: _table(folder, name) for name in ("customers", "answers", "affinities")}
    with (folder / "truth.toml").open("rb") as file:
        return Truth(**tables, parameters=tomllib.load(file))


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
