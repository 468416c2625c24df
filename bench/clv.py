"""BG/NBD by portfoy and by lifetimes 0.11.3: the same customers, the same estimates, the time each takes.

python bench/clv.py [--customers 1000000] [--repeats 5] [--peer-env PATH] [--time-limit 1200] [--quick]

lifetimes needs an old pandas and numpy, so it gets a virtual environment of its own: in PATH, made there if absent, or
in a temporary folder. Each fit runs in a new process; they take turns, and the median of their processor time counts,
over all threads, which work beside them disturbs less than the clock. Exit code 1 when the estimates differ, ours are
not at the peak of the likelihood as printed, or a target is missed at a million customers or more.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from itertools import combinations
from pathlib import Path

PEER = ["lifetimes==0.11.3", "numpy<2", "pandas<2.2", "scipy<1.12"]
CDNOW = Path(__file__).resolve().parents[2] / "shared" / "data" / "cdnow" / "CDNOW_sample.txt"
NAMES = ["r", "alpha", "a", "b"]
# name -> r, alpha (days), a, b, and the first and last age in days of the simulated customers
SIMULATED = {
    "as published for CDNOW (FHL 2005), 39 weeks": (0.243, 4.414 * 7, 0.793, 2.426, 189, 273),
    "three years, much harder: half of the rows are distinct": (0.5, 40.0, 0.8, 2.5, 1, 1096),
}
LEAST_SPEED = dict(zip(SIMULATED, [100.0, 40.0], strict=True))
JUDGED_FROM = 1_000_000  # customers
CLOSE = 1e-5  # relative, of parameters to those of lifetimes, which stops a little before its peak
AT_PEAK = 1e-6  # relative, of our parameters and log-likelihood to those of the peak


# --- the customers: a CSV file of repeats, span and age in days ----------------------------------------------------


def make_cdnow(path):
    """The CDNOW sample as of 1997-09-30."""
    import pandas as pd

    from portfoy.customers import customer_table

    columns = ["master_id", "customer_id", "ordered_on", "cds", "amount"]
    log = pd.read_csv(CDNOW, sep=r"\s+", names=columns, dtype={"customer_id": str, "ordered_on": str})
    log = log.assign(ordered_on=pd.to_datetime(log.ordered_on, format="%Y%m%d"), order_id=log.index.astype(str))
    customers = customer_table(log, as_of="1997-09-30")
    customers[["repeats", "span", "age"]].to_csv(path, index=False)


def make_simulated(path, count, name):
    """`count` customers of known truth who arrived evenly over the days; a day with several orders counts once."""
    import numpy as np
    import pandas as pd

    random = np.random.default_rng(11)
    r, alpha, a, b, youngest, oldest = SIMULATED[name]
    age = random.integers(youngest, oldest + 1, count)
    rate = random.gamma(r, 1 / alpha, count)
    leaves = random.beta(a, b, count)
    repeats, span, now, active = np.zeros(count, int), np.zeros(count, int), np.zeros(count), np.arange(count)
    while len(active):
        now[active] += random.exponential(1 / np.maximum(rate[active], 1e-300))
        active = active[now[active] <= age[active]]
        day = now[active].astype(int)
        repeats[active] += day > span[active]
        span[active] = day
        active = active[random.random(len(active)) > leaves[active]]
    pd.DataFrame({"repeats": repeats, "span": span, "age": age}).to_csv(path, index=False)


# --- the fits, each in a process of its own ------------------------------------------------------------------------


def portfoy_fit(customers):
    import portfoy as pf

    fit = pf.fit_bg_nbd  # loads the module
    yield
    yield fit(customers).parameters


def lifetimes_fit(customers):
    """As its manual does it."""
    from lifetimes import BetaGeoFitter

    yield
    fitter = BetaGeoFitter().fit(customers["repeats"], customers["span"], customers["age"])
    yield fitter.params_[NAMES]


def lifetimes_grouped_fit(customers):
    """The best it can do: equal customers as one row with a weight, which its manual mentions."""
    from lifetimes import BetaGeoFitter

    yield
    rows = customers.groupby(["repeats", "span", "age"]).size().reset_index(name="count")
    fitter = BetaGeoFitter().fit(rows["repeats"], rows["span"], rows["age"], weights=rows["count"])
    yield fitter.params_[NAMES]


def run(way, path):
    """Fit once; print the processor seconds, the parameters (time in days) and the peak memory in MiB."""
    import resource

    import pandas as pd

    steps = globals()[f"{way}_fit"](pd.read_csv(path))
    next(steps)  # the imports
    started = time.process_time()
    parameters = next(steps)
    seconds = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    print(json.dumps({"seconds": seconds, "peak": peak, "parameters": [float(value) for value in parameters]}))


def judge(path, *parameters):
    """Log-likelihoods at each of `parameters`, by the formula as printed (Fader, Hardie & Lee 2005, eq. 6).

    From the first, ours, also the step to its peak, Newton's by differences of the formula: largest, of a parameter.
    """
    import numpy as np
    import pandas as pd
    from scipy.special import betaln, gammaln

    customers = pd.read_csv(path)
    rows = customers.value_counts().reset_index()
    x, t, age, n = (rows[name].to_numpy(float) for name in ["repeats", "span", "age", "count"])

    def log_likelihood(logs):
        r, alpha, a, b = np.exp(logs)
        both = gammaln(r + x) - gammaln(r) + r * np.log(alpha) - betaln(a, b)
        active = betaln(a, b + x) - (r + x) * np.log(alpha + age)
        left = betaln(a + 1, b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + t)
        return float(n @ (both + np.where(x > 0, np.logaddexp(active, left), active)))

    points = [np.log(json.loads(text)) for text in parameters]
    values = [log_likelihood(point) for point in points]
    h = 1e-4 * np.eye(4)
    around = {(i, s): log_likelihood(points[0] + s * h[i]) for i in range(4) for s in (1, -1)}
    slope = np.array([around[i, 1] - around[i, -1] for i in range(4)]) / 2e-4
    second = np.diag([around[i, 1] + around[i, -1] - 2 * values[0] for i in range(4)])
    for i, j in combinations(range(4), 2):
        corners = [s * u * log_likelihood(points[0] + s * h[i] + u * h[j]) for s in (1, -1) for u in (1, -1)]
        second[i, j] = second[j, i] = sum(corners) / 4
    step = np.linalg.solve(second / -1e-8, slope)
    off = {"step": float(np.abs(step).max()), "rise": float(step @ slope / 2)}
    print(json.dumps({"customers": len(customers), "rows": len(rows), "log_likelihoods": values} | off))


def child(python, *arguments, limit=None):
    """Run this file again with `arguments`; what it prints, read; None after `limit` seconds."""
    command = [str(python), __file__, "--child", *map(str, arguments)]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=limit)
    except subprocess.TimeoutExpired:
        return None
    if done.returncode:
        sys.exit(1)
    return json.loads(done.stdout) if done.stdout else None


def peer_python(folder):
    """The Python of a virtual environment in `folder` that has lifetimes, made if need be; None where that fails."""
    python = Path(folder, "Scripts" if sys.platform == "win32" else "bin", "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PEER]
    for command in [[sys.executable, "-m", "venv", folder], pip]:
        if python.exists() and not subprocess.run([python, "-c", "import lifetimes"], capture_output=True).returncode:
            break
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            reason = (done.stderr or done.stdout).strip().splitlines() or ["no message"]
            print(f"lifetimes: left out, it could not be installed here: {reason[-1]}")
            return None
    return python


# --- the table -----------------------------------------------------------------------------------------------------


def bench(title, path, peer, repeats, limit):
    """Fit the customers in `path` every way; (customers, how many times faster than lifetimes, whether all agree)."""
    pythons = {"portfoy": sys.executable} | ({"lifetimes": peer, "lifetimes_grouped": peer} if peer else {})
    runs = {way: [] for way in pythons}
    for _repeat in range(repeats):
        for way, python in pythons.items():
            if None not in runs[way]:
                runs[way].append(child(python, "run", way, path, limit=limit))
    runs = {way: [one for one in tried if one] for way, tried in runs.items()}
    usual = {
        way: sorted(tried, key=lambda one: one["seconds"])[len(tried) // 2] for way, tried in runs.items() if tried
    }
    judged = child(sys.executable, "judge", path, *(json.dumps(one["parameters"]) for one in usual.values()))

    print(f"\n{title}: {judged['customers']:,} customers, {judged['rows']:,} distinct; median of {repeats}, days")
    head = [*NAMES, "log-likelihood", "cpu s", "x ours", "peak MiB"]
    print(f"{'':18}" + "".join(f"{name:>15}" for name in head))
    for (way, one), value in zip(usual.items(), judged["log_likelihoods"], strict=True):
        ratio = one["seconds"] / usual["portfoy"]["seconds"]
        numbers = "".join(f"{number:>15.6f}" for number in one["parameters"])
        print(f"{way:18}{numbers}{value:>15.3f}{one['seconds']:>15.3f}{ratio:>15.1f}{one['peak']:>15.0f}")
    for way in pythons.keys() - usual.keys():
        print(f"{way}: not done after {limit:.0f} s, stopped")
    ours = usual["portfoy"]["parameters"]
    apart = max(
        (abs(a / b - 1) for one in usual.values() for a, b in zip(one["parameters"], ours, strict=True)), default=0
    )
    if peer:
        print(f"largest relative difference of a parameter: {apart:.1e}, {CLOSE:.0e} is allowed")
    off = max(judged["step"], abs(judged["rise"] / judged["log_likelihoods"][0]))
    print(f"ours to the peak of the formula as printed: {off:.1e} relative, {AT_PEAK:.0e} is allowed")
    theirs = usual["lifetimes"]["seconds"] if "lifetimes" in usual else limit
    return (
        judged["customers"],
        theirs / usual["portfoy"]["seconds"] if peer else None,
        apart <= CLOSE and off <= AT_PEAK,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--customers", type=int, default=1_000_000, help="how many to simulate")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--peer-env", metavar="PATH", help="folder of the environment with lifetimes")
    parser.add_argument("--time-limit", type=float, default=1200, help="seconds, for one fit")
    parser.add_argument("--quick", action="store_true", help="20,000 customers, once; lifetimes only with --peer-env")
    options = parser.parse_args()
    count, repeats = (20_000, 1) if options.quick else (options.customers, options.repeats)
    with tempfile.TemporaryDirectory() as folder:
        wanted = options.peer_env or not options.quick
        peer = peer_python(options.peer_env or Path(folder, "peer")) if wanted else None
        path, done = Path(folder, "customers.csv"), []
        if CDNOW.exists():
            child(sys.executable, "make_cdnow", path)
            done.append(bench("CDNOW sample to 1997-09-30", path, peer, repeats, options.time_limit))
        else:
            print("CDNOW sample: left out, the file is not beside the repository")
        for name in SIMULATED:
            child(sys.executable, "make_simulated", path, count, name)
            done.append(bench(f"simulated, {name}", path, peer, repeats, options.time_limit))
    judged = [
        (name, faster)
        for name, (count, faster, _agree) in zip(SIMULATED, done[-len(SIMULATED) :], strict=True)
        if faster is not None and count >= JUDGED_FROM
    ]
    for name, faster in judged:
        verdict = "holds" if faster >= LEAST_SPEED[name] else "MISSED"
        print(f"at least {LEAST_SPEED[name]:.0f} x faster, {name}: {faster:.1f}, {verdict}")
    if not judged:
        print(f"how much faster: judged beside lifetimes from {JUDGED_FROM:,} customers")
    if not all(agree for _count, _faster, agree in done):
        sys.exit("the estimates differ by more than is allowed")
    sys.exit(1 if any(faster < LEAST_SPEED[name] for name, faster in judged) else 0)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        what, *rest = sys.argv[2:]
        if what == "make_simulated":
            make_simulated(rest[0], int(rest[1]), rest[2])
        else:
            {"make_cdnow": make_cdnow, "run": run, "judge": judge}[what](*rest)
    else:
        main()
