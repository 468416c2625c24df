"""Every fit runs on one thread, also in a process that has not yet loaded the library it needs."""

import json
import os
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import portfoy as pf
from portfoy.models.threads import one_thread

# Each fit: its room, the function inside it whose place `look` takes, and a call; those of a row share a process, which
# loads scikit-learn for the last of them only. It is a fork of one that has loaded all rooms.
FITS = [
    [
        ("portfoy.models.likelihood", "minimize", "room.maximise('fit', None, [[0.0]], 1)"),
        ("portfoy.models.discounted_value", "_check_arguments", "room.discounted_value(None, None, None)"),
        ("portfoy.selection.positioning", "_read", "room.positioning(None)"),
        ("portfoy.selection.clusters", "need_columns", "room.clusters(None)"),
    ],
    [("portfoy.selection.response", "leak_table", "room.fit_response(None)")],
    [("portfoy.selection.early", "with_ids", "room.early_adopters(nothing, None)")],
]
LOOK = """
import json, os, sys
from importlib import import_module
from types import SimpleNamespace
from threadpoolctl import threadpool_info

class Seen(Exception):
    pass

def look(*_args, **_named):
    seen.append([[pool["user_api"], pool["num_threads"]] for pool in threadpool_info()])
    raise Seen

nothing, seen = SimpleNamespace(customers=None), []
def run(row):
    for name, inner, call in row:
        assert "sklearn" not in sys.modules
        room = import_module(name)
        setattr(room, inner, look)
        try:
            eval(call)
        except Seen:
            pass

rows = json.loads(sys.argv[1])
for name in [name for row in rows for name, _inner, _call in row]:
    import_module(name)
for row in rows:
    if not (child := os.fork()):
        run(row)
        print(json.dumps(seen), flush=True)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process with the rooms and without scikit-learn is forked")
def test_every_fit_runs_on_one_thread_in_a_fresh_process():
    environment = {**os.environ, "OMP_NUM_THREADS": "3", "OPENBLAS_NUM_THREADS": "3", "PORTFOY_THREADS": "3"}
    command = [sys.executable, "-c", LOOK, json.dumps(FITS)]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=100)
    rows = [json.loads(line) for line in run.stdout.splitlines()]
    assert [len(row) for row in rows] == [len(row) for row in FITS]
    assert {threads for row in rows for pools in row for _kind, threads in pools} == {1}
    for row in rows:
        assert "openmp" in {kind for kind, _threads in row[-1]}  # scikit-learn's own


def test_a_pool_has_its_threads_again_after_a_fit():
    with threadpool_limits(2):
        before = [pool["num_threads"] for pool in threadpool_info()]
        inside = one_thread()(lambda: {pool["num_threads"] for pool in threadpool_info()})()
        assert inside == {1}
        assert [pool["num_threads"] for pool in threadpool_info()] == before


def test_clusters_take_no_more_processor_time_than_one_core_has():
    rng = np.random.default_rng(3)
    purchases = 1 + rng.poisson(2, 2_000)
    customers = pd.DataFrame({"idle": rng.integers(1, 300, 2_000), "purchases": purchases, "age": 365})
    customers["revenue"] = purchases * rng.lognormal(3, 1, 2_000)
    customers["ticket"] = customers["revenue"] / purchases
    shares = []
    for _time in range(3):  # the least disturbed counts: the process may have threads of other tests
        wall, used = time.perf_counter(), time.process_time()
        pf.clusters(customers, most=4)
        shares.append((time.process_time() - used) / (time.perf_counter() - wall))
    assert min(shares) <= 1.2
