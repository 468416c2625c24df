"""Windows by rule, with no Windows at hand. Judges: typeshed, which says what Python has there; ntpath, which names it
has; a process from which all that is taken away; the same command on Linux."""

import ast
import csv
import io
import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import as_windows
from helpers import NAMES, hostile_orders, tracked

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "lib").rglob("*.py"))
GUARDS = re.compile(r"hasattr\((os|signal),|getattr\(os,|sys\.platform|os\.name")
LACKING = {"os", "signal", "time", "socket"}  # modules that have less there
TEXT = {"read_text": 0, "write_text": 1}  # method -> where its encoding stands
POSIX_PLACES = re.compile(r"(^|[\s'\"=])/(tmp|var|dev|proc|usr|etc|home|sys|bin)(/|$)")
ALLOWED = {  # what stands at the place of another system, and why
    "/sys/fs/cgroup/memory.max": "doctor asks first whether it is there",
    "/bin/sh": "schedule writes it into an entry for cron or systemd",
}


# (a) What the sources say


def wrong(source):
    """What would not work on Windows in a source, in words."""
    tree = ast.parse(source)
    above = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for name in [node.module or ""] if isinstance(node, ast.ImportFrom) else [one.name for one in node.names]:
                if as_windows.absent(name.partition(".")[0]) and not guarded(node, above, "ImportError"):
                    yield f"{node.lineno}: import {name}, which Windows has not"
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            lacks = as_windows.missing(node.value.id) if node.value.id in LACKING else ()
            if node.attr in lacks and not guarded(node, above, "AttributeError"):
                yield f"{node.lineno}: {node.value.id}.{node.attr}, which Windows has not"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            if POSIX_PLACES.search(node.value) and node.value not in ALLOWED:
                yield f"{node.lineno}: a place of another system: {node.value[:60]!r}"
        elif isinstance(node, ast.Call):
            yield from (f"{node.lineno}: {said}" for said in wrong_call(node))


def wrong_call(call):
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    of = ast.unparse(call.func.value) if isinstance(call.func, ast.Attribute) else ""
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if name in TEXT and len(call.args) <= TEXT[name] and "encoding" not in given:
        yield f"{name} without its encoding, which is another one there"
    if name == "open" and of not in {"os", "source", "firm", "firms", "Image", "pf", "webbrowser"}:
        at = 1 if of in {"", "io", "gzip"} else 0
        mode = given.get("mode") or (call.args[at] if len(call.args) > at else None)
        if "b" not in str(getattr(mode, "value", "")) and "encoding" not in given:
            yield "open without its encoding, which is another one there"
    if name in {"chmod", "lchmod", "symlink_to", "hardlink_to", "mkfifo"}:
        yield f"{name}, which Windows does not do, or only for some"
    if {"preexec_fn", "pass_fds"} & set(given):
        yield "preexec_fn or pass_fds, which subprocess refuses there"
    if getattr(given.get("shell"), "value", False):
        yield "a shell, which is another one there"
    if getattr(given.get("text"), "value", False) and not {"encoding", "errors"} & set(given):
        yield "text from a process without its encoding"


def guarded(node, above, error):
    """Whether a node is reached only where the system has it: it was asked before, or the error is caught."""
    while node in above:
        child, node = node, above[node]
        asked = node.test if isinstance(node, (ast.If, ast.IfExp)) else node
        if isinstance(node, (ast.If, ast.IfExp, ast.BoolOp)) and GUARDS.search(ast.unparse(asked)):
            return True
        caught = [ast.unparse(one.type) for one in node.handlers if one.type] if isinstance(node, ast.Try) else []
        if any(error in name for name in caught) and child in node.body:
            return True
    return False


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT / "lib").as_posix())
def test_our_sources_use_nothing_that_windows_has_not(path):
    found = list(wrong(path.read_text("utf-8")))
    if path.name == "hooks.py":  # a hook is a line of the user's own shell
        found = [said for said in found if not said.endswith("a shell, which is another one there")]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "import fcntl",
        "from resource import getrlimit",
        "os.fork()",
        "os.getuid() == 0",
        "os.kill(1, signal.SIGKILL)",
        "signal.signal(signal.SIGHUP, stop)",
        "os.killpg(1, 9) if ready else None",
        "open('/tmp/x', encoding='utf-8')",
        "open('x')",
        "path.open('w')",
        "path.read_text()",
        "path.write_text(text)",
        "path.chmod(0o600)",
        "new.symlink_to(old)",
        "run('ls | wc', shell=True)",
        "run(command, text=True)",
    ],
)
def test_what_windows_has_not_is_noticed(source):
    assert len(list(wrong(source))) == 1


@pytest.mark.parametrize(
    "source",
    [
        "try:\n    import fcntl\nexcept ImportError:\n    pass",
        "os.killpg(1, signal.SIGKILL) if hasattr(os, 'killpg') else end()",
        "if sys.platform != 'win32':\n    os.fork()",
        "os.replace(a, b); os.kill(1, signal.SIGTERM); os.cpu_count()",
        "path.read_text('utf-8'); path.write_text(text, encoding='utf-8'); open('x', 'rb'); path.open('wb')",
    ],
)
def test_what_windows_has_or_what_was_asked_for_passes(source):
    assert list(wrong(source)) == []


def test_git_tracks_no_name_that_windows_refuses_and_none_twice_but_for_its_case():
    names = tracked()
    assert [name for name in names if any(map(as_windows.refused, name.split("/")))] == []
    assert [name for name, times in Counter(name.lower() for name in names).items() if times > 1] == []
    assert max(map(len, names)) < 120  # of 260 that a whole path may have


