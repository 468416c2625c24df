"""`portfoy doctor`: this machine passes; each thing that can be wrong has its own line; nothing shows a traceback."""

import io
import os
import queue
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import click.testing
import pytest

from portfoy import doctor, remedies

AGAIN = "Then run portfoy doctor again."
ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def active(monkeypatch):
    """The environment is active: its programs go by their names."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")


def run(*words):
    """Exit code and lines of the command."""
    result = click.testing.CliRunner().invoke(doctor.doctor, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    assert result.stderr == ""
    return result.exit_code, result.stdout.splitlines()


@pytest.fixture
def line():
    """A function that makes one check and gives its line."""

    def line(name, data="data/teaching"):
        [check] = [check for known, check in doctor._checks(data) if known == name]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(doctor, "_checks", lambda _data: [(name, check)])
            [finding] = doctor.findings(data)
        return str(finding)

    return line


@pytest.fixture
def lessons(tmp_path, monkeypatch):
    """A working directory with student editions in it."""
    from portfoy.course.lessons import SITTINGS, stem

    (tmp_path / "notebooks" / "lessons").mkdir(parents=True)
    for sitting in SITTINGS:
        cells = '{"cells": [{"cell_type": "code", "id": "one", "source": "sum(range(9))"}]}'
        (tmp_path / "notebooks" / "lessons" / f"{stem(sitting)}.ipynb").write_text(cells, "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


# The whole


def test_this_machine_passes(lessons):
    code, said = run()
    assert not [text for text in said if text.startswith("FIX")]
    assert (code, said[-1]) == (0, f"Ready for class: {len(said) - 1} checks, all well.")
    assert len(said) - 1 == len(doctor._checks("data/teaching"))


def test_findings_are_what_the_command_prints(lessons, monkeypatch):
    checks = [("one", lambda: (True, "one is there", "")), ("two", lambda: (False, "it is not there", "fetch it."))]
    monkeypatch.setattr(doctor, "_checks", lambda data: checks)
    assert list(doctor.findings()) == [
        doctor.Finding("one", True, "one is there"),
        doctor.Finding("two", False, "it is not there", "fetch it."),
    ]
    assert run() == (
        1,
        ["OK   one is there", "FIX  two: it is not there; fetch it.", f"1 of 2 checks needs fixing. {AGAIN}"],
    )


def test_a_note_does_not_change_the_exit_code(monkeypatch):
    monkeypatch.setattr(doctor, "_checks", lambda data: [("PDF", lambda: (True, "there is none", "get one."))])
    assert run() == (0, ["NOTE PDF: there is none; get one.", "Ready for class: 1 check, all well."])


def test_several_things_to_fix_are_counted(monkeypatch):
    wrong = ("x", lambda: (False, "no", ""))
    monkeypatch.setattr(doctor, "_checks", lambda data: [wrong, wrong])
    assert run() == (1, ["FIX  x: no"] * 2 + [f"2 of 2 checks need fixing; begin at the top. {AGAIN}"])


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RuntimeError("first line.\nsecond line"), "RuntimeError: first line"),
        (KeyError(), "KeyError"),
        (OSError(5, "Input/output error"), "OSError: [Errno 5] Input/output error"),
    ],
)
def test_a_check_that_raises_is_one_line_and_the_others_go_on(monkeypatch, error, said):
    def fails():
        raise error

    monkeypatch.setattr(doctor, "_checks", lambda data: [("bad", fails), ("good", lambda: (True, "fine", ""))])
    assert run() == (
        1,
        [
            f"FIX  bad: {said}; the check could not be made; mend this first.",
            "OK   fine",
            f"1 of 2 checks needs fixing. {AGAIN}",
        ],
    )


def test_a_machine_without_any_of_our_packages_is_told_so_check_by_check(lessons):
    """The judge: an interpreter in which none of them can be imported, as after a failed installation."""
    block = ["pandas", "numpy", "ibis", "duckdb", "psutil", "matplotlib", "jupyterlab", "jupyter_client", "packaging"]
    code = (
        f"import sys\nfor name in {block}: sys.modules[name] = None\n"
        "from portfoy.doctor import doctor\ndoctor(['--data', 'data/teaching'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", timeout=120)
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert len(lines) == len(doctor._checks("")) + 1
    needs = {"packages", "memory", "fonts", "JupyterLab", "kernel", "data", "lessons"}
    assert {text[5:].partition(":")[0] for text in lines if text.startswith("FIX")} >= needs
    assert lines[-1].startswith(f"{sum(text.startswith('FIX') for text in lines)} of {len(lines) - 1} checks need")


def test_a_letter_the_terminal_does_not_have_is_no_error():
    code = (
        "from portfoy import doctor\n"
        "doctor._checks = lambda data: [('x', lambda: (True, 'Łódź', '')), ('letters', doctor._letters)]\n"
        "doctor.doctor([])"
    )
    environment = {"PYTHONIOENCODING": "cp1254", "PYTHONUTF8": "0"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, env=os.environ | environment)
    assert done.stdout.decode("cp1254").splitlines() == [
        "OK   ?ód?",
        'FIX  letters: the terminal writes cp1254, which lacks U+0142, U+017C; run: export PYTHONUTF8="1"',
        f"1 of 2 checks needs fixing. {AGAIN}",
    ]
    assert done.stderr == b""


# Each check


@pytest.mark.parametrize(
    ("version", "size", "found"), [((3, 10, 4), 2**63 - 1, "3.10.4, 64"), ((3, 12, 1), 2**31 - 1, "3.12.1, 32")]
)
def test_an_old_python_or_one_of_32_bit(line, monkeypatch, version, size, found):
    python = SimpleNamespace(version_info=version, maxsize=size, stdout=sys.stdout, executable=sys.executable)
    monkeypatch.setattr(doctor, "sys", python)
    for system, command in [
        ("linux", "apt install python3-venv"),
        ("darwin", "brew install python"),
        ("win32", "winget install Python.Python.3.13"),
    ]:
        monkeypatch.setattr(remedies.sys, "platform", system)
        assert line("Python") == (
            f"FIX  Python: this is Python {found} bit; 3.11 or later, 64 bit, is needed; "
            f"such as by {command}; then install the course into it."
        )


def test_every_package_that_is_missing_or_outside_its_bounds_is_named(line, monkeypatch):
    asked = ["pandas>=3,<4", "numpy>=2,<3", "scipy>=1.16,<2", "half>=1", 'winonly>=1 ; sys_platform == "nowhere"']
    versions = {"pandas": "2.2.3", "numpy": "2.5.0rc1", "half": None}

    def distributions(*, name):
        return [SimpleNamespace(version=versions[name])] if name in versions else []

    monkeypatch.setattr(metadata, "requires", lambda name: asked)
    monkeypatch.setattr(metadata, "distributions", distributions)
    assert line("packages") == (
        "FIX  packages: pandas is 2.2.3 (needs <4,>=3), scipy is missing (needs <2,>=1.16), "
        'half is missing (needs >=1); run: python -m pip install "pandas<4,>=3" "scipy<2,>=1.16" "half>=1"'
    )


def test_one_package_within_its_bounds_is_singular(line, monkeypatch):
    monkeypatch.setattr(metadata, "requires", lambda name: ["click"])
    assert line("packages") == "OK   1 package, within its bounds"


def test_portfoy_itself_not_installed(line, monkeypatch):
    def nothing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "requires", nothing)
    again = f'run: python -m pip install -r "{ROOT / "requirements.lock"}"'
    said = "FIX  packages: PackageNotFoundError: No package metadata was found for portfoy; "
    monkeypatch.chdir(ROOT / "tests")
    assert line("packages") == said + again
    monkeypatch.chdir(ROOT)
    assert line("packages") == said + "run: python -m pip install -r requirements.lock"
    monkeypatch.setattr(remedies, "project", lambda: None)  # installed from a wheel
    assert line("packages") == said + 'run: python -m pip install "portfoy[course]"'


@pytest.mark.parametrize(
    ("encoding", "lacks"),
    [
        ("cp1254", "U+0142, U+017C"),
        ("cp1250", "U+011F, U+0130, U+0131"),
        ("ascii", "U+011F, U+015F, U+0130, U+0131, U+0142, U+017C"),
    ],
)
def test_a_terminal_without_the_letters(line, monkeypatch, encoding, lacks):
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    said = f"FIX  letters: the terminal writes {encoding}, which lacks {lacks}; run: "
    assert line("letters") == said + 'export PYTHONUTF8="1"'
    monkeypatch.setattr(remedies, "os", SimpleNamespace(name="nt"))
    assert line("letters") == said + 'setx PYTHONUTF8 "1" and open a new terminal'


def test_a_working_directory_that_cannot_be_written_to(line, monkeypatch, tmp_path):
    def refuse(**_where):
        raise PermissionError(13, "Permission denied")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    assert line("folder") == (
        f"FIX  folder: {Path.cwd()} cannot be written to (Permission denied); "
        f'go to a folder of your own: cd "{Path.home()}"'
    )


def test_the_folder_of_reports_is_tried_too(line, monkeypatch, tmp_path):
    (tmp_path / "reports").mkdir()
    monkeypatch.chdir(tmp_path)
    tried, real = [], doctor.tempfile.TemporaryFile
    monkeypatch.setattr("tempfile.TemporaryFile", lambda dir: (tried.append(dir), real(dir=dir))[1])
    assert line("folder") == f"OK   {Path.cwd()} can be written to"
    assert tried == [Path.cwd(), Path.cwd() / "reports"]


def test_a_full_disk(line, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("shutil.disk_usage", lambda place: SimpleNamespace(free=120e6))
    monkeypatch.setattr("tempfile.gettempdir", lambda: "elsewhere")
    assert line("disk") == (
        f"FIX  disk: 0.1 GB free in {Path.cwd()}; 0.5 GB are needed; "
        "empty the bin; old runs go by: portfoy prune --keep 3"
    )
    assert line("temporary folder") == (
        f'FIX  temporary folder: 0.1 GB free in elsewhere; 0.5 GB are needed; run: export TMPDIR="{tmp_path}"'
    )


def test_a_small_memory(line, monkeypatch, tmp_path):
    monkeypatch.setattr(doctor, "CGROUP", tmp_path / "none")
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(total=1.04e9))
    wanted = "FIX  memory: there are 1.0 GB; 2 GB are needed; use a larger machine, or share one."
    assert line("memory") == wanted


def test_a_container_may_use_less_than_the_machine_has(line, monkeypatch, tmp_path):
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(total=64e9))
    monkeypatch.setattr(doctor, "CGROUP", tmp_path / "memory.max")
    (tmp_path / "memory.max").write_text("1500000000\n")
    assert line("memory").startswith("FIX  memory: there are 1.5 GB; 2 GB are needed;")
    (tmp_path / "memory.max").write_text("max\n")
    assert line("memory") == "OK   64.0 GB of memory"


def test_no_font(line, monkeypatch):
    def nothing(*_name, **_how):
        raise ValueError("Failed to find font DejaVu Sans")

    monkeypatch.setattr("matplotlib.font_manager.findfont", nothing)
    assert line("fonts") == (
        "FIX  fonts: matplotlib finds no DejaVu Sans, the figures' font; run: python -m pip install "
        "--force-reinstall --no-deps matplotlib"
    )


def test_a_font_without_the_letters(line, monkeypatch):
    latin = SimpleNamespace(get_charmap=lambda: dict.fromkeys([*range(256), ord("ğ"), ord("ş"), ord("ł"), ord("ż")]))
    monkeypatch.setattr("matplotlib.font_manager.findfont", lambda *_name, **_how: "old.ttf")
    monkeypatch.setattr("matplotlib.ft2font.FT2Font", lambda path: latin)
    assert line("fonts") == (
        "FIX  fonts: DejaVu Sans at old.ttf lacks U+0130, U+0131; "
        "run: python -m pip install --force-reinstall --no-deps matplotlib"
    )


def test_no_jupyterlab(line, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "jupyterlab", None)
    assert line("JupyterLab") == (
        "FIX  JupyterLab: ModuleNotFoundError: import of jupyterlab halted; None in "
        f'sys.modules; run: python -m pip install -r "{ROOT / "requirements.lock"}"'
    )


class Kernel:
    """A kernel that gives the answers it is told to, and remembers that it was ended."""

    ended = 0

    def __init__(self, **answers):
        self.answers = answers

    def execute(self, _code, *, user_expressions, reply, timeout):
        if not self.answers:
            raise queue.Empty
        told = {name: {"status": "ok", "data": {"text/plain": text}} for name, text in self.answers.items()}
        missing = {name: {"status": "error"} for name in user_expressions}
        return {"content": {"user_expressions": missing | told}}

    def stop_channels(self):
        self.ended += 1

    def shutdown_kernel(self, now):
        self.ended += 1


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (
            {"sum": "3", "course": "'portfoy'", "python": "'python'"},
            "the kernel answers 1 + 1 with '3'; run: python -m ipykernel install --sys-prefix --name python3",
        ),
        (
            {"sum": "2", "python": "'/opt/other/python'"},
            "the kernel is another Python ('/opt/other/python'); run: python -m ipykernel "
            "install --sys-prefix --name python3",
        ),
        (
            {},
            "the kernel did not answer 1 + 1 within 60 s (Empty); close other programs; no "
            "firewall or virus scanner may block 127.0.0.1.",
        ),
    ],
)
def test_a_kernel_that_answers_wrongly_or_not_at_all_is_said_so_and_ended(line, monkeypatch, answers, said):
    kernel = Kernel(**answers)
    monkeypatch.setattr("jupyter_client.manager.start_new_kernel", lambda **_how: (kernel, kernel))
    assert line("kernel") == f"FIX  kernel: {said}"
    assert kernel.ended == 2


def test_a_kernel_that_does_not_start(line, monkeypatch):
    def dies(**_how):
        raise RuntimeError("Kernel died before replying to kernel_info")

    monkeypatch.setattr("jupyter_client.manager.start_new_kernel", dies)
    assert line("kernel") == (
        "FIX  kernel: no Jupyter kernel starts (RuntimeError: Kernel died before replying to kernel_info); "
        "run: python -m ipykernel install --sys-prefix --name python3"
    )


def test_data_that_are_not_there(line):
    assert line("data", "nowhere") == (
        "FIX  data: nowhere: there is no such file or folder. Give a folder, file, portfoy.toml or address."
    )


def test_the_teaching_company_that_is_not_there_is_made_by_a_command(line, monkeypatch, tmp_path):
    """The judge: the command, run as it is shown but for fewer customers, after which the check is passed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("portfoy.source.address.__file__", str(tmp_path / "lib" / "portfoy" / "source" / "address.py"))
    said = "FIX  data: data/teaching: there is no such file or folder; run: portfoy "
    found = line("data")
    assert found == f"{said}simulate --out data/teaching"
    command = [sys.executable, "-m", "portfoy", *found.removeprefix(said).split()]
    subprocess.run([*command, "--customers", "100"], check=True, timeout=120, capture_output=True)
    assert line("data").startswith("OK   data/teaching: ")


