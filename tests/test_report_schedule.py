"""What a user pastes. Judge: sh and systemd themselves, and naive readers by the rules of cron, systemd and Windows."""

import configparser
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path, PureWindowsPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portfoy.report import schedule

COMMAND = ["python", "-m", "portfoy", "report", "--if-changed", "--data", "my shop/portfoy.toml"]
MONTHLY = {"every": "month", "at": "06:30", "day": 1}


def made(kind="cron", *, command=COMMAND, folder="/srv/shop", **given):
    return schedule.entry(kind, command=command, folder=folder, **{**MONTHLY, **given})


# cron


def cron_reads(line):
    """The five fields and the command of a crontab line: a % ends it, unless after a backslash, which goes."""
    *when, text = line.split(" ", 5)
    command, escaped = "", False
    for letter in text:
        if letter == "%":
            assert escaped, f"cron would end the command here: {command}"
            command = command[:-1]
        command += letter
        escaped = letter == "\\" and not escaped
    return when, command


@pytest.mark.parametrize(
    ("given", "when"),
    [
        ({"every": "month", "at": "06:05", "day": 28}, ["5", "6", "28", "*", "*"]),
        ({"every": "month", "at": "23:59", "day": "1"}, ["59", "23", "1", "*", "*"]),
        ({"every": "week", "at": "00:00", "day": "sun"}, ["0", "0", "*", "*", "sun"]),
        ({"every": "week", "at": "12:30", "day": "Mon"}, ["30", "12", "*", "*", "mon"]),
        ({"every": "day", "at": "20:00", "day": None}, ["0", "20", "*", "*", "*"]),
    ],
)
def test_cron_is_told_when(given, when):
    line = made(**given)
    assert "\n" not in line
    assert cron_reads(line)[0] == when


NAMES = st.text(st.sampled_from("ab %\\'\"$`&|;<>()*?#!~ş"), min_size=1, max_size=8)


@pytest.mark.skipif(sys.platform == "win32", reason="cron's commands are run by sh")
@settings(max_examples=60, deadline=None)
@given(name=NAMES, words=st.lists(NAMES, max_size=4))
def test_a_line_of_cron_runs_the_command_in_the_folder_whatever_they_are_called(name, words):
    with tempfile.TemporaryDirectory() as above:
        folder = Path(above, f"1 {name} 100% .")
        folder.mkdir()
        _when, command = cron_reads(made(command=["printf", "%s\\0", *words, "--out", f"r {name}"], folder=folder))
        for _again in range(2):
            subprocess.run(["/bin/sh", "-c", command], check=True, cwd="/", env={"PATH": "/usr/bin:/bin"})
        said = (folder / f"r {name}" / "portfoy.log").read_text(encoding="utf-8").split("\0")
    assert said == [*words, "--out", f"r {name}"] * 2 + [""]


@pytest.mark.skipif(sys.platform == "win32", reason="cron's commands are run by sh")
def test_the_log_of_cron_holds_errors_too_and_stands_with_the_reports(tmp_path):
    command = [sys.executable, "-c", "import os, sys; print(os.getcwd()); sys.exit('bad')"]
    line = made(command=command, folder=tmp_path, name="shop-2")
    assert subprocess.run(["/bin/sh", "-c", cron_reads(line)[1]], capture_output=True, check=False).returncode == 1
    said = (tmp_path / "reports" / "shop-2.log").read_text(encoding="utf-8").splitlines()
    assert sorted(said) == sorted([str(tmp_path), "bad"])
    line = made(command=[*command, "--out=elsewhere"], folder=tmp_path)
    subprocess.run(["/bin/sh", "-c", cron_reads(line)[1]], check=False)
    assert (tmp_path / "elsewhere" / "portfoy.log").exists()


# systemd


