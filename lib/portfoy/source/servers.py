"""Servers: what each of them calls otherwise than DuckDB, so that one expression means the same on all.

Ibis writes the SQL. Where it has no words for an expression on a server, or words that mean something else, the
server's own compiler here has them; nothing else of ours knows of dialects.
"""

import re
import unicodedata
import weakref
from functools import partial

import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import sqlglot as sg
import sqlglot.expressions as sge
from ibis.backends.sql.compilers.postgres import PostgresCompiler
from ibis.backends.sql.compilers.pyspark import PySparkCompiler
from ibis.formats.pyarrow import PyArrowData

from portfoy.errors import DataError
from portfoy.locale import _

_LONG, _SHORT, _LEAP = "(?:0?[13578]|1[02])", "(?:0?[469]|11)", "(?:0[48]|[2468][048]|[13579][26])"
_CALENDAR = (  # a day that there is, so that a cast cannot fail
    rf"^(?!0000)(?:\d{{4}}-(?:{_LONG}-(?:0?[1-9]|[12]\d|3[01])|{_SHORT}-(?:0?[1-9]|[12]\d|30)|0?2-(?:0?[1-9]|1\d|2[0-8]))"
    rf"|(?:\d\d{_LEAP}|{_LEAP}00)-0?2-29)$"
)
_CAST = {  # type -> the texts that a cast to it takes
    "date": _CALENDAR,
    "float64": r"^\s*[-+]?(?:\d{1,250}(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,2})?\s*$",
    "int64": r"^\s*[-+]?\d{1,18}\s*$",
}
_CODES = dict.fromkeys(("%d", "%m"), r"(\d{1,2})") | {"%Y": r"(\d{4})", "%y": r"(\d{2})"}
_CODES |= dict.fromkeys(("%H", "%I", "%M", "%S"), r"\d{1,2}")
_CODES |= {"%f": r"\d+", "%p": "[AaPp][Mm]", "%z": r"(?:Z|[+-]\d{2}:?(?:\d{2})?)"}
_NAMED = {"%b", "%B", "%a", "%A"}  # which dates.parsed reads by itself
_ACCENTED = {chr(number): unicodedata.normalize("NFD", chr(number))[0] for number in range(0xC0, 0x250)}
_ACCENTED = {letter: plain for letter, plain in _ACCENTED.items() if letter != plain}


def _day_patterns(form):
    """Of a date format in digits: (regular expression, how year, month and day stand in it), one or two for %y."""
    codes = re.findall("%.", form)
    if {*codes} & _NAMED:
        return []
    if odd := [code for code in codes if code not in _CODES]:
        text = _(
            "date_format: {code} in '{form}' is not read on a server. Write dates as YYYY-MM-DD there, or take the "
            "tables into files: `portfoy pull ADDRESS --out FOLDER`."
        )
        raise DataError(text.format(code=odd[0], form=form))
    parts = [_CODES.get(part, re.escape(part)) for part in re.split("(%.)", form)]
    if "%d%m" in form or "%m%d" in form:  # side by side, so both have two digits
        parts = [part.replace("{1,2}", "{2}") for part in parts]
    pattern = rf"^\s*{''.join(parts)}\s*$"
    place = {code: number for number, code in enumerate([one for one in codes if one in ("%d", "%m", "%Y", "%y")], 1)}
    rest = rf"-\{place['%m']}-\{place['%d']}"
    if "%Y" in place:
        return [(pattern, rf"\{place['%Y']}{rest}")]
    early, late = (pattern.replace(_CODES["%y"], years) for years in ("([0-5][0-9]|6[0-8])", "(69|[7-9][0-9])"))
    return [(early, rf"20\{place['%y']}{rest}"), (late, rf"19\{place['%y']}{rest}")]


class _Server:
    """What DuckDB has and other engines do not, in words that they all have."""

    def visit_ScalarUDF(self, op, **arguments):
        """The functions of DuckDB that `dates` names."""
        name, given = op.__func_name__, [*arguments.values()]
        if hasattr(self, f"_{name}"):
            return getattr(self, f"_{name}")(op, *given)
        return super().visit_ScalarUDF(op, **arguments)

    def _try_strptime(self, op, text, form):
        found = [
            (self._matches(text, pattern), self._replaced(text, pattern, day))
            for pattern, day in _day_patterns(op.args[1].value)
        ]
        cases = [self.if_(holds, self._tried(day, dt.date)) for holds, day in found]
        return self.cast(sge.Case(ifs=cases) if cases else sge.null(), dt.timestamp)

    def _strip_accents(self, _op, text):
        return self.f.translate(text, "".join(_ACCENTED), "".join(_ACCENTED.values()))

    def _matches(self, text, pattern):
        return self.visit_RegexSearch(None, arg=text, pattern=sge.convert(pattern))

    def _replaced(self, text, pattern, replacement):
        return self.visit_RegexReplace(
            None, arg=text, pattern=sge.convert(pattern), replacement=sge.convert(replacement)
        )


