"""`pf.check` says a sentence whatever it is given: objects whose methods raise, things without end, odd names."""

import itertools

import numpy as np
import pandas as pd
import pytest

import portfoy as pf
from portfoy.course import checks, results
from portfoy.firm import Firm

METHODS = (
    *("__str__", "__repr__", "__eq__", "__hash__", "__bool__", "__len__", "__iter__", "__float__", "__index__"),
    *("__array__", "__getattr__", "__lt__", "__mod__", "__format__", "__abs__", "__sub__", "__contains__", "__call__"),
)
ERRORS = (ValueError, SystemExit, KeyboardInterrupt, GeneratorExit, RecursionError, StopIteration, MemoryError)


class Bad(Exception):
    """An error that fails when it is shown."""

    def __str__(self):
        raise ValueError("no words")


def hostile(method, error, base=object):
    """An object of a class, one method of which raises."""

    def fails(*_given, **_named):
        raise error

    return type("Hostile", (base,), {method: fails})()


class Endless(list):
    """A list that never comes to its end."""

    def __iter__(self):
        return itertools.count()

    def __len__(self):
        return 10**12


ODD = {
    "endless list": Endless(),
    "endless generator": itertools.count(),
    "range": range(10**12),
    "range index": pd.RangeIndex(10**9),
    "number without end": float("inf"),
    "huge number": 10**400,
    "complex": 1j,
    "bytes": b"1",
    "no number": np.nan,
    "missing": pd.NA,
    "no time": pd.NaT,
    "array of nothing": np.array([]),
    "deep": [[[[...]]]],
    "table of nothing": pd.DataFrame(),
    "columns twice": pd.DataFrame([[1, 2]], columns=["a", "a"]),
    "many levels": pd.Series([1.0], pd.MultiIndex.from_tuples([("a", "b")])),
    "class": int,
    "function": len,
    "module": pd,
    "text": "\ud800" + "1" * 100_000,
    "itself": (lambda one: one.append(one) or one)([]),
}


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    log = {"customer_id": ["a", "a", "b"], "order_id": ["1", "2", "3"], "amount": [40.0, 20.0, 30.0]}
    log = pd.DataFrame(log | {"ordered_on": pd.to_datetime(["2026-01-05", "2026-02-05", "2026-02-06"])})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(results.PLACE, str(tmp_path_factory.mktemp("kept") / "kept.json"))
        pf.lesson("0b", Firm.of(log))
        yield ["0b-1", "0b-2", "0b-3", "0b-4"]
        checks._open.clear()


@pytest.mark.parametrize("answer", [pytest.param(answer, id=name) for name, answer in ODD.items()])
def test_an_odd_answer_is_told_something(opened, answer):
    for name in opened:
        said = pf.check(name, answer)
        assert isinstance(said, checks.Feedback)
        assert said.text


@pytest.mark.parametrize("base", [object, list, dict, str, float, pd.Series])
@pytest.mark.parametrize("method", METHODS)
def test_an_object_whose_methods_raise_is_told_something(opened, method, base):
    for error in (*ERRORS, Bad):
        for name in opened[:2]:
            try:
                answer = hostile(method, error, base)
            except BaseException:  # it cannot even be made
                continue
            assert isinstance(pf.check(name, answer), checks.Feedback)


@pytest.mark.parametrize(
    "name", [[], {}, None, ..., 5, pd.Series([1]), "x" * 10**6, "", b"0b-1", hostile("__str__", Bad)]
)
def test_an_odd_name_is_told_how_exercises_are_called(opened, name):
    said = pf.check(name, 1)
    assert "exercise" in said.text
    assert len(said.text) < 200
    assert not said
    assert "There is no sitting" in pf.lesson(name, None).text
    checks._open.update(sitting="0b", firm=None, tries={})
