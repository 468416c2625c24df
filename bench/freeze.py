"""Every number of both reports in one folder, and what differs between two such folders.

    python bench/freeze.py write FOLDER [teaching] [cdnow] [lines]
    python bench/freeze.py compare BEFORE AFTER

It serves while the package is rebuilt: a change that should move no number shows that it moved none, and one that
should shows which. Written are, for the teaching company, for the CDNOW master file (where ../shared/data is) and for
the teaching company's order lines alone: every table and number that a notebook's cells leave behind, at full
precision; every figure, as the texts and values it draws; every sentence; and of a run of the command, the headline
figures of run.json, what could not be computed, and the action lists.
"""

import contextlib
import dataclasses
import io
import json
import math
import numbers
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
STAGES = [path.stem for path in sorted((ROOT / "notebooks" / "reports").glob("*.ipynb"))]
CLOSE = 1e-9  # of two numbers that are the same but for the order of a sum
SHOWN = 6  # differences told of one table
MOVED = ROOT / "bench" / "freeze_names.toml"
CDNOW = """
source = "{file}"
name = "CDNOW"
currency = "USD"
duplicates = "keep"

[transactions]
customer_id = "customer_id"
order_id = ["customer_id", "date"]
ordered_on = "date"
amount = "dollar_value"
"""


def sources(folder, wanted):
    """Name -> (where the data are, the day), each below `folder` where it has to be made first."""
    master = ROOT.parent / "shared" / "data" / "cdnow" / "CDNOW_master.txt"
    found = {"teaching": (ROOT / "data" / "teaching", "2026-06-30")}
    if master.is_file():
        (folder / "cdnow.toml").write_text(CDNOW.format(file=master.as_posix()), encoding="utf-8")
        found["cdnow"] = (folder / "cdnow.toml", "1998-06-30")
    else:
        print(f"cdnow: left out, there is no {master.name} beside the repository", file=sys.stderr)
    (folder / "lines").mkdir()
    shutil.copy(ROOT / "data" / "teaching" / "transactions.csv", folder / "lines")
    found["lines"] = (folder / "lines", "2026-06-30")
    return {name: found[name] for name in found if not wanted or name in wanted}


def write(target, wanted):
    with tempfile.TemporaryDirectory(prefix="freeze-") as scratch:
        for name, (data, day) in sources(Path(scratch), wanted).items():
            for stage in STAGES:
                folder = target / name / stage
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir(parents=True)
                call = [sys.executable, __file__, "cells", str(folder), stage, str(data), day]
                subprocess.run(call, cwd=ROOT, check=True)
            _command(target / name, Path(scratch) / f"shelf-{name}", data, day)


