"""Is this machine ready for class? One line a check, for the evening before, on a machine that others look after.

Everything heavy is imported inside the check that needs it, so that a machine that lacks a package is told so.
"""

import shutil
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click

from portfoy import remedies
from portfoy.errors import DataError
from portfoy.locale import _, plural
from portfoy.terminal import one_line

DATA = "data/teaching"
REPORTS = "reports"
ROOM = 500e6  # bytes free on a disk
MEMORY = 2e9  # bytes of memory
PATIENCE = 60  # seconds for a kernel
SLOW = 30  # seconds for one cell of a lesson
LETTERS = "ğşİıłż"
CGROUP = Path("/sys/fs/cgroup/memory.max")  # where Linux says how much of the memory a container may use


@dataclass(frozen=True)
class Finding:
    """What one check found; ``ok``: whether class can be held with it. One that is ok and has a ``fix`` is a note."""

    name: str
    ok: bool
    said: str
    fix: str = ""

    def __str__(self):
        if not self.ok:
            return f"FIX  {self.name}: " + "; ".join(filter(None, [self.said, self.fix]))
        return f"NOTE {self.name}: {self.said}; {self.fix}" if self.fix else f"OK   {self.said}"


@click.command()
@click.option("--data", default=DATA, show_default=True, metavar="WHERE", help="The data the class will use.")
def doctor(data):
    """Look whether this machine is ready for class; run it the evening before.

    One line a check: OK, NOTE for what can wait, or FIX with what to do. Exit code: 0 all is well, 1 something needs
    fixing.
    """
    with one_line("doctor"):
        with suppress(AttributeError):  # letters that the terminal does not have become question marks
            sys.stdout.reconfigure(errors="replace")
        found = []
        for finding in findings(data):
            found.append(finding)
            click.echo(finding)
        wrong = sum(not finding.ok for finding in found)
        click.echo(_summary(wrong, len(found)))
    sys.exit(1 if wrong else 0)


def _summary(wrong, checks):
    if not wrong:
        said = plural("Ready for class: {n} check, all well.", "Ready for class: {n} checks, all well.", checks)
        return said.format(n=checks)
    said = plural("{wrong} of {n} checks needs fixing.", "{wrong} of {n} checks need fixing; begin at the top.", wrong)
    return said.format(wrong=wrong, n=checks) + " " + _("Then run portfoy doctor again.")


def findings(data=DATA):
    """Everything that a lesson needs of this machine, looked at in the order to mend it in; nothing is raised."""
    for name, check in _checks(data):
        try:
            yield Finding(name, *check())
        except DataError as error:  # says what to do
            yield Finding(name, False, " ".join(str(error).split()))
        except ImportError as error:
            yield Finding(name, False, _reason(error), remedies.install())
        except Exception as error:  # whatever it is, the others are still to be looked at
            yield Finding(name, False, _reason(error), _("the check could not be made; mend this first."))


def _reason(error):
    """The first line of what an error says, with its kind."""
    said = " ".join(str(error).strip().split("\n")[0].split()).rstrip(".")
    return f"{type(error).__name__}: {said}"[:300] if said else type(error).__name__


def _checks(data):
    """Name and function of every check; a function gives whether it is ok, what was found, and what to do."""
    return [
        (_("Python"), _python),
        (_("packages"), _packages),
        (_("letters"), _letters),
        (_("folder"), _folder),
        (_("disk"), lambda: _room(_reports(), _("empty the bin; old runs go by: portfoy prune --keep 3"))),
        (_("temporary folder"), lambda: _room(tempfile.gettempdir(), remedies.setting("TMPDIR", Path.cwd()))),
        (_("memory"), _memory),
        (_("fonts"), _fonts),
        (_("JupyterLab"), _jupyterlab),
        (_("kernel"), _kernel),
        (_("data"), partial(_data, data)),
        (_("lessons"), _lessons),
        (_("speed"), _slowest),
        (_("PDF"), _browser),
    ]


