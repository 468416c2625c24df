"""No password in anything that a report writes or says. Judge: a secret planted in every way in, and a search of bytes.

A server that asks for its password is stood in for by a DuckDB file: it answers only where the password arrives.
"""

import base64
import json
import os
import subprocess
import sys
import time
from contextlib import suppress

import duckdb
import ibis
import nbformat
import psutil
import pytest
from click.testing import CliRunner

from portfoy import cli
from portfoy.report import compare, shelf

SECRET = "Sesam-öffne/dich@7:%"  # has every sign that ends a password in an address
WRITTEN = "Sesam-%C3%B6ffne%2Fdich%407%3A%25"
PIECES = (
    b"Sesam",
    b"dich",
    b"\\u00f6ffne",
    *(base64.b64encode(said.encode())[:-4] for said in (SECRET, f"owner:{SECRET}")),
)
SERVER = """
import urllib.parse
import ibis

def connect(address):
    if {secret!r} not in urllib.parse.unquote(address):
        raise RuntimeError(f"no entry with {{address}}")
    return ibis.duckdb.connect({file!r}, read_only=True)

ibis.connect = connect
"""
PARAMETERS = 'data: str = "shop.csv"  # where\nas_of: str = ""  # day\nlanguage: str = "en"  # code\n'
OPENED = """
import portfoy as pf

tables = pf.open(data).tables
print(data, tables.where, tables.settings, tables.facts.revenue)
"""
LOUD = f"""
import base64, os, urllib.parse
print(dict(os.environ).get("PORTFOY_ADDRESS"))
print(urllib.parse.unquote(os.environ.get("PORTFOY_ADDRESS", "")).partition("owner:")[2])
for login in ("", "owner:") if "SHOP_PASSWORD" in os.environ else ():
    print(base64.b64encode((login + os.environ["SHOP_PASSWORD"]).encode()), repr([os.environ["SHOP_PASSWORD"]]))
other = "postgres://owner:{WRITTEN}@elsewhere/base"
raise RuntimeError("no entry for " + os.environ.get("PORTFOY_ADDRESS", other))
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A folder with two notebooks, a server of orders, and `run`, a command in it."""
    folder = tmp_path_factory.mktemp("shop")
    base = duckdb.connect(folder / "base.duckdb")
    base.execute("CREATE TABLE transactions (customer_id TEXT, order_id TEXT, ordered_on DATE, amount DOUBLE)")
    base.execute("INSERT INTO transactions VALUES ('007', '1', '2026-01-31', 5.5), ('8', '2', '2026-02-28', 7.25)")
    base.close()
    (folder / "site").mkdir()
    (folder / "site" / "sitecustomize.py").write_text(
        SERVER.format(secret=SECRET, file=str(folder / "base.duckdb")), encoding="utf-8"
    )
    for stage, cell in {"portfolio": OPENED, "selection": LOUD}.items():
        v4 = nbformat.v4
        made = [v4.new_markdown_cell(f"# {stage}"), v4.new_code_cell(PARAMETERS), v4.new_code_cell(cell)]
        made[1].source += f'brand: str = "postgres://owner:{WRITTEN}@another/base"  # a default of the author\'s\n'
        made[1].metadata["tags"] = ["parameters"]
        kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
        path = folder / "notebooks" / "reports" / f"{stage}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(v4.new_notebook(cells=made, metadata={"kernelspec": kernel}), path)
    return folder


def portfoy(*arguments, cwd, **environment):
    told = {"PYTHONPATH": str(cwd / "site"), "PYTHONIOENCODING": "utf-8", **environment}
    command = [sys.executable, "-m", "portfoy", *map(str, arguments)]
    environment, seen = {**os.environ, **told}, set()
    out, err = (open(cwd / "site" / name, "wb+") for name in ("out", "err"))  # noqa: SIM115
    with out, err, subprocess.Popen(command, cwd=cwd, stdout=out, stderr=err, env=environment) as done:
        while done.poll() is None:  # what a list of processes shows of those that it starts
            with suppress(psutil.Error):
                for child in psutil.Process(done.pid).children(recursive=True):
                    seen.add(" ".join(child.cmdline()))
            time.sleep(0.02)
    said = [(cwd / "site" / name).read_bytes() for name in ("out", "err")]
    return subprocess.CompletedProcess(sorted(seen), done.returncode, *said)


