"""The shelf: nothing is overwritten, nothing half-made is listed. Judge: the folders themselves."""

import json
import multiprocessing
from datetime import datetime

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from portfoy.report import shelf

FIGURE = {"name": "customers", "value": 2, "low": None, "high": None, "unit": "count", "label": "customers",
          "note": None, "better": ""}  # fmt: skip


def run_of(as_of, *, status="ok", made_at="2026-07-01T08:00:00+00:00", source="<b>Shop</b>", name="selection"):
    stage = {"name": name, "stage": name, "status": status, "page": "selection.html", "pdf": "",
             "seconds": 1.0, "parameters": {}, "each": {}, "code": "c", "figures": [FIGURE], "missing": [], "error": "",
             "actions": [], "changes": None}  # fmt: skip
    return {"as_of": as_of, "made_at": made_at, "source": source, "currency": "TRY", "language": "en", "seconds": 2.0,
            "data": {"where": "shop", "sha256": "d", "rows": 3}, "versions": {}, "stages": [stage]}  # fmt: skip


def publish(root, as_of, **about):
    building = shelf.Building(root)
    (building.folder / "selection.html").write_text("page")
    return building.publish(run_of(as_of, **about))


def linked(root):
    return [link["href"] for link in BeautifulSoup((root / "index.html").read_text(), "html.parser").select(".under a")]


def test_a_second_run_of_the_same_date_stands_beside_the_first(tmp_path):
    first, second = publish(tmp_path, "2026-06-30"), publish(tmp_path, "2026-06-30")
    assert (first.name, second.name) == ("2026-06-30", "2026-06-30.2")
    assert not list(tmp_path.glob(".building-*"))
    assert sorted(path.name for path in first.rglob("*")) == ["notebooks", "run.json", "selection.html"]


def test_the_index_lists_all_runs_newest_first_and_escapes_names(tmp_path):
    publish(tmp_path, "2026-05-31"), publish(tmp_path, "2026-06-30")
    assert linked(tmp_path) == ["2026-06-30/selection.html", "2026-05-31/selection.html"]
    page = (tmp_path / "index.html").read_text()
    assert "&lt;b&gt;Shop" in page
    assert "<b>Shop" not in page


def test_latest_leads_to_the_newest_run_that_is_ok(tmp_path):
    publish(tmp_path, "2026-05-31")
    publish(tmp_path, "2026-06-30", status="failed")
    assert 'url=2026-05-31/index.html"' in (tmp_path / "latest.html").read_text()
    assert "did not finish" in (tmp_path / "index.html").read_text()


def test_latest_does_not_lead_to_the_page_of_one_customer(tmp_path):
    publish(tmp_path, "2026-05-31")
    publish(tmp_path, "2026-06-30", name="customer")
    assert 'url=2026-05-31/index.html"' in (tmp_path / "latest.html").read_text()


def test_remains_of_a_run_that_is_gone_are_cleared_and_those_at_work_are_left(tmp_path):
    publish(tmp_path, "2026-06-30")
    gone = tmp_path / ".building-gone"
    gone.mkdir()
    (gone / "run.json").write_text("{")
    at_work = shelf.Building(tmp_path)
    assert (at_work.cleared, gone.exists()) == (1, False)
    assert shelf.Building(tmp_path).cleared == 0
    assert at_work.folder.is_dir()
    assert [run["folder"] for run in shelf.runs(tmp_path)] == ["2026-06-30"]
    at_work.drop()
    assert not at_work.folder.exists()


def test_a_run_that_cannot_be_listed_is_not_published(tmp_path, monkeypatch):
    publish(tmp_path, "2026-05-31")
    before = (tmp_path / "index.html").read_bytes()
    building = shelf.Building(tmp_path)
    monkeypatch.setattr(shelf, "_settle", lambda path: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space left"):
        building.publish(run_of("2026-06-30"))
    building.drop()
    assert (tmp_path / "index.html").read_bytes() == before
    assert [run["folder"] for run in shelf.runs(tmp_path)] == ["2026-05-31"]


def _publish_many(root):
    for _number in range(4):
        publish(root, "2026-06-30")


def test_many_at_once_all_land_whole(tmp_path):
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_publish_many, args=(tmp_path,)) for _number in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    names = {"2026-06-30", *(f"2026-06-30.{number}" for number in range(2, 13))}
    assert {run["folder"] for run in shelf.runs(tmp_path)} == names
    assert {link.partition("/")[0] for link in linked(tmp_path)} == names


def test_a_folder_that_somebody_broke_does_not_stop_the_index(tmp_path):
    publish(tmp_path, "2026-05-31")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "run.json").write_text("not json")
    publish(tmp_path, "2026-06-30")
    assert len(linked(tmp_path)) == 2


