"""Grade submitted notebooks: each is run afresh, and what it answers is judged here, by the checks of the package.

A notebook runs in a process of its own with limits of time and memory, and gives only values: numbers, texts, labels.
Nothing that runs there can change how they are judged.
"""

import ast
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from portfoy.course import editions, judging, marks, results, start
from portfoy.course.exercise import kind
from portfoy.course.lessons import exercises_of, sitting_of
from portfoy.course.sittings import the_decision
from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.source import aside

SECONDS, GIGABYTES = 180, 4


def grade(folder, *, students=(), seconds=SECONDS, gigabytes=GIGABYTES, progress=lambda path: None):
    """What the notebooks in a folder, and below it, have solved.

    Parameters
    ----------
    folder : path; a student is called like the folder that a notebook lies in, else like the notebook
    students : those who should have handed in, beside those who did
    seconds, gigabytes : limits of time and memory of one notebook; memory is limited where the system can
    progress : called with the path of each notebook before it is run

    Returns
    -------
    DataFrame, one row per student and exercise of the sittings that anybody handed in: ``student``, ``exercise``,
    ``solved``; ``said``, what the check says of it, or why the notebook could not be run; ``seed`` of the company;
    ``points``, ``of`` so many; ``shown``, whether the student's own progress file says that the solution was shown

    Raises
    ------
    DataError : there is no such folder, or no sitting in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(_("{folder}: is no folder. Give that of the students.").format(folder=folder))
    found = [path for path in sorted(folder.rglob("*.ipynb")) if ".ipynb_checkpoints" not in path.parts]
    rows, desks = [], {}
    with tempfile.TemporaryDirectory(dir=aside.folder()) as room:
        for number, path in enumerate(found):
            try:
                rows += _rows(path, folder, Path(room), desks, (seconds, gigabytes), progress)
            except DataError as error:
                rows.append(_row(path, folder, path.name, False, str(error)))
            except KeyboardInterrupt:
                raise Stopped(marks.complete(rows, students), number, len(found)) from None
            except Exception as error:  # whatever is in one file, the rest of the class is graded
                reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200].rstrip(".")
                rows.append(_row(path, folder, path.name, False, _("Not graded: {reason}.").format(reason=reason)))
    if not rows:
        raise DataError(_("{folder}: holds no sitting of the course. Collect the notebooks.").format(folder=folder))
    return marks.complete(rows, students)


class Stopped(KeyboardInterrupt):
    """Grading was interrupted; ``rows`` are those of the notebooks that were done."""

    def __init__(self, rows, done, count):
        text = _("interrupted; {done} of {count} notebooks are done, the table shows those. Run it again for all.")
        super().__init__(text.format(done=done, count=count))
        self.rows = rows


def _rows(path, folder, room, desks, limits, progress):
    """The rows of one file; none where it is no notebook of the course."""
    about = editions.read(path).metadata.get("portfoy", {})
    sitting, seed = (about.get(name) if isinstance(about, dict) else None for name in ("sitting", "seed"))
    if sitting_of(sitting) is None:
        return []
    if not (seed is None or (isinstance(seed, int) and 0 <= seed < 2**32)):
        return [_row(path, folder, path.name, False, _("Its seed is no number: {seed}.").format(seed=seed))]
    progress(path)
    desk = _desk(seed, room, desks)
    return [{**row, "seed": seed} for row in _graded(path, folder, sitting_of(sitting), desk, *limits)]


@dataclass(frozen=True)
class Desk:
    """The folder that notebooks of one company are run in, None for their own, and the firms opened from it.

    Without one the default company of the capstone is made in the ``room``: a student's own is not what judges.
    """

    folder: Path | None
    room: Path
    firms: dict = field(default_factory=dict)

    def firm(self, where):
        """The firm of the course's data called so; each is opened once."""
        if where not in self.firms:
            from portfoy import firm

            own = where == start.capstone.DATA and not self.folder
            opened = start.capstone.own_company if own else firm.open
            self.firms[where] = opened(self.room / where if own else self.folder / where if self.folder else where)
        return self.firms[where]


def _desk(seed, room, desks):
    """The Desk of a student whose company has this seed; None: the shipped companies."""
    if seed not in desks:
        if seed is not None:
            start.companies(room / str(int(seed)), int(seed))
        desks[seed] = Desk(None if seed is None else room / str(int(seed)), room)
    return desks[seed]


def _row(path, folder, exercise, solved, said):
    name = path.parent if path.parent != folder else path.with_suffix("")
    return {
        **{"student": name.relative_to(folder).as_posix(), "exercise": exercise, "solved": solved, "said": said},
        **{"points": 0, "of": 0},
    }


def _graded(path, folder, sitting, desk, seconds, gigabytes):
    """The rows of one notebook."""
    given = run(path, within=desk.folder, seconds=seconds, gigabytes=gigabytes)
    answers, where, kept = given.get("answers", {}), given.get("opened", ""), _kept(path)
    for name, one in exercises_of(sitting).items():
        if name not in answers:
            solved, said = False, given.get("error") or _("Not answered.")
        elif where not in start.DATA:
            solved, said = False, _("Answered on other data: {where}.").format(where=where or "?")
        else:
            try:
                solved, said, read = judging.judge(one, _value(answers[name]["answer"]), desk.firm(where))
                said += f" {the_decision.held(desk.firm(where), read)}" if name == "6c-8" else ""
            except Exception as error:  # whatever these data or an answer do, the rest of the class is graded
                solved, said = False, _("Not to be checked on these data: {reason}").format(reason=error)
        of, shown = marks.worth(one), kept.get(name, {}).get("shown")
        yield {**_row(path, folder, name, solved, said), "points": of * bool(solved), "of": of, "shown": shown}


