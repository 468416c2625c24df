"""The three doors, and the two commands that make would run: lab and test."""

import os
import subprocess
import sys
from importlib.util import find_spec
from urllib.parse import quote

import click

from portfoy import remedies
from portfoy.errors import DataError
from portfoy.locale import _, plural
from portfoy.terminal import one_line

NO_UPDATES = "jupyterlab.handlers.announcements.NeverCheckForUpdate"
ONE_THREAD = ("PORTFOY_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")  # as in the Makefile


def shown():
    """What `portfoy` says by itself: who begins where."""
    portfoy = remedies.called("portfoy")
    doors = [
        (_("Student"), "lab", _("the first lesson, in JupyterLab")),
        (_("Analyst"), _("map FILES --out portfoy.toml"), _("your own tables; then check them, and report")),
        (_("Teacher"), "doctor", _("is this machine ready for class?")),
    ]
    wide = [max(len(row[column]) for row in doors) for column in (0, 1)]
    lines = [f"  {who:{wide[0]}}   {portfoy} {command:{wide[1]}}   {what}" for who, command, what in doors]
    head = _("Customer portfolio management: a course and a report kit. Where do you begin?")
    last = _("All commands: {portfoy} --help").format(portfoy=portfoy)
    return "\n".join([head, "", *lines, "", last])


@click.command()
@click.argument("where", required=False, type=click.Path())
@click.option("--no-browser", is_flag=True, help="Only print the address to open.")
@click.option("--port", type=click.IntRange(1, 65535), help="Default: the first free one from 8888 on.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), metavar="N", help="A new folder gets a company of its own.")
def lab(where, no_browser, port, seed):
    """Open JupyterLab at the first sitting.

    WHERE is your folder, by default my-course; one that is not there yet, or empty, gets a copy of the sittings to
    write in. It may also be a notebook, or any other folder.
    """
    with one_line("lab", out=where or "my-course"):
        from portfoy.course import start

        if find_spec("jupyterlab") is None:
            raise ModuleNotFoundError(name="jupyterlab")
        place, copied = start.desk(where, seed=seed)
    if copied:
        count = plural("{n} sitting copied to {folder}", "{n} sittings copied to {folder}", len(copied))
        click.echo(count.format(n=len(copied), folder=place.parent))
    from jupyterlab.labapp import LabApp

    folder, first = (place.parent, f"/tree/{quote(place.name)}") if place.is_file() else (place, "")
    options = [f"--ServerApp.root_dir={folder.resolve()}", f"--LabApp.default_url=/lab{first}"]
    options += ["--LabApp.news_url=None", f"--LabApp.check_for_updates_class={NO_UPDATES}"]  # it asks nobody outside
    if getattr(os, "geteuid", lambda: 1)() == 0:  # in a container; it listens to this machine alone, with a token
        options.append("--ServerApp.allow_root=True")
    LabApp.launch_instance([*options, *["--no-browser"] * no_browser, *[f"--port={port}"] * bool(port)])


@click.command("test", context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[-- ARGUMENTS OF pytest]...")
def test_(arguments):
    """Run the tests, then reports and lessons from top to bottom; as make test does.

    The arguments are for the tests: portfoy test -- tests/test_rfm.py
    """
    with one_line("test"):
        root = remedies.project()
        if root is None or not (root / "tests").is_dir():
            raise DataError(_("the tests are not here; only the repository has them. Run it in a copy of that."))
        if missing := [name for name in ("pytest", "xdist", "nbval") if find_spec(name) is None]:
            said = _("{names} not installed; {command}")
            raise DataError(said.format(names=", ".join(missing), command=remedies.install()))
    environment = {**os.environ, **dict.fromkeys(ONE_THREAD, "1"), "PYTHONDONTWRITEBYTECODE": ""}
    for command in _halves(arguments):
        if code := subprocess.call([sys.executable, "-m", "pytest", *command], cwd=root, env=environment):
            sys.exit(code)


def _halves(arguments):
    """What pytest is given: for the tests, then for the notebooks."""
    spread = ["-q", "-n", "auto", "--dist", "loadscope"]
    yield [*spread, "--no-loadscope-reorder", "-p", "no:nbval", "-m", "not engines", *arguments]
    yield [*spread, "--nbval-lax", "--nbval-current-env", "notebooks/reports", "notebooks/solutions"]
