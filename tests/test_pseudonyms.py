"""Pseudonyms in place of ids: the judge is a search of everything that a run writes for every id of its source."""

import json
import re
import shutil
import sys
import zipfile
from hashlib import sha256

import pandas as pd
import pytest

import portfoy as pf
from helpers import message_of, run_here
from portfoy.firm import LISTS
from portfoy.simulate import write_company
from portfoy.source.pseudonyms import PERSONAL
from portfoy.words.stages import REPORTS


@pytest.fixture(scope="module")
def office(once):
    """A folder with a dirty company, the same with and without pseudonyms, and the reports of the first."""

    def fill(folder):
        write_company(folder / "data", customers=200, seed=5, dirt=True)
        said = 'source = "data"\nname = "Shop"\ncurrency = "TRY"\n'
        (folder / "plain.toml").write_text(said, "utf-8")
        (folder / "portfoy.toml").write_text(said + "pseudonyms = true\n", "utf-8")
        code, _out, err = run_here(folder, "report", *REPORTS, "--data", "portfoy.toml", "--cards", "2")
        assert code == 0, err

    return once("office with pseudonyms", fill)


@pytest.fixture(scope="module")
def ids(office):
    """Every id of the source that names a person or leads to one."""
    found = set()
    for path in (office / "data").glob("*.csv"):
        table = pd.read_csv(path, dtype=str)
        for name in [name for name in PERSONAL if name in table]:
            found |= {*table[name].dropna()}
    return {one for one in found if re.search("[A-Za-z]", one) and not one.lower().startswith(("test", "guest"))}


def pseudonym(office, one):
    """The hash by the hand of another program: of what is written small, and large where the id is in capitals."""
    key = (office / "portfoy.key").read_text().strip()
    made = "p" + sha256(f"{key}:{one.lower() if one.isupper() else one}".encode()).hexdigest()[:16]
    return made.upper() if one.isupper() else made


def texts(path):
    """What a file says, that of a workbook part by part."""
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as book:
            return "\n".join(book.read(name).decode("utf-8", "ignore") for name in book.namelist())
    return path.read_bytes().decode("utf-8", "ignore")


def test_no_id_stands_outside_the_lists(office, ids):
    run = office / "reports" / "2026-06-30"
    assert len(ids) > 1500
    named = {path for path in run.rglob("*") if path.is_file() and ids & {*re.findall(r"[\w-]+", texts(path))}}
    assert named
    assert all(path.parent.name == "actions" for path in named)


def test_lists_lead_back_to_the_same_customers_as_without_pseudonyms(office):
    listed = pd.read_csv(office / "reports" / "2026-06-30" / "actions" / "lost_customers.csv", dtype=str)
    lost = pf.churn(pf.open(office / "plain.toml")).lost
    assert len(listed)
    assert set(listed["customer_id"]) == set(lost["customer_id"].head(len(listed)))


@pytest.mark.skipif(sys.platform == "win32", reason="modes of files are not those of Windows")
def test_a_run_is_its_owner_s_alone(office):
    open_to_others = [path for path in (office / "reports").rglob("*") if path.stat().st_mode & 0o077]
    assert not open_to_others
    assert not (office / "portfoy.key").stat().st_mode & 0o077


def test_numbers_do_not_move(office):
    hidden, plain = pf.open(office / "portfoy.toml"), pf.open(office / "plain.toml")
    for name in ("orders", "purchases", "revenue", "idle"):
        assert sorted(hidden.customers[name]) == sorted(plain.customers[name])
    assert hidden.tables.quality["rows"].equals(plain.tables.quality["rows"])
    for table in ("leads", "subscriptions", "tickets", "contacts"):
        ours, theirs = (getattr(firm.tables, table).to_pandas() for firm in (hidden, plain))
        assert len(ours) == len(theirs)
        assert ours["customer_id"].nunique() == theirs["customer_id"].nunique()


ODD = [  # customer, order, day, amount: walk-ins, a zero, lost digits, a total in words and one by its sum
    *(f"K{n},S{n},2025-0{n % 9 + 1}-0{n % 7 + 1},{10 + n}" for n in range(60)),
    *(f"{name},W{n},2025-05-0{n},7" for n, name in enumerate(("Perakende Müşteri", "0", "9.05E+11", "guest"), 1)),
    *("k3,S90,2025-06-01,9", "Genel Toplam,,,3000", ",,,2440"),
]


