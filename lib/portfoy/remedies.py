"""The commands that mend a machine, each as it is typed on this one."""

import os
import shutil
import sys
from pathlib import Path

from portfoy.locale import _

PROGRAMS = {  # where each system gets them from
    "python": {
        "win32": "winget install Python.Python.3.13",
        "darwin": "brew install python",
        "": "apt install python3-venv",
    },
    "browser": {
        "win32": "winget install Google.Chrome",
        "darwin": "brew install google-chrome",
        "": "apt install chromium",
    },
}


def called(program):
    """How a program of this environment is typed here: by its name where that finds it, else by its path."""
    here = Path(sys.executable)
    if Path(shutil.which(program) or "").parent == here.parent:
        return program
    path = here if program == "python" else here.with_name(program + (".exe" if os.name == "nt" else ""))
    if not path.exists():
        return program
    path = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return f'"{path}"' if " " in str(path) else str(path)


def project():
    """The folder of the repository that this package stands in, or None: it is installed by itself."""
    root = Path(__file__).resolve().parents[2]
    return root if (root / "pyproject.toml").is_file() else None


def install(*packages):
    """The command that installs these packages, or all that portfoy and its course need."""
    if packages:
        return pip(" ".join(f'"{package}"' for package in packages))
    if root := project():
        lock = "requirements.lock"
        return pip(f"-r {lock}" if root == Path.cwd() else f'-r "{root / lock}"')
    return pip('"portfoy[course]"')


def pip(wanted):
    """The command that has pip install something."""
    return _("run: {python} -m pip install {wanted}").format(python=called("python"), wanted=wanted)


def setting(name, value):
    """The command that sets a variable of the environment."""
    if os.name == "nt":
        return _("run: {command} and open a new terminal").format(command=f'setx {name} "{value}"')
    return _("run: {command}").format(command=f'export {name}="{value}"')


def program(name):
    """The command that brings a program."""
    return PROGRAMS[name].get(sys.platform, PROGRAMS[name][""])
