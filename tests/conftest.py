"""What several test files need: the published data beside the repository, and customers of known truth."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest


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
