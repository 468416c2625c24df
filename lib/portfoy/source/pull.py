"""The tables of a server as Parquet files in a folder, month by month; what has not changed there is not sent again.

The folder's ``pulled.json`` says of each file its rows, the SHA-256 of its bytes, and what the server said of that
month before it was sent: the number of its rows and a checksum over them.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

import ibis
import pandas as pd

from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.source import aside
from portfoy.source.contract import REQUIRED, kind_of
from portfoy.source.files import digest

TOLD = "pulled.json"
_HASHES = {"postgres": "hashtext", "pyspark": "xxhash64", "duckdb": "hash", "clickhouse": "xxHash64", "mysql": "crc32"}
_PRIME = 2_147_483_629  # sums of remainders stay exact in every engine
_ROWS = 100_000  # a batch


@dataclass(frozen=True)
class Pulled:
    """A table in the folder: its ``rows`` and ``files``, and of these what was ``sent`` and ``renewed`` this time."""

    table: str
    rows: int
    files: int
    sent: int
    renewed: int


def wanted(settings, raws, further):
    """What to pull: folder -> (table, its column with the day of a row or None), of tables as they were found.

    `raws` are files.Raw by table of ours, `further` opens one that portfoy.toml joins.
    """
    found = {}
    for table, raw in raws.items():
        day = next((name for name in REQUIRED[table] if kind_of(table, name) == "date"), None)
        found[raw.format.file or table] = raw.table, settings.columns.get(table, {}).get(day, day)
    for raw in raws.values():
        for name, *_keys in raw.format.join:
            found.setdefault(name, (further(name), None))
    return found


def pull(tables, out, *, said, whole=False, progress=lambda done, of, doing: None):
    """Bring tables of a server into the folder `out`, each into one of its name; yields a Pulled once it is there.

    `tables` name -> the Ibis table, and its column with the day of a row or None. Where there is one, and the engine
    has a checksum, a month is sent only if its rows there are not those of its file here; else, and where `whole`, all
    are. `said` is written down as where they come from; `progress` is told rows sent, rows of the file or None, and its
    name. Files of which the server has no rows any more go. DataError where `out` holds anything else, or no folder can
    have a table's name.
    """
    out = Path(out)
    before = _before(out, said)
    told = {"from": said, "tables": before}

    def note(files):
        told["tables"] = {**told["tables"], **files}
        _replace(out / TOLD, lambda path: path.write_text(json.dumps(told, indent=1), encoding="utf-8"))

    note({})  # one that is broken off goes on, too

    def tell(doing, stands):
        return lambda done: progress(done, stands and stands["rows"], doing)

    for name, (table, day) in tables.items():
        if Path(name).name != name:
            text = _("{name}: no folder can be called so. Give the table a view of another name.")
            raise DataError(text.format(name=name))
        folder, sent, renewed = out / name, 0, 0
        kept, now = before.get(name, {}), {}
        for file, stands, part in _parts(table, day):
            here = kept.get(file, {})
            if whole or not stands or here.get("server") != stands or here["sha256"] != digest(folder / file):
                here = {"server": stands, **_written(part, folder / file, tell(f"{name} {file}", stands))}
                sent, renewed = sent + here["rows"], renewed + 1
                note({name: {**kept, **now, file: here}})
            now[file] = here
        note({name: now})
        for path in {*folder.glob("*.parquet")} - {folder / file for file in now}:
            path.unlink()
        yield Pulled(name, sum(one["rows"] for one in now.values()), len(now), sent, renewed)


def _before(out, said):
    """What the folder holds of an earlier pull: table -> file -> what was written down of it."""
    if not (out / TOLD).is_file():
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            text = _("{out}: is not empty, and nothing was pulled to it before. Give a folder of its own.")
            raise DataError(text.format(out=out))
        return {}
    try:
        told = json.loads((out / TOLD).read_text(encoding="utf-8"))
        origin, tables = told["from"], told["tables"]
    except (ValueError, KeyError, TypeError):
        text = _("{out}: its {file} is broken. Remove the folder, and pull again.")
        raise DataError(text.format(out=out, file=TOLD)) from None
    if origin != said:
        text = _("{out}: was pulled from {origin}, not from {said}. Give another folder.")
        raise DataError(text.format(out=out, origin=origin, said=said))
    return tables


def _parts(table, day):
    """The files of a table: name, what the server says of its rows or None, the rows as an expression."""
    hashed = _HASHES.get(table.get_backend().name)
    dated = isinstance(day, str) and day in table.columns and table[day].type()
    if not hashed or not dated or not (dated.is_date() or dated.is_timestamp()):
        yield "all.parquet", None, table
        return
    checksum = ibis.udf.scalar.builtin(lambda text: text, name=hashed, signature=(("string",), "int64"))
    # an empty text and none are two things: a length in front of each tells them apart, and where one ends
    texts = [table[name].cast("string") for name in table.columns]
    row = ibis.literal("|").join([(text.length().cast("string") + ":" + text).fill_null("-") for text in texts])
    month = table[day].truncate("M").cast("date")
    stands = table.group_by(month=month).agg(rows=table.count(), sum=(checksum(row) % _PRIME).sum())
    stands = stands.order_by("month").to_pandas()
    for start, rows, total in stands.itertuples(index=False):
        stood = {"rows": int(rows), "sum": str(int(total))}
        if pd.isna(start):
            yield "undated.parquet", stood, table.filter(table[day].isnull())
            continue
        first = pd.Timestamp(start)  # a range, so that an index of the server is of use
        bounds = [ibis.date(at.date()) for at in (first, first + pd.DateOffset(months=1))]
        yield f"{first:%Y-%m}.parquet", stood, table.filter(table[day] >= bounds[0], table[day] < bounds[1])
    if stands.empty:
        yield "all.parquet", None, table


def _written(part, path, progress):
    """Write the rows of an expression to a Parquet file, batch by batch; how many, and the SHA-256 of the file."""
    import pyarrow.parquet as parquet

    odd = [name for name, type_ in part.schema().items() if type_.is_nested() or type_.is_uuid() or type_.is_json()]
    part, rows = part.mutate(**{name: part[name].cast("string") for name in odd}), 0

    def write(made):
        nonlocal rows
        with part.to_pyarrow_batches(chunk_size=_ROWS) as batches, parquet.ParquetWriter(made, batches.schema) as file:
            for batch in batches:
                file.write_batch(batch)
                rows += batch.num_rows
                progress(rows)

    _replace(path, write)
    return {"rows": rows, "sha256": digest(path)}


def _replace(path, write):
    """Let `write` make a file, its owner's alone, and put it in place when it is whole."""
    with aside.whole(path.parent, 0o700) as folder:
        os.close(os.open(folder / path.name, os.O_CREAT | os.O_WRONLY, 0o600))
        write(folder / path.name)