def _command(target, shelf, data, day):
    """What a run of the command records."""
    call = [sys.executable, "-m", "portfoy", "report", "--data", str(data), "--as-of", day, "--out", str(shelf)]
    subprocess.run(call, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    run = json.loads((shelf / day / "run.json").read_text(encoding="utf-8"))
    for stage in run["stages"]:
        told = {figure["name"]: {key: figure[key] for key in ("value", "low", "high")} for figure in stage["figures"]}
        _put(target / stage["stage"] / "run.json", {"figures": told, "missing": stage["missing"]})
        for path in stage["actions"]:
            shutil.copy(shelf / day / path, target / stage["stage"] / f"list.{Path(path).stem}.csv")


# --- one notebook, its cells in this process -------------------------------------------------------------------------


def cells(folder, stage, data, day):
    """Run the code cells of a report notebook and write what they leave behind."""
    import matplotlib

    matplotlib.use("Agg")
    notebook = json.loads((ROOT / "notebooks" / "reports" / f"{stage}.ipynb").read_text(encoding="utf-8"))
    space, said, drawn, missing = {}, [], {}, []
    skip = False
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            skip = skip and not re.match("#{1,2} ", source)
            continue
        if skip:
            continue
        if "parameters" in cell["metadata"].get("tags", []):
            source += f"\ndata, as_of = {data!r}, {day!r}\n"
        try:
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                shown = _run(source, space)
        except (ValueError, RuntimeError) as error:
            if type(error).__name__ not in ("DataError", "FitError"):
                raise
            missing.append(str(error))
            skip = True
            continue
        said += [text for text in (printed.getvalue(), _sentence(shown)) if text]
        if hasattr(shown, "reading"):  # a result that no name holds goes by that of its analysis
            _keep(folder, _named(source), shown)
            _draw(shown)
        _keep_figures(drawn, space, source)
    for name, value in space.items():
        if not name.startswith("_"):
            _keep(folder, name, value)
    _put(folder / "sentences.json", said)
    _put(folder / "figures.json", drawn)
    _put(folder / "missing.json", missing)


def _run(source, space):
    """Execute a cell; the value of its last line, where that is an expression."""
    import ast

    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<cell>", "exec"), space)
    return eval(compile(ast.Expression(last.value), "<cell>", "eval"), space) if last else None


def _sentence(shown):
    return str(shown) if isinstance(shown, str) else shown.reading() if hasattr(shown, "reading") else ""


def _named(source):
    """What a result in the last line of a cell goes by: its analysis, or what it is asked for."""
    return re.findall(r"(\w+)(?:\(.*\))?$", source.strip().splitlines()[-1])[0]


def _draw(shown):
    if shown:
        shown.plot()


def _keep_figures(drawn, _space, source):
    import matplotlib.pyplot as plt

    for number in plt.get_fignums():
        name = next(iter(re.findall(r"plot_\w+", source)), f"figure {len(drawn)}")
        drawn[name if name not in drawn else f"{name} {len(drawn)}"] = [_axes(ax) for ax in plt.figure(number).axes]
    plt.close("all")


def _axes(ax):
    texts = [text.get_text() for text in ax.texts]
    return {
        "title": ax.get_title(loc="left") or ax.get_title(),
        "labels": [ax.get_xlabel(), ax.get_ylabel()],
        "texts": texts,
        "lines": [_plain(line.get_xydata()) for line in ax.lines],
        "bars": [_plain([bar.get_x(), bar.get_y(), bar.get_width(), bar.get_height()]) for bar in _bars(ax)],
        "points": [_plain(np.ma.filled(each.get_offsets(), np.nan)) for each in ax.collections],
    }


def _bars(ax):
    from matplotlib.patches import Rectangle

    return [patch for patch in ax.patches if isinstance(patch, Rectangle)]


def _keep(folder, name, value):
    """Write a table, a number, or the tables and numbers inside an object, under its name."""
    if isinstance(value, pd.Series):
        value = value.to_frame(value.name if value.name is not None else "value")
    if isinstance(value, pd.DataFrame):
        value.to_csv(folder / f"{name}.csv", index=not isinstance(value.index, pd.RangeIndex))
    elif isinstance(value, numbers.Number | str | pd.Timestamp):
        (folder / f"{name}.value").write_text(f"{_plain(value)}\n", encoding="utf-8")
    elif isinstance(value, tuple | list) and all(isinstance(each, numbers.Number) for each in value):
        (folder / f"{name}.value").write_text(f"{_plain(list(value))}\n", encoding="utf-8")
    elif dataclasses.is_dataclass(value) and type(value).__name__ not in ("Tables", "Firm"):
        for field in dataclasses.fields(value):
            _keep(folder, f"{name}.{field.name}", getattr(value, field.name))


def _plain(value):
    if isinstance(value, np.ndarray | list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, numbers.Number) and not isinstance(value, bool):
        return float(f"{float(value):.12g}")
    return str(value)


def _put(path, content):
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False, default=str), encoding="utf-8")


# --- two folders -----------------------------------------------------------------------------------------------------