def test_what_stands_for_nobody_is_set_aside_as_without_pseudonyms(tmp_path):
    (tmp_path / "transactions.csv").write_text(
        "customer_id,order_id,ordered_on,amount\n" + "\n".join(ODD) + "\n", "utf-8"
    )
    for name, more in (("plain.toml", ""), ("hidden.toml", "pseudonyms = true\n")):
        (tmp_path / name).write_text(f'source = "."\n{more}', "utf-8")
    hidden, plain = (pf.open(tmp_path / f"{name}.toml") for name in ("hidden", "plain"))
    assert hidden.tables.quality["rows"].to_dict() == plain.tables.quality["rows"].to_dict()
    assert len(plain.customers) == 61, "sixty, and one written small"
    assert {*hidden.customers["customer_id"]} == {pseudonym(tmp_path, one) for one in plain.customers["customer_id"]}


def test_the_pseudonym_is_a_keyed_hash_and_stays(office):
    firm, plain = pf.open(office / "portfoy.toml"), pf.open(office / "plain.toml")
    want = {pseudonym(office, one) for one in plain.customers["customer_id"]}
    assert set(firm.customers["customer_id"]) == want
    assert "name" not in firm.tables.customers.columns


def test_a_card_is_found_by_the_id_and_does_not_show_it(office, tmp_path):
    for name in ("portfoy.toml", "portfoy.key"):
        shutil.copy(office / name, tmp_path)
    (tmp_path / "data").symlink_to(office / "data")
    one = pf.open(office / "plain.toml").customers["customer_id"].iloc[0]
    code, _out, err = run_here(tmp_path, "customer", one, "--data", "portfoy.toml")
    assert code == 0, err
    page = next((tmp_path / "reports").glob("2*/customer.html")).read_text("utf-8")
    assert pseudonym(office, one) in page
    assert not re.search(rf"\b{one}\b", page)


def test_a_list_that_was_acted_on_is_read_back(office, monkeypatch):
    one = pf.open(office / "plain.toml").customers["customer_id"].iloc[0]
    head = "campaign_id,customer_id,arm,contacted_on,hold_out_share\n"
    (office / "next.csv").write_text(f"{head}next-2026-03-31,{one},treatment,2026-04-01,0.5\n", "utf-8-sig")
    monkeypatch.setenv(LISTS, json.dumps({"Shop": {"next-2026-03-31": str(office / "next.csv")}}))
    firm = pf.open(office / "portfoy.toml")
    rows = firm.tables.contacts.filter(firm.tables.contacts.campaign_id == "next-2026-03-31").to_pandas()
    assert [*rows["customer_id"]] == [pseudonym(office, one)]
    assert {*rows["customer_id"]} <= {*firm.customers["customer_id"]}


def test_a_key_that_cannot_be_used_is_one_line(office, tmp_path, monkeypatch):
    shutil.copy(office / "portfoy.toml", tmp_path)
    (tmp_path / "data").symlink_to(office / "data")
    key = tmp_path / "portfoy.key"
    key.write_text("short")
    said = message_of(pf.open, tmp_path / "portfoy.toml")
    assert said == f"{key}: is too short for a key. Delete it, and a new one is made."
    monkeypatch.setenv("PORTFOY_KEY", "a key from somewhere else")
    assert len(pf.open(tmp_path / "portfoy.toml").customers)
    assert key.read_text() == "short"


def test_the_runs_that_name_a_customer_are_found_and_removed(office, tmp_path):
    shutil.copytree(office / "reports", tmp_path / "reports")
    shelf = tmp_path / "reports"
    listed = pd.read_csv(shelf / "2026-06-30" / "actions" / "lost_customers.csv", dtype=str)["customer_id"].iloc[0]
    assert run_here(tmp_path, "prune", "--of", "C99999")[:2] == (0, "")
    assert run_here(tmp_path, "prune", "--of", listed, "--dry-run")[:2] == (0, "would remove 2026-06-30\n")
    assert (shelf / "2026-06-30").is_dir()
    assert run_here(tmp_path, "prune", "--of", listed[:-1])[:2] == (0, ""), "a part of an id is another one"
    assert run_here(tmp_path, "prune", "--of", listed)[:2] == (0, "2026-06-30\n")
    assert not (shelf / "2026-06-30").exists()
    assert listed not in (shelf / "index.html").read_text("utf-8")
