"""The commands around reports, as typed. Judge: the texts and exit codes of the house plan."""

import json

import pytest
from click.testing import CliRunner

from portfoy.cli import main
from portfoy.report import parameters, shelf


def portfoy(*arguments):
    done = CliRunner().invoke(main, [str(argument) for argument in arguments], prog_name="portfoy")
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def shelf_of_two(tmp_path):
    stage = {"name": "selection", "stage": "selection", "status": "ok", "page": "selection.html", "pdf": "", "each": {},
             "seconds": 1.0, "parameters": {}, "code": "c", "missing": [], "error": "", "actions": [],
             "changes": None}  # fmt: skip
    for day, value in (("2026-05-31", 200), ("2026-06-30", 250)):
        figure = {"name": "customers", "value": value, "low": None, "high": None, "unit": "count", "label": "customers",
                  "note": None, "better": "up"}  # fmt: skip
        run = {"as_of": day, "made_at": f"{day}T08:00:00+00:00", "source": "Shop", "currency": "TRY", "language": "en",
               "seconds": 2.0, "data": {"where": "shop", "sha256": day, "rows": 3}, "versions": {},
               "stages": [{**stage, "figures": [figure]}]}  # fmt: skip
        building = shelf.Building(tmp_path / "reports")
        (building.folder / "selection.html").write_text(
            f'<script type="application/json" id="run">{json.dumps(run)}</script>'
        )
        building.publish(run)
    return tmp_path / "reports"


def test_parameters_are_printed_with_type_default_range_and_meaning():
    code, out, _err = portfoy("parameters", "selection")
    lines = {line.split()[0]: line for line in out.splitlines()}
    declared = parameters.parameters(parameters.notebooks()["selection"])
    assert (code, list(lines)) == (0, list(declared))
    assert " ".join(lines["horizon_months"].split()) == "horizon_months whole number 12 1 to 120 months to look ahead"
    assert lines["split_on"].split()[1:4] == ["text", '""', "YYYY-MM-DD"]


def test_the_help_of_report_shows_the_parameters():
    code, out, _err = portfoy("report", "--help")
    shown = " ".join(out.partition("Parameters (-p NAME=VALUE):")[2].split())
    assert code == 0
    assert "horizon_months: whole number, 1 to 120 months to look ahead [12]" in shown
    assert "as_of: " not in shown  # it has an option of its own


def test_two_runs_are_compared_by_folder_and_by_page(shelf_of_two):
    for earlier in ("2026-05-31", shelf_of_two / "2026-05-31" / "selection.html"):
        code, out, _err = portfoy("compare", earlier, "2026-06-30", "--out", shelf_of_two)
        assert code == 0
        assert "  Customers  200  250  ▲ +25.0%" in out.splitlines()
        assert out.splitlines()[-1].startswith("  What differs: the data, the day.")


def test_prune_tells_first_and_then_does(shelf_of_two):
    asked = ("prune", "--keep", "1", "--out", shelf_of_two)
    assert portfoy(*asked, "--dry-run") == (0, "would remove 2026-05-31\n", "1 run(s)\n")
    assert (shelf_of_two / "2026-05-31").is_dir()
    assert portfoy(*asked) == (0, "2026-05-31\n", "1 run(s)\n")
    assert not (shelf_of_two / "2026-05-31").exists()
    assert portfoy(*asked) == (0, "", "0 run(s)\n")


def test_an_entry_for_cron_runs_the_report(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, _err = portfoy("schedule", "--kind", "cron", "--at", "05:15", "--", "--data", "my shop")
    assert code == 0
    assert out.startswith("15 5 1 * * cd ")
    assert "-m portfoy report --if-changed --data 'my shop'" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["parameters", "selektion"], "portfoy parameters: no report 'selektion'; did you mean 'selection'?"),
        (
            ["compare", "a", "b", "--out", "nowhere"],
            "portfoy compare: a: there is no such run. Give a run's folder, run.json or page; nowhere has: none.",
        ),
        (
            ["prune", "--keep", "3", "--out", "nowhere"],
            "portfoy prune: nowhere: there is no such folder. Give --out.",
        ),
        (
            ["schedule", "--at", "25:00"],
            "portfoy schedule: at: '25:00' cannot be scheduled; write a time from 00:00 to 23:59, such as 06:30.",
        ),
        (
            ["report", "selection", "--mail", "nowhere/month.eml"],
            "portfoy report: --mail nowhere/month.eml: is no file in a folder there is. Give one.",
        ),
        (
            ["report", "selection", "--pdf"],
            (
                "portfoy report: PORTFOY_BROWSER: 'no-such-browser' cannot be started. Name a "
                "Chromium, Chrome or Edge, or unset it."
            ),
        ),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_2(tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PORTFOY_BROWSER", "no-such-browser")
    assert portfoy(*arguments) == (2, "", message + "\n")
    assert list(tmp_path.iterdir()) == []


def test_prune_asks_what_to_keep():
    code, _out, err = portfoy("prune")
    assert code == 2
    assert err.splitlines()[-1] == "Error: say what to keep, --keep N, --older-than DAYS; or whom to remove, --of ID."


def test_an_unknown_customer_is_one_line_before_a_kernel_starts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "orders.csv").write_text(
        "customer_id,order_id,ordered_on,amount\n" + "".join(f"00{n},{n},2026-05-0{n},5\n" for n in range(1, 6))
    )
    code, out, err = portfoy("customer", "3", "--data", "orders.csv")
    said = "portfoy customer: customers: there is no customer '3'; zeros and capitals count. Did you mean 003?\n"
    assert (code, out, err) == (2, "", said)
    assert not (tmp_path / "reports").exists()
