"""The wheel is all that a machine needs. Judges: git's list of files, pyproject.toml, pip, the pages' own links."""

import email
import os
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path
from urllib.parse import unquote

import pytest
from bs4 import BeautifulSoup
from packaging.requirements import Requirement

from helpers import REPORTS, tracked

ROOT = Path(__file__).parent.parent
CARRIED = {  # what stands where in the repository -> where it goes
    "lib/portfoy": "portfoy",
    **{name: f"portfoy/_project/{name}" for name in ("notebooks", "data/teaching", "data/campaigns", "data/example")},
}
COURSE = 'pip install "portfoy[course]"'


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel as it is built from here; something that git ignores lies about."""
    folder = tmp_path_factory.mktemp("wheel")
    place = ROOT / "notebooks" / "lessons" / ".ipynb_checkpoints"
    place.mkdir(exist_ok=True)
    ignored = place / f"{folder.name}.ipynb"
    ignored.write_text("{}", "utf-8")
    try:
        build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
        subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    finally:
        ignored.unlink()
        if not any(place.iterdir()):
            place.rmdir()
    (made,) = folder.glob("*.whl")
    return made


# What is in it


def test_the_wheel_holds_what_git_tracks_byte_for_byte_and_nothing_that_git_ignores(wheel):
    with zipfile.ZipFile(wheel) as made:
        names = {name for name in made.namelist() if ".dist-info/" not in name}
        wanted = {to + name.removeprefix(place): name for place, to in CARRIED.items() for name in tracked(place)}
        assert set(wanted) <= names
        for name, source in wanted.items():
            assert made.read(name) == (ROOT / source).read_bytes(), name
    assert [name for name in names if ".ipynb_checkpoints" in name or "__pycache__" in name] == []


def test_the_wheel_asks_for_what_a_report_needs_and_for_more_by_the_name_of_an_extra(wheel):
    with zipfile.ZipFile(wheel) as made:
        (about,) = (name for name in made.namelist() if name.endswith(".dist-info/METADATA"))
        asked = [Requirement(line) for line in email.message_from_bytes(made.read(about)).get_all("Requires-Dist")]
        scripts = made.read(about.replace("METADATA", "entry_points.txt")).decode()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    by_extra = {"": project["dependencies"], **project["optional-dependencies"]}
    for extra, lines in by_extra.items():
        named = {package.name.lower(): package.specifier for package in asked if _is_of(package, extra)}
        assert named == {package.name.lower(): package.specifier for package in map(Requirement, lines)}, extra
    assert {Requirement(line).name for line in by_extra["course"]} == {"jupyterlab", "nbconvert"}
    assert scripts == "[console_scripts]\nportfoy = portfoy.__main__:main\n"


def _is_of(package, extra):
    """Whether a package is asked for by this extra, and not without it."""
    if package.marker is None or "extra" not in str(package.marker):
        return not extra
    return bool(extra) and package.marker.evaluate({"extra": extra})


def test_what_the_wheel_holds_works_in_an_empty_folder(wheel, tmp_path):
    """Unpacked, and run on the packages that are here; the repository is nowhere to be found."""
    site, here = tmp_path / "site", tmp_path / "here"
    here.mkdir()
    with zipfile.ZipFile(wheel) as made:
        made.extractall(site)

    def run(*words):
        command = [sys.executable, "-c", "import portfoy.cli; print(portfoy.__file__); portfoy.cli.main()", *words]
        environment = {**os.environ, "PYTHONPATH": str(site)}
        done = subprocess.run(command, cwd=here, env=environment, capture_output=True, encoding="utf-8", timeout=120)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(f"{site / 'portfoy'}")
        return done.stdout

    rows = (ROOT / "data" / "teaching" / "transactions.csv").read_text("utf-8").count("\n") - 1
    assert f"{rows:,}" in run("check", "data/teaching")
    assert "portfolio.toml is written" in run("map", "data/example", "--out", "portfolio.toml")
    assert "confidence" in run("parameters", "retention")
    sittings = {path.name for path in (ROOT / "notebooks" / "lessons").glob("*.ipynb")}
    run("lessons", "start", "mine")
    assert {path.name for path in (here / "mine").iterdir()} == sittings


# A machine that has nothing else


def installed(folder, wheel, how):
    """The command `portfoy` of a wheel that is installed where nothing else is, as a user would call it."""
    if how == "pip":
        venv.create(folder / "bare", with_pip=True)
        scripts = folder / "bare" / ("Scripts" if sys.platform == "win32" else "bin")
        pip = [str(scripts / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel)]
        subprocess.run(pip, check=True, cwd=folder)
        return [str(scripts / "portfoy")]
    if not shutil.which(how):
        pytest.skip(f"there is no {how}")
    return {"uvx": ["uvx", "--from", str(wheel), "portfoy"], "pipx": ["pipx", "run", "--spec", str(wheel), "portfoy"]}[
        how
    ]


@pytest.mark.study
@pytest.mark.parametrize("how", ["pip", "uvx", "pipx"])
def test_a_bare_machine_makes_seven_pages_from_the_wheel_alone(wheel, tmp_path, how):
    portfoy, here = installed(tmp_path, wheel, how), tmp_path / "here"
    here.mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}

    def run(*words):
        given = {"cwd": here, "env": environment, "capture_output": True, "encoding": "utf-8"}
        done = subprocess.run([*portfoy, *words], check=False, **given)
        return done.returncode, done.stdout, done.stderr

    code, _said, error = run("report")
    assert code == 0, error
    shelf = here / "reports"
    (dated,) = (path for path in shelf.iterdir() if path.is_dir())
    pages = {path.stem for path in dated.glob("*.html")} - {"index"}
    assert pages == set(REPORTS)
    assert len(pages) == 7
    links = [(page, link) for page in shelf.rglob("*.html") for link in _links(page)]
    assert {page for page, _link in links} >= {shelf / "index.html", shelf / "latest.html", dated / "index.html"}
    assert [f"{page}: {link}" for page, link in links if not (page.parent / link).is_file()] == []
    for command in (["lab", "--no-browser"], ["lessons", "key", "0b"]):
        code, said, error = run(*command)
        assert (code, said, error.count("\n")) == (2, "", 1), error
        assert error.endswith(f"{COURSE}\n")


def _links(page):
    """The files that a page leads to or shows, relative to it."""
    soup = BeautifulSoup(page.read_text("utf-8"), "html.parser")
    found = [tag.get("href") or tag.get("src") for tag in soup.select("a[href], img[src], link[href]")]
    refresh = [tag["content"].partition("url=")[2] for tag in soup.select("meta[http-equiv=refresh]")]
    inside = (link.partition("#")[0] for link in [*found, *refresh] if not link.startswith(("data:", "mailto:")))
    return [unquote(link) for link in inside if link]
