"""An exercise: the right answer worked out from the data at hand, the wrong ones that people give, and the hints."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations, islice, product

import pandas as pd

from portfoy.firm import Firm
from portfoy.locale import _

MOST = 1_000_000  # entries of an answer that are looked at
MINUTES = {"predict": 1, "compute": 6, "find": 4, "decide": 4, "page": 4}  # of each kind, as timed


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that people give, and what is said to it: what they computed, and how it differs."""

    value: object
    says: str
    turns: int = 0  # how many turns of the work went wrong; none for a mistake of another kind


@dataclass(frozen=True)
class Exercise:
    """What is asked for, and how answers are judged.

    ``kind`` is "predict" (a guess before the cell that shows it: any answer will do), "compute", "find" (the error in
    an analysis), "decide" (an action) or "page" (a part of the capstone's page: ``form(firm, answer)`` gives
    whether its form is right, and what is said).
    ``work(firm, **choices)`` is the right answer: a number, a text, a list of ids, a Series (compared by its index) or
    a DataFrame (its first column is the key). ``choices()`` are the turns the work can take wrong, name -> {value: what
    is said to it}, the first value being the right one and said nothing to: a mistake is a family, made of every wrong
    turn by itself and of every two. ``mistakes(firm)`` are wrong answers of another kind; of a "find" or a "decide"
    they are the other options. ``hints()`` lead from a nudge to the plain way, without the answer. ``praise(firm,
    answer)`` says what the right answer means, or how far off a guess was. Numbers may differ by ``tolerance``,
    relative to the right one; a ``share`` may be given in per cent.
    """

    id: str
    kind: str
    work: Callable[..., object]
    hints: Callable[[], list[str]]
    praise: Callable[[Firm, object], str]
    choices: Callable[[], dict[str, dict]] = dict
    mistakes: Callable[[Firm], list[Mistake]] = lambda firm: []
    tolerance: float = 1e-6
    share: bool = False
    form: Callable[[Firm, object], tuple[bool, str]] | None = None

    def right(self, firm):
        """The right answer on the data of a firm; worked out once."""
        return firm.once(("right", self.id), lambda: self.work(firm))

    def wrong(self, firm, turns):
        """The wrong answers of so many turns, 1 or 2, as Mistakes, those listed before the first; worked out once."""

        def work():
            return [*(_listed(self, firm) if turns == 1 else []), *self._turns(firm, turns)]

        return firm.once(("wrong", self.id, turns), work)

    def _turns(self, firm, turns):
        wrong = {
            name: [(value, says) for value, says in values.items() if says] for name, values in self.choices().items()
        }
        found = []
        for names in combinations(wrong, turns):
            for taken in product(*(wrong[name] for name in names)):
                try:
                    value = self.work(firm, **{name: value for name, (value, _says) in zip(names, taken, strict=True)})
                except Exception:  # a slip that cannot happen on these data
                    continue
                says = [says for _value, says in taken]
                said = says[0] if len(says) == 1 else _both().format(one=says[0], other=says[1])
                found.append(Mistake(value, said, len(says)))
        return found


def _both():
    return _("Two things differ. First: {one} Second: {other}")


def _listed(exercise, firm):
    try:
        return exercise.mistakes(firm)
    except Exception:  # a slip that cannot happen on these data
        return []


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


def of_plain_parts(answer):
    """An answer that is a list or a dict of some kind of its own, as a plain one: such a thing may have no end."""
    if isinstance(answer, (list, tuple, set, frozenset)) and type(answer) not in (list, tuple, set, frozenset):
        return list(islice(answer, MOST))
    if isinstance(answer, dict) and type(answer) is not dict:
        return dict(islice(answer.items(), MOST))
    return answer
