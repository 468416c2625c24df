"""The commands around lessons: lessons start, build, slides, key, quiz, zip; progress, grade. No logic of their own."""

import sys
from pathlib import Path

import click

from portfoy.locale import _, plural
from portfoy.terminal import one_line, say

FOLDER = "course"


@click.group()
def lessons():
    """Start working on the sittings; make the student editions, slides, the answer key, a zip for a classroom."""


@lessons.command()
def build():
    """Write the student editions, the index and the glossary from the solutions; say what has changed."""
    with one_line("lessons build"):
        from portfoy.course import editions

        changed = editions.build()
    for name in changed:
        click.echo(name)
    count = plural("{n} file has changed", "{n} files have changed", len(changed)).format(n=len(changed))
    click.echo(count if changed else _("nothing has changed"), err=True)


@lessons.command()
@click.argument("folder", type=click.Path())
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    metavar="N",
    help="With a company of one's own: the same number, the same company.",
)
def start(folder, seed):
    """Copy the sittings into FOLDER, to work in; notebooks that are there stay as they are."""
    with one_line("lessons start", out=folder):
        from portfoy.course import start as beginning

        copied, kept = beginning.begin(folder, seed=seed)
    count = plural("{n} sitting copied to {folder}", "{n} sittings copied to {folder}", len(copied))
    click.echo(count.format(n=len(copied), folder=folder))
    if kept:
        click.echo(_("left as they are: {names}").format(names=", ".join(kept)))


@lessons.command()
@click.argument("sitting")
@click.option("--out", default=FOLDER, show_default=True, metavar="FOLDER", help="Where the file goes.")
def slides(sitting, out):
    """Run a SITTING, such as 0b, and make its slides: one HTML file that needs no network."""
    with one_line("lessons slides", out=out):
        from portfoy.course import sheets
        from portfoy.course import slides as deck

        (path,) = _some([sitting]).values()
        _say(path.stem)
        _write(Path(out) / f"{path.stem}.slides.html", deck.deck(sheets.execute(path)))


@lessons.command()
@click.argument("sittings", nargs=-1, metavar="[SITTING]...")
@click.option("--out", default=FOLDER, show_default=True, metavar="FOLDER", help="Where the file goes.")
def key(sittings, out):
    """Make the answer key for the teacher: of each exercise the answer, its number, known mistakes and hints.

    Of every SITTING that is named, such as 0b 1a; without one, of all, which takes some minutes.
    """
    with one_line("lessons key", out=out):
        from portfoy.course import editions, sheets

        notebooks = [editions.read(path) for path in _some(sittings).values()]
        name = f"key-{'-'.join(sittings)}.html" if sittings else "key.html"
        _write(Path(out) / name, sheets.key_page(notebooks, progress=_say))


@lessons.command("quiz")
@click.option("--out", default=FOLDER, show_default=True, metavar="FOLDER", help="Where the file goes.")
def quiz_(out):
    """Write the quizzes of all sittings as one GIFT file, which Moodle imports."""
    with one_line("lessons quiz", out=out):
        from portfoy.course import quiz

        _write(Path(out) / "quizzes.gift", "\n".join(quiz.gift(sitting) for sitting in _solutions()))


@lessons.command("zip")
@click.option("--out", default=f"{FOLDER}/portfoy-course.zip", show_default=True, metavar="FILE", help="The zip.")
@click.option("--teacher", is_flag=True, help="With solutions, answer key and the page for teachers.")
@click.option(
    "--wheels", is_flag=True, help="With the packages for machines like this one, for a room without network."
)
def zip_(out, teacher, wheels):
    """Pack all that a classroom without a network needs: lessons, data, pages, slides, the package."""
    with one_line("lessons zip", out=out):
        from portfoy.course import handout

        _solutions()
        handout.pack(Path(out), teacher=teacher, wheels=wheels, progress=_say)
    click.echo(out)


@click.command()
@click.argument("folder", type=click.Path())
@click.option("--csv", "as_csv", is_flag=True, help="One line per student and exercise, solved or not.")
def progress(folder, as_csv):
    """Sum up the progress files of a class in FOLDER: who has solved what, and which exercises are hard."""
    with one_line("progress"):
        from portfoy.course import results
        from portfoy.course.lessons import exercises_of

        known = {sitting: list(exercises_of(sitting)) for sitting in _solutions()}
        text = results.table(folder, known) if as_csv else results.summary(folder, known)
    click.echo(text, nl=not as_csv)


@click.command()
@click.argument("folder", type=click.Path())
@click.option("--csv", "as_csv", is_flag=True, help="One line per student and exercise, with what the check says.")
@click.option("--seeds", type=click.Path(), metavar="FILE", help="A CSV of student,seed: the companies you gave out.")
@click.option("--seconds", default=180, show_default=True, help="Time for one notebook.")
@click.option("--memory", default=4.0, show_default=True, metavar="GB", help="Memory for one notebook.")
def grade(folder, as_csv, seeds, seconds, memory):
    """Run the notebooks that students handed in below FOLDER afresh, each by itself, and judge their answers."""
    with one_line("grade"):
        from portfoy.course import grading, marks

        given = marks.listed(seeds) if seeds else {}
        stopped = None
        try:
            rows = grading.grade(folder, students=given, seconds=seconds, gigabytes=memory, progress=_running)
        except grading.Stopped as stop:
            rows, stopped = stop.rows, stop
        if len(rows):
            say(rows.to_csv(index=False, lineterminator="\n") if as_csv else marks.summary(rows), nl=not as_csv)
        for sentence in marks.doubtful(rows, given):
            say(sentence, err=True)
        if stopped:
            raise stopped


def _solutions():
    """The solution notebooks there are; one line where there is none."""
    from portfoy.course.lessons import solutions
    from portfoy.errors import DataError

    found = solutions()
    if not found:
        raise DataError(_("notebooks/solutions holds no lesson. Use a copy of the repository."))
    return found


def _some(sittings):
    """The solutions of these sittings, of all where none is named; a DataError names one that there is not."""
    from portfoy.errors import DataError

    found = _solutions()
    for name in sittings:
        if name not in found:
            raise DataError(_("no sitting {name}; there are: {known}.").format(name=name, known=", ".join(found)))
    return {name: found[name] for name in sittings} or found


def _say(stem):
    if sys.stderr.isatty():
        _running(stem)


def _running(name):
    click.echo(_("running {name} ...").format(name=name), err=True)


def _write(path, text):
    from portfoy.source import aside

    with aside.whole(path.parent) as folder:
        (folder / path.name).write_text(text, encoding="utf-8", newline="\n")
    click.echo(path)