@pytest.mark.parametrize("name", ["con", "NUL.txt", "aux", "a:b", "x.", "x ", "a?b", "a\nb", "com1.csv"])
def test_a_name_that_windows_refuses_is_noticed(name):
    assert as_windows.refused(name)
    assert not as_windows.refused(f"{'x' * 3}-{name.strip(' .')[0]}.csv")


# (b) A process that has none of it


def orders():
    """The hostile shop, whose best customers have names that no file there can have."""
    odd = dict(zip(NAMES, ["CON", "nul", "aux.1", "C:1", "c1", "C1", "x.", "a/b\\c"], strict=True))
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["customer_id", "order_id", "product_id", "ordered_on", "amount"])
    rows.writerows([odd.get(name, name), *others] for name, *others in hostile_orders())
    return text.getvalue()


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The same commands here and where Windows' lacks are; what each said, its folder, and what was refused."""
    found = {}
    for system in ("linux", "windows"):
        root = tmp_path_factory.mktemp(system)
        here, temporary, site = root / "my shop", root / "Temp", root / "site"
        for folder in (here, temporary, site):
            folder.mkdir()
        (here / "shop.csv").write_text(orders(), encoding="utf-8", newline="\n")
        log, path = root.parent / f"{system}.log", [str(Path(__file__).parent)]
        log.write_text("", "utf-8")
        if system == "windows":
            (site / "sitecustomize.py").write_text(
                f"import as_windows\nas_windows.take_away({str(root)!r}, {str(log)!r})\n", "utf-8"
            )
            path.insert(0, str(site))
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path), "PYTHONDONTWRITEBYTECODE": "1"}
        environment |= dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary))
        environment |= {"HOME": str(temporary), "MPLCONFIGDIR": str(temporary)}
        said = []
        for words in (["check", "shop.csv"], ["report", "selection", "--data", "shop.csv"]):
            given = {"cwd": here, "env": environment, "capture_output": True, "encoding": "utf-8", "timeout": 500}
            done = subprocess.run([sys.executable, "-m", "portfoy", *words], check=False, **given)
            said.append((done.returncode, done.stdout, done.stderr))
        found[system] = here, said, log.read_text("utf-8"), sorted(temporary.glob("portfoy-*"))
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="takes from Linux what Windows has not")
def test_check_and_report_do_without_what_windows_has_not(runs):
    """The judge: the same commands with all of it."""
    (_here, [check, report], refused, left), linux = runs["windows"], runs["linux"]
    assert (refused, left) == ("", [])
    assert check == linux[1][0]
    assert check[0] == 0
    assert (report[0], report[1]) == (linux[1][1][0], linux[1][1][1])
    assert report[0] == 0, report[2]
    folders = [next(run[0].glob("reports/2*")) for run in (runs["windows"], linux)]
    records = [json.loads((folder / "run.json").read_text("utf-8")) for folder in folders]
    figures = [
        [[stage[name] for name in ("status", "figures", "actions")] for stage in one["stages"]] for one in records
    ]
    assert figures[0] == figures[1]
    assert [record["carded"]["error"] for record in records] == ["", ""]


@pytest.mark.skipif(sys.platform != "linux", reason="takes from Linux what Windows has not")
def test_no_file_that_is_made_has_a_name_that_windows_refuses(runs):
    here = runs["linux"][0]
    names = [path.relative_to(here).as_posix() for path in here.rglob("*")]
    cards = [name for name in names if "/customers/" in name]
    assert len(cards) > 8  # one for each of the odd names, and the list of them
    assert [name for name in names if any(map(as_windows.refused, name.split("/")))] == []
    assert [name for name, times in Counter(name.lower() for name in names).items() if times > 1] == []
    assert max(map(len, names)) < 150  # of 260 that a whole path may have


@pytest.mark.skipif(sys.platform != "linux", reason="takes from Linux what Windows has not")
def test_what_is_taken_away_is_gone(tmp_path):
    """The judge: calls that would pass on Linux; each in a process of its own module named like one of ours."""
    (tmp_path / "portfoy.py").write_text(
        "import os, signal, sys\n"
        "def tried(call):\n"
        "    try:\n        call()\n"
        "    except (AttributeError, ImportError, OSError) as error:\n        return type(error).__name__\n"
        "def twice():\n    import fcntl\n"
        "def opened(name):\n    open(name, 'w').close()\n"
        "def removed():\n    with open('x', 'w'): os.remove('x')\n"
        "calls = [os.fork, os.getuid, lambda: signal.SIGKILL, lambda: signal.SIGHUP, twice, lambda: os.setsid(),\n"
        "         lambda: os.symlink('a', 'b'), lambda: opened('a:b'), lambda: opened('/tmp/portfoy-x'), removed,\n"
        "         lambda: opened('fine')]\n".replace("[os.fork, os.getuid,", "[lambda: os.fork(), lambda: os.getuid(),")
        + "print(*map(tried, calls), sys.platform, os.name)\n",
        "utf-8",
    )
    code = f"import as_windows; as_windows.take_away({str(tmp_path)!r}, {str(tmp_path / 'log')!r}); import portfoy"
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{Path(__file__).parent}"}
    command = [sys.executable, "-B", "-c", code]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8", check=False)
    lacks = ["AttributeError"] * 4 + ["ModuleNotFoundError"] + ["AttributeError"] * 2 + ["PermissionError"] * 3
    assert done.stdout.split() == [*lacks, "None", "win32", "nt"], done.stderr
