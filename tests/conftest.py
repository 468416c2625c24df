"""What several test files need: the published data, companies and their reports, made once for all workers."""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from filelock import FileLock

import helpers

sys.modules.setdefault("rfc3987_syntax", None)  # as in portfoy.report, for tests that load nbformat before it
ROOT = Path(__file__).parent.parent
LONG = [  # half a minute or more each
    *("test_words", "test_cases_rows", "test_report", "test_report_process", "test_cases_amounts", "test_cases_files"),
    *("test_hostile_runs", "test_capstone", "test_lessons", "test_no_traceback", "test_reconcile", "test_scales"),
    *("test_report_shelf", "test_fingerprints", "test_hostile_inputs", "test_odd_companies", "test_windows"),
    *("test_prices", "test_grading", "test_response", "test_source", "test_uplift", "test_leaving", "test_browser"),
    *("test_export_headers", "test_front_door", "test_quality", "test_report_rules", "test_report_cards"),
]
mpl.use("agg")


def pytest_addoption(parser):
    parser.addoption("--study", action="store_true", help="take in the tests marked study; a plain run does not")


def pytest_collection_modifyitems(config, items):
    """Long modules come first, so that none is left to one worker alone at the end; a plain run is without studies."""
    items.sort(key=lambda item: LONG.index(item.path.stem) if item.path.stem in LONG else len(LONG))
    if config.getoption("--study"):
        return
    left_out = [item for item in items if item.get_closest_marker("study")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("study")]


@pytest.fixture(autouse=True)
def figures_closed():
    """No test finds a figure of another one."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    """A function that has a folder filled once in a test run, by the worker that asks first; the others wait for it."""
    root = tmp_path_factory.getbasetemp()
    root = (root.parent if "PYTEST_XDIST_WORKER" in os.environ else root) / "shared"
    root.mkdir(exist_ok=True)

    def folder(name, fill):
        place, half = root / name, root / f"{name}.half"
        with FileLock(f"{place}.lock"):
            if not place.exists():
                shutil.rmtree(half, ignore_errors=True)  # what a worker left that failed
                half.mkdir(parents=True)
                fill(half)
                half.rename(place)
        return place

    return folder


@pytest.fixture(scope="session")
def kept(once):
    """A function that has a folder of tables read once in a test run: the file for PORTFOY_KEPT, which holds them."""
    from portfoy.source import open as source
    from portfoy.source.tables import keep

    def file(where):
        name = f"kept {'-'.join(Path(where).parts[-2:])}"
        return once(name, lambda folder: keep(source.open(where), folder / "tables.duckdb")) / "tables.duckdb"

    return file


@pytest.fixture(scope="session")
def teaching(kept):
    """The teaching company as it is shipped, open; for reading only."""
    from portfoy.source import open as source

    folder = ROOT / "data" / "teaching"
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PORTFOY_KEPT", str(kept(folder)))
        return source.open(folder)


@pytest.fixture(scope="session")
def teaching_firm(teaching):
    """The teaching company on its last day; for reading only."""
    from portfoy.firm import Firm

    return Firm(teaching, pd.Timestamp(teaching.as_of), teaching.currency)


@pytest.fixture(scope="session")
def simulated():
    """The same company from memory, with its truth; for reading only."""
    from portfoy.simulate import simulate

    return simulate()


@pytest.fixture(scope="session")
def teaching_run(once):
    """A folder in which `portfoy report` was run on the teaching company, and what it printed; for reading only."""

    def fill(folder):
        done = subprocess.run([sys.executable, "-m", "portfoy", "report"], cwd=folder, capture_output=True, text=True)
        (folder / "stdout.txt").write_text(done.stdout, "utf-8")
        (folder / "stderr.txt").write_text(done.stderr, "utf-8")
        assert done.returncode == 0, done.stderr

    folder = once("teaching run", fill)
    return folder, (folder / "stdout.txt").read_text("utf-8"), (folder / "stderr.txt").read_text("utf-8")


@pytest.fixture(scope="session")
def hostile_run(once):
    """The run of the selection report on a shop whose names a careless page would run or garble; for reading only."""

    def fill(folder):
        place = folder / "shop <b> & söhne #1 100%"
        place.mkdir()
        shop = place / f"{helpers.SCRIPT.replace('/', '-')}.csv"
        with shop.open("w", newline="", encoding="utf-8") as file:
            head = ["customer_id", "order_id", "product_id", "ordered_on", "amount"]
            csv.writer(file).writerows([head, *helpers.hostile_orders()])
        code, _out, err = helpers.run_here(place, "report", "selection", "--data", shop.name)
        assert code == 0, err

    (run,) = once("hostile run", fill).glob("*/reports/20*")
    return run


@pytest.fixture(scope="session")
def company(once):
    """A function that gives the folder of a simulated company of so many customers and this seed, or of a preset."""
    from portfoy.simulate import write_company
    from portfoy.simulate.presets import write_preset

    def folder(customers, *, seed, preset=""):
        name, given = f"{customers} customers of seed {seed} {preset}".strip(), {"customers": customers, "seed": seed}
        return once(name, lambda new: write_preset(new, preset, **given) if preset else write_company(new, **given))

    return folder


@pytest.fixture(scope="session")
def shared_data():
    """Folder of the published data sets, which the project does not ship."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"the published data sets are not in {folder}; their licences do not let us ship them")
    return folder


