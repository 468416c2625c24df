"""What is secret in an address stays with us. Judge: a secret planted in every kind of address, and a search for it.

A driver that says more than it should is stood in for by one that repeats what it was given, in every form there is.
"""

import base64
import html
import re
from urllib.parse import quote

import ibis
import pytest
from click.testing import CliRunner

from portfoy import cli
from portfoy import open as firm
from portfoy.errors import DataError
from portfoy.report import hooks
from portfoy.source import address
from portfoy.source import open as source

SECRET = "Zebra-7/öl@x"
CODED = quote(SECRET, safe="")
PLAIN = "Zebra7oel"  # where the kind of address has no room for signs
FORMS = ("ebra", *(base64.b64encode(text.encode()).decode()[:8] for text in (SECRET, PLAIN, f"me:{PLAIN}")))
KINDS = [
    f"postgresql:/me:{PLAIN}@host/db",
    f"postgres//me:{CODED}@host/db",
    f"postgres:me:{PLAIN}@host/db",
    f"host=localhost dbname=shop user=me password={PLAIN}",
    f"host=localhost pwd='two words {PLAIN}'",
    f"me:{PLAIN}@host",
    f"me/{PLAIN}@host",
    f"duckdb://md:{PLAIN}",
    f"DUCKDB://md:{PLAIN}",
    f"md:{PLAIN}",
    f"md:shop?motherduck_token={PLAIN}",
    f"duckdb://md:shop?motherduck_token={PLAIN}",
    f"nonsense://host/db?api_key={PLAIN}",
    f"nonsense://host/db?token={PLAIN}",
    f"nonsense://host/db?x={PLAIN}",
    f"nonsense://host/db#{PLAIN}",
    f"nonsense://host/db?user=me;{PLAIN}",
    f"nonsense://host/db?sslpassword={PLAIN}&sslmode=require",
    f"nonsense://host;AccountName=me;AccountKey={PLAIN}",
    f"s3://{PLAIN}:{CODED}@bucket/orders",
    f"s3://KEY:{PLAIN}+/x/@bucket/orders",
    f"s3://bucket/orders?s3_secret_access_key={PLAIN}",
    f"https://{PLAIN}@host/orders.csv",
    f"postgres://me:{PLAIN} {PLAIN}@host/db",
    f"postgres://me:one\n{PLAIN}@host/db",
    f"postgres://me:one\n/{PLAIN}@host/db",
    f"postgres://me:{CODED}@host/db",
    f"postgres://me:{SECRET}@host/db",
    f"POSTGRESQL://me:{CODED}@host/db",
    f"jdbc:sqlserver://host;user=me;pwd={PLAIN};database=x",
    f" postgres://me:{PLAIN}@host/db",
    f"postgres%3A//me:{PLAIN}@host/db",
]


@pytest.fixture(autouse=True)
def nothing_is_remembered(monkeypatch):
    monkeypatch.setattr(address, "_secrets", {})
    monkeypatch.setattr(address, "_filled", {})


def leaks(*said):
    return [(form, text) for form in FORMS for text in map(str, said) if form in text]


def echo(where):
    """A driver that says everything that it knows, in every form."""
    forms = [where, quote(where), quote(where, safe=""), html.escape(where), repr(where), f"dsn={where!r}"]
    planted = {SECRET: (SECRET, CODED), CODED: (SECRET, CODED), PLAIN: (PLAIN,), f"//me:{PLAIN}@": (f"me:{PLAIN}",)}
    for secret in (each for found, several in planted.items() if found in where for each in several):
        forms += [secret, quote(secret), base64.b64encode(secret.encode()).decode()]
    raise RuntimeError("no entry for " + " | ".join(forms))