def _python():
    bits = 64 if sys.maxsize > 2**32 else 32
    found = _("Python {version}, {bits} bit").format(version=".".join(map(str, sys.version_info[:3])), bits=bits)
    if tuple(sys.version_info[:2]) >= (3, 11) and bits == 64:
        return True, found, ""
    said = _("this is {found}; 3.11 or later, 64 bit, is needed").format(found=found)
    fix = _("such as by {command}; then install the course into it.")
    return False, said, fix.format(command=remedies.program("python"))


def _packages():
    """What the installed portfoy asks for, with its course, beside what is installed."""
    from importlib import metadata

    from packaging.requirements import Requirement

    wanted = [Requirement(line) for line in metadata.requires("portfoy") or []]
    wanted = [package for package in wanted if package.marker is None or package.marker.evaluate({"extra": "course"})]
    wrong = {package: text for package in wanted if (text := _outside(package, metadata))}
    if not wrong:
        said = plural("{n} package, within its bounds", "{n} packages, all within their bounds", len(wanted))
        return True, said.format(n=len(wanted)), ""
    return False, ", ".join(wrong.values()), remedies.install(*wrong)


def _outside(package, metadata):
    """What is wrong with an installed package, or an empty text."""
    about = {"name": package.name, "bounds": package.specifier}
    version = next((found.version for found in metadata.distributions(name=package.name)), None)
    if version is None:  # also of a package that was half removed
        return _("{name} is missing (needs {bounds})").format(**about)
    inside = package.specifier.contains(version, prereleases=True)
    return "" if inside else _("{name} is {version} (needs {bounds})").format(version=version, **about)


def _letters():
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    lacks = _codes(letter for letter in LETTERS if letter.encode(encoding, "replace") == b"?")
    if not lacks:
        return True, _("Turkish and Polish can be printed ({encoding})").format(encoding=encoding.lower()), ""
    said = _("the terminal writes {encoding}, which lacks {letters}").format(encoding=encoding, letters=lacks)
    return False, said, remedies.setting("PYTHONUTF8", 1)


def _codes(letters):
    """Letters by their number, for where they themselves cannot be shown."""
    return ", ".join(f"U+{ord(letter):04X}" for letter in letters)


def _reports():
    """The folder that reports go to, or where it would be made."""
    here = Path.cwd()
    return here / REPORTS if (here / REPORTS).is_dir() else here


def _folder():
    for place in dict.fromkeys([Path.cwd(), _reports()]):
        try:
            with tempfile.TemporaryFile(dir=place) as file:
                file.write(b"portfoy")
        except OSError as error:
            said = _("{place} cannot be written to ({reason})").format(place=place, reason=error.strerror)
            return False, said, _('go to a folder of your own: cd "{home}"').format(home=Path.home())
    return True, _("{place} can be written to").format(place=Path.cwd()), ""


def _room(place, fix):
    free = shutil.disk_usage(place).free
    words = {"free": f"{free / 1e9:.1f}", "place": place, "room": f"{ROOM / 1e9:.1f}"}
    if free >= ROOM:
        return True, _("{free} GB free in {place}").format(**words), ""
    return False, _("{free} GB free in {place}; {room} GB are needed").format(**words), fix


def _memory():
    import psutil

    most = psutil.virtual_memory().total
    if CGROUP.is_file() and (limit := CGROUP.read_text("ascii").strip()).isdigit():
        most = min(most, int(limit))
    words = {"most": f"{most / 1e9:.1f}", "needed": f"{MEMORY / 1e9:.0f}"}
    if most >= MEMORY:
        return True, _("{most} GB of memory").format(**words), ""
    said = _("there are {most} GB; {needed} GB are needed").format(**words)
    return False, said, _("use a larger machine, or share one.")


def _fonts():
    from matplotlib import font_manager, ft2font

    again = remedies.pip("--force-reinstall --no-deps matplotlib")
    try:
        path = font_manager.findfont("DejaVu Sans", fallback_to_default=False)
    except ValueError:
        return False, _("matplotlib finds no DejaVu Sans, the figures' font"), again
    known = ft2font.FT2Font(path).get_charmap()
    if lacks := _codes(letter for letter in LETTERS if ord(letter) not in known):
        return False, _("DejaVu Sans at {path} lacks {letters}").format(path=path, letters=lacks), again
    return True, _("DejaVu Sans has the Turkish and Polish letters"), ""


