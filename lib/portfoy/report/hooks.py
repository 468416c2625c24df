"""What a user wants done after a run: one command of the shell, which is told how the run went."""

import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import click

from portfoy.locale import _
from portfoy.source.address import harmless, masked, remembered


def run_hook(command, *, record, folder, code, message, timeout=600):
    """Run the user's command in the shell, where we stand; all that it says goes to our stderr.

    It finds the folder of the run and its run.json in ``PORTFOY_FOLDER`` and ``PORTFOY_RUN`` (empty where there is
    none), our exit code in ``PORTFOY_EXIT`` and one line on how the run went in ``PORTFOY_MESSAGE``. It may take
    `timeout` seconds, what it leaves in the background longer. Gives one line that says what went wrong, or "": a hook
    never ends the run that called it.
    """
    shown = masked(" ".join(command.split()))
    told = {
        "PORTFOY_RUN": _absolute(record),
        "PORTFOY_FOLDER": _absolute(folder),
        "PORTFOY_EXIT": str(code),
        "PORTFOY_MESSAGE": masked(" ".join(str(message).split())),
    }
    try:
        if sys.stderr is not None:
            sys.stderr.flush()  # our own words first
        ended = _said(command, seconds=timeout, shell=True, env={**harmless(os.environ), **told})
    except (OSError, ValueError) as error:
        text = _("hook {command!r}: cannot be started: {reason}. Try it in the shell.")
        return text.format(command=shown, reason=masked(" ".join(str(error).split())))
    if ended is None:
        text = _("hook {command!r}: stopped after {seconds} s. Let it start in the background.")
        return text.format(command=shown, seconds=timeout)
    if ended:
        text = _("hook {command!r}: ended with exit code {code}. Read what it said above.")
        return text.format(command=shown, code=ended)
    return ""


def _said(command, **given):
    """Run a command, all that it says to our stderr: at once, or where we know secrets at its end, without them."""
    if not remembered():
        return run_alone(command, stdout=2, **given)
    with tempfile.TemporaryFile() as said:  # no pipe: what stays in the background may go on writing
        try:
            return run_alone(command, stdout=said, stderr=said, **given)
        finally:
            said.seek(0)
            click.echo(masked(said.read().decode(errors="replace")), nl=False, err=True)


def _absolute(path):
    return "" if path is None else str(Path(path).absolute())


def run_alone(command, *, seconds, **given):
    """Run a command in a process group of its own, with nothing to read: its exit code, or None when time ran out.

    When time runs out, or we are interrupted, it is stopped with all that it started. Nothing is read through pipes,
    so that a process it leaves behind cannot keep us waiting. `given` goes to ``subprocess.Popen``.
    """
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True, **given)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        if process.poll() is None:
            _stop(process)


def _stop(process):
    """End a process and its whole family: the group, and those who left the group."""
    import psutil

    family = psutil.Process(process.pid).children(recursive=True)  # asked first: orphans belong to nobody
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):  # macOS refuses for a group that is just ending
            os.killpg(process.pid, signal.SIGKILL)
    for member in family:
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            member.kill()
    process.kill()
    process.wait()
