"""Tables that were checked once are the same in another process. Judge: the tables as they are opened anew."""

import os

import pandas as pd
import pytest

import portfoy as pf
from portfoy import tables

HEAD = "customer_id,order_id,ordered_on,amount,product_id\n"


@pytest.fixture
def shop(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "transactions.csv").write_text(HEAD + '007,1,31.01.2026,"1,50",P\n008,2,28.02.2026,"2,25",Q\n')
    (folder / "products.csv").write_text('product_id,unit_cost\nP,"0,50"\nQ,"1,00"\n')
    (folder / "tickets.csv").write_text("ticket_id,customer_id,opened_on\n1,007,never\n2,008,never\n")
    return folder


def keep(opened, folder, monkeypatch):
    assert tables.keep(opened, folder / "kept.duckdb")
    monkeypatch.setenv(tables.KEPT, str(folder / "kept.duckdb"))


def test_what_is_kept_is_what_was_opened(shop, tmp_path, monkeypatch):
    opened = pf.open("shop")
    fresh = pf.open("shop")
    keep(opened, tmp_path, monkeypatch)
    again = pf.open("shop")
    assert again.transactions.get_backend() is not fresh.transactions.get_backend()
    assert again.reading == fresh.reading
    assert "numbers read with a decimal comma" in " ".join(again.reading)
    pd.testing.assert_frame_equal(again.transactions.to_pandas(), fresh.transactions.to_pandas())
    pd.testing.assert_frame_equal(again.products.to_pandas(), fresh.products.to_pandas())
    pd.testing.assert_frame_equal(again.quality, fresh.quality)
    assert (again.facts, again.name, again.fingerprint()) == (fresh.facts, fresh.name, fresh.fingerprint())
    assert again.surveys is None
    joined = again.transactions.left_join(again.products, "product_id")
    assert len(joined.to_pandas()) == 2


def test_a_table_that_cannot_be_used_says_so_where_it_is_used(shop, tmp_path, monkeypatch):
    opened, fresh = pf.open("shop"), pf.open("shop")
    keep(opened, tmp_path, monkeypatch)
    with pytest.raises(pf.DataError) as expected:
        fresh.tickets  # noqa: B018
    with pytest.raises(pf.DataError) as error:
        pf.open("shop").tickets  # noqa: B018
    assert str(error.value) == str(expected.value)


def test_another_place_or_another_folder_is_opened_itself(shop, tmp_path, monkeypatch):
    keep(pf.open("shop"), tmp_path, monkeypatch)
    assert pf.open("shop").facts.used == 2
    other = tmp_path / "other.csv"
    other.write_text(HEAD + "1,1,2026-01-31,5.00,P\n")
    assert pf.open("other.csv").facts.used == 1
    (tmp_path / "elsewhere" / "shop").mkdir(parents=True)
    (tmp_path / "elsewhere" / "shop" / "transactions.csv").write_text(HEAD + "1,1,2026-01-31,5.00,P\n")
    os.chdir(tmp_path / "elsewhere")
    assert pf.open("shop").facts.used == 1
