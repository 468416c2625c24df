"""Small things that many test files need."""

import ast
import copy
import random
import shutil
import subprocess
from contextlib import chdir
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from papermill.iorw import papermill_io

import portfoy as pf
from portfoy.cli import main
from portfoy.errors import DataError
from portfoy.words import stages

SCRIPT, IMAGE, TURKISH, LONG = "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "Şükrü İÇ Łódź", "a" * 200
CAMPAIGNS = Path(__file__).parents[1] / "data" / "campaigns"
NOTEBOOKS = Path(__file__).parents[1] / "notebooks" / "reports"
REPORTS = [stage for stage in stages.REPORTS if (NOTEBOOKS / f"{stage}.ipynb").exists()]
NAMES = [SCRIPT, IMAGE, TURKISH, LONG, "$5 \\frac{1}{2}", "=1+1", "{0} %s", "007"]


def plain(sentence):
    """A sentence with ordinary blanks and without the marks that keep intervals together."""
    return str(sentence).replace("\u2060", "").replace("\u00a0", " ")


def message_of(function, *arguments, error=DataError, **named):
    """What a call that must fail says."""
    with pytest.raises(error) as caught:
        function(*arguments, **named)
    return str(caught.value)


def reading(page):
    """What it takes to read a page (BeautifulSoup) as it opens: words, charts and tables open, and minutes in all.

    Words count outside tables, charts and the links of the header; what is folded does not count, its one line does.
    """
    body = copy.copy(page.body)
    for fold in body.find_all("details"):
        for part in fold.find_all(recursive=False):
            if part.name != "summary":
                part.extract()
    for apart in body.select("nav, script, .skip"):
        apart.extract()
    charts = [chart.extract() for chart in body.select("figure.pf-chart, figure.picture")]
    tables = [table.extract() for table in body.select("table")]
    words = len(plain(body.get_text(" ")).split())
    return words, len(charts), len(tables), words / 200 + len(charts) / 3 + len(tables) / 4


def run_here(folder, *arguments):
    """Run the command portfoy in this process, whose warm kernels are there already: exit code, stdout, stderr."""
    papermill_io.get_handler("local").cwd(None)  # else threads of a run before may have left it where that run was
    with chdir(folder):
        done = CliRunner().invoke(main, [str(one) for one in arguments], prog_name="portfoy")
    return done.exit_code, done.stdout, done.stderr


def tracked(*where):
    """The files that git tracks, as it names them; without git the test is skipped."""
    root = Path(__file__).parents[1]
    if not shutil.which("git") or not (root / ".git").exists():
        pytest.skip("not a git checkout")
    said = subprocess.run(["git", "ls-files", "-z", *where], cwd=root, check=True, capture_output=True).stdout
    return [name for name in said.decode("utf-8").split("\0") if name and (root / name).is_file()]


def labels(axis):
    """The texts at the ticks of an axis."""
    return [label.get_text() for label in axis.get_ticklabels()]


def hostile_orders():
    """Eight customers with names that a careless page would run or garble, who buy often; and 400 others."""
    rng = random.Random(1)
    for number in range(400):
        name, known = (NAMES[number], True) if number < len(NAMES) else (f"C{number}", False)
        day, rate = rng.randrange(600), 0.05 if known else rng.gammavariate(0.6, 1 / 50)
        leaves, level = 0 if known else rng.betavariate(0.8, 2.5), 7 if known else rng.gauss(4, 0.6)
        order = 0
        while day < 1000:
            product = SCRIPT if order % 2 else IMAGE
            yield [
                name,
                f"{number}-{order}",
                product,
                date(2023, 1, 1) + timedelta(day),
                round(rng.lognormvariate(level, 0.5), 2),
            ]
            order += 1
            day += 1 + int(rng.expovariate(rate)) + (2000 if rng.random() < leaves else 0)


