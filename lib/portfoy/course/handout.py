"""One file for a classroom without a network: lessons, data, pages to read, slides, and the package itself."""

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from portfoy.course import editions, sheets, slides
from portfoy.course.lessons import solutions, stem
from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.source import aside
from portfoy.source.address import locate

SHIPPED = ("environment.yml", "requirements.lock", "pyproject.toml", "Makefile", "LICENSE", "LICENSE-text")
TREES = ("lib/portfoy", "data/teaching", "data/campaigns", "data/example", "notebooks/reports")
PRINTED = ("ninety-minutes.md", "ninety-minutes.html", "sheets.md", "sheets.html")
TEACHING = ("notebooks/TEACHING.md", *(f"docs/{name}" for name in PRINTED))
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the same content gives the same bytes, whenever it is packed


def pack(out, *, teacher=False, wheels=False, progress=lambda stem: None):
    """Write the zip, for a `teacher` with solutions, answer key and a page of their own; the names in it.

    The student editions are made anew: what somebody wrote into a copy stays out. With `wheels` the packages for
    machines like this one go in. `progress` is called with the stem of a sitting before it is run. Where one does not
    run from top to bottom, or the project is not whole, a DataError says so and nothing is written.
    """
    root = locate("notebooks/solutions").parents[1]
    lost = [name for name in SHIPPED if not (root / name).is_file()]
    if lost:
        message = _("{folder}: lacks {names}. Use a copy of the repository.")
        raise DataError(message.format(folder=root, names=", ".join(lost)))
    partial = Path(out).with_name(f"{Path(out).name}.part")
    partial.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=partial.parent):  # it takes minutes: whether it can be written is known now
        contents = {"README.md": _readme(teacher, wheels).encode()}
    made = editions.contents(root)
    contents |= {
        path.relative_to(root).as_posix(): text.encode()
        for path, text in made.items()
        if path.parent.name != "solutions"
    }
    for path in _files(root, teacher):
        contents[path.relative_to(root).as_posix()] = path.read_bytes()
    contents |= {name: text.encode() for name, text in _made(teacher, progress).items()}
    contents |= _wheels(root) if wheels else {}
    try:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as target:
            for name in sorted(contents):
                entry = zipfile.ZipInfo(f"portfoy-course/{name}", LONG_AGO)
                entry.compress_type, entry.external_attr, entry.create_system = zipfile.ZIP_DEFLATED, 0o644 << 16, 3
                target.writestr(entry, contents[name])
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)
    return sorted(contents)


def _files(root, teacher):
    """The files of the project that go in as they are."""
    found = [root / name for name in SHIPPED]
    found += [path for tree in TREES for path in (root / tree).rglob("*")]
    if teacher:
        found += [*(root / name for name in TEACHING), *solutions().values()]
    return [path for path in found if path.is_file() and not _by_the_way(path.relative_to(root))]


def _by_the_way(path):
    """Whether a file is what tools leave behind."""
    return path.suffix in (".pyc", ".pyo") or any(
        part == "__pycache__" or part.startswith(".") or part == "portfoy-progress.json" for part in path.parts
    )


def _made(teacher, progress):
    """Name -> text of the pages and slides, from lessons that are run now."""
    made, found = {}, solutions()
    for sitting, path in found.items():
        name = stem(sitting)
        progress(name)
        executed = sheets.execute(path)
        made[f"notebooks/html/{name}.html"] = sheets.lesson_page(executed)
        made[f"notebooks/slides/{name}.html"] = slides.deck(executed, notes=teacher)
        if teacher:
            made[f"notebooks/teacher/{name}.html"] = sheets.lesson_page(executed, teacher=True)
    if teacher:
        made["notebooks/teacher/key.html"] = sheets.key_page([editions.read(path) for path in found.values()])
    return made


def _wheels(root):
    """The packages for machines like this one, as pip gets them, and the project's own; DataError where it cannot."""
    with tempfile.TemporaryDirectory(dir=aside.folder()) as folder:
        own = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, str(root)]
        others = ["download", "-q", "--only-binary=:all:", "-r", str(root / "requirements.lock"), "-d", folder]
        for command in (own, [sys.executable, "-m", "pip", *others]):
            done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
            if done.returncode:
                reason = (done.stderr.strip() or "-").splitlines()[-1][:300]
                raise DataError(_("--wheels: pip gave up: {reason}. Look at the network.").format(reason=reason))
        return {f"wheels/{path.name}": path.read_bytes() for path in Path(folder).iterdir()}


def _readme(teacher, wheels):
    offline = _(
        "No network is needed: `python -m venv .venv`, then `.venv/bin/python -m pip install --no-index --find-links "
        'wheels "portfoy[course]"` (on Windows `.venv\\Scripts\\python`), in this folder.'
    )
    online = _(
        "While there is a network: `make lab` on Linux or macOS installs everything. Elsewhere: "
        "`python -m venv .venv`, then `.venv\\Scripts\\python -m pip install -r requirements.lock .`, in this folder."
    )
    begin = _(
        "Begin, today and each time after: `.venv/bin/portfoy lab` (on Windows `.venv\\Scripts\\portfoy lab`). "
        "It makes a folder to work in, my-course, and opens its first notebook. What you write stays there."
    )
    read = _(
        "To read only, in any browser: `notebooks/html`; slides: `notebooks/slides`. None of this needs a network."
    )
    steps = [offline if wheels else online, begin, read]
    lines = "\n".join(f"{number}. {step}" for number, step in enumerate(steps, start=1))
    note = _("`notebooks/teacher` and `notebooks/solutions` hold the answers: not for students.")
    return f"# {_('Customer portfolio management: the course')}\n\n{lines}\n" + (f"\n{note}\n" if teacher else "")