def _jupyterlab():
    import jupyterlab

    return True, _("JupyterLab {version}").format(version=jupyterlab.__version__), ""


def _kernel():
    """Whether a kernel starts on this machine, answers, and is one that has portfoy."""
    import subprocess

    from jupyter_client.manager import start_new_kernel

    start = time.monotonic()
    again = _("run: {python} -m ipykernel install --sys-prefix --name python3").format(python=remedies.called("python"))
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    try:
        manager, client = start_new_kernel(startup_timeout=PATIENCE, kernel_name="python3", **quiet)
    except Exception as error:  # a kernel can fail in as many ways as there are machines
        return False, _("no Jupyter kernel starts ({reason})").format(reason=_reason(error)), again
    try:
        answers = _ask(client, timeout=max(1, PATIENCE - (time.monotonic() - start)))
    except Exception as error:  # the same
        said = _("the kernel did not answer 1 + 1 within {n} s ({reason})")
        fix = _("close other programs; no firewall or virus scanner may block 127.0.0.1.")
        return False, said.format(n=PATIENCE, reason=_reason(error)), fix
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    if answers["sum"] != "2":
        return False, _("the kernel answers 1 + 1 with {said!r}").format(said=answers["sum"]), again
    if answers["course"] != "'portfoy'":
        return False, _("the kernel is another Python ({python})").format(**answers), again
    return True, _("a Jupyter kernel answers, in {n:.0f} s").format(n=time.monotonic() - start), ""


def _ask(client, *, timeout):
    """What a kernel answers to three questions, as text; empty where it cannot."""
    asked = {"sum": "1 + 1", "course": "__import__('portfoy').__name__", "python": "__import__('sys').executable"}
    heard = client.execute("", user_expressions=asked, reply=True, timeout=timeout)["content"]["user_expressions"]
    return {name: heard[name].get("data", {}).get("text/plain", "") for name in asked}


def _data(where):
    from portfoy.source import open as source
    from portfoy.words import style

    try:
        facts = source.open(where).facts
    except DataError as error:
        if where != DATA:
            raise
        return False, str(error).partition(". ")[0], _("run: portfoy simulate --out {where}").format(where=where)
    words = {"where": where, "used": style.number(facts.used), "rows": style.number(facts.rows)}
    return True, _("{where}: {used} of {rows} order lines are used").format(**words), ""


def _lessons():
    from portfoy.course.lessons import SITTINGS, editions, stem

    there = editions()
    if lost := [stem(sitting) for sitting in SITTINGS if sitting not in there]:
        said = _("notebooks/lessons, seen from {here}, lacks {names}").format(here=Path.cwd(), names=", ".join(lost))
        return False, said, _("go to the course's folder, or run: portfoy lessons build")
    said = plural("{n} sitting: {names}", "{n} sittings: {names}", len(there))
    return True, said.format(n=len(there), names=", ".join(there)), ""


def _slowest():
    from portfoy.course.grading import run
    from portfoy.course.lessons import editions

    sitting, path = next(iter(editions().items()))
    cell, seconds = run(path).get("slowest", ("", 0.0))
    said = _("the slowest cell of sitting {sitting} takes {seconds:.0f} seconds ({cell})")
    said = said.format(sitting=sitting, seconds=seconds, cell=cell)
    return True, said, _("close other programs, or work in pairs") if seconds > SLOW else ""


def _browser():
    from portfoy.report import pdf

    if browser := pdf.find_browser():
        return True, _("{browser} can print PDFs").format(browser=browser), ""
    fix = _("it takes Chromium, Chrome or Edge, such as by {command}; or name one in PORTFOY_BROWSER.")
    said = _("no page can be printed, which only portfoy report --pdf does")
    return True, said, fix.format(command=remedies.program("browser"))
