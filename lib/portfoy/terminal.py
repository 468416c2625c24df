"""What the commands say when something is wrong: one line, and the exit code."""

import os
import signal
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import click

from portfoy import remedies
from portfoy.inert import for_terminal
from portfoy.locale import _
from portfoy.source.address import discreetly, masked

STOPS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
PATIENCE = 3.0  # seconds in which several Ctrl-C are one: what ends has time to clear up


def say(text, **how):
    """Print a text that may hold what stands in data or is called by a user: no terminal runs what is in it."""
    click.echo(for_terminal(str(text)), **how)


class one_line:
    """Turn the errors a user can mend into one line on stderr and an exit code.

    `after` is told code and message; `out` is where the command writes; `errors` are further ones that a user can mend.
    """

    def __init__(self, command, *, after=None, out="", errors=()):
        self.command, self.after, self.out, self.errors = command, after, out, errors

    def __enter__(self):
        stop = _stop_once()
        for number in STOPS:
            with suppress(ValueError):  # in a thread, where tests may call us
                if signal.getsignal(number) is not signal.SIG_IGN:  # by nohup, or by a shell in the background
                    signal.signal(number, stop)
        return self

    def __exit__(self, kind, error, _traceback):
        if kind is None or issubclass(kind, (click.ClickException, SystemExit, click.exceptions.Exit)):
            return False
        kind, error = _interrupt(error) or (kind, error)
        code, text = (2, str(error)) if issubclass(kind, self.errors) else _told(kind, error, self.out)
        if code is None:
            return _with_a_traceback(error)
        message = " ".join(["portfoy", *self.command.split()]) + f": {' '.join(discreetly(text).split())}"
        if issubclass(kind, OSError):
            _give_up_output()
        say(message, err=True)
        if self.after:
            with suppress(KeyboardInterrupt):
                self.after(code, message)
        sys.exit(code)


def _with_a_traceback(error):
    """Let Python tell an error of ours; where a secret stands in it, tell it here, without that."""
    import traceback

    whole = "".join(traceback.format_exception(error))
    if masked(whole) == whole:
        return False
    say(masked(whole), err=True)
    sys.exit(1)


def _stop_once():
    """A handler of signals: the first one interrupts, and so does one that comes later than those of a moment."""
    heard = float("-inf")

    def stop(*_signal):
        nonlocal heard
        before, heard = heard, time.monotonic()
        if heard - before > PATIENCE:
            raise KeyboardInterrupt

    return stop


def _interrupt(error):
    """Kind and error of the interrupt behind an error, after which the queries of the engine end; None for others."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    if error is not None and "portfoy.source.files" in sys.modules:
        sys.modules["portfoy.source.files"].interrupt()
    return error and (KeyboardInterrupt, error)


def _told(kind, error, out):
    """Exit code and text of an error that a user can mend; (None, "") for any other."""
    from portfoy.errors import DataError, FitError

    if issubclass(kind, (DataError, FitError)) or kind.__name__ in ("PlanError", "ShelfError"):
        return 2, str(error)
    if issubclass(kind, ModuleNotFoundError) and not (error.name or "portfoy").startswith("portfoy"):
        name = error.name.partition(".")[0]
        return 2, _("{name} is not installed; {command}").format(name=name, command=remedies.install())
    if issubclass(kind, KeyboardInterrupt):
        return 130, str(error) or (_("interrupted; nothing was published.") if out else _("interrupted."))
    if issubclass(kind, BrokenPipeError):
        return 1, _("nobody reads what it says.")
    if issubclass(kind, OSError):
        return 1, _unwritten(error, out)
    return None, ""


def _unwritten(error, out):
    """What an OSError says: of `out`, or of another place that it names."""
    from portfoy.source.aside import FULL

    where, reason = _shown(error.filename), error.strerror or str(error)
    if out and (not where or Path(where).absolute().is_relative_to(Path(out).absolute())):
        text = _("{out}: cannot be written: {reason}. Give another --out; no report is lost.")
        if error.errno in FULL:
            text = _("{out}: cannot be written: {reason}. Make room or give --out; no report is lost.")
        return text.format(out=out, reason=reason)
    text = _("{where}: cannot be read or written: {reason}. Correct that, or give another place.")
    if error.errno in FULL and where == tempfile.gettempdir():
        text = _("{where}: cannot be written: {reason}. Make room, or name another folder in TMPDIR.")
    return text.format(where=where or _("the output"), reason=reason)


def _shown(name):
    return os.fsdecode(name) if isinstance(name, (str, bytes, os.PathLike)) else name


def _give_up_output():
    """Let what is still to be printed go nowhere: at its end Python would fail once more, with a code of its own."""
    with suppress(OSError, ValueError):
        sys.stdout.flush()
        return
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
