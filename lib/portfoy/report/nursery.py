"""What report kernels need, imported once in the process they are forked from.

Imports only: a thread or an open engine would not survive the fork. The inline backend of matplotlib is not among
them, because imported here it would show no figure in a kernel. A package stands here once a stage uses it: what
nothing uses would only delay the first kernel. One that is missing is left to the notebook that needs it. Where the
command ends in the meantime, so does this: on Linux at once, elsewhere after the imports.
"""

import ctypes
import gc
import signal
import sys
from importlib import import_module
from importlib.util import find_spec

PACKAGES = (
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "ipykernel.debugger",
    "IPython.core.completerlib",
    "IPython.core.pylabtools",
    "IPython.extensions.storemagic",
    "sqlite3",
    "tornado.platform.asyncio",
    "pandas",
    "pandas.io.formats.csvs",
    "pyarrow.pandas_compat",
    "ibis.backends.duckdb",
    "ibis.backends.duckdb.converter",
    "ibis.backends.sql.compilers.duckdb",
    "ibis.formats.pandas",
    "matplotlib.pyplot",
    "matplotlib.backends.backend_agg",
    "PIL.PngImagePlugin",
    "scipy.optimize",
    "scipy.special",
    "scipy.stats",
    "sklearn.cluster",
    "sklearn.linear_model",
    "babel.dates",
    "babel.numbers",
    "babel.support",
)

PR_SET_PDEATHSIG = 1  # of Linux: the signal that this process gets once the thread is gone that started it
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
sys.modules.setdefault("debugpy", None)  # a report is not debugged; every kernel would load a debugger that waits
for name in PACKAGES:
    if find_spec(name.partition(".")[0]):
        import_module(name)
for name in sorted(set(import_module("portfoy")._FRONT.values())):  # all that a notebook may call
    import_module(f"portfoy.{name}")
if "duckdb" in sys.modules:  # its import opens an engine of its own, whose threads would be missing after a fork
    sys.modules["duckdb"].execute("SET threads = 1")
gc.collect()
gc.freeze()  # else the first collection in each kernel would touch, and so copy, every page of memory they share
