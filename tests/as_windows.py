"""Takes away from this process and all that it starts what Windows does not have; ``windows/sitecustomize`` calls it.

From our own modules every name that Python lacks there; from the whole process forks, links of the file system, file
names that Windows refuses, and the freedom to rename or remove what somebody has open.
"""

import ast
import builtins
import ntpath
import os
import sys
from functools import cache
from pathlib import Path, PureWindowsPath
from types import ModuleType, SimpleNamespace

BAD = set('<>:"|?*\\')
ELSEWHERE = ("/tmp", "/var/tmp", "/usr/tmp", "/dev/shm")  # of another system


def stubs():
    """The folder of typeshed's stubs, which say of each name in Python which systems have it; jedi carries them."""
    from importlib.util import find_spec

    return Path(find_spec("jedi").origin).parent / "third_party" / "typeshed" / "stdlib"


@cache
def names(module, platform):
    """The names that a module has on a system, by typeshed; None where it has no stub of it."""
    places = stubs() / f"{module}.pyi", stubs() / module / "__init__.pyi"
    path = next((path for path in places if path.is_file()), None)
    return None if path is None else set(_named(ast.parse(path.read_text("utf-8")).body, platform))


def _named(body, platform):
    python = SimpleNamespace(platform=platform, version_info=sys.version_info)
    for node in body:
        if isinstance(node, ast.If):
            holds = eval(compile(ast.Expression(node.test), "stub", "eval"), {"sys": python, "TYPE_CHECKING": True})
            yield from _named(node.body if holds else node.orelse, platform)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (target.id for target in targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
            yield node.module


def missing(module):
    """The names of a module that Linux has and Windows has not; for one that is not there at all, every name."""
    here, there = names(module, "linux"), names(module, "win32")
    return set() if here is None else here - there


def absent(module):
    """Whether Windows has no such module: its stub has nothing left."""
    return bool(names(module, "linux")) and not {name for name in names(module, "win32") if name[0] != "_"}


def refused(name):
    """Whether Windows refuses a file of this name, or opens a device."""
    reserved = getattr(ntpath, "isreserved", None) or (lambda name: PureWindowsPath(name).is_reserved())
    return bool(BAD & set(name)) or name != name.rstrip(" .") or reserved(name) or any(ord(sign) < 32 for sign in name)


class _Pruned(ModuleType):
    """A module as our own modules find it on Windows."""

    def __init__(self, real, lacks, **instead):
        super().__init__(real.__name__)
        self.__dict__.update(_real=real, _lacks=lacks, **instead)

    def __getattr__(self, name):
        if name in self._lacks:
            raise AttributeError(f"module {self._real.__name__!r} has no attribute {name!r}")
        return getattr(self._real, name)

    def __setattr__(self, name, value):
        setattr(self._real, name, value)


def take_away(root, log):
    """Be Windows, as far as Python can; what nobody may do is refused, and written to the file `log`."""
    lacks = {"os": missing("os"), "signal": missing("signal"), "sys": missing("sys")}
    instead = {"os": {"name": "nt"}, "sys": {"platform": "win32"}, "signal": {}}
    pruned = {name: _Pruned(__import__(name), lacks[name], **instead[name]) for name in lacks}
    gone = {name for name in ("fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "syslog") if absent(name)}
    ordinary, told = builtins.__import__, os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def imported(name, globals=None, locals=None, fromlist=(), level=0):
        ours = str((globals or {}).get("__name__", "")).partition(".")[0] == "portfoy"
        ours = ours or str((globals or {}).get("__spec__", "")).find("portfoy.") > 0  # python -m portfoy.x
        if ours and name in gone:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return pruned[name] if ours and name in pruned else ordinary(name, globals, locals, fromlist, level)

    def refuse(what, path):
        os.write(told, f"{what}: {path}\n".encode("utf-8", "replace"))
        raise PermissionError(13, f"Windows: {what}", str(path))

    def held(path, folder):
        """Refuse what would rename or remove a file that somebody has open, or a folder that somebody is in."""
        whole = os.path.join(os.getcwd() if folder == -1 else os.readlink(f"/proc/self/fd/{folder}"), path)
        if whole.startswith(f"{root}/"):
            for link in _open_files():
                if link == whole or link.startswith(f"{whole}/"):
                    refuse("is open", path)

    def watched(event, given):
        if event == "open" and isinstance(given[0], str) and (given[2] or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            seen(given[0])
        elif event == "os.mkdir":
            seen(os.fsdecode(given[0]))
        elif event in ("os.remove", "os.rmdir"):
            held(os.fsdecode(given[0]), given[1])
        elif event == "os.rename":
            held(os.fsdecode(given[0]), given[2])
            held(os.fsdecode(given[1]), given[3])
            seen(os.fsdecode(given[1]))

    def seen(path):
        whole = os.path.abspath(path)
        if whole.startswith(f"{root}/"):
            for name in whole[len(root) + 1 :].split("/"):
                if refused(name):
                    refuse("no such name", path)
        elif whole.startswith(tuple(f"{place}/" for place in ELSEWHERE)):
            refuse("elsewhere", path)

    for name in ("fork", "forkpty", "symlink", "link"):
        delattr(os, name)
    builtins.__import__ = imported
    sys.addaudithook(watched)


def _open_files():
    """Where the open files and the working directories of all processes are; Windows holds both."""
    for process in os.listdir("/proc"):
        if process.isdigit():
            try:
                yield os.readlink(f"/proc/{process}/cwd")
                for number in os.listdir(f"/proc/{process}/fd"):
                    yield os.readlink(f"/proc/{process}/fd/{number}")
            except OSError:  # it has ended, or is another user's
                continue
