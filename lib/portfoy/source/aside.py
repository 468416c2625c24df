"""What processes leave to nobody: one temporary folder each, its owner's alone, and themselves, once alone.

What a process that was killed has left, the next one clears; what it had started ends itself.
"""

import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
import time
from contextlib import suppress
from multiprocessing.util import Finalize
from pathlib import Path

from filelock import FileLock, Timeout

PREFIX, LOCK = "portfoy-", ".aside-lock"  # no shelf has a file of that name: one in /tmp may be called portfoy-june
LAST = -200  # at the end of a process, after multiprocessing has removed what is its own
_OURS = {}  # process -> its folder and the lock that is gone when the process is


def folder():
    """The temporary folder of this process, a Path; made when first asked for, and gone with the process."""
    process = os.getpid()
    while process not in _OURS:
        clear()
        made = Path(tempfile.mkdtemp(prefix=PREFIX))
        lock = FileLock(made / LOCK)
        with suppress(Timeout, OSError):  # another process took it for remains
            lock.acquire(timeout=0)
            if (made / LOCK).exists():
                _OURS[process] = made, lock
                Finalize(None, _leave, args=(process,), exitpriority=LAST)
    return _OURS[process][0]


def clear():
    """Remove the folders of processes that have not come to their end; how many there were."""
    cleared = 0
    for remains in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/{LOCK}"):
        lock = FileLock(remains)
        try:
            lock.acquire(timeout=0)
        except (Timeout, OSError):  # its process is at work, or it is another user's
            continue
        lock.release()
        shutil.rmtree(remains.parent, ignore_errors=True)
        cleared += 1
    return cleared


def end_with(parent):
    """Let this process, and the group that is its own, end once `parent` is gone, the process that started it."""

    def watch():
        command = multiprocessing.parent_process()  # not every system says that a parent is gone
        while os.getppid() == parent and (command is None or command.is_alive()):
            time.sleep(0.2)
        if hasattr(os, "getpgrp") and os.getpgrp() == os.getpid():
            os.killpg(0, signal.SIGKILL)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _leave(process):
    """At the end of a process; one that it forked has none of its own to leave here."""
    if process == os.getpid() and process in _OURS:
        made, lock = _OURS.pop(process)
        lock.release()
        shutil.rmtree(made, ignore_errors=True)
