"""The command `portfoy`: what the package does, from a terminal. No logic of its own."""

import errno
import os
import sys
from contextlib import contextmanager
from pathlib import Path

import click

from portfoy import doors
from portfoy.course import commands as course
from portfoy.doctor import doctor
from portfoy.inert import for_terminal
from portfoy.locale import _
from portfoy.report import commands
from portfoy.source.address import masked
from portfoy.terminal import one_line, say

EXPLAIN = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class _Commands(click.Group):
    """The commands; what click says of one that is written wrong holds no secret of an address in it.

    None ends in a traceback where what it says cannot be written, or it is interrupted while it says it.
    """

    def main(self, *given, **named):
        with one_line(""):
            return super().main(*given, **named)

    def invoke(self, context):
        try:
            with one_line(""):
                return super().invoke(context)
        except click.ClickException as error:
            error.message = masked(error.message)
            raise


@click.group(cls=_Commands, context_settings=EXPLAIN, invoke_without_command=True)
@click.version_option(package_name="portfoy")
@click.pass_context
def main(context):
    """Customer portfolio management: check data, make dated reports, run the course."""
    if context.invoked_subcommand is None:
        click.echo(doors.shown())


for command in (
    *(commands.report, commands.customer, commands.parameters, commands.compare, commands.prune, commands.schedule),
    *(course.lessons, course.progress, course.grade, doctor, doors.lab, doors.test_),
):
    main.add_command(command)


@main.command()
@click.argument("where")
@click.option(
    "--against", type=float, metavar="MONEY", help="What the books say the sales are: explain the difference."
)
@click.option("--from", "first", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="First day of that figure.")
@click.option("--to", "last", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="Last day of that figure.")
def check(where, against, first, last):
    """Read the data at WHERE, print the data-quality table, and say whether they can be used (exit code 2: no).

    With --against the way from the rows as read to that figure, rule by rule; exit code 1 where something is left.
    """
    if against is None and (first or last):
        raise click.UsageError(_("--from and --to go with --against only."))
    with one_line("check"):
        from portfoy.portfolio.quality import quality_text
        from portfoy.portfolio.reconcile import reconcile
        from portfoy.source import open as source

        tables = source.open(where)
        if against is not None:
            found = reconcile(tables, against, first=first and first.date(), last=last and last.date())
            click.echo(found.text())
            sys.exit(0 if found else 1)
        for name in tables.later:  # a report reads a table when it needs it; a check reads them all
            getattr(tables, name)
        say(quality_text(tables))


@main.command("map")
@click.argument("where", type=click.Path())
@click.option("--table", help="Which table a file holds, such as leads, where its columns and values do not say so.")
@click.option("--out", metavar="FILE", help="Write to this file instead of the terminal; an existing one is kept.")
def map_(where, table, out):
    """Draft a portfoy.toml for WHERE, a file or a folder of files, by looking at names and values."""
    with one_line("map"):
        from portfoy.source import aside, mapping

        text = mapping.draft(where, table=table, beside=Path(out).parent if out else Path())
        if out is None:
            say(text, nl=False)
            return
        if os.path.lexists(out):
            raise click.UsageError(_("{out} exists; give another name.").format(out=out))
        if not Path(out).parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), out)
        with aside.whole(Path(out).parent) as folder:
            (folder / Path(out).name).write_text(text, encoding="utf-8")
        click.echo(_("{out} is written; read it, then: portfoy check {out}").format(out=out))


@main.command()
@click.argument("where")
@click.option("--out", required=True, metavar="FOLDER", help="A folder of its own; that of the last pull is renewed.")
@click.option("--whole", is_flag=True, help="Send every month again, not only those that have changed.")
def pull(where, out, whole):
    """Bring the tables of a server to a FOLDER as Parquet, month by month.

    WHERE is an address, or a portfoy.toml whose `source` is one and which names the tables.
    """
    with one_line("pull"), _bar() as progress:
        from portfoy.source.open import pulled

        for one in pulled(where, out, whole=whole, progress=progress):
            text = _("{table}: {rows:,} rows in {files:,} files; {sent:,} rows in {renewed:,} files came now")
            say(text.format(**vars(one)))
        if where.endswith(".toml"):
            say(_('Write in {where}: source = "{out}". Then: portfoy check {where}').format(where=where, out=out))
        else:
            say(_("Next: portfoy check {out}").format(out=out))


@main.command()
@click.option("--customers", type=click.IntRange(min=100), help="How many people and firms; default: 4000.")
@click.option("--size", type=click.Choice(["tiny", "teaching", "large"]), help="200, 4000 or 1 million customers.")
@click.option(
    "--preset",
    type=click.Choice(["campaigns", "subscription", "firms", "steady", "dying"]),
    help="Another company, about which something particular is true; data/README.md says what.",
)
@click.option("--seed", default=23, show_default=True, help="The same seed gives the same bytes.")
@click.option("--start", default="2023-07-01", show_default=True, metavar="DATE", help="First day.")
@click.option("--end", default="2026-06-30", show_default=True, metavar="DATE", help="Last day.")
@click.option("--dirt", is_flag=True, help="Plant faults at known rates: duplicates, guests, unreadable dates, ...")
@click.option("--out", required=True, metavar="FOLDER", help="Where the tables go; those that are there are replaced.")
def simulate(customers, size, preset, seed, start, end, dirt, out):
    """Write the teaching company: a firm in ten tables, and the truth behind them. Or that of a preset.

    CSV up to 100,000 customers, Parquet in pieces above.
    """
    if customers and size:
        raise click.UsageError(_("give --customers or --size, not both."))
    if preset and (size or dirt):
        raise click.UsageError(_("--preset goes with --customers, --seed, --start, --end only."))
    number = customers or {"tiny": 200, "large": 1_000_000}.get(size, 4_000)
    large = number > 100_000
    if large and dirt:
        raise click.UsageError(_("--dirt is for up to 100,000 customers."))
    with one_line("simulate"), _bar() as progress:
        from portfoy.simulate import write_company, write_large, write_preset

        def told(done, of):
            progress(done, of, _("simulating"))

        span = {"customers": number, "seed": seed, "start": start, "end": end}
        if preset:
            write_preset(out, preset, **{**span, "customers": customers}, progress=told)
        elif large:
            write_large(out, **span, progress=told)
        else:
            write_company(out, **span, dirt=dirt, progress=told)
    say(out)


@contextmanager
def _bar():
    """A progress bar on a terminal, and nothing elsewhere; gives a function of (done, of, what is done)."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task("")
        yield lambda done, of, doing: bar.update(task, completed=done, total=of, description=for_terminal(doing))