@pytest.fixture(scope="session")
def cdnow(shared_data):
    """Customer table of the CDNOW sample as of 1997-09-30 in days, with the judges' columns: bg, pal_bg, x_star."""
    judged = pd.read_csv(shared_data / "cdnow" / "sample_by_customer_reference.csv", dtype={"sid": str})
    return pd.DataFrame(
        {
            "customer_id": judged["sid"],
            "repeats": judged["x"],
            "span": (judged["t_x"] * 7).round().astype(int),
            "age": (judged["T"] * 7).round().astype(int),
            "repeat_ticket": judged["zbar"].where(judged["x"] > 0),
            "holdout_purchases": judged["x_star"],
            "bg": judged["bg"],
            "pal_bg": judged["pal_bg"],
        }
    )


@pytest.fixture(scope="session")
def cdnow_log(shared_data):
    """The CDNOW sample as order lines; the file has no order numbers, each row is an order."""
    names = ["master_id", "customer_id", "ordered_on", "discs", "amount"]
    raw = pd.read_csv(shared_data / "cdnow" / "CDNOW_sample.txt", sep=r"\s+", names=names, dtype=str)
    raw["amount"] = raw["amount"].astype(float)
    assert (len(raw), round(raw["amount"].sum(), 2)) == (6919, 244091.94)
    return raw.assign(
        ordered_on=pd.to_datetime(raw["ordered_on"], format="%Y%m%d"), order_id=np.arange(len(raw)).astype(str)
    )


@pytest.fixture(scope="session")
def simulate_customers():
    """A function that draws customers from BG/NBD and Gamma-Gamma with known parameters, times in days."""

    def simulate(age, *, r=0.5, alpha=40.0, a=0.8, b=2.5, p=6.0, q=4.0, v=15.0, seed):
        random = np.random.default_rng(seed)
        age = np.asarray(age, dtype=float)
        rate, leaves = random.gamma(r, 1 / alpha, len(age)), random.beta(a, b, len(age))
        repeats, span, now = np.zeros(len(age)), np.zeros(len(age)), np.zeros(len(age))
        active = np.arange(len(age))
        while len(active):
            now[active] += random.exponential(1 / np.maximum(rate[active], 1e-300))
            active = active[now[active] <= age[active]]
            repeats[active] += 1
            span[active] = now[active]
            active = active[random.random(len(active)) > leaves[active]]
        spend = random.gamma(p * np.maximum(repeats, 1)) / np.maximum(repeats, 1) / random.gamma(q, 1 / v, len(age))
        ticket = np.where(repeats > 0, spend, np.nan)
        return pd.DataFrame({"repeats": repeats.astype(int), "span": span, "age": age, "repeat_ticket": ticket})

    return simulate


@pytest.fixture(scope="module")
def browser():
    """A Chromium without a window."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not path:
        pytest.skip("there is no Chromium or Chrome on the path")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def valued():
    """Forty customers, scored, and what they are expected to bring, at the parameters of FHL05 and FH13."""
    from portfoy.models.bg_nbd import BgNbd
    from portfoy.models.discounted_value import discounted_value
    from portfoy.models.gamma_gamma import GammaGamma
    from portfoy.selection.rfm import rfm

    random = np.random.default_rng(8)
    repeats = random.integers(0, 6, 40)
    span = np.where(repeats > 0, random.integers(1, 250, 40), 0)
    table = pd.DataFrame(
        {
            "customer_id": [f"{number:03d}" for number in range(40)],
            "idle": 272 - span,
            "purchases": repeats + 1,
            "revenue": random.gamma(2, 40, 40),
            "repeats": repeats,
            "span": span,
            "age": 272,
            "repeat_ticket": np.where(repeats > 0, random.gamma(2, 15, 40), np.nan),
            "last_order": pd.Timestamp("2026-06-30") - pd.to_timedelta(272 - span, unit="D"),
        }
    )
    fit = BgNbd(0.243, 30.9, 0.793, 2.426, covariance=pd.DataFrame(np.eye(4) * 1e-4))
    spend_fit = GammaGamma(6.25, 3.74, 15.44, covariance=pd.DataFrame(np.eye(3) * 1e-2))
    return rfm(table), discounted_value(table, fit, spend_fit)
