"""The commands around lessons: lessons build, slides, key, zip; progress. No logic of their own."""

import sys
from pathlib import Path

import click

from portfoy.locale import _, plural
from portfoy.terminal import one_line

FOLDER = "course"


@click.group()
def lessons():
    """Make the student editions, the slides, the answer key, and a zip for a classroom."""


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
@click.argument("number", type=int, metavar="N")
@click.option("--out", default=FOLDER, show_default=True, metavar="FOLDER", help="Where the file goes.")
def slides(number, out):
    """Run lesson N and make its slides: one HTML file that needs no network."""
    with one_line("lessons slides", out=out):
        from portfoy.course import sheets
        from portfoy.course import slides as deck
        from portfoy.course.lessons import LESSONS, solutions
        from portfoy.errors import DataError

        found = {LESSONS[phase][0]: path for phase, path in solutions().items()}
        if number not in found:
            known = ", ".join(map(str, found)) or _("none")
            raise DataError(_("no lesson {number}; there are: {known}.").format(number=number, known=known))
        _say(found[number].stem)
        _write(Path(out) / f"{found[number].stem}.slides.html", deck.deck(sheets.execute(found[number])))


@lessons.command()
@click.option("--out", default=FOLDER, show_default=True, metavar="FOLDER", help="Where the file goes.")
def key(out):
    """Make the answer key for the teacher: exercises with answers and hints, model answers, the quiz."""
    with one_line("lessons key", out=out):
        from portfoy.course import editions, sheets

        notebooks = [editions.read(path) for path in _solutions().values()]
        _write(Path(out) / "key.html", sheets.key_page(notebooks))


@lessons.command("zip")
@click.option("--out", default=f"{FOLDER}/portfoy-course.zip", show_default=True, metavar="FILE", help="The zip.")
@click.option("--teacher", is_flag=True, help="With solutions, answer key and the page for teachers.")
def zip_(out, teacher):
    """Pack all that a classroom without a network needs: lessons, data, pages, slides, the package."""
    with one_line("lessons zip", out=out):
        from portfoy.course import handout

        _solutions()
        handout.pack(Path(out), teacher=teacher, progress=_say)
    click.echo(out)


@click.command()
@click.argument("folder", type=click.Path())
def progress(folder):
    """Sum up the progress files of a class in FOLDER: who has solved what, and which exercises are hard."""
    with one_line("progress"):
        from portfoy.course import results
        from portfoy.course.lessons import SITTINGS, exercises_of

        text = results.summary(folder, {sitting: list(exercises_of(sitting)) for sitting in SITTINGS})
    click.echo(text)


def _solutions():
    """The solution notebooks there are; one line where there is none."""
    from portfoy.course.lessons import solutions
    from portfoy.errors import DataError

    found = solutions()
    if not found:
        raise DataError(_("notebooks/solutions holds no lesson. Use a copy of the repository."))
    return found


def _say(stem):
    if sys.stderr.isatty():
        click.echo(_("running {name} ...").format(name=stem), err=True)


def _write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
    click.echo(path)