def units(text):
    """File name -> its sections, as an .ini reader reads them."""
    found = {}
    for name, content in re.findall(r"^# \S*/([\w.-]+\.(?:service|timer))\n(.*?)(?=^# |\Z)", text, flags=re.M | re.S):
        found[name] = configparser.ConfigParser(delimiters="=", comment_prefixes="#", interpolation=None)
        found[name].optionxform = str
        found[name].read_string(content)
    return found


def systemd_reads(text):
    """Words of ExecStart: quotation marks keep blanks, a backslash the next letter; %% is %, and $$ is $."""
    words, word, inside, escaped = [], None, False, False
    for letter in text + " ":
        if escaped or (letter not in '\\" ') or (letter == " " and inside):
            word, escaped = (word or "") + letter, False
        elif letter == "\\":
            escaped = True
        elif letter == '"':
            word, inside = word or "", not inside
        elif word is not None:
            words, word = [*words, word], None
    words = [word.replace("%%", "\0").replace("$$", "\1") for word in words]
    assert not re.search("[%$]", "".join(words)), "systemd would put in something else"
    return [word.replace("\0", "%").replace("\1", "$") for word in words]


@pytest.mark.parametrize(
    ("given", "when"),
    [
        ({"every": "month", "at": "06:05", "day": 1}, "*-*-01 06:05:00"),
        ({"every": "month", "at": "23:59", "day": 28}, "*-*-28 23:59:00"),
        ({"every": "week", "at": "00:00", "day": "mon"}, "Mon *-*-* 00:00:00"),
        ({"every": "day", "at": "20:00", "day": None}, "*-*-* 20:00:00"),
    ],
)
def test_systemd_is_told_when(given, when):
    text = made("systemd", name="shop", **given)
    found = units(text)
    assert list(found) == ["shop.service", "shop.timer"]
    assert dict(found["shop.timer"]["Timer"]) == {"OnCalendar": when, "Persistent": "true"}
    assert dict(found["shop.timer"]["Install"]) == {"WantedBy": "timers.target"}
    assert "# systemctl --user daemon-reload && systemctl --user enable --now shop.timer" in text.splitlines()


@settings(max_examples=100, deadline=None)
@given(name=NAMES, words=st.lists(NAMES, max_size=4))
def test_systemd_is_told_the_command_and_the_folder_whatever_they_are_called(name, words):
    service = units(made("systemd", command=["/bin/x y", *words], folder=f"/srv/{name}."))["portfoy.service"]["Service"]
    assert systemd_reads(service["ExecStart"]) == ["/bin/x y", *words]
    assert service["WorkingDirectory"].split("%%") == f"/srv/{name}.".split("%")
    assert service["Type"] == "oneshot"


def verified(folder, text):
    """What systemd says of the units in a text, about them and not about its own."""
    written = []
    for name, content in re.findall(r"^# \S*/([\w.-]+)\n(.*?)(?=^# |\Z)", text, flags=re.M | re.S):
        written.append(folder / name)
        written[-1].write_text(content, encoding="utf-8")
    verify = ["systemd-analyze", "verify", "--man=no", *written]
    said = subprocess.run(verify, capture_output=True, text=True, check=False, timeout=60).stderr
    return [line for line in said.splitlines() if "portfoy." in line or str(folder) in line]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
@pytest.mark.parametrize("name", ["100% ş & co", "Ayşe's", "$HOME", '"back\\slash"'])
def test_systemd_finds_nothing_to_say(tmp_path, name):
    folder = tmp_path / f"the {name} shop"
    folder.mkdir()
    program = folder / "python"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    command = [str(program), "a;b", ";", "x=50%", "$HOME", "it's", "back\\slash", '"q"', ""]
    assert verified(tmp_path, made("systemd", command=command, folder=folder)) == []


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_would_have_something_to_say(tmp_path):
    said = verified(tmp_path, made("systemd", command=[f"{tmp_path}/not here"]))
    assert [line for line in said if f"Command {tmp_path}/not here is not executable" in line]


