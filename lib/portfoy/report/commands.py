"""The commands around reports: report, customer, parameters, compare, prune, schedule. No logic of their own."""

import sys
from pathlib import Path

import click

from portfoy.locale import _
from portfoy.report.private import private
from portfoy.source.address import masked
from portfoy.terminal import one_line, say


class _WithParameters(click.Command):
    """A command whose help ends with the parameters that the report notebooks declare."""

    def format_epilog(self, ctx, formatter):
        from portfoy.report import parameters

        shown = {}
        for notebook in parameters.notebooks().values():
            for name, kind, default, allowed, text in _parameter_lines(notebook):
                if name not in parameters.OPTIONS:
                    shown[name] = (f"{name}: {', '.join(filter(None, (kind, allowed)))}", f"{text} [{default}]")
        with formatter.section(_("Parameters (-p NAME=VALUE)")):
            formatter.write_dl(list(shown.values()))


@click.command(cls=_WithParameters)
@click.argument("stages", nargs=-1, metavar="[STAGE]...")
@click.option("--data", metavar="WHERE", help="Folder, file, portfoy.toml or address; default: the teaching company.")
@click.option(
    "--as-of", metavar="DATE", help="The day the report stands on, YYYY-MM-DD; default: last date in the data."
)
@click.option("--language", default="en", show_default=True, metavar="CODE", help="Language of the reports.")
@click.option("-p", "given", multiple=True, metavar="NAME=VALUE", help="A parameter of the notebook; may be repeated.")
@click.option("-f", "file", metavar="FILE", help="A TOML file of parameters, under [stage] those of one report.")
@click.option("--each", metavar="NAME=A,B,C", help="One run per value of this parameter, side by side.")
@click.option("--out", default="reports", show_default=True, metavar="FOLDER", help="Where the dated folders go.")
@click.option("--jobs", type=click.IntRange(min=1), help="Reports at once; default: one per core.")
@click.option("--isolated", is_flag=True, help="Start each kernel anew instead of forking it warm.")
@click.option("--cell-timeout", type=click.IntRange(min=1), default=1800, show_default=True, help="Seconds for a cell.")
@click.option("--timeout", type=click.IntRange(min=1), default=7200, show_default=True, help="Seconds for a report.")
@click.option("--mail", metavar="FILE", help="Also write the page of the run as a message, FILE.eml, a draft to send.")
@click.option("--pdf", is_flag=True, help="Also print each page as PDF, by an installed Chromium, Chrome or Edge.")
@click.option(
    "--if-changed",
    is_flag=True,
    help="Do nothing if data, settings, code, parameters and rules are those of a good run.",
)
@click.option(
    "--fresh-rules", is_flag=True, help="Derive the rules anew that earlier reports have kept (limits, cuts)."
)
@click.option(
    "--cards",
    type=click.IntRange(min=0),
    default=15,
    show_default=True,
    metavar="N",
    help="Make a page of each of the first N customers of every list; 0 makes none.",
)
@click.option("--share", is_flag=True, help="Let others on this machine read the reports, as the system has it.")
@click.option("--on-success", metavar="CMD", help="Run this afterwards if all is well; PORTFOY_RUN is run.json.")
@click.option("--on-failure", metavar="CMD", help="Run this afterwards if not; PORTFOY_MESSAGE says why.")
def report(stages, data, as_of, language, given, file, each, out, jobs, isolated, on_success, on_failure, **options):
    """Run the report notebooks on your data and publish them as dated pages.

    Without STAGE, every report there is. Exit code: 0 all is well, 1 a report failed or nothing could be written, 2 the
    command or the data are wrong, 3 a kernel died or time ran out.
    """

    def after(code, message, folder=None):
        _hook(on_failure if code else on_success, code, message, folder)

    with one_line("report", after=after, out=out), private(options["share"]):
        from portfoy.report import plan

        browser, mail = _browser() if options["pdf"] else None, _mailbox(options["mail"])
        wanted = {"data": data, "as_of": as_of, "language": language, "file": file, "each": each}
        made = plan.make_plan(stages, **wanted, given=_pairs(given), meanwhile=lambda: _meanwhile(isolated))
        from portfoy.report import make, message, progress, shelf

        with progress.Bars() if sys.stderr.isatty() else progress.Progress() as shown:
            seconds = (options["cell_timeout"], options["timeout"])
            where = {"root": out, "browser": browser, "if_changed": options["if_changed"], "progress": shown}
            where |= {"fresh": options["fresh_rules"], "rows": options["cards"]}
            folder, code = make.make(made, jobs=jobs, isolated=isolated, seconds=seconds, **where)
    for job in made.jobs:
        say(folder / f"{job.name}.html")
    say(folder / "index.html")
    say(Path(out) / "index.html")
    said, record = (
        [_("all reports are made") if code == 0 else _("not all reports are whole")],
        shelf.find(Path(out), folder),
    )
    said += [message.uncomputed(record["stages"]), record["carded"]["error"]]
    if mail and (error := _mailed(mail, record, folder, made)):
        code, said = max(code, 1), [*said, error]
    after(code, "; ".join(filter(None, said)), folder)
    sys.exit(code)


