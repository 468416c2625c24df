"""Pseudonyms in place of ids: keyed, so that the same id has the same one in every run, and nobody without the key
can find out whose it is by trying ids.

``pseudonyms = true`` in portfoy.toml asks for them. The key lies beside portfoy.toml in ``portfoy.key``, its owner's
alone, and is made when it is first needed; the environment variable PORTFOY_KEY goes before it. Without the key, what
was published cannot be led back to anybody: to forget everybody, delete it.
"""

import os
import re
import secrets
from hashlib import sha256
from pathlib import Path

import ibis

from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.source.labels import LOST, fold

KEY, FILE = "PORTFOY_KEY", "portfoy.key"
PERSONAL = (
    *("customer_id", "referred_by", "account"),
    *("lead_id", "contract_id", "ticket_id", "survey_id", "order_id"),
)
"""Columns that name a person, or lead to one in the firm's other programs; every one of them becomes a pseudonym."""

HIDDEN = ("name",)  # columns of people that are left out whole
DIGITS = 16  # 64 bits: among ten million ids two alike are a matter of one in 400,000
FORM = re.compile(f"p[0-9a-f]{{{DIGITS}}}|P[0-9A-F]{{{DIGITS}}}")


def key_of(path):
    """The key of a firm, a text, from the environment or from the file at `path`, which is made where there is none.

    DataError where the file cannot be read or made, or is too short to be a key.
    """
    if key := os.environ.get(KEY):
        return key
    path = Path(path)
    try:
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(secrets.token_hex(32) + "\n")
    except FileExistsError:
        pass
    except OSError as error:
        text = _("{path}: the key of the pseudonyms cannot be written: {reason}. Set PORTFOY_KEY instead.")
        raise DataError(text.format(path=path, reason=error.strerror or error)) from None
    try:
        key = path.read_text("ascii").strip()
    except (OSError, UnicodeError) as error:
        text = _("{path}: the key of the pseudonyms cannot be read: {reason}. Correct that, or set PORTFOY_KEY.")
        raise DataError(text.format(path=path, reason=getattr(error, "strerror", None) or error)) from None
    if len(key) < 16:
        raise DataError(_("{path}: is too short for a key. Delete it, and a new one is made.").format(path=path))
    return key


def pseudonym(text, key):
    """The pseudonym of one id, as `hide` gives it in the engine.

    Ids in capitals and the same in small letters differ in just that, as the check for such ids expects.
    """
    capitals = text == text.upper() != text.lower()
    made = "p" + sha256(f"{key}:{text.lower() if capitals else text}".encode()).hexdigest()[:DIGITS]
    return made.upper() if capitals else made


def shown(text, settings):
    """What an id is shown as: its pseudonym where portfoy.toml asks for them; a pseudonym and others stay."""
    if not settings.pseudonyms or FORM.fullmatch(text):
        return text
    return pseudonym(text, key_of(settings.pseudonyms))


def hide(table, key, settings):
    """The table (ibis) with pseudonyms in place of the ids of persons and without their names.

    What stands for nobody stays as it is: unknown and test ids of `settings`, and those that lost their digits.
    """
    nobody = f"(?i)^({settings.test_pattern})$|{LOST}"
    changed = {}
    for column in [name for name in PERSONAL if name in table.columns]:
        ids = table[column].cast("string")
        spared = fold(ids).isin(settings.unknown()) | ids.re_search(nobody)
        capitals = (ids == ids.upper()) & (ids != ids.lower())
        plain = ibis.ifelse(capitals, ids.lower(), ids)
        made = ibis.literal("p").concat(ibis.literal(f"{key}:").concat(plain).hexdigest("sha256").substr(0, DIGITS))
        made = ibis.ifelse(capitals, made.upper(), made)
        changed[column] = ibis.ifelse(ids.isnull() | spared, ids, made)
    return table.mutate(**changed).drop(
        *[name for name in HIDDEN if name in table.columns and "customer_id" in changed]
    )


def pairs(table, key, settings):
    """Each id of persons in a table (ibis) once, with its pseudonym: columns ``pseudonym`` and ``real``."""
    found = None
    for column in [name for name in PERSONAL if name in table.columns and name != "order_id"]:
        ids = table.select(real=table[column].cast("string"), customer_id=table[column].cast("string"))
        each = hide(ids, key, settings).select(pseudonym="customer_id", real="real").distinct()
        found = each if found is None else found.union(each)
    return found


def leads_back(rows, columns, real):
    """The rows of a list with the ids that their pseudonyms stand for; `real` pseudonym -> id."""
    places = [place for place, name in enumerate(columns) if name in PERSONAL]
    return [[real.get(cell, cell) if place in places else cell for place, cell in enumerate(row)] for row in rows]
