"""Where two pages of a report differ, or anything they hold."""

import dataclasses

import numpy as np
import pandas as pd

from portfoy.firm import Firm


def differences(one, other, where="page"):
    """Where two pages, or what they hold, differ: a list of lines, empty where nothing does.

    Numbers are the same up to the order in which an engine of several threads adds them up. Modules, functions, tables
    in the engine, firms that a result keeps to be asked again, and axes are passed over.
    """
    if isinstance(one, Firm):
        return []
    if type(one).__name__ != type(other).__name__:
        return [f"{where}: {type(one).__name__} became {type(other).__name__}"]
    if isinstance(one, pd.DataFrame):
        found = _parts(one, other, list(one.columns), list(other.columns), where)
        return found + _parts_of(one.attrs, other.attrs, f"{where}.attrs")
    if isinstance(one, np.ndarray) and one.ndim > 1:
        return _parts(one, other, list(range(len(one))), list(range(len(other))), where)
    if isinstance(one, (pd.Series, pd.Index, np.ndarray)):
        return [] if _same(pd.Series(one), pd.Series(other)) else [f"{where}: {one[:20]!r} became {other[:20]!r}"]
    if dataclasses.is_dataclass(one) and not isinstance(one, type):
        return _parts_of(vars(one), vars(other), where)
    if isinstance(one, dict):
        return _parts_of(one, other, where)
    if isinstance(one, (list, tuple)):
        return _parts(one, other, list(range(len(one))), list(range(len(other))), where)
    if isinstance(one, (str, int, float, bool, np.generic, pd.Timestamp, type(None))):
        return [] if _same(pd.Series([one]), pd.Series([other])) else [f"{where}: {one!r} became {other!r}"]
    return []


def _same(one, other):
    if len(one) == len(other) and one.dtype == other.dtype and one.dtype.kind == "f":
        return one.index.equals(other.index) and np.allclose(one, other, rtol=1e-9, atol=1e-9, equal_nan=True)
    return one.equals(other)


def _parts_of(one, other, where):
    return _parts(one, other, list(one), list(other), where)


def _parts(one, other, keys, others, where):
    if keys != others:
        return [f"{where}: {keys[:20]} ({len(keys)}) became {others[:20]} ({len(others)})"]
    return [line for key in keys for line in differences(one[key], other[key], f"{where}.{key}")]