@click.command()
@click.argument("customer_id", metavar="ID")
@click.option("--data", metavar="WHERE", help="Folder, file, portfoy.toml or address; default: the teaching company.")
@click.option("--as-of", metavar="DATE", help="The day the page stands on, YYYY-MM-DD; default: last date in the data.")
@click.option("--language", default="en", show_default=True, metavar="CODE", help="Language of the page.")
@click.option("-p", "given", multiple=True, metavar="NAME=VALUE", help="A parameter of the notebook; may be repeated.")
@click.option("--out", default="reports", show_default=True, metavar="FOLDER", help="Where the dated folders go.")
def customer(customer_id, data, as_of, language, given, out):
    """Make the page of one customer: what is known and expected, and what to do next. Exit codes as of report."""
    with one_line("customer", out=out), private():
        from dataclasses import replace

        from portfoy.report import plan
        from portfoy.source.pseudonyms import shown

        wanted = {"data": data, "as_of": as_of, "language": language}
        given = {**_pairs(given), "customer": customer_id}
        made = plan.make_plan(["customer"], **wanted, given=given, meanwhile=lambda: _meanwhile(False))
        from portfoy.customer.known import find, ids_of
        from portfoy.firm import Firm
        from portfoy.report import make, progress

        shown_id = shown(customer_id, made.tables.settings)
        find(ids_of(Firm(made.tables, made.as_of)), shown_id)
        jobs = [replace(job, parameters={**job.parameters, "customer": shown_id}) for job in made.jobs]
        made = replace(made, jobs=tuple(jobs))
        with progress.Bars() if sys.stderr.isatty() else progress.Progress() as shown:
            folder, code = make.make(made, root=out, progress=shown)
    say(folder / "customer.html")
    sys.exit(code)


@click.command()
@click.argument("stage")
def parameters(stage):
    """Print the parameters of a report: name, type, default, range, meaning."""
    with one_line("parameters"):
        from portfoy.report import parameters as known

        found = known.notebooks()
        if stage not in found:
            message = _("no report '{name}'; {hint}").format(name=stage, hint=known.hint(stage, found))
            raise known.PlanError(message)
        from portfoy.words.table import aligned

        click.echo("\n".join(aligned(_parameter_lines(found[stage]))))


@click.command()
@click.argument("earlier")
@click.argument("later")
@click.option("--out", default="reports", show_default=True, metavar="FOLDER", help="The shelf that holds the runs.")
def compare(earlier, later, out):
    """Put two runs side by side: figures, data, code, versions, parameters.

    A run is a folder on the shelf (2026-06-30), the path of one, of its run.json, or of a page that was sent on.
    """
    with one_line("compare"):
        from portfoy.report import compare, shelf

        runs = [shelf.find(Path(out), name) for name in (earlier, later)]
        say(compare.compare_text(*runs, runs=shelf.runs(Path(out))))