@pytest.mark.parametrize("where", KINDS)
def test_no_kind_of_address_is_told_in_an_error(where, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ibis.connect", echo)
    (tmp_path / "shop.toml").write_text(f"source = '''{where}'''\n", encoding="utf-8")
    errors = []
    for place in (where, tmp_path / "shop.toml"):
        with pytest.raises(DataError) as error:
            source.open(place)
        errors.append(str(error.value))
    commands = [["check", where], ["check", "shop.toml"], ["report", "--data", where]]
    commands += [["map", where], ["schedule", "--", "--data", where], ["customer", "1", "--data", where]]
    commands += [["report", where], ["check", "x", where]] if "://" in where else []
    for command in commands:
        done = CliRunner().invoke(cli.main, command)
        assert done.exit_code, command
        errors += [done.output, repr(done.exception)]
    assert leaks(*errors) == []


@pytest.mark.parametrize("where", [where for where in KINDS if "://" in where])
def test_in_a_text_an_address_is_as_it_may_be_seen(where):
    said = address.masked(f"first: {where}")
    assert leaks(said) == [] or ("\n" in where or " " in where.strip() or where.startswith("https"))
    assert address.masked(said) == said
    address.remember(where)
    assert leaks(address.masked(f"first: {where}, then {where!r} and {html.escape(where)}")) == []


def test_named_secrets_in_a_text_are_hidden_and_other_names_are_not():
    text = f"psql \"host=h password='a {PLAIN}' sslmode=require\" sslpassword={PLAIN}; sorted(x, key=len) as_of=2026"
    shown = 'psql "host=h password=*** sslmode=require" sslpassword=***; sorted(x, key=len) as_of=2026'
    assert address.masked(text) == shown


def test_a_short_password_is_hidden_where_it_is_a_password_and_not_where_it_is_a_word():
    where = "postgres://me:2026@host/base"
    address.remember(where)
    assert address.masked(f"{where} of 2026-06-30") == "postgres://***@host/base of 2026-06-30"
    assert address.without(where, "wrong: 2026", "there") == "wrong: ***"


def test_a_word_that_is_also_the_scheme_is_hidden_in_the_error_only(monkeypatch):
    def connect(where):
        raise RuntimeError("password postgres is wrong")

    monkeypatch.setattr("ibis.connect", connect)
    with pytest.raises(DataError) as error:
        source.open("postgres://postgres:postgres@host/base")
    said = "postgres://***@host/base: does not answer: password *** is wrong. Check address and driver."
    assert str(error.value) == said


# The environment


def test_an_address_of_the_command_line_takes_its_parts_from_the_environment(monkeypatch):
    server, asked = ibis.duckdb.connect(), []
    server.raw_sql(
        "CREATE TABLE transactions AS SELECT '7' AS customer_id, '1' AS order_id, DATE '2026-01-31' AS ordered_on, "
        "12.75 AS amount"
    )
    server.list_tables = lambda: ["transactions"]  # ibis's own warns about DuckDB
    monkeypatch.setattr("ibis.connect", lambda where: asked.append(where) or server)
    monkeypatch.setenv("SHOP_PASSWORD", SECRET)
    opened = firm("postgres://me:${SHOP_PASSWORD}@host/base")
    assert asked == [f"postgres://me:{CODED}@host/base"]
    assert opened.tables.facts.revenue == 12.75
    assert (opened.tables.where, opened.tables.name) == ("postgres://me:${SHOP_PASSWORD}@host/base", "base")
    assert opened.tables.settings.source == "postgres://me:${SHOP_PASSWORD}@host/base"


def test_a_missing_variable_is_named_in_one_line_and_a_plain_sign_is_written_twice(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NOWHERE", raising=False)
    for command, said in {
        "postgres://me:${NOWHERE}@host/base": "postgres://me:${NOWHERE}@host/base",
        "postgres://me:s3cret@${NOWHERE}/base": "postgres://***@${NOWHERE}/base",
        "${NOWHERE}": "${NOWHERE}",
    }.items():
        done = CliRunner().invoke(cli.main, ["check", command])
        rule = "names the environment variable NOWHERE, which is not set. Set it; $$ stands for $."
        assert (done.exit_code, done.output) == (2, f"portfoy check: {said}: {rule}\n")
    (tmp_path / "${a}.csv").write_text("customer_id,order_id,ordered_on,amount\n1,1,2026-01-31,5\n")
    assert source.open("$${a}.csv").facts.rows == 1


def test_settings_take_values_from_the_environment_which_no_message_tells(tmp_path, monkeypatch):
    (tmp_path / "mine.csv").write_text("who;order_id;ordered_on;amount ${x}\n1;1;2026-01-31;5,5\n", encoding="utf-8")
    for name, value in {"SIGN": ";", "FILE": "mine.csv", "WHO": "who", "CURRENCY": "TRY", "SHOP": "secretly"}.items():
        monkeypatch.setenv(name, value)
    text = (
        'name = "${SHOP}"\ncurrency = "${CURRENCY}"\ndelimiter = "${SIGN}"\ndecimal = ","\n[transactions]\n'
        'file = "${FILE}"\ncustomer_id = ["${WHO}"]\namount = "amount $${x}"\n'
    )
    (tmp_path / "portfoy.toml").write_text(text)
    tables = source.open(tmp_path)
    assert (tables.facts.revenue, tables.currency, tables.name) == (5.5, "TRY", "${SHOP}")
    for name, value, rule in (
        ("CURRENCY", "lira", "'currency' is '${CURRENCY}', not three capital letters, such as \"EUR\"."),
        ("FILE", "none-of-it.csv", "there is no '${FILE}', which portfoy.toml names for transactions. Correct it."),
    ):
        with monkeypatch.context() as changed:
            changed.setenv(name, value)
            with pytest.raises(DataError) as error:
                source.open(tmp_path)
            assert str(error.value).endswith(rule), error.value
    monkeypatch.delenv("WHO")
    with pytest.raises(DataError) as error:
        source.open(tmp_path)
    assert str(error.value) == (
        f"{tmp_path}/portfoy.toml: 'transactions.customer_id' names the environment variable WHO, which is not set. "
        "Set it; $$ stands for $."
    )


def test_a_hook_finds_no_secret_in_its_environment_and_shows_none(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("SHOP_PASSWORD", SECRET)
    monkeypatch.setenv("SHOP_ADDRESS", f"postgres://me:{CODED}@host/base")
    monkeypatch.setenv("SHOP_COLOUR", "green")
    address.remember(f"postgres://me:{CODED}@host/base")
    (tmp_path / "mine").write_text(f"loud {SECRET} {CODED}\n", encoding="utf-8")
    given = {"record": None, "folder": None, "code": 0, "message": f"no {SECRET}"}
    hooks.run_hook(f"env > '{tmp_path}/env'; cat '{tmp_path}/mine'; cat '{tmp_path}/mine' >&2", **given)
    found = (tmp_path / "env").read_text(encoding="utf-8")
    assert "SHOP_COLOUR=green" in found
    assert re.findall("^SHOP_\\w+", found, re.M) == ["SHOP_COLOUR"]
    said = capfd.readouterr().err
    assert said == "loud *** ***\n" * 2
    assert leaks(found, said) == []
