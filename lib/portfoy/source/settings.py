"""portfoy.toml: how an analyst's own names and formats map onto the tables of the contract."""

import hashlib
import json
import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path

from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.source import pseudonyms
from portfoy.source.address import discreetly, filled
from portfoy.source.contract import MEASURED, TABLES, kind_of
from portfoy.source.labels import CODED, LABELS, NOBODY, folded
from portfoy.source.rules import SECTIONS, bad_value, check_keys, check_values


@dataclass(frozen=True)
class Format:
    """How the text of one table is written; None means: find out from the values."""

    delimiter: str | None = None  # "," ";" "tab" "|" or "whitespace"
    encoding: str | None = None
    skip: int | None = None  # lines above the header
    footer: int = 0  # lines below the last row
    escape: str | None = None  # what stands before a quotation mark inside quotes, where that is not another one
    date_format: str | None = None  # "DD.MM.YYYY" or "%d.%m.%Y"
    timezone: str | None = None  # whose days the stamps are counted in that say how far they are from UTC
    decimal: str | None = None
    thousands: str | None = None
    header: bool | tuple[str, ...] = True  # where the file has no header line: false, or the names of its columns
    sign: str | None = None  # their column that says the sign of the amount
    credit: str | None = None  # their column of what is subtracted from the amount, which then is the debit
    debit: str | None = None  # what an amount marked as debit is: "sale" or "return"
    discount_as: str | None = None  # "money", "percent" or "share"
    cost_of: str | None = None  # what unit_cost is of: "piece" or "line"
    null_words: tuple[str, ...] = ()  # texts that stand for nothing, in any case
    file: str | None = None  # file, pattern or table name inside the source
    sheet: str | None = None  # of a workbook
    unfold: dict[str, tuple[str, ...]] = field(default_factory=dict)  # our column -> theirs, a row for each; or texts
    join: tuple[tuple[str, ...], ...] = ()  # further files: name, key here, key there, sheet if one is said
    keep: dict[str, tuple[str, ...]] = field(default_factory=dict)  # their column -> values whose rows are kept
    leave_out: dict[str, tuple[str, ...]] = field(default_factory=dict)  # their column -> values left out
    constants: dict[str, str] = field(default_factory=dict)  # our column -> its value in every row
    values: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)  # our column -> label -> their words
    ranges: dict[str, tuple[float, float]] = field(default_factory=dict)  # our column -> lowest, highest value
    first_of: dict[str, tuple[str, ...]] = field(
        default_factory=dict
    )  # our column -> theirs; the first not empty counts
    fill_down: tuple[str, ...] = ()  # their columns that stand on the first line of an order only
    amount_per: str = "line"  # or "order": what the order cost stands on each of its lines, or on its first
    price_per: str = "piece"  # or "line": what all pieces of a line cost stands where the price of one should


@dataclass(frozen=True)
class Settings:
    """Everything portfoy.toml can say. The defaults are those of a source without one."""

    source: str | None = None
    catalog: str | None = None  # of a server, where it has several; needs a schema
    schema: str | None = None  # of a server, in which its tables are
    as_of: str | None = None  # YYYY-MM-DD, the day of the export, where no table has a date
    name: str | None = None  # what reports call the data
    currency: str | None = None  # ISO 4217 code
    prices: float | None = None  # by how much they rise a year, where there is no price index
    returns: str = "net"
    duplicates: str = "drop"
    rates: dict[str, float] = field(default_factory=dict)  # currency code -> one unit of it in `currency`
    unknown_customers: tuple[str, ...] = ()
    ignore_in_ids: tuple[str, ...] = ()  # "case", "letters" in front, "zeros" in front: these tell no two ids apart
    test_pattern: str = r"test[-_ ]?\d*"  # customers and products that are nobody's purchase; whole id, any case
    formats: dict[str, Format] = field(default_factory=dict)
    columns: dict[str, dict[str, str | list[str]]] = field(default_factory=dict)
    lists: tuple[str, ...] = ()  # campaign ids of lists of earlier runs that were acted on
    pseudonyms: str = ""  # the file of their key where ids are hidden; portfoy.toml says true
    look: dict[str, str] = field(default_factory=dict)  # of reports: logo, accent, warm
    monitoring: dict = field(default_factory=dict)  # until, the last day of the base, its reason; notes by figure

    def format(self, table):
        """The Format of one table."""
        return self.formats.get(table, Format())

    def unknown(self):
        """Customer ids, in lower case, that stand for nobody in particular."""
        return sorted({*map(folded, NOBODY), *(folded(str(value)) for value in self.unknown_customers)})

    def fingerprint(self):
        """SHA-256 over what can move a figure: not where the data are nor what they are called, and no defaults."""
        own = ("source", "catalog", "schema", "as_of", "name", "unknown_customers", "formats", "columns", "look")
        said = {key: value for key, value in _said(self).items() if key not in own}
        said["unknown"] = self.unknown()
        said |= {"pseudonyms": True} if self.pseudonyms else {}
        said["formats"] = {table: _said(given) for table, given in self.formats.items() if given != Format()}
        lists = {
            table: {key: value if isinstance(value, list) else [value] for key, value in names.items()}
            for table, names in self.columns.items()
        }
        said["columns"] = {table: names for table, names in lists.items() if names}
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _said(given):
    """The fields of a dataclass that are not as they are by default."""
    plain = vars(type(given)())
    return {key: value for key, value in vars(given).items() if value != plain[key]}


