"""An exercise: the right answer worked out from the data at hand, the wrong ones that people give, and the hints."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from portfoy.customers import as_table, customer_table, resolve_as_of
from portfoy.models.examples import response_examples
from portfoy.people import people_table
from portfoy.selection.response import fit_response
from portfoy.source.tables import Tables


@dataclass(frozen=True)
class Desk:
    """The data a lesson stands on; what exercises need of them is worked out when it is first used."""

    tables: Tables
    as_of: str | None = None

    @cached_property
    def log(self):
        return as_table(self.tables.transactions)

    @cached_property
    def day(self):
        return resolve_as_of(self.log, self.as_of)

    @cached_property
    def customers(self):
        return customer_table(self.log, as_of=self.day)

    @cached_property
    def people(self):
        return people_table(self.tables, as_of=self.day)

    @cached_property
    def responded(self):
        judged = fit_response(response_examples(self.tables, as_of=self.day)).judged
        place = judged.groupby("campaign_id")["p_response"].rank(ascending=False, pct=True)
        return judged.set_index(place)["responded"].sort_index(kind="stable")


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that people give, and what is said to it: what they computed, and how it differs."""

    value: object
    says: str


@dataclass(frozen=True)
class Exercise:
    """What is asked for, and how answers are judged.

    ``reference(desk)`` is the right answer: a number, a text, a list or set of ids, a Series (compared by its index) or
    a DataFrame (its first column is the key). ``hints()`` lead from a nudge to the plain way, without the answer.
    ``mistakes(desk)`` are wrong answers with a message each. ``praise()`` says what the right one means. Numbers may
    differ by ``tolerance``, relative to the right one.
    """

    id: str
    reference: Callable[[Desk], object]
    hints: Callable[[], list[str]]
    mistakes: Callable[[Desk], list[Mistake]]
    praise: Callable[[], str]
    tolerance: float = 1e-6


def kind(value):
    """What an answer is, in the words that messages and comparisons use; None for anything else."""
    if isinstance(value, pd.DataFrame):
        return "table"
    if isinstance(value, pd.Series):
        return "series"
    if isinstance(value, str):
        return "text"
    if isinstance(value, (list, set, tuple, frozenset, pd.Index)):
        return "list"
    if pd.api.types.is_number(value) and not isinstance(value, complex):
        return "number"
    if getattr(value, "ndim", None) == 0:
        return kind(value.item())
    return "list" if getattr(value, "ndim", None) == 1 else None