def test_a_run_of_the_first_version_is_still_listed(tmp_path):
    old = run_of("2026-05-31")
    old["stages"] = [{key: old["stages"][0][key] for key in ("stage", "status", "page", "seconds", "parameters", "code",
                                                             "figures", "missing", "error")}]  # fmt: skip
    for figure in old["stages"][0]["figures"]:
        old["stages"][0]["figures"] = [{key: figure[key] for key in figure if key != "better"}]
    del old["seconds"]
    page = tmp_path / "sent.html"
    page.write_text(f'<script type="application/json" id="run">{json.dumps(old)}</script>')
    assert shelf.find(tmp_path, page)["stages"][0]["name"] == "selection"
    (tmp_path / "2026-05-31").mkdir()
    (tmp_path / "2026-05-31" / "run.json").write_text(json.dumps(old))
    publish(tmp_path, "2026-06-30")
    assert linked(tmp_path) == ["2026-06-30/selection.html", "2026-05-31/selection.html"]


@pytest.mark.parametrize(
    ("rules", "gone"),
    [
        ({"keep": 2}, ["2026-04-30", "2026-03-31"]),
        ({"older_than": 60}, ["2026-04-30", "2026-03-31"]),
        ({"older_than": 60, "keep": 3}, ["2026-03-31"]),
        ({"older_than": 0}, ["2026-06-30", "2026-04-30", "2026-03-31"]),  # 05-31 is the newest good one
    ],
)
def test_prune_removes_what_the_rules_say_and_never_the_newest_good_run(tmp_path, rules, gone):
    for day, status in (("2026-03-31", "ok"), ("2026-04-30", "ok"), ("2026-05-31", "ok"), ("2026-06-30", "failed")):
        publish(tmp_path, day, status=status, made_at=f"{day}T08:00:00+00:00")
    now = datetime.fromisoformat("2026-07-01T08:00:00+00:00")
    assert shelf.prune(tmp_path, **rules, dry_run=True, now=now) == gone
    assert len(shelf.runs(tmp_path)) == 4
    assert shelf.prune(tmp_path, **rules, now=now) == gone
    left = {"2026-03-31", "2026-04-30", "2026-05-31", "2026-06-30"} - set(gone)
    assert {run["folder"] for run in shelf.runs(tmp_path)} == left
    assert {link.partition("/")[0] for link in linked(tmp_path)} == left
    assert not list(tmp_path.glob(".removing-*"))


def test_prune_counts_each_source_by_itself(tmp_path):
    for source in ("A", "B"):
        for day in ("2026-05-31", "2026-06-30"):
            publish(tmp_path, day, source=source)
    assert sorted(shelf.prune(tmp_path, keep=1)) == ["2026-05-31", "2026-05-31.2"]


def test_a_run_is_found_by_folder_record_and_page(tmp_path):
    folder = publish(tmp_path, "2026-06-30")
    (folder / "selection.html").write_text(
        f'<script type="application/json" id="run">{json.dumps(run_of("2026-06-30"))}</script>'
    )
    for name in ("2026-06-30", str(folder), str(folder / "run.json"), str(folder / "selection.html")):
        assert shelf.find(tmp_path, name)["as_of"] == "2026-06-30"


def test_a_run_that_is_not_there_is_named_with_those_that_are(tmp_path):
    publish(tmp_path, "2026-06-30")
    with pytest.raises(shelf.ShelfError) as error:
        shelf.find(tmp_path, "2026-05-31")
    assert str(error.value) == (
        f"2026-05-31: there is no such run. Give a run's folder, run.json or page; {tmp_path} has: 2026-06-30."
    )


def test_an_action_list_starts_no_formula_and_keeps_zeros(tmp_path):
    table = pd.DataFrame({"customer_id": ["007", "=1+1", "@x", "+90 212"], "revenue": [-1.5, 2.0, None, 3.0]})
    rows = table.astype(object).where(table.notna(), None).values.tolist()
    made = shelf.write_tables(tmp_path / "actions", [{"name": "call", "columns": list(table), "rows": rows}])
    assert made == [tmp_path / "actions" / "call.csv"]
    assert (tmp_path / "actions" / "call.csv").read_text(encoding="utf-8-sig").splitlines() == [
        "customer_id,revenue",
        "007,-1.5",
        "'=1+1,2.0",
        "'@x,",
        "'+90 212,3.0",
    ]


def test_a_run_of_an_earlier_version_is_read_without_its_password(tmp_path):
    old = run_of("2026-05-31")
    old["data"] = {"where": "postgres://me:s3cret@host/base", "sha256": "d", "rows": 3}
    old["stages"][0]["parameters"] = {"data": "postgres://me:s3cret@host/base", "contacts": 50}
    (tmp_path / "2026-05-31").mkdir()
    (tmp_path / "2026-05-31" / "run.json").write_text(json.dumps(old))
    (read,) = shelf.runs(tmp_path)
    assert read["data"] == {"where": "postgres://***@host/base", "sha256": "d", "rows": 3, "settings_sha256": None}
    assert read["stages"][0]["parameters"] == {"data": "postgres://***@host/base", "contacts": 50}