_FORMAT_KEYS = set(Format.__dataclass_fields__)
_OF_ORDERS = {"amount_per", "price_per", "sign", "credit", "debit", "discount_as", "cost_of"}
_OF_TABLE = {"file", "sheet", "unfold", "join", "keep", "leave_out", "constants", "values", "ranges"}
_OF_TABLE |= {"first_of", "fill_down", *_OF_ORDERS}  # said under a table only
_TOP_KEYS = set(Settings.__dataclass_fields__) - {"formats", "columns"} | _FORMAT_KEYS - _OF_TABLE


def read_settings(path):
    """Settings from a portfoy.toml; `source` becomes absolute, seen from the file's own folder.

    DataError where it is no TOML, or has unknown keys (the nearest known ones are named) or values that cannot be.
    """
    path = Path(path)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(_("{path}: is no TOML: {error}. Correct that line.").format(path=path, error=error)) from None
    try:
        return _settings(path, _filled(path, content))
    except DataError as error:
        raise DataError(discreetly(str(error))) from None
    except RecursionError:  # a.a.a. ..., which tomllib reads at any depth
        raise DataError(_("{path}: its tables are too deep to be read. Correct that.").format(path=path)) from None


def _filled(path, content, key=""):
    """What a portfoy.toml says with the environment's values; not where the data are, which `open` fills in, nor their
    name, which is only shown.
    """
    if isinstance(content, dict):
        asis = ("source", "name") if not key else ()
        inside = {name: f"{key}.{name}".lstrip(".") for name in content}
        return {name: each if name in asis else _filled(path, each, inside[name]) for name, each in content.items()}
    if isinstance(content, list):
        return [_filled(path, each, key) for each in content]
    return filled(content, path, key) if isinstance(content, str) else content