def needed(code):
    """The cells that the answers hang on: those that ask, and those before them that make a name which they read.

    A cell that changes an object, as with `table["new"] = ...`, makes its name.
    """
    kept, wanted = [], set()
    for cell in reversed(code):
        nodes = list(ast.walk(tree := ast.parse(cell["source"])))
        stored = [node for node in nodes if isinstance(getattr(node, "ctx", None), ast.Store)]
        made = {node.id for target in stored for node in ast.walk(target) if isinstance(node, ast.Name)}
        made |= {node.asname or node.name for node in nodes if isinstance(node, ast.alias)}
        if made & wanted or {"answer", "parameters"} & set(cell["tags"]) or "pf.lesson(" in cell["source"]:
            kept.append(cell)
            targets = [target for line in tree.body if isinstance(line, ast.Assign) for target in line.targets]
            anew = {target.id for target in targets if isinstance(target, ast.Name)}
            read = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
            wanted = wanted - anew | read
    return kept[::-1]


def contacted(seed, campaigns=4, people=1500):
    """Examples as `response_examples` gives them, from a known logistic model of channel and years of age."""
    random = np.random.default_rng(seed)
    odds = {"constant": -1.4, "online": 0.5, "rep": -0.4, "years": -0.3}
    years = random.normal(45, 12, people).round()
    channel = random.choice(["shop", "online", "rep"], people, p=[0.5, 0.3, 0.2])
    logit = odds["constant"] + odds["online"] * (channel == "online") + odds["rep"] * (channel == "rep")
    p = 1 / (1 + np.exp(-logit - odds["years"] * (years - 45) / 12))
    rows = []
    for number in range(campaigns):
        who = np.flatnonzero(random.random(people) < 0.7)
        start = pd.Timestamp("2025-01-01") + number * pd.Timedelta(days=60)
        rows.append(
            pd.DataFrame(
                {
                    "campaign_id": f"K{number + 1}",
                    "starts_on": start,
                    "customer_id": [f"{one:05d}" for one in who],
                    "contacted_on": start,
                    "known_on": start + pd.Timedelta(days=30),
                    "arm": "treatment",
                    "hold_out_share": np.nan,
                    "responded": (random.random(len(who)) < p[who]).astype(float),
                    "bought_before": True,
                    "idle": random.integers(0, 300, len(who)).astype(float),
                    "purchases": random.integers(1, 9, len(who)).astype(float),
                    "ticket": random.gamma(2, 50, len(who)),
                    "age": random.integers(300, 900, len(who)).astype(float),
                    "channel": channel[who],
                    "years": years[who],
                    "truth": p[who],
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


@cache
def foreseen():
    """The firm of data/campaigns, and who responds there: for reading only."""
    firm = pf.open(CAMPAIGNS)
    return firm, pf.response(firm)


def random_log(seed, customers=150, unit_cost=True):
    """Orders over the three years to 30 June 2026, a line each; some are returns with numbers of their own."""
    random = np.random.default_rng(seed)
    n = 8 * customers
    who, age = random.integers(0, customers, n), random.integers(1, 1090, customers)
    table = pd.DataFrame(
        {
            "customer_id": [f"K{number:03d}" for number in who],
            "order_id": [f"S{number:05d}" for number in range(n)],
            "ordered_on": pd.Timestamp("2026-06-30") - random.integers(0, age[who]) * pd.Timedelta(days=1),
            "quantity": 1.0,
            "amount": random.gamma(2, 50, n).round(2) * np.where(random.random(n) < 0.06, -1, 1),
        }
    )
    table.loc[0, "ordered_on"] = pd.Timestamp("2026-06-30") - 1090 * pd.Timedelta(days=1)
    return table.assign(unit_cost=(table["amount"].abs() * 0.6).round(2)) if unit_cost else table


def orders(seed, customers=150, days=900, spend=10.0):
    """Purchases of customers of different rates, a line each, some of whom stop."""
    random, rows = np.random.default_rng(seed), []
    for number in range(customers):
        day, gap, level = int(random.integers(0, 300)), random.gamma(2, 30), random.gamma(4, spend)
        while day < days:
            rows.append((f"C{number:03d}", f"{number}-{day}", day, round(random.gamma(3, level), 2)))
            day += 1 + int(random.exponential(gap))
            if random.random() < 0.08:
                break
    table = pd.DataFrame(rows, columns=["customer_id", "order_id", "ordered_on", "amount"])
    return table.assign(ordered_on=pd.Timestamp("2022-01-01") + pd.to_timedelta(table["ordered_on"], unit="D"))