class Spark(_Server, PySparkCompiler):
    """Spark: groups of a pattern by another sign, and moments by other names."""

    def visit_RegexReplace(self, op, *, arg, pattern, replacement):
        if isinstance(replacement, sge.Literal):
            replacement = sge.convert(re.sub(r"\\(\d)", r"$\1", replacement.this))
        return super().visit_RegexReplace(op, arg=arg, pattern=pattern, replacement=replacement)

    def visit_Round(self, op, *, arg, digits):
        if digits is None or isinstance(op.digits, ops.Literal):
            return super().visit_Round(op, arg=arg, digits=digits)
        tens = self.f.power(sge.convert(10.0), digits)  # its own takes the same number of digits for all rows
        return self.f.round(arg * tens) / tens

    def visit_ArrayIndex(self, op, *, arg, index):
        return self.f.try_element_at(arg, index + 1)  # NULL beyond the end, as elsewhere

    def _tried(self, text, to):
        return sge.TryCast(this=text, to=self.type_mapper.from_ibis(to), safe=True)

    def _timezone(self, op, zone, moment):
        if op.dtype.timezone:
            return self.f.to_utc_timestamp(moment, zone)
        return self.f.from_utc_timestamp(moment, zone)


class Postgres(_Server, PostgresCompiler):
    """PostgreSQL: no cast that may fail, words bounded by another sign, and texts in an order of its own."""

    SIMPLE_OPS = {}  # noqa: RUF012 - else Ibis would set its own way to search in place of ours

    def visit_Cast(self, op, *, arg, to):
        if op.arg.dtype.is_boolean() and to.is_numeric():  # it goes into int4 only
            return self.cast(self.cast(arg, dt.int32), to)
        return super().visit_Cast(op, arg=arg, to=to)

    def visit_TryCast(self, op, *, arg, to):
        return self._tried(arg, to) if op.arg.dtype.is_string() else self.visit_Cast(op, arg=arg, to=to)

    def _tried(self, text, to):
        pattern = _CAST[str(to)]
        return sge.Case(ifs=[self.if_(self._matches(text, pattern), self.cast(text, to))])

    def visit_RegexSearch(self, op, *, arg, pattern):
        return sge.RegexpLike(this=sge.paren(arg), expression=self._own(pattern))

    def visit_RegexReplace(self, op, *, arg, pattern, replacement):
        return super().visit_RegexReplace(op, arg=arg, pattern=self._own(pattern), replacement=replacement)

    def visit_RegexExtract(self, op, *, arg, pattern, index):
        return super().visit_RegexExtract(op, arg=arg, pattern=self._own(pattern), index=index)

    @staticmethod
    def _own(pattern):
        """In PostgreSQL a boundary of a word is another sign, and digits are those of all scripts."""
        if not isinstance(pattern, sge.Literal):
            return pattern
        inside, found = False, []
        for part in re.findall(r"\\?.", pattern.this, re.DOTALL):
            inside = part != "]" if inside else part == "["
            found.append({r"\d": "0-9" if inside else "[0-9]", r"\b": r"\y"}.get(part, part))
        return sge.convert("".join(found))

    def _plain(self, column, kind):
        """A text that is compared by its letters, whatever the language of the database."""
        if not kind.is_string():
            return column
        return sge.Collate(this=sge.paren(column), expression=sge.to_identifier("C", quoted=True))

    def visit_SortKey(self, op, *, arg, ascending, nulls_first):
        return super().visit_SortKey(
            op, arg=self._plain(arg, op.arg.dtype), ascending=ascending, nulls_first=nulls_first
        )

    def visit_Min(self, op, *, arg, where):
        return super().visit_Min(op, arg=self._plain(arg, op.arg.dtype), where=where)

    def visit_Max(self, op, *, arg, where):
        return super().visit_Max(op, arg=self._plain(arg, op.arg.dtype), where=where)

    def visit_ArgMin(self, op, *, arg, key, where):
        return super().visit_ArgMin(op, arg=arg, key=self._plain(key, op.key.dtype), where=where)

    def visit_ArgMax(self, op, *, arg, key, where):
        return super().visit_ArgMax(op, arg=arg, key=self._plain(key, op.key.dtype), where=where)


