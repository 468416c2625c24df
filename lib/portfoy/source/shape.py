"""What portfoy.toml does to a table before its columns are ours: joins a file, leaves rows out, adds columns."""

from functools import partial

import ibis

from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.source.labels import NOBODY, fold, folded, text_of
from portfoy.words.style import shorten

OWN = ("portfoy_row", "portfoy_left_out", "portfoy_copies")  # columns that the files do not have


def shaped(raw, table, given, read, keep, reading, *, order=""):
    """The table as the Format `given` says: rows to be left out have ``portfoy_left_out``.

    `order` is their column of order numbers, where it is one; `read` opens a further file as a table of the engine,
    `keep` stores one in the engine where it can; what a join did not find is added to `reading`. A DataError says which
    column or file is not there.
    """
    for place, (file, here, there, *sheet) in enumerate(given.join):
        stored = partial(keep, name=f"joined_{table}_{place}")
        raw = _joined(raw, table, (file, here, there), read(file, given, *sheet), stored, reading)
    if given.unfold:
        raw = unfolded(raw, table, given.unfold)
    for column, value in given.constants.items():
        raw = raw.drop(*[name for name in raw.columns if name.lower() == column])
        raw = raw.mutate(ibis.literal(str(value)).name(column))
    if given.fill_down:
        raw = keep(_filled_down(raw, table, given.fill_down, order), f"filled_{table}")
    for ours, names in given.first_of.items():
        columns = [text_of(_named(raw, table, name, "first_of")) for name in names]
        columns = [fold(column).isin([*map(folded, NOBODY)]).ifelse(None, column) for column in columns]
        others = raw.drop(*[name for name in raw.columns if name.lower() == ours])
        raw = raw.select(*others.columns, ibis.coalesce(*columns).name(ours))
    rules = []
    for setting in ("keep", "leave_out"):
        for column, values in getattr(given, setting).items():
            named = fold(text_of(_named(raw, table, column, setting))).fill_null("")
            among = named.isin([folded(str(value)) for value in values])
            rules.append(~among if setting == "keep" else among)
    return raw.mutate(portfoy_left_out=ibis.or_(*rules)) if rules else raw


def _filled_down(raw, table, names, order):
    """The table with what is empty in these columns as in the row above: one of the same order, where that is known."""
    if "portfoy_row" not in raw.columns:
        text = _(
            "{table}: portfoy.toml has fill_down, but these rows have no order. Fill them in where they come from."
        )
        raise DataError(text.format(table=table))
    named = {_named(raw, table, name, "fill_down").get_name() for name in names}
    order = {name for name in raw.columns if name.lower() == order.strip().lower()}
    for columns, within in ((named & order, set()), (named - order, order)):
        for name in columns:
            above = {"group_by": [raw[key] for key in within], "order_by": raw.portfoy_row}
            filled = text_of(raw[name])
            block = filled.count().over(ibis.window(**above, preceding=None, following=0))  # grows where a value begins
            raw = raw.mutate(filled.name(name), portfoy_block=block)
            blocks = ibis.window(group_by=[*(raw[key] for key in within), raw.portfoy_block])
            raw = raw.mutate(raw[name].max().over(blocks).name(name)).drop("portfoy_block")
    return raw


def unfolded(raw, table, unfold):
    """A row for each of the columns side by side: where `unfold` names a column its value, else the text itself.

    A row in which all of these are empty is none: nobody was asked.
    """
    theirs = {name.lower(): name for name in raw.columns}
    wide = [theirs[name.strip().lower()] for each in unfold.values() for name in each if name.strip().lower() in theirs]
    if not wide:
        _named(raw, table, next(iter(unfold.values()))[0], "unfold")  # says that there is no such column
    parts = []
    for place in range(len(next(iter(unfold.values())))):
        named = {ours: theirs.get(each[place].strip().lower()) for ours, each in unfold.items()}
        said = {ours: ibis.literal(str(unfold[ours][place])) for ours, name in named.items() if name is None}
        own = {ours: text_of(raw[name]) for ours, name in named.items() if name is not None}
        rest = [name for name in raw.columns if name not in wide and name.lower() not in unfold]
        there = ibis.or_(*(column.notnull() for column in own.values()))
        parts.append(raw.filter(there).select(*rest, **own, **said))
    return ibis.union(*parts) if len(parts) > 1 else parts[0]


def _named(raw, table, column, setting):
    """Their column of a name, in any case; a DataError where there is none."""
    name = next((name for name in raw.columns if name.lower() == column.strip().lower()), None)
    if name is None:
        found = ", ".join(f"'{shorten(name, 40)}'" for name in raw.columns if name not in OWN)
        text = _("{table}: portfoy.toml has {setting} for '{column}'; the columns are {found}. Correct the name.")
        raise DataError(text.format(table=table, setting=setting, column=column, found=found))
    return raw[name]


def _joined(raw, table, join, further, keep, reading):
    """The table with the columns of another file beside its own; of a key that stands there twice the first row counts.

    A column that both have keeps its name here and gets "_2" behind it there.
    """
    file, here, there = join
    own, mine = further.table, _named(raw, table, here, "join").get_name()
    key = _named(own, file, there, "join").get_name()
    order = ["portfoy_row"] if "portfoy_row" in own.columns else None
    own = own.mutate(portfoy_key=text_of(own[key])).filter(ibis._.portfoy_key.notnull())
    own = own.mutate(portfoy_place=ibis.row_number().over(group_by=own.portfoy_key, order_by=order))
    taken = {name.lower() for name in raw.columns}
    fresh = {name: f"{name}_2" if name.lower() in taken else name for name in own.columns if name not in (key, *OWN)}
    other = own.filter(own.portfoy_place == 0).select(*(own[name].name(new) for name, new in fresh.items()))
    other = other.drop("portfoy_place")
    found = raw.mutate(portfoy_link=text_of(raw[mine])).left_join(other, ibis._.portfoy_link == other.portfoy_key)
    found = keep(found)
    alone = found.portfoy_link.notnull() & found.portfoy_key.isnull()
    row = found.agg(rows=alone.sum().fill_null(0), example=found.portfoy_link.min(where=alone)).to_pandas().iloc[0]
    twice = int(own.filter(own.portfoy_place > 0).count().to_pandas())
    for n, example, text in (
        (*row, _("{table}: rows without a row of {file} by {column}: {n} ({example})")),
        (twice, key, _("{table}: rows of {file} that repeat an earlier {example}, not used: {n}")),
        (*further.broken, _("{table}: lines of {file} do not fit its header: {n} ({example})")),
    ):
        if n:
            given = {"table": table, "n": int(n), "file": file, "column": mine, "example": shorten(example, 60)}
            reading.append(text.format(**given))
    return found.drop("portfoy_link", "portfoy_key")
