"""Warm kernels: what they are forked from is quiet, and what they are is like any other. Judge: the system itself."""

import json
import os
import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient

from portfoy.report import kernels

pytestmark = pytest.mark.skipif(not kernels.can_fork(), reason="this system does not fork")


def test_what_kernels_are_forked_from_starts_no_thread_and_no_backend():
    code = (
        "import json, os, sys, threading, portfoy.report.nursery\n"
        "names = [open(f'/proc/self/task/{task}/comm').read().strip() for task in os.listdir('/proc/self/task')]\n"
        "print(json.dumps({'python': threading.active_count(), 'threads': sorted(names),"
        " 'loaded': [name for name in ('pandas', 'ibis', 'matplotlib_inline.backend_inline') if name in sys.modules]}))"
    )
    quiet = {**dict.fromkeys(kernels.THREADS, "1"), "MPLBACKEND": kernels.BACKEND}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **quiet})
    found = json.loads(done.stdout)
    assert (found["python"], found["loaded"]) == (1, ["pandas", "ibis"])
    if sys.platform == "linux":  # the one more is an allocator's, which handles forks
        assert [name for name in found["threads"] if "jemalloc" not in name] == found["threads"][-1:]


def answers(manager, *cells):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client = NotebookClient(notebook, km=manager, shutdown_kernel="immediate", startup_timeout=60)
    client.execute(cleanup_kc=True)
    return ["".join(output.get("text", "") for output in cell.outputs).strip() for cell in notebook.cells]


@pytest.mark.parametrize("warm", [True, False])
def test_a_kernel_has_the_folder_the_environment_and_the_threads_it_was_given(tmp_path, warm):
    started = kernels.Kernels(tmp_path, threads=1, environment={"SHOP": "Çarşı & <b>"})
    try:
        said = answers(
            started.manager(warm=warm),
            "import os; print(os.getcwd())",
            "print(os.environ['SHOP'])",
            "import duckdb; print(duckdb.sql(\"SELECT current_setting('threads')\").fetchone()[0])",
            "import portfoy as pf; from portfoy.source.files import embedded\n"
            "print(embedded().raw_sql(\"SELECT current_setting('threads')\").fetchone()[0])",
            "print(__name__, 'multiprocessing' in str(__import__('sys').modules['__main__']))",
        )
        threads = "1" if warm else str(os.cpu_count())  # the engine that the import of duckdb opens by itself
        assert said == [os.getcwd(), "Çarşı & <b>", threads, "1", "__main__ False"]
    finally:
        started.close()


def test_kernels_draw_different_random_numbers(tmp_path):
    started = kernels.Kernels(tmp_path)
    try:
        drawn = {answers(started.manager(), "import numpy; print(numpy.random.random())")[0] for _time in range(3)}
        assert len(drawn) == 3
    finally:
        started.close()


def test_a_kernel_that_starts_processes_of_its_own_takes_them_along(tmp_path):
    import psutil

    started = kernels.Kernels(tmp_path)
    try:
        code = "import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])"
        (pid,) = answers(started.manager(), f"{code}; print(p.pid)")
        deadline = 50
        while psutil.pid_exists(int(pid)) and psutil.Process(int(pid)).status() != "zombie" and deadline:
            deadline -= 1
            psutil.time.sleep(0.1)
        assert deadline
    finally:
        started.close()


def test_no_kernel_starts_once_the_run_is_over(tmp_path):
    started = kernels.Kernels(tmp_path)
    started.close()
    with pytest.raises(RuntimeError, match="the run is over"):
        answers(started.manager(), "1")