_COMPILERS = {"postgres": Postgres, "pyspark": Spark}
_FILES = ("sqlite", "mysql", "mssql")  # whose own words for dates and patterns are too few
_FULL = weakref.WeakSet()  # servers whose account may make no temporary tables
_REFUSED = ("42501", "25006")  # SQLSTATE: no such right, and a transaction that may only read


def taught(engine):
    """The connection, which from now on writes the SQL of its server as it is written here."""
    if engine.name in _COMPILERS:
        engine.compiler = _COMPILERS[engine.name]()
        drop = partial(_drop, engine)
        if engine.name == "pyspark":
            drop = engine._session.catalog.dropTempView  # and out of the cache
            engine._create_cached_table, engine.to_pyarrow = partial(_cached, engine), partial(_arrow, engine)
            engine._register_in_memory_table = partial(_brought, engine)
        engine._drop_cached_table = lambda name: None if _over(engine) else drop(name)
    return engine


def _over(engine):
    """Whether the session has ended, and all that was temporary with it."""
    return engine.con.closed if engine.name == "postgres" else getattr(engine._session, "is_stopped", False)


def _drop(engine, name):
    engine.raw_sql(f'DROP TABLE IF EXISTS "{name}"').close()  # Ibis 12 with sqlglot 30 loses the name


def _cached(engine, name, table):
    """A view that Spark keeps in its cache, by its name: a plan is not always known again as the one that is kept."""
    engine._run_pre_execute_hooks(table)
    engine._session.sql(engine.compile(table)).createTempView(name)
    engine._session.catalog.cacheTable(name)
    return engine.table(name)


def _brought(engine, table):
    """Rows that are here, as a view of Spark, which takes no texts that pandas holds in pieces."""
    from ibis.backends.pyspark.datatypes import PySparkSchema  # there with its driver only

    texts = {name: object for name, kind in table.schema.items() if kind.is_string()}
    rows, schema = table.data.to_frame().astype(texts), PySparkSchema.from_ibis(table.schema)
    engine._session.createDataFrame(rows, schema).createOrReplaceTempView(table.name)


def _arrow(engine, asked, /, *, params=None, limit=None, **_options):
    """What Spark answers, as Arrow from end to end; Ibis' own goes through pandas and trips over what is empty."""
    engine._run_pre_execute_hooks(asked)
    table = asked.as_table()
    rows = engine._session.sql(engine.compile(table, params=params, limit=limit)).toArrow()
    return asked.__pyarrow_result__(PyArrowData.convert_table(rows, table.schema()))


def enter(engine, catalog, schema):
    """Go to where portfoy.toml says that the tables are on a server, from where their names alone are found."""
    if not schema:
        return
    place = sg.table(schema, db=catalog, quoted=True).sql(engine.dialect)
    engine.raw_sql(f"SET search_path TO {place}" if engine.name == "postgres" else f"USE {place}")


def refuse_files(engine, where):
    """Raise a DataError where no analysis runs on the server."""
    if engine.name in _FILES:
        text = _(
            "{where}: analyses do not run on {engine}. Take its tables into files with `portfoy pull {where} --out "
            "FOLDER`, and give that folder."
        )
        raise DataError(text.format(where=where, engine=engine.name))


def has_room(engine):
    """Whether what is worked out on a server may be held there; it may until the server has refused it."""
    return engine.name in _COMPILERS and engine not in _FULL


def is_full(engine):
    """Whether the server has refused to hold a table."""
    return engine in _FULL


def held(table):
    """The table, worked out once, in a temporary table of the session that goes when nothing uses it any more.

    As it is in the embedded engine, which works it out fast enough, and where the account may make no such table.
    """
    engine = table.get_backend()
    if not has_room(engine):
        return table
    try:
        found = table.cache()
    except Exception as error:  # each driver has errors of its own
        if getattr(error, "sqlstate", "") not in _REFUSED:
            raise
        _FULL.add(engine)
        return table
    if engine.name == "postgres":
        engine.raw_sql(f'ANALYZE "{found.op().name}"').close()  # else it joins as if there were a handful of rows
    return found
