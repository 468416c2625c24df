"""portfoy.toml: how an analyst's own names and formats map onto the tables of the contract."""

import difflib
import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path

from portfoy.contract import TABLES, DataError
from portfoy.locale import _

UNKNOWN = ("", "na", "n/a", "nan", "null", "none", "guest", "unknown", "anonymous", "-")
"""Customer ids, in lower case, that never name a customer."""

CHOICES = {"returns": ("net", "drop"), "duplicates": ("drop", "keep")}


@dataclass(frozen=True)
class Format:
    """How the text of one table is written; None means: find out from the values."""

    delimiter: str | None = None  # "," ";" "tab" "|" or "whitespace"
    encoding: str | None = None
    date_format: str | None = None  # "DD.MM.YYYY" or "%d.%m.%Y"
    decimal: str | None = None
    thousands: str | None = None
    header: bool | tuple[str, ...] = True  # names of the columns where the file has no header line
    file: str | None = None  # file, pattern or table name inside the source


@dataclass(frozen=True)
class Settings:
    """Everything portfoy.toml can say. The defaults are those of a source without one."""

    source: str | None = None
    name: str | None = None  # what reports call the data
    currency: str | None = None  # ISO 4217 code
    returns: str = "net"
    duplicates: str = "drop"
    unknown_customers: tuple[str, ...] = ()
    test_pattern: str = r"test[-_ ]?\d*"  # customers and products that are nobody's purchase; whole id, any case
    formats: dict[str, Format] = field(default_factory=dict)
    columns: dict[str, dict[str, str | list[str]]] = field(default_factory=dict)

    def format(self, table):
        """The Format of one table."""
        return self.formats.get(table, Format())

    def unknown(self):
        """Customer ids, in lower case, that stand for nobody in particular."""
        return sorted({*UNKNOWN, *(str(value).strip().lower() for value in self.unknown_customers)})


_FORMAT_KEYS = set(Format.__dataclass_fields__)
_TOP_KEYS = set(Settings.__dataclass_fields__) - {"formats", "columns"} | _FORMAT_KEYS - {"file"}


def read_settings(path):
    """Settings from a portfoy.toml; `source` becomes absolute, seen from the file's own folder.

    Raises
    ------
    DataError : not TOML, an unknown key (with the nearest known one), or a value that is not one of the choices.
    """
    path = Path(path)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(
            _("{path}: is not valid TOML: {error}. Correct that line.").format(path=path, error=error)
        ) from None
    top = {key: value for key, value in content.items() if not isinstance(value, dict)}
    tables = {key: value for key, value in content.items() if isinstance(value, dict)}
    _check_keys(path, "", top, _TOP_KEYS)
    _check_keys(path, "", tables, set(TABLES))
    shared = {key: top.pop(key) for key in list(top) if key in _FORMAT_KEYS}
    formats = {table: _format(path, table, {**shared, **tables.get(table, {})}) for table in TABLES}
    columns = {table: _columns(path, table, section) for table, section in tables.items()}
    for key, choices in CHOICES.items():
        if top.get(key, choices[0]) not in choices:
            raise _bad_value(path, key, top[key], " / ".join(f'"{choice}"' for choice in choices))
    for key, value in top.items():
        wanted = list if key == "unknown_customers" else str
        if not isinstance(value, wanted):
            raise _bad_value(path, key, value, _("a list of texts") if wanted is list else _("a text in quotes"))
    if "unknown_customers" in top:
        top["unknown_customers"] = tuple(top["unknown_customers"])
    settings = Settings(**top, formats=formats, columns=columns)
    source = settings.source or "."
    return replace(settings, source=source if "://" in source else str((path.parent / source).resolve()))


def _check_keys(path, section, given, known):
    for key in given:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = _("did you mean '{near}'?").format(near=near[0]) if near else _("known: {known}.")
            raise DataError(
                _("{path}: there is no setting '{key}'; {hint}").format(
                    path=path, key=section + key, hint=hint.format(known=", ".join(sorted(known)))
                )
            )


def _format(path, table, section):
    values = {key: value for key, value in section.items() if key in _FORMAT_KEYS}
    if isinstance(values.get("header"), list):
        values["header"] = tuple(str(name) for name in values["header"])
    for key, value in values.items():
        if key != "header" and not isinstance(value, str):
            raise _bad_value(path, f"{table}.{key}", value, _("a text in quotes"))
    if values.get("decimal", ".") not in (".", ","):
        raise _bad_value(path, "decimal", values["decimal"], '"." / ","')
    return Format(**values)


def _columns(path, table, section):
    columns = {key: value for key, value in section.items() if key not in _FORMAT_KEYS}
    extra = {"expectation_", "performance_", "fit_", "engagement_"}
    _check_keys(path, table + ".", {key for key in columns if not key.startswith(tuple(extra))}, set(TABLES[table]))
    for key, value in columns.items():
        names = value if isinstance(value, list) else [value]
        if not names or not all(isinstance(name, str) for name in names):
            raise _bad_value(path, f"{table}.{key}", value, _("a column name, or a list of column names"))
    return columns


def _bad_value(path, key, value, rule):
    return DataError(
        _("{path}: '{key}' is {value!r}; it must be {rule}.").format(path=path, key=key, value=value, rule=rule)
    )
