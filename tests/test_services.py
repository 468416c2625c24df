"""Files that services read - workflows, Binder, the dev container, pre-commit, a citation - say what holds here."""

import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from portfoy.cli import main

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LOCK = dict(re.findall(r"^([a-z0-9-]+)==([^ ;\n]+)", (ROOT / "requirements.lock").read_text("utf-8"), flags=re.M))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
OTHERS = [".binder/requirements.txt", ".binder/runtime.txt", ".binder/postBuild", ".devcontainer/devcontainer.json"]
OTHERS += [".devcontainer/Dockerfile", ".pre-commit-config.yaml", "CITATION.cff", ".ci/run", ".ci/pages"]


def read(name):
    return yaml.safe_load((ROOT / name).read_text("utf-8"))


def steps():
    """(workflow, step) of every step."""
    for path in WORKFLOWS:
        for job in read(path)["jobs"].values():
            yield from ((path.name, step) for step in job["steps"])


def unknown(line):
    """What in a line of a shell is no command of ours, or none that a machine has; an empty text if all is known."""
    words = shlex.split(line, comments=True)
    if not words:
        return ""
    first = Path(words[0]).name
    if first == "make":
        targets = re.findall(r"^([\w.$()-]+):", (ROOT / "Makefile").read_text("utf-8"), flags=re.M)
        return "" if words[1].replace(".venv/.ready", "$(READY)") in targets else line
    if first == "portfoy":
        command = main
        for word in words[1:3]:
            command = getattr(command, "commands", {}).get(word, command)
        named = [word for word in words if word.startswith("--") and word != "--"]
        options = {option for parameter in command.params for option in parameter.opts}
        return "" if command is not main and set(named) <= options else line
    if first == "bash":
        return "" if (ROOT / words[1]).is_file() else line
    if first == "python" and words[1:4] == ["-m", "pip", "install"]:
        names = [word for word in words[4:] if not word.startswith("-")]
        return "" if all((ROOT / name).exists() for name in names) else line
    return line


def test_there_are_workflows_for_tests_conda_and_pages():
    assert [path.stem for path in WORKFLOWS] == ["conda", "pages", "tests"]
    assert any(step.get("run") == "bash .ci/run" for _name, step in steps())
    micromamba = [step["with"] for _name, step in steps() if "micromamba" in step.get("uses", "")]
    assert micromamba == [{"environment-file": "environment.yml"}]


def test_every_step_is_an_action_with_its_version_or_commands_that_exist():
    for name, step in steps():
        assert ("uses" in step) != ("run" in step), (name, step)
        if "uses" in step:
            assert re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step["uses"]), (name, step)
        assert [found for line in step.get("run", "").splitlines() if (found := unknown(line))] == [], name


@pytest.mark.parametrize(
    "line",
    [
        "make nothing",
        "portfoy lesson zip",
        "portfoy report --no-such-option",
        "bash .ci/nowhere",
        "python -m pip install -r requirements.txt",
        "rm -rf site",
    ],
)
def test_a_step_with_a_command_that_does_not_exist_is_noticed(line):
    assert unknown(line) == line


def test_pythons_are_those_the_package_takes():
    asked = [str(version) for _name, step in steps() if (version := step.get("with", {}).get("python-version"))]
    asked += [
        str(version) for version in read(".github/workflows/tests.yml")["jobs"]["linux"]["strategy"]["matrix"]["python"]
    ]
    asked += [(ROOT / ".binder" / "runtime.txt").read_text().strip().removeprefix("python-")]
    asked += re.findall(r"^FROM python:(.+)$", (ROOT / ".devcontainer" / "Dockerfile").read_text(), flags=re.M)
    versions = [version for version in asked if not version.startswith("${{")]
    assert len(versions) >= 6
    assert [version for version in versions if f"{version}.0" not in SpecifierSet(PROJECT["requires-python"])] == []


def test_binder_installs_the_lock_and_portfoy_and_begins_a_folder():
    """Where there is a folder .binder, Binder reads nothing beside it: environment.yml would not be seen."""
    wanted = [line for line in (ROOT / ".binder/requirements.txt").read_text().splitlines() if not line.startswith("#")]
    assert wanted == ["-r ../requirements.lock"]
    assert (ROOT / ".binder" / wanted[0].split()[1]).is_file()
    lines = (ROOT / ".binder" / "postBuild").read_text("utf-8").splitlines()
    assert lines[0] == "#!/usr/bin/env bash"
    assert [line for line in lines if not line.startswith("set ") and unknown(line)] == []
    if sys.platform != "win32":
        assert (ROOT / ".binder" / "postBuild").stat().st_mode & 0o111


def test_the_dev_container_makes_the_environment_that_it_points_to():
    said = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text("utf-8"))
    assert (ROOT / ".devcontainer" / said["build"]["dockerfile"]).is_file()
    assert unknown(said["postCreateCommand"]) == ""
    assert said["customizations"]["vscode"]["settings"]["python.defaultInterpreterPath"] == ".venv/bin/python"
    assert f" {said['remoteUser']}\n" in (ROOT / ".devcontainer" / "Dockerfile").read_text()  # is made there


def test_pre_commit_has_the_ruff_of_the_lock():
    [repository] = read(".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local"
    for hook in repository["hooks"]:
        assert hook["additional_dependencies"] == [f"ruff=={LOCK['ruff']}"], "take the version of requirements.lock"
        command = [sys.executable, "-m", *shlex.split(hook["entry"]), "-"]  # what comes in is what a clean file holds
        done = subprocess.run(command, input="x = 1\n", capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (0, "x = 1\n"), done.stderr


def test_the_citation_says_what_pyproject_says():
    said = read("CITATION.cff")
    assert {"cff-version", "message", "title", "authors"} <= set(said)  # all that the format asks for
    assert (said["version"], said["keywords"]) == (PROJECT["version"], PROJECT["keywords"])
    assert [author["name"] for author in said["authors"]] == [author["name"] for author in PROJECT["authors"]]
    assert " AND ".join(said["license"]) == PROJECT["license"]
    assert said["abstract"] == PROJECT["description"]


def test_the_tests_workflow_installs_what_a_wheel_needs_to_be_built():
    """Without build isolation hatchling must come with the lock."""
    build = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["build-system"]["requires"]
    for package in map(Requirement, build):
        assert LOCK[package.name] in package.specifier


@pytest.mark.parametrize("name", [*(path.relative_to(ROOT).as_posix() for path in WORKFLOWS), *OTHERS])
def test_no_file_names_an_address(name):
    assert "://" not in (ROOT / name).read_text("utf-8")


@pytest.mark.parametrize("name", [".ci/run", ".ci/pages", ".binder/postBuild"])
def test_scripts_are_read_by_the_shell(name):
    if not shutil.which("bash"):
        pytest.skip("there is no bash")
    assert subprocess.run(["bash", "-n", ROOT / name], check=False).returncode == 0


def test_pages_are_not_written_over_what_is_there(tmp_path):
    if not shutil.which("bash"):
        pytest.skip("there is no bash")
    done = subprocess.run(["bash", ROOT / ".ci" / "pages", tmp_path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, f"{tmp_path}: is there already; remove it, or name another folder.\n")