def _kept(path):
    """The progress file beside a notebook, as far as there is one."""
    try:
        return results.read(path.with_name(results.FILE))
    except DataError:
        return {}


def run(path, *, within=None, seconds=SECONDS, gigabytes=GIGABYTES):
    """Run a notebook in a process of its own, in a copy of a folder (else its own), and take down what it answers.

    What it writes or deletes where it runs is gone with the copy, and what it started ends with it.

    Returns
    -------
    dict : ``answers`` exercise -> value as JSON; ``opened`` the data of its ``firm``; ``slowest`` the id and the
    seconds of the slowest cell; ``error`` why it came to an end before its last cell
    """
    with tempfile.TemporaryDirectory(dir=aside.folder(), ignore_cleanup_errors=True) as given:
        room = Path(given)
        out, desk = room / "answers.json", room / "desk"
        (room / "tmp").mkdir()
        leave = shutil.ignore_patterns(".*", "__pycache__")
        shutil.copytree(within or Path(path).parent, desk, symlinks=True, ignore=leave)
        environment = {**os.environ, results.PLACE: str(room / "progress.json"), "MPLBACKEND": "agg"}
        environment |= {name: str(room / "tmp") for name in ("TMPDIR", "TEMP", "TMP")}
        environment["IPYTHONDIR"] = str(room / "ipython")
        command = [sys.executable, "-m", "portfoy.course.grading", str(Path(path).resolve()), str(out), str(gigabytes)]
        command.append(str(os.getpid()))
        nowhere = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen(command, cwd=desk, env=environment, start_new_session=True, **nowhere)
        error = _("The notebook ended its own process.")
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            error = _("Stopped after {n} seconds.").format(n=seconds)
        finally:
            _end(process)
        try:
            given = json.loads(out.read_text("utf-8"))
        except (OSError, ValueError):
            given = {}
        return given if given.get("ended") else {**given, "error": error}


def _end(process):
    """End a process and, where the system knows groups, all that it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except AttributeError:  # Windows
        process.kill()
    except OSError:  # all have ended
        pass
    process.wait()


def _value(given):
    """An answer as it was taken down."""
    if isinstance(given, dict) and "series" in given:
        return pd.Series(given["series"], pd.Index(given["index"]))
    if isinstance(given, dict):
        return pd.DataFrame(given["table"])
    return given


def _taken_down(value):
    """An answer as plain JSON; None for anything that is no answer."""
    wanted = kind(value)
    if wanted == "number":
        return float(value)
    if wanted == "text":
        return str(value)
    if wanted == "list":
        return [str(one) for one in value]
    if isinstance(value, dict):
        value, wanted = pd.Series(value), "series"
    if wanted == "series":
        return {"series": json.loads(value.reset_index(drop=True).to_json(orient="values")), "index": _labels(value)}
    return {"table": json.loads(value.reset_index(drop=True).to_json(orient="columns"))} if wanted == "table" else None


def _labels(series):
    return [one if isinstance(one, (str, int, float)) else str(one) for one in series.index.tolist()]


def _run_here(path, out, gigabytes, parent):
    """Run the cells of a notebook in this process; each answer is written down as it is given."""
    aside.end_with(int(parent))
    _limit(gigabytes)
    from IPython.core.interactiveshell import InteractiveShell

    shell, found, own = InteractiveShell.instance(), {"answers": {}, "slowest": ["", 0.0]}, os.getpid()
    cells = [cell for cell in json.loads(Path(path).read_text("utf-8"))["cells"] if cell["cell_type"] == "code"]
    for cell in cells:
        begun, source = time.process_time(), "".join(cell["source"])
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            shell.run_cell(source)
            if os.getpid() != own:  # a child that the cell forked
                os._exit(0)
            found["answers"] |= {name: worth for name, answer in _checked(source) if (worth := _worth(answer, shell))}
        spent = time.process_time() - begun
        found["slowest"] = max(found["slowest"], [cell.get("id", ""), spent], key=lambda one: one[1])
        found["opened"] = str(getattr(getattr(shell.user_ns.get("firm"), "tables", None), "where", ""))
        found["ended"] = cell is cells[-1]
        part = Path(f"{out}.part")
        part.write_text(json.dumps(found), "utf-8")
        part.replace(out)


def _worth(answer, shell):
    """What an answer, as it is written in a check, is worth after its cell, taken down; None where there is none."""
    try:
        value = eval(answer, shell.user_ns)
        return {"answer": _taken_down(value)} if judging.begun(value) else None
    except Exception:
        return None


def _checked(source):
    """The exercises that a cell checks, with the answer as it is written: a name, mostly."""
    try:
        calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    except SyntaxError:
        return []
    calls = [call for call in calls if getattr(call.func, "attr", "") == "check" and len(call.args) == 2]
    return [(call.args[0].value, ast.unparse(call.args[1])) for call in calls if isinstance(call.args[0], ast.Constant)]


def _limit(gigabytes):
    """Limit the memory of this process, where the system can."""
    try:
        import resource
    except ImportError:  # Windows
        return
    size = int(float(gigabytes) * 2**30)
    resource.setrlimit(resource.RLIMIT_AS, (size, size))


if __name__ == "__main__":
    _run_here(*sys.argv[1:])
