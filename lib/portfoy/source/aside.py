"""What processes leave to nobody: one temporary folder each, its owner's alone, and themselves, once alone.

What a process that was killed has left, the next one clears; what it had started ends itself. What is for somebody,
`whole` puts in its place.
"""

import errno
import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from multiprocessing.util import Finalize
from pathlib import Path

from filelock import FileLock, Timeout

PREFIX, LOCK = "portfoy-", ".aside-lock"  # no shelf has a file of that name: one in /tmp may be called portfoy-june
LAST = -200  # at the end of a process, after multiprocessing has removed what is its own
FULL = [getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EFBIG") if hasattr(errno, name)]
_OURS = {}  # process -> its folder and the lock that is gone when the process is


class Unwritten(OSError):
    """What is to be written cannot be; it is named."""


def folder():
    """The temporary folder of this process, a Path; made when first asked for, and gone with the process."""
    process = os.getpid()
    if process not in _OURS:
        made, _lock = _OURS[process] = _claimed(PREFIX)
        Finalize(None, _leave, args=(process,), exitpriority=LAST)
        if not os.access(os.path.expanduser("~"), os.W_OK):  # matplotlib would make a folder of its own, and say so
            os.environ.setdefault("MPLCONFIGDIR", str(made / "matplotlib"))
    return _OURS[process][0]


def _claimed(prefix, root=None):
    """A new folder among the temporary ones, or in another one, and the lock that says that it is somebody's."""
    while True:
        clear(root, prefix)
        made = Path(tempfile.mkdtemp(prefix=prefix, dir=root))
        lock = FileLock(made / LOCK)
        with suppress(Timeout, OSError):  # another process took it for remains
            lock.acquire(timeout=0)
            if (made / LOCK).exists():
                return made, lock


@contextmanager
def whole(folder, mode=0o777):
    """A folder within a `folder` to write in: the files take their place when all are there, else nothing changes.

    Unwritten where they cannot.
    """
    folder, made = Path(folder), None
    new = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        folder.mkdir(mode, parents=True, exist_ok=True)
        made, lock = _claimed(f".{PREFIX}", folder)
        with lock:
            yield made
            for path in [path for path in made.rglob("*") if path.is_file() and path.name != LOCK]:
                target = folder / path.relative_to(made)
                target.parent.mkdir(parents=True, exist_ok=True)
                os.replace(path, target)
    except OSError as error:
        if isinstance(error, ConnectionError | TimeoutError) or not error.errno:
            raise
        written = [path.relative_to(made) for path in made.rglob("*") if path.name != LOCK] if made else []
        place = folder / written[0] if len(written) == 1 else folder if folder.name else folder.absolute()
        raise Unwritten(error.errno, os.strerror(error.errno), str(place)) from error
    finally:
        if made:
            shutil.rmtree(made, ignore_errors=True)
        for place in new:
            with suppress(OSError):  # it is not empty
                place.rmdir()


def no_room(error):
    """Raise Unwritten where an error, of the engine too, says that there is no room for temporary data."""
    if isinstance(error, Unwritten):
        raise error
    for code in FULL:
        if code == getattr(error, "errno", None) or os.strerror(code) in str(error):
            raise Unwritten(code, os.strerror(code), tempfile.gettempdir()) from error


def clear(root=None, prefix=PREFIX):
    """Remove the folders of processes that have not come to their end; how many there were."""
    cleared = 0
    for remains in Path(root or tempfile.gettempdir()).glob(f"{prefix}*/{LOCK}"):
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
