"""The teaching company in files: CSV at the size of a lesson, Parquet in pieces at any size."""

import multiprocessing
import os
import signal
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from portfoy.simulate import people
from portfoy.simulate.days import make_window, price_index
from portfoy.simulate.firm import END, START, Numbers, seeds, simulate, simulate_piece
from portfoy.simulate.truth import Truth, write_truth
from portfoy.source import aside

PIECE = 50_000  # customers simulated at a time
SETTINGS = 'name = "Teaching company"\ncurrency = "TRY"\n'
WHOLE = ["products", "spend", "campaigns", "ratings"]  # tables of the firm, not of its customers


def write_company(folder, *, customers=4_000, seed=23, start=START, end=END, truth=None, dirt=False, progress=None):
    """Write what `simulate` makes as CSV; files that are there are replaced. Gives their paths, the tables first.

    `progress` is told (done, of).
    """
    tell = progress or (lambda done, of: None)
    made = simulate(customers=customers, seed=seed, start=start, end=end, truth=truth, dirt=dirt)
    latent = made.latent.round({"rate": 6, "stop": 5, "mean_order": 2, "multiplier": 4})
    run = {"customers": customers, "seed": seed, "start": str(start), "end": str(end), "dirty": dirt}
    with aside.whole(folder) as place:
        (place / "truth").mkdir()
        paths = []
        for name, table in made.tables.items():
            paths.append(write_csv(place / f"{name}.csv", table, "%.4f" if name == "price_index" else "%.2f"))
            tell(len(paths), len(made.tables))
        paths.append(write_csv(place / "truth" / "customers.csv", latent, "%.6g"))
        paths.append(write_csv(place / "truth" / "answers.csv", made.answers))
        paths.append(write_csv(place / "truth" / "silent.csv", made.silent))
        paths += _write_rest(place, made.truth, run)
    return [Path(folder) / path.relative_to(place) for path in paths]


def _write_rest(folder, truth, run):
    """Affinities, parameters and settings."""
    pairs = [(*key.split(), strength) for key, strength in truth.affinities.items()]
    table = pd.DataFrame(pairs, columns=["product_a", "product_b", "strength"])
    paths = [write_csv(folder / "truth" / "affinities.csv", table)]
    write_truth(folder / "truth" / "truth.toml", truth, **run)
    (folder / "portfoy.toml").write_bytes(SETTINGS.encode())
    return [*paths, folder / "truth" / "truth.toml", folder / "portfoy.toml"]


def write_csv(path, table, form="%.2f"):
    """The same bytes everywhere: LF, ISO dates, fixed decimals, flags as true and false."""
    flags = table.select_dtypes(["bool", "boolean"])
    flags = {name: flag.astype("string").str.lower() for name, flag in flags.items()}
    text = table.assign(**flags).to_csv(index=False, lineterminator="\n", float_format=form, date_format="%Y-%m-%d")
    path.write_bytes(text.encode())
    return path


def write_large(
    folder, *, customers=1_000_000, seed=23, start=START, end=END, truth=None, piece=PIECE, workers=2, progress=None
):
    """Write the company as Parquet, in pieces of so many customers, at any size in bounded memory; old parts go.

    A table of customers is a folder of parts, ``transactions/part-0000.parquet`` and so on; the others have one part.
    The rows depend on `seed` and `piece`, not on `workers`; `progress` is told the pieces written (done, of).
    Gives rows by table.
    """
    truth, count = truth or Truth(), -(-customers // piece)
    run = {"customers": customers, "seed": seed, "piece": piece, "start": str(start), "end": str(end)}
    with aside.whole(folder) as place:
        jobs = [(place, k, count, customers, piece, seed, str(start), str(end), truth) for k in range(count)]
        rows = _write_pieces(place, jobs, workers, progress or (lambda done, of: None))
        rows["price_index"] = _write_part(place, "price_index", 0, price_index(start, end, truth).round({"index": 4}))
        _write_rest(place, truth, run)
        for old in Path(folder).rglob("part-*.parquet"):
            if place not in old.parents:
                old.unlink()
    return rows


def _write_pieces(folder, jobs, workers, tell):
    """Have all pieces written by so many workers, and what they have in common: rows by table."""
    rows, whole = {}, {}
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, spawn, _begin, (os.getpid(),)) as pool:
        try:
            running = _submitted(pool, jobs)
            for done, job in enumerate(as_completed(running), 1):
                job.result()  # stops at the first piece that fails
                tell(done, len(jobs))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in multiprocessing.active_children():
                worker.kill()  # else a piece would be waited for
            raise
    for job in running:
        written, firm = job.result()
        for name, n in written.items():
            rows[name] = rows.get(name, 0) + n
        for name, table in firm.items():
            whole.setdefault(name, []).append(table)
    for name, table in _summed(whole).items():
        rows[name] = _write_part(folder, name, 0, table)
    return rows


def _submitted(pool, jobs):
    """The futures of all pieces; from their first moment on the workers leave Ctrl-C to the command."""
    if hasattr(signal, "pthread_sigmask"):
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])  # what is started meanwhile takes it over
        try:
            return [pool.submit(_write_piece, *job) for job in jobs]
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return [pool.submit(_write_piece, *job) for job in jobs]


def _begin(parent):
    """What a worker starts with: where the command is gone, it ends too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    aside.end_with(parent)


def _write_piece(folder, number, count, customers, size, seed, start, end, truth):
    """Simulate one piece and write its parts; returns rows by table, and the tables of the whole firm."""
    window = make_window(start, end, truth)
    trunk, _dusty, *pieces = seeds(seed, count)
    goods = people.make_goods(np.random.default_rng(trunk), truth, window)
    here = min(size, customers - number * size)
    tables, latent, answers, silent = simulate_piece(
        pieces[number], truth, window, goods, here, Numbers(number, size, customers)
    )
    if number == 0:
        tables["products"] = goods.table
    firm = {name: tables.pop(name) for name in WHOLE if name in tables}
    rows = {name: _write_part(folder, name, number, table) for name, table in tables.items()}
    _write_part(folder / "truth", "customers", number, latent)
    _write_part(folder / "truth", "answers", number, answers)
    _write_part(folder / "truth", "silent", number, silent)
    return rows, firm


def _summed(whole):
    """One table from those of the pieces: costs of the same month and channel, or the same campaign, add up."""
    tables = {name: pd.concat(parts, ignore_index=True) for name, parts in whole.items()}
    for name, keys in [("spend", ["month", "channel", "kind"]), ("campaigns", ["campaign_id", "phase", "channel"])]:
        others = {"starts_on": "first"} if name == "campaigns" else {}
        total = tables[name].groupby(keys, sort=False).agg({"cost": "sum", **others}).reset_index()
        tables[name] = total.assign(cost=total["cost"].round(2))[list(tables[name].columns)]
    return tables


def _write_part(folder, name, number, table):
    """Write one part; dates are days."""
    place = folder / name
    place.mkdir(parents=True, exist_ok=True)
    data = pa.Table.from_pandas(table, preserve_index=False)
    kinds = [pa.date32() if pa.types.is_timestamp(kind) else kind for kind in data.schema.types]
    kinds = [pa.string() if pa.types.is_null(kind) or pa.types.is_large_string(kind) else kind for kind in kinds]
    data = data.cast(pa.schema(list(zip(data.column_names, kinds, strict=True))))
    pq.write_table(data, place / f"part-{number:04d}.parquet", compression="zstd")
    return len(table)