def expect_no_secret(*said, folder):
    """Neither in what was said nor in any byte below the folder."""
    files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for where, content in [*enumerate(said), *files.items()]:
        found = [content[max(content.find(piece) - 60, 0) :][:120] for piece in PIECES if piece in content]
        assert not found, (where, found)


WAYS = {
    "login": (f"postgres://owner:{WRITTEN}@host:5432/base", {}),
    "query": (f"postgres://host/base?user=owner&password={WRITTEN}&sslmode=require", {}),
    "settings": (f'source = "postgres://owner:{WRITTEN}@host/base"', {}),
    "environment": ('source = "postgres://owner:${SHOP_PASSWORD}@host/base"', {"SHOP_PASSWORD": SECRET}),
}


@pytest.mark.parametrize(
    "way", [pytest.param(way, marks=pytest.mark.study if way in ("login", "settings") else ()) for way in WAYS]
)
def test_no_byte_of_a_report_holds_the_password(shop, way):
    data, environment = WAYS[way]
    if data.startswith("source"):
        (shop / f"{way}.toml").write_text(data + "\n")
        data = f"{way}.toml"
    out = shop / f"reports-{way}"
    hook = f'env > {out}/environment.txt; cat "$PORTFOY_RUN" {way}.toml >&2; echo "done, $SHOP_PASSWORD"'
    asked = ["report", "portfolio", "selection", "--data", data, "--out", out.name, "--on-failure", hook]
    if way == "query":
        asked.append("--isolated")  # the other kind of kernel
    done = portfoy(*asked, cwd=shop, **environment)
    assert done.returncode == 1, done.stderr
    stages = {stage["stage"]: stage for stage in json.loads((out / "2026-02-28" / "run.json").read_text())["stages"]}
    assert (stages["portfolio"]["status"], stages["selection"]["status"]) == ("ok", "failed")
    executed = (out / "2026-02-28" / "notebooks" / "portfolio.ipynb").read_text("utf-8")
    assert " 12.75" in executed  # the kernel did reach the server
    shown = {"login": "postgres://***@host:5432/base", "query": "postgres://***@host/base"}.get(way, f"{way}.toml")
    assert stages["portfolio"]["parameters"]["data"] == shown
    assert (out / "environment.txt").exists()
    (run,) = shelf.runs(out)
    assert b"done, \n" in done.stderr
    assert len(done.args) > 1
    expect_no_secret(
        *(" ".join(done.args).encode(), done.stdout, done.stderr), compare.compare_text(run, run).encode(), folder=out
    )


ADDRESS = WAYS["login"][0]


@pytest.mark.parametrize(
    "asked",
    [
        ["report", ADDRESS],
        ["report", "--data", ADDRESS, "--as-of", "2020-01-01"],
        ["report", "--data", ADDRESS.replace("://", ":/")],
        ["report", "--data", ADDRESS, "--out", "base.duckdb"],
        ["report", "-p", f"brand={ADDRESS}"],
        ["report", "-p", ADDRESS],
        ["report", "--each", f"brand=a,{ADDRESS}"],
        ["report", "--each", ADDRESS],
        ["report", "-f", "given.toml"],
        ["report", "-f", "named.toml"],
        ["check", ADDRESS.replace("C3%B6ffne", "")],
        ["schedule", "--", "--data", ADDRESS],
        ["schedule", "--kind", "windows", "--", f"--data={ADDRESS}"],
        ["schedule", "--kind", "systemd", "--", "-p", f"password={WRITTEN}"],
        ["schedule", "--kind", "cron", "--", "--on-success", f"curl {ADDRESS} && mail me@host"],
    ],
)
def test_a_refused_command_says_no_password(shop, asked, monkeypatch):
    monkeypatch.chdir(shop)
    monkeypatch.setattr("ibis.connect", lambda address: duckdb_of(shop))
    (shop / "given.toml").write_text(f'[portfolio]\nbrand = "{ADDRESS}"\n')
    (shop / "named.toml").write_text(f'password = "{WRITTEN}"\n')
    done = CliRunner().invoke(cli.main, asked)
    assert done.exit_code in (1, 2), done.output
    assert isinstance(done.exception, SystemExit)
    assert not (shop / "reports").exists()
    expect_no_secret(done.output.encode(), folder=shop / "site" / "none")


def duckdb_of(shop):
    return ibis.duckdb.connect(str(shop / "base.duckdb"), read_only=True)