def compare(before, after):
    """Print what differs; the number of things that do."""
    renamed = tomllib.loads(MOVED.read_text(encoding="utf-8")) if MOVED.is_file() else {}
    old, new = ({path.relative_to(root).as_posix() for path in root.rglob("*.*")} for root in (before, after))
    found = 0
    for name in sorted(old):
        source, _slash, rest = name.partition("/")
        now = _renamed(rest, renamed)
        new_name = f"{source}/{now}"
        if not now or rest.endswith("/data.value"):  # gone on purpose; a path of this machine
            told = []
        elif new_name not in new:
            told = ["gone"]
        else:
            told = _differences(before / name, after / new_name)
            new.discard(new_name)
        found += bool(told)
        for line in told[:SHOWN]:
            print(f"{name}: {line}")
        if len(told) > SHOWN:
            print(f"{name}: and {len(told) - SHOWN} more")
    for name in sorted(new - old):
        print(f"{name}: new")
    print(f"{found} of {len(old)} differ")
    return found


def _renamed(name, renamed):
    """What a file of the earlier folder is called in the later one; empty where it is gone on purpose."""
    if name in renamed:
        return renamed[name]
    for old, new in renamed.items():
        if old.endswith("*") and name.startswith(old[:-1]):
            return new[:-1] + name[len(old) - 1 :]
    return name


def _differences(one, other):
    if one.read_bytes() == other.read_bytes():
        return []
    if one.suffix == ".csv":
        tables = (pd.read_csv(path, dtype=str, keep_default_na=False) for path in (one, other))
        return list(_of_tables(*tables))
    if one.suffix == ".json":
        return list(_of_json("", *(json.loads(path.read_text(encoding="utf-8")) for path in (one, other))))
    texts = [path.read_text(encoding="utf-8").strip() for path in (one, other)]
    return [] if _same(*texts) else [f"{texts[0]} is {texts[1]}"]


def _of_tables(one, other):
    if len(one) != len(other):
        yield f"{len(one)} rows are {len(other)}"
    for column in one.columns.difference(other.columns):
        yield f"column {column} is gone"
    for column in other.columns.difference(one.columns):
        yield f"column {column} is new"
    if len(one) == len(other):
        for column in one.columns.intersection(other.columns):
            moved = [
                place for place, pair in enumerate(zip(one[column], other[column], strict=True)) if not _same(*pair)
            ]
            if moved:
                pair = f"{one[column].iloc[moved[0]]} is {other[column].iloc[moved[0]]}"
                yield f"column {column}: {len(moved)} of {len(one)} rows, the first ({moved[0]}): {pair}"


def _of_json(place, one, other):
    if isinstance(one, dict) and isinstance(other, dict):
        for key in [*one, *(key for key in other if key not in one)]:
            yield from _of_json(f"{place}.{key}", one.get(key, "nothing"), other.get(key, "nothing"))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, pair in enumerate(zip(one, other, strict=True)):
            yield from _of_json(f"{place}[{number}]", *pair)
    elif isinstance(one, list) and isinstance(other, list):
        missing = [each for each in one if each not in other]
        added = [each for each in other if each not in one]
        yield f"{place}: {len(one)} are {len(other)}; gone {str(missing)[:300]}, new {str(added)[:300]}"
    elif not _same(one, other):
        yield f"{place}: {one} is {other}"


def _same(one, other):
    if one == other:
        return True
    try:
        one, other = float(one), float(other)
    except (TypeError, ValueError):
        return False
    return math.isclose(one, other, rel_tol=CLOSE, abs_tol=CLOSE) or (math.isnan(one) and math.isnan(other))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["write", target, *wanted]:
            write(Path(target).resolve(), wanted)
        case ["compare", before, after]:
            sys.exit(compare(Path(before), Path(after)) > 0)
        case ["cells", folder, stage, data, day]:
            cells(Path(folder), stage, data, day)
        case _:
            sys.exit(__doc__)