def test_data_of_ones_own(line, tmp_path):
    rows = "".join(f"C{i},O{i},2026-01-{i:02},10\n" for i in range(1, 11)) + "C1,O99,2999-01-01,5\n"
    (tmp_path / "own.csv").write_text("customer_id,order_id,ordered_on,amount\n" + rows, "utf-8")
    assert line("data", str(tmp_path / "own.csv")) == f"OK   {tmp_path / 'own.csv'}: 10 of 11 order lines are used"


def test_a_lesson_that_is_missing_is_named(line, lessons):
    (lessons / "notebooks" / "lessons" / "1a_rfm.ipynb").unlink()
    assert line("lessons") == (
        f"FIX  lessons: notebooks/lessons, seen from {Path.cwd()}, lacks 1a_rfm; "
        "go to the course's folder, or run: portfoy lessons build"
    )


def test_no_browser_is_a_note(line, monkeypatch):
    monkeypatch.delenv("PORTFOY_BROWSER", raising=False)
    monkeypatch.setattr("portfoy.report.pdf.find_browser", lambda: None)
    assert line("PDF") == (
        "NOTE PDF: no page can be printed, which only portfoy report --pdf does; it takes Chromium, Chrome or Edge, "
        "such as by apt install chromium; or name one in PORTFOY_BROWSER."
    )


def test_nothing_heavy_is_imported_before_a_check_needs_it():
    heavy = {"pandas", "matplotlib", "ibis", "psutil", "jupyter_client", "jupyterlab", "packaging"}
    code = f"import sys, portfoy.doctor; print(*({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "\n"