@pytest.mark.skipif(sys.platform == "win32", reason="the program is written for sh")
def test_a_program_that_systemd_cannot_name_is_started_by_a_shell(tmp_path):
    program = tmp_path / "Ayşe's $HOME"
    program.write_text('#!/bin/sh\nprintf \'%s|\' "$0" "$@"', encoding="utf-8")
    program.chmod(0o755)
    service = units(made("systemd", command=[str(program), "a b", "", "$x"]))["portfoy.service"]["Service"]
    run = subprocess.run(systemd_reads(service["ExecStart"]), capture_output=True, text=True, check=True)
    assert run.stdout == f"{program}|a b||$x|"


# Windows


def cmd_reads(line):
    """What cmd.exe starts, one after another: a caret keeps the next letter, any quotation mark opens or closes."""
    commands, inside, kept = [""], False, False
    for letter in line:
        if kept or inside or letter not in "^&|<>()":
            inside ^= letter == '"' and not kept
            commands[-1] += letter
            kept = False
        elif letter == "^":
            kept = True
        else:
            assert letter == "&", f"cmd.exe would act on {letter}"
            commands.append("")
    return [command.strip(" ") for command in commands if command]


def programs_read(text):
    """Arguments as the C library of Windows reads them: backslashes count only before a quotation mark."""
    words, word, inside, slashes = [], None, False, 0
    for letter in text + " ":
        if letter == "\\":
            slashes += 1
            continue
        if letter == '"':
            word = (word or "") + "\\" * (slashes // 2)
            word, inside = (word + '"', inside) if slashes % 2 else (word, not inside)
        else:
            word = (word or "") + "\\" * slashes if slashes else word
            if letter != " " or inside:
                word = (word or "") + letter
            elif word is not None:
                words, word = [*words, word], None
        slashes = 0
    return words


def task(line):
    """Options of a schtasks line: name -> value."""
    (command,) = cmd_reads(line)
    program, *words = programs_read(command)
    assert [program, *words[:2]] == ["schtasks", "/Create", "/F"]
    return dict(zip(words[2::2], words[3::2], strict=True))


@pytest.mark.parametrize(
    ("given", "when"),
    [
        ({"every": "month", "at": "06:05", "day": 28}, {"/SC": "MONTHLY", "/D": "28", "/ST": "06:05"}),
        ({"every": "week", "at": "00:00", "day": "sun"}, {"/SC": "WEEKLY", "/D": "SUN", "/ST": "00:00"}),
        ({"every": "day", "at": "20:00", "day": None}, {"/SC": "DAILY", "/ST": "20:00"}),
    ],
)
def test_windows_is_told_when(given, when):
    line = made("windows", folder=r"C:\shop", name="shop", **given)
    assert "\n" not in line
    found = task(line)
    assert (
        found.pop("/TR")
        == 'cmd /d /c cd /d C:\\shop && python -m portfoy report --if-changed --data "my shop/portfoy.toml"'
    )
    assert found == {"/TN": "shop", **when}


FILES = st.text(st.sampled_from("ab \\'&^<>|();,=!~ş"), min_size=1, max_size=6)
WORDS = st.text(st.sampled_from("ab \"\\'&^<>|();,=!~ş"), max_size=6)


@settings(max_examples=300, deadline=None)
@given(name=FILES, words=st.lists(WORDS, max_size=4))
def test_windows_is_told_the_command_and_the_folder_whatever_they_are_called(name, words):
    folder = PureWindowsPath(f"C:\\a {name}.")
    start = task(made("windows", command=["C:\\my py\\python.exe", *words], folder=folder))["/TR"]
    shell, rest = start[:10], start[10:]
    assert shell == "cmd /d /c "
    change, command = cmd_reads(rest)
    assert change == f'cd /d "{folder}"'
    assert programs_read(command) == ["C:\\my py\\python.exe", *words]


@given(words=st.lists(WORDS, min_size=1))
def test_the_reader_of_these_tests_reads_what_python_itself_writes_for_windows(words):
    assert programs_read(subprocess.list2cmdline(words)) == words


# What cannot be


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"kind": "at"}, "kind: 'at' cannot be scheduled; take one of cron, systemd, windows."),
        ({"every": "year"}, "every: 'year' cannot be scheduled; take one of month, week, day."),
        *(
            ({"day": day}, f"day: {day!r} cannot be scheduled; take one of the days 1 to 28.")
            for day in (29, "30", 31)
        ),
        *(
            ({"day": day}, f"day: {day!r} cannot be scheduled; take one of the days 1 to 28.")
            for day in (0, 32, -1, None, "mon", "1.5", "")
        ),
        *(
            ({"every": "week", "day": day}, f"day: {day!r} cannot be scheduled; take mon, tue, wed, thu, fri, sat or "
             "sun.")
            for day in (1, "monday", None, "")
        ),
        ({"every": "day"}, "day: 1 cannot be scheduled; a run every day needs no day."),
        *(
            ({"at": at}, f"at: {at!r} cannot be scheduled; write a time from 00:00 to 23:59, such as "
             "06:30.")
            for at in ("24:00", "6:30", "06:60", "0630", "06:30\n", "٠٦:٣٠", "")
        ),
        *(
            ({"name": name}, f"name: {name!r} cannot be scheduled; take letters a to z, digits and _ . - "
             "only.")
            for name in ("", "a b", "../a", "a\n", "-a", "ş")
        ),
        ({"command": ["a", "b\nc"]}, "command: 'b\\nc' cannot be scheduled; an entry is one line and has no room for "
         "such characters. Rename it."),
        ({"folder": "/srv/\u2028"}, "folder: '/srv/\\u2028' cannot be scheduled; an entry is one line and has no room "
         "for such characters. Rename it."),
        ({"kind": "systemd", "folder": "/srv/a "}, "folder: '/srv/a ' cannot be scheduled; systemd reads no "
         "path that ends in a blank or a \\. Rename it."),
        ({"kind": "windows", "folder": r"\\server\shops\a"}, r"folder: '\\\\server\\shops\\a' cannot be scheduled; "
         "cmd.exe cannot work in a network folder. Give it a letter: `net use`."),
        ({"kind": "windows", "command": ["a", "%PATH%"], "folder": "C:/a"},
         r"""command: 'cmd /d /c cd /d C:\\a && a "%PATH%"' cannot be scheduled; cmd.exe takes what stands """
         "between two % as a variable. Rename it."),
        ({"kind": "windows", "command": ["a" * 238], "folder": "C:/a"},
         rf"command: 'cmd /d /c cd /d C:\\a && {'a' * 238}' cannot be scheduled; Windows takes 261 characters, "
         "not 262. Schedule a .cmd file with them."),
    ],
)  # fmt: skip
def test_what_cannot_be_scheduled_is_refused_in_one_line(given, message):
    with pytest.raises(ValueError, match="cannot be scheduled") as refused:
        made(**given)
    assert str(refused.value) == message


def test_261_characters_are_not_too_many_and_one_percent_sign_is_no_variable():
    assert len(task(made("windows", command=["a" * 237], folder="C:/a"))["/TR"]) == 261
    start = task(made("windows", command=["a", "50%", "b c%"], folder="C:/a"))["/TR"]
    assert programs_read(cmd_reads(start)[1]) == ["a", "50%", "b c%"]


def test_a_folder_is_written_whole(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert units(made("systemd", folder="a b"))["portfoy.service"]["Service"]["WorkingDirectory"] == f"{tmp_path}/a b"


@pytest.mark.parametrize(
    ("platform", "booted", "kind"),
    [("win32", False, "windows"), ("darwin", False, "cron"), ("linux", False, "cron"), ("linux", True, "systemd")],
)
def test_the_usual_kind_is_that_of_the_machine(monkeypatch, platform, booted, kind):
    monkeypatch.setattr(schedule.sys, "platform", platform)
    monkeypatch.setattr(schedule.Path, "is_dir", lambda path: booted and str(path) == "/run/systemd/system")
    assert schedule.usual_kind() == kind
