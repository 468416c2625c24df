"""What to paste so that a command runs again and again: a line for cron, units for systemd, a line for Windows.

Nothing is installed: the text is printed, and the user puts it where it belongs. Each kind quotes in its own way.
"""

import re
import shlex
import subprocess
import sys
from itertools import pairwise
from pathlib import Path, PurePosixPath, PureWindowsPath

from portfoy.locale import _
from portfoy.report.parameters import SECRET
from portfoy.source.address import is_secret, masked, seen

KINDS = ("cron", "systemd", "windows")
PERIODS = ("month", "week", "day")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
UNWRITABLE = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")  # ends of lines, and what is no character
LONGEST = 261  # what schtasks takes as /TR; it says so and does nothing when there is more


def usual_kind():
    """The kind that this machine has: "windows", "systemd" where it was started by it, else "cron"."""
    if sys.platform == "win32":
        return "windows"
    return "systemd" if Path("/run/systemd/system").is_dir() else "cron"


def entry(kind, *, every, at, day, command, folder, name="portfoy"):
    """The text to paste for a command, a list of texts, that runs in `folder` every month, week or day.

    `kind` is one of `KINDS`, `every` one of `PERIODS`, `at` HH:MM, `day` 1 to 28 for a month, "mon" to "sun" for a week
    and None for a day. Where one of them cannot be, a ValueError says so in one line.
    """
    if kind not in KINDS:
        raise _refused("kind", kind, _("take one of {known}.").format(known=", ".join(KINDS)))
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name):
        raise _refused("name", name, _("take letters a to z, digits and _ . - only."))
    hour, minute = _clock(at)
    day = _day(every, day)
    pure = PureWindowsPath if kind == "windows" else PurePosixPath
    folder = str(pure(folder) if pure(folder).is_absolute() else Path(folder).absolute())
    _refuse_secrets(command)
    for where, text in [*(("command", word) for word in command), ("folder", folder)]:
        if UNWRITABLE.search(text):
            raise _refused(where, text, _("an entry is one line and has no room for such characters. Rename it."))
    write = {"cron": _cron, "systemd": _systemd, "windows": _windows}[kind]
    return write(every, (hour, minute), day, command, folder, name)


def _refuse_secrets(command):
    """Raise a ValueError for a word with a password in it."""
    for before, word in pairwise(["", *command]):
        option, address = re.fullmatch(r"(?s)(--data=)?(.*)", word).groups(default="")
        shown = masked(word)
        if (option or before == "--data" or "://" in address) and not Path(address).exists() and is_secret(address):
            shown = option + seen(address)
        name, _sign, value = word.partition("=")
        if shown == word and value and SECRET.search(name):
            shown = f"{name}=***"
        if shown != word:
            rule = _("an entry keeps the password, too. Give a portfoy.toml with the address as source.")
            raise _refused("command", shown, rule)


def _refused(where, value, rule):
    return ValueError(_("{where}: {value!r} cannot be scheduled; {rule}").format(where=where, value=value, rule=rule))


def _clock(at):
    if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", at):
        raise _refused("at", at, _("write a time from 00:00 to 23:59, such as 06:30."))
    return at.split(":")


def _day(every, day):
    """The day as it is written: a number for a month, three letters for a week, nothing for a day."""
    if every not in PERIODS:
        raise _refused("every", every, _("take one of {known}.").format(known=", ".join(PERIODS)))
    text = "" if day is None else str(day).lower()
    if every == "month" and text not in [str(number) for number in range(1, 29)]:
        raise _refused("day", day, _("take one of the days 1 to 28."))
    if every == "week" and text not in WEEKDAYS:
        raise _refused("day", day, _("take mon, tue, wed, thu, fri, sat or sun."))
    if every == "day" and day is not None:
        raise _refused("day", day, _("a run every day needs no day."))
    return text


def _reports(command):
    """The folder of the reports, as the command names it."""
    for word, following in zip(command, [*command[1:], ""], strict=True):
        if word == "--out" and following:
            return following
        if word.startswith("--out="):
            return word.removeprefix("--out=")
    return "reports"