def _settings(path, content):
    check_keys(path, "", content, _TOP_KEYS | set(TABLES))
    top = {key: value for key, value in content.items() if key not in TABLES}
    check_values(path, "", top)
    tables, columns = {key: value for key, value in content.items() if key in TABLES}, {}
    for table, section in tables.items():
        if not isinstance(section, dict):
            raise bad_value(path, table, section, _("a section, [{table}]").format(table=table))
        known = TABLES[table].keys() | _FORMAT_KEYS - (_OF_ORDERS if table != "transactions" else set())
        check_keys(path, f"{table}.", [key for key in section if not MEASURED.fullmatch(key)], known)
        check_values(path, f"{table}.", {key: value for key, value in section.items() if key in _FORMAT_KEYS})
        columns[table] = {key: value for key, value in section.items() if key not in _FORMAT_KEYS}
        _check_columns(path, table, columns[table])
        for key in ("values", "constants", "ranges", "first_of"):
            named = [name for name in section.get(key, {}) if not MEASURED.fullmatch(name)]
            check_keys(path, f"{table}.{key}.", named, _numbers(table) if key == "ranges" else TABLES[table])
        for name, labels in section.get("values", {}).items():
            kind = CODED.get(name, kind_of(table, name))
            known = labels if kind == "arm" else LABELS.get(kind, labels)  # arms may have names of their own
            check_keys(path, f"{table}.values.{name}.", labels, known)
            said = [folded(str(word)) for words in labels.values() for word in words]
            if twice := sorted({word for word in said if said.count(word) > 1}):
                raise bad_value(path, f"{table}.values.{name}", ", ".join(twice), _("each word under one label"))
    shared = {key: top.pop(key) for key in list(top) if key in _FORMAT_KEYS}
    top |= _sections(path, top)
    top |= {key: tuple(top[key]) for key in ("unknown_customers", "ignore_in_ids") if key in top}
    top |= {"as_of": str(top["as_of"])} if "as_of" in top else {}
    top["pseudonyms"] = str(path.resolve().parent / pseudonyms.FILE) if top.get("pseudonyms") else ""
    formats = {table: _format(path, {**shared, **tables.get(table, {})}) for table in TABLES}
    settings = Settings(**top, formats=formats, columns=columns)
    if settings.rates and not settings.currency:
        raise bad_value(path, "currency", settings.currency, _("the currency that [rates] turn others into"))
    if settings.catalog and not settings.schema:
        raise bad_value(path, "schema", settings.schema, _("the schema of the catalog that the tables are in"))
    source = settings.source or "."
    elsewhere = "://" in source or source.startswith("${")  # an address, or the environment variable that holds one
    return replace(settings, source=source if elsewhere else str((path.parent / source).resolve()))


def _numbers(table):
    """The columns that a range can be said of; of orders those without which a line is worth nothing."""
    if table == "transactions":
        return ("amount", "quantity", "unit_price")
    return [name for name in TABLES[table] if kind_of(table, name) == "number"]


def _sections(path, top):
    """The sections that are no table: their keys known, their values possible, and each as `Settings` keeps it."""
    for name, keys in SECTIONS.items():
        check_keys(path, f"{name}.", top.get(name, {}), keys)
        check_values(path, f"{name}.", top.get(name, {}))
    look, monitoring = top.get("look", {}), top.get("monitoring", {})
    if "until" in monitoring and not str(monitoring.get("reason", "")).strip():
        raise bad_value(path, "monitoring.reason", monitoring.get("reason"), _("a text that says why the base moves"))
    return {
        "look": look | ({"logo": str(path.parent / look["logo"])} if "logo" in look else {}),  # from the file's folder
        "lists": tuple(str(name) for name in top.get("lists", {}).get("acted_on", ())),
        "monitoring": {key: str(value) if key == "until" else value for key, value in monitoring.items()},
    }


def _check_columns(path, table, section):
    for key, value in section.items():
        kind = kind_of(table, key)
        several = kind in ("id", "text") or (table, kind) == ("totals", "number")  # joined, and added up
        rule = _("a column name, or a list of column names") if several else _("one column name in quotes")
        names = value if isinstance(value, list) and several else [value]
        if not names or not all(isinstance(name, str) for name in names):
            raise bad_value(path, f"{table}.{key}", value, rule)


def _format(path, section):
    values = {key: value for key, value in section.items() if key in _FORMAT_KEYS}
    if isinstance(values.get("header"), list):
        values["header"] = tuple(values["header"])
    values["unfold"] = {ours: tuple(map(str, each)) for ours, each in values.get("unfold", {}).items()}
    values["null_words"] = tuple(str(word) for word in values.get("null_words", ()))
    joins = values.get("join", [])
    values["join"] = tuple(
        (one["file"], *(one["on"] * 2 if isinstance(one["on"], list) else [one["on"]] * 2)[:2], *_sheet(one))
        for one in (joins if isinstance(joins, list) else [joins])
    )
    if values.get("decimal") and values.get("decimal") == values.get("thousands"):
        raise bad_value(path, "thousands", values["thousands"], _("another sign than decimal"))
    return Format(**values)


def _sheet(join):
    return [join["sheet"]] if "sheet" in join else []