@click.command()
@click.option("--keep", type=click.IntRange(min=1), metavar="N", help="Keep the newest N runs of each source.")
@click.option("--older-than", type=click.IntRange(min=0), metavar="DAYS", help="Remove only runs made before that.")
@click.option("--of", "customer_id", metavar="ID", help="Remove all runs that name this customer, good or not.")
@click.option("--data", metavar="WHERE", help="With --of: the portfoy.toml whose pseudonyms they show.")
@click.option("--dry-run", is_flag=True, help="Only say which would go.")
@click.option("--out", default="reports", show_default=True, metavar="FOLDER", help="The shelf that holds the runs.")
def prune(keep, older_than, customer_id, data, dry_run, out):
    """Remove old runs from the shelf; the newest good one of each source always stays."""
    if (keep is None and older_than is None) == (not customer_id):
        raise click.UsageError(_("say what to keep, --keep N, --older-than DAYS; or whom to remove, --of ID."))
    with one_line("prune", out=out):
        from portfoy.report import shelf

        if not Path(out).is_dir():
            raise shelf.ShelfError(_("{out}: there is no such folder. Give --out.").format(out=out))
        forms = [customer_id] if customer_id else []
        if forms and data:
            from portfoy.source.pseudonyms import shown
            from portfoy.source.settings import read_settings

            forms.append(shown(customer_id, read_settings(data)))
        gone = shelf.prune(Path(out), keep=keep, older_than=older_than, of=forms, dry_run=dry_run)
    for folder in gone:
        say(_("would remove {folder}").format(folder=folder) if dry_run else f"{folder}")
    click.echo(_("{n} run(s)").format(n=len(gone)), err=True)


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--kind", type=click.Choice(["cron", "systemd", "windows"]), help="Default: what this machine has.")
@click.option("--every", type=click.Choice(["month", "week", "day"]), default="month", show_default=True)
@click.option("--day", help="Day of the month, 1 to 28, or of the week, mon to sun; default: the first.")
@click.option("--at", default="06:30", show_default=True, metavar="HH:MM")
@click.option("--name", default="portfoy", show_default=True, help="What the entry is called.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[-- ARGUMENTS OF portfoy report]...")
def schedule(kind, every, day, at, name, arguments):
    """Print an entry for cron, systemd or Windows that makes the reports again and again.

    For example: portfoy schedule --every month --day 2 -- --data shop/portfoy.toml --pdf
    """
    with one_line("schedule", errors=(ValueError,)):
        from portfoy.report import schedule

        day = day or {"month": "1", "week": "mon", "day": None}[every]
        command = [sys.executable, "-m", "portfoy", "report", "--if-changed", *arguments]
        kind = kind or schedule.usual_kind()
        click.echo(schedule.entry(kind, every=every, at=at, day=day, command=command, folder=Path.cwd(), name=name))


def _parameter_lines(notebook):
    """Name, type, default, range and meaning of each parameter, as text."""
    from portfoy.report import parameters

    kinds = {str: _("text"), int: _("whole number"), float: _("number"), bool: _("true or false")}
    known = parameters.parameters(notebook).values()
    return [
        (one.name, kinds[one.type], str(one.default) if one.default != "" else '""', one.allowed(), one.help)
        for one in known
    ]


def _meanwhile(isolated):
    """While the data are read: start what kernels are forked from, and say on a terminal what is going on."""
    from portfoy.report import kernels

    if not isolated and kernels.can_fork():
        kernels.warm_up()
    if sys.stderr.isatty():
        click.echo(_("reading and checking the data ..."), err=True)


def _browser():
    from portfoy.report import pdf
    from portfoy.report.parameters import PlanError

    found = pdf.find_browser()
    if found is None:
        raise PlanError(pdf.missing())
    return found


def _mailbox(file):
    """The file that the message goes to, None without; PlanError where it cannot be one."""
    from portfoy.report.parameters import PlanError

    if file and (Path(file).is_dir() or not Path(file).absolute().parent.is_dir()):
        raise PlanError(_("--mail {file}: is no file in a folder there is. Give one.").format(file=file))
    return Path(file) if file else None


def _mailed(file, record, folder, plan):
    """Write the message; what went wrong, in a line, or ""."""
    from portfoy.report import look, mail

    try:
        mail.write(file, record, folder, look.brand(plan.tables.settings))
    except OSError as error:
        said = _("--mail {file}: cannot be written: {reason}. Give another; the reports are there.")
        said = said.format(file=file, reason=error.strerror or error)
        say(said, err=True)
        return said
    say(file)
    return ""


def _hook(command, code, message, folder):
    if command:
        from portfoy.report import hooks

        error = hooks.run_hook(
            command, record=folder and folder / "run.json", folder=folder, code=code, message=message
        )
        if error:
            say(error, err=True)


def _pairs(given):
    """NAME=VALUE texts as a dict."""
    pairs = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise click.UsageError(_("-p {text!r} is not name=value.").format(text=masked(text)))
        pairs[name.strip()] = value
    return pairs