def _cron(every, clock, day, command, folder, name):
    """One line of a crontab; the log goes into the folder of the reports, which may not be there yet."""
    hour, minute = (int(part) for part in clock)
    when = {"month": f"{day} * *", "week": f"* * {day}", "day": "* * *"}[every]
    reports = _reports(command)
    log = shlex.quote(f"{reports}/{name}.log")
    words = f"cd {shlex.quote(folder)} && mkdir -p -- {shlex.quote(reports)} && {shlex.join(command)} >> {log} 2>&1"
    # cron ends a command at a %, unless it is written \%; a backslash that stands before it already is kept apart
    return f"{minute} {hour} {when} " + words.replace("\\%", "\\''%").replace("%", "\\%")


def _systemd(every, clock, day, command, folder, name):
    """A service and a timer of the user's own systemd, each under the name of its file."""
    if folder.endswith((" ", "\\")):
        raise _refused("folder", folder, _("systemd reads no path that ends in a blank or a \\. Rename it."))
    date = {"month": f"*-*-{day:0>2}", "week": f"{day.title()} *-*-*", "day": "*-*-*"}[every]
    where = "~/.config/systemd/user"
    if re.search(r"[\"'\\$]", command[0]):  # systemd starts no program of such a name; a shell does
        command = ["/bin/sh", "-c", 'exec "$0" "$@"', *command]
    start = " ".join(_quoted(word) for word in command)
    return f"""# {where}/{name}.service
[Unit]
Description={_("Reports of portfoy")}

[Service]
Type=oneshot
WorkingDirectory={folder.replace("%", "%%")}
ExecStart={start}

# {where}/{name}.timer
[Unit]
Description={_("When the reports of portfoy are made")}

[Timer]
OnCalendar={date} {":".join(clock)}:00
Persistent=true

[Install]
WantedBy=timers.target

# {_("When both files are there:")}
# systemctl --user daemon-reload && systemctl --user enable --now {name}.timer
# {_("To run when you are not logged in:")}
# loginctl enable-linger"""


def _quoted(word):
    """A word of ExecStart, where % and $ stand for something else unless they are doubled."""
    word = word.replace("%", "%%").replace("$", "$$")
    if re.fullmatch(r"[\w/.,=:+@%$-]+", word):
        return word
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _windows(every, clock, day, command, folder, name):
    """One line for cmd.exe; the task itself is a line for cmd.exe too, so that it can change the folder first."""
    if folder.startswith("\\\\"):
        raise _refused("folder", folder, _("cmd.exe cannot work in a network folder. Give it a letter: `net use`."))
    words = " ".join(_argument(word) for word in command)
    task = f"cmd /d /c cd /d {_argument(folder)} && {_protected(words)}"
    if re.search(r"%[^%\s\"]+%", task):
        raise _refused("command", task, _("cmd.exe takes what stands between two % as a variable. Rename it."))
    if len(task) > LONGEST:
        rule = _("Windows takes {longest} characters, not {length}. Schedule a .cmd file with them.")
        raise _refused("command", task, rule.format(longest=LONGEST, length=len(task)))
    period = {"month": ["MONTHLY", "/D", day], "week": ["WEEKLY", "/D", day.upper()], "day": ["DAILY"]}[every]
    line = ["schtasks", "/Create", "/F", "/TN", name, "/TR", task, "/SC", *period, "/ST", ":".join(clock)]
    return _protected(subprocess.list2cmdline(line))


def _argument(word):
    """One argument as programs of Windows read it, in quotation marks wherever cmd.exe might see more than a name."""
    listed = subprocess.list2cmdline([word])
    if re.fullmatch(r"[\w\\/:.=+@~-]+", word) or listed.startswith('"'):
        return listed
    doubled = "\\" * (len(word) - len(word.rstrip("\\")))  # else the last backslash would escape our quotation mark
    return f'"{listed}{doubled}"'


def _protected(line):
    """A line as cmd.exe takes it: a caret before what would act. To it, any quotation mark opens or closes."""
    inside, written = False, []
    for letter in line:
        inside ^= letter == '"'
        written.append(f"^{letter}" if letter in "&|<>()^" and not inside else letter)
    return "".join(written)
