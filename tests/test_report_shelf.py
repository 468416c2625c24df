"""The shelf: nothing is overwritten, nothing half-made is listed. Judge: the folders themselves."""

import json
import os

import pandas as pd
import pytest

from portfoy.report import record, shelf


@pytest.fixture
def publish(tmp_path):
    def go(as_of, status="ok", made_at="2026-07-01T08:00:00+00:00"):
        building, _cleared = shelf.start(tmp_path)
        figures = [{"name": "customers", "value": 2, "low": None, "high": None, "unit": "count", "label": "customers",
                    "note": None}]  # fmt: skip
        stage = {"stage": "selection", "status": status, "page": "selection.html", "figures": figures}
        run = {"as_of": as_of, "made_at": made_at, "source": "<b>Shop</b>", "currency": "TRY", "stages": [stage]}
        (building / "run.json").write_text(json.dumps(run))
        (building / "selection.html").write_text("page")
        folder = shelf.publish(building, tmp_path, as_of)
        shelf.write_index(tmp_path)
        return folder

    return go


def test_a_second_run_of_the_same_date_stands_beside_the_first(publish, tmp_path):
    first, second = publish("2026-06-30"), publish("2026-06-30")
    assert (first.name, second.name) == ("2026-06-30", "2026-06-30.2")
    assert not list(tmp_path.glob(".building-*"))


def test_the_index_lists_all_runs_newest_first_and_escapes_names(publish, tmp_path):
    publish("2026-05-31"), publish("2026-06-30")
    page = (tmp_path / "index.html").read_text()
    assert page.index("2026-06-30/selection.html") < page.index("2026-05-31/selection.html")
    assert "&lt;b&gt;Shop" in page
    assert "<b>Shop" not in page
    assert "Customers: <strong>2</strong>" in page


def test_latest_leads_to_the_newest_run_that_is_ok(publish, tmp_path):
    publish("2026-05-31")
    publish("2026-06-30", status="failed")
    assert 'url=2026-05-31/selection.html"' in (tmp_path / "latest.html").read_text()
    assert "(failed)" in (tmp_path / "index.html").read_text()


def test_remains_of_a_run_that_is_gone_are_cleared_and_not_listed(publish, tmp_path):
    publish("2026-06-30")
    gone = tmp_path / ".building-999999999-abc"
    gone.mkdir()
    (gone / "run.json").write_text("{")
    mine = tmp_path / f".building-{os.getppid()}-abc"
    mine.mkdir()
    folder, cleared = shelf.start(tmp_path)
    assert cleared == 1
    assert not gone.exists()
    assert mine.exists()  # its process is at work
    assert [run["folder"] for run in shelf.runs(tmp_path)] == ["2026-06-30"]
    assert folder.is_dir()


def test_an_action_list_starts_no_formula_and_keeps_zeros(tmp_path):
    table = pd.DataFrame({"customer_id": ["007", "=1+1", "@x", "+90 212"], "revenue": [-1.5, 2.0, None, 3.0]})
    rows = table.astype(object).where(table.notna(), None).values.tolist()
    shelf.write_actions(tmp_path, [{"name": "call", "columns": list(table), "rows": rows}])
    assert (tmp_path / "actions" / "call.csv").read_text(encoding="utf-8-sig").splitlines() == [
        "customer_id,revenue",
        "007,-1.5",
        "'=1+1,2.0",
        "'@x,",
        "'+90 212,3.0",
    ]


def test_a_list_with_a_path_for_a_name_is_refused():
    with pytest.raises(ValueError, match=r"^actions: '\.\./x' is not a file name; use letters, digits and _\.$"):
        record.actions("../x", pd.DataFrame())


def test_an_unknown_unit_is_refused():
    with pytest.raises(ValueError, match=r"^record: unit 'eur' is not known; it is one of count, money, share, "):
        record.record("x", 1, unit="eur")
