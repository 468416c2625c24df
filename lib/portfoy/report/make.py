"""From a plan to a published run: the one place where planning, running, pages and the shelf meet."""

import json
import os
import platform
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from jupyter_core.utils import ensure_event_loop

from portfoy.firm import LISTS, RULES
from portfoy.locale import _, use_language
from portfoy.report import (
    cards,
    changes,
    figures,
    lists,
    look,
    message,
    overview,
    page,
    pdf,
    rules,
    run,
    shelf,
    trend,
    workbook,
)
from portfoy.report.kernels import Kernels
from portfoy.report.progress import Progress
from portfoy.source.address import ADDRESS
from portfoy.source.tables import KEPT, keep
from portfoy.words import style

PACKAGES = ("portfoy", "pandas", "duckdb", "ibis-framework", "scipy", "papermill")
SAME = ("as_of", "source", "language", "versions", "rules", "lists", "cards")  # of a run that need not be made again
EXIT = {"ok": 0, "failed": 1, "timeout": 3, "kernel died": 3}


def make(
    plan,
    *,
    root="reports",
    jobs=None,
    isolated=False,
    seconds=None,
    browser=None,
    if_changed=False,
    fresh=False,
    rows=cards.ROWS,
    progress=None,
):
    """Run every job of a plan and publish the run below `root`, whole, whatever became of its stages.

    So many `jobs` run at once, by default one a core; `isolated` asks for ordinary kernels even where they could be
    forked; `seconds` is how long a cell and a notebook may take; a `browser` also prints each page as PDF. With
    `if_changed` nothing is done where a good run has the same data, settings, code, parameters and rules; with `fresh`
    the rules that earlier runs have kept are derived anew. The first `rows` customers of each list get a card. Gives
    the Path of the published run, and the exit code: 0 all is ok, 1 a stage, a card or a PDF failed, 3 a kernel died or
    time ran out. An OSError says that the reports cannot be written; nothing is published then.
    """
    use_language(plan.language)
    root, progress = Path(root), progress or Progress(lambda line: None)
    brand, record = look.brand(plan.tables.settings), describe(plan)
    record["rules"] = rules.handed(shelf.runs(root), record, fresh)
    paths, notes = lists.acted_on(shelf.runs(root), record, root, plan.tables.settings.lists)
    record["lists"], record["cards"] = sorted(paths), rows
    for note in notes:
        progress.note(note)
    if if_changed and (found := _made_already(record, root)):
        progress.note(_("Nothing has changed since {folder}.").format(folder=found))
        return found, 0
    building = shelf.Building(root)
    if building.cleared:
        progress.note(_("{n} interrupted run(s) found and cleared.").format(n=building.cleared))
    try:
        seconds = seconds or (run.CELL_SECONDS, run.STAGE_SECONDS)
        sheets = _fill(building, record, plan, paths, brand, jobs, isolated, seconds, progress)
        workbook.write(building.folder / record["workbook"], record, sheets)
        unprinted = _print(building.folder, record, browser, progress) if browser else False
        (building.folder / "index.html").write_text(overview.run_page(record, brand), encoding="utf-8")
        folder = building.publish(record)
    except BaseException:
        building.drop()
        raise
    return folder, max([int(unprinted), *(EXIT[each["status"]] for each in [*record["stages"], record["carded"]])])


def describe(plan):
    """The record of a run before anything has run: what it stands on, and a stage for each job."""
    tables = plan.tables
    prices = tables.prices
    code = {notebook: shelf.code_fingerprint(notebook) for notebook in {job.notebook for job in plan.jobs}}
    stages = []
    for job in plan.jobs:
        about = {"name": job.name, "stage": job.stage, "each": job.each, "page": f"{job.name}.html"}
        stages.append({**about, "parameters": job.parameters, "code": code[job.notebook]})
    return {
        "as_of": f"{plan.as_of:%Y-%m-%d}",
        "made_at": datetime.now().astimezone().isoformat(timespec="seconds"),
        "source": tables.name,
        "currency": tables.currency,
        "language": plan.language,
        "workbook": "portfoy.xlsx",
        "pseudonyms": bool(tables.settings.pseudonyms),
        "prices": style.say(_("money at {day:month} prices"), vars(prices)) if prices else _("money as paid"),
        "price_level": float(prices.table["index"].iloc[-1]) if prices else None,
        "data": {
            "where": tables.where,
            "sha256": tables.fingerprint(),
            "settings_sha256": tables.settings.fingerprint(),
            "rows": tables.rows(),
        },
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "stages": stages,
    }


def _made_already(record, root):
    """The folder of a good run with the data, the code and the parameters of this one, or None."""
    asked = [(stage["name"], stage["parameters"], stage["code"]) for stage in record["stages"]]
    for earlier in shelf.runs(root):
        good = [stage for stage in earlier["stages"] if stage["status"] == "ok"]
        done = [(stage["name"], stage["parameters"], stage["code"]) for stage in good]
        same = all(earlier.get(key, []) == record[key] for key in SAME)
        read = all(earlier["data"][key] == record["data"][key] for key in ("sha256", "settings_sha256"))
        if same and read and not earlier["data"].get("changed") and all(stage in done for stage in asked):
            return root / earlier["folder"]
    return None


def _fill(building, record, plan, paths, brand, jobs, isolated, seconds, progress):
    """Run the stages into the folder being built, and complete the record of the run; the lists and tables of each."""
    sheets, made, pages, start, earlier = {}, {}, {}, time.perf_counter(), shelf.runs(building.root)
    stages = {stage["name"]: stage for stage in record["stages"]}
    work = (building.folder / "work").absolute()
    environment = {name: str(work) for name in ("TMPDIR", "TEMP", "TMP")}
    environment |= {ADDRESS: plan.address} if plan.address else {}
    environment[RULES] = json.dumps({record["source"]: record["rules"]})
    environment[LISTS] = json.dumps({record["source"]: paths})
    real = plan.tables.real_ids()
    if keep(plan.tables, work / "tables.duckdb"):
        environment[KEPT] = str(work / "tables.duckdb")
        plan.tables.engine.disconnect()  # from here on they would only take memory
    jobs = min(jobs or os.cpu_count() or 1, len(plan.jobs))
    threads = max((os.cpu_count() or 1) // jobs, 1)
    progress.plan([job.name for job in plan.jobs], _expected(earlier, record))

    def execute(job):
        target = building.folder / "notebooks" / f"{job.name}.ipynb"
        tell = lambda *at: progress.cell(job.name, *at)  # noqa: E731
        with closing(ensure_event_loop()):  # of this thread, which is its own: nobody else would close it
            return run.run(job, target, kernels, progress=tell, cell_seconds=seconds[0], stage_seconds=seconds[1])

    with ThreadPoolExecutor(jobs) as pool:
        kernels = Kernels(work, isolated=isolated, threads=threads, environment=environment)
        try:
            running = {pool.submit(execute, job): job for job in plan.jobs}
            for ended in as_completed(running):
                job, result = running[ended], ended.result()
                made[job.name] = [each for each in result.actions if each["name"]]
                sheets[job.name] = made[job.name] + result.tables
                pages[job.name] = _finish(building.folder, record, stages[job.name], result, earlier, job, real)
                unsaid = result.error or message.uncomputed([stages[job.name]])
                progress.done(job.name, result.status, result.seconds, unsaid)
            lists.mark_held_out(building.folder, record["stages"], made, real)
            there = cards.make(building.folder, record, plan, made, sheets, brand, kernels, seconds[1])
            if record["carded"]["error"]:
                progress.note(record["carded"]["error"])
        except BaseException:
            kernels.close(at_once=True)
            raise
        finally:
            kernels.close()
            pool.shutdown(wait=True, cancel_futures=True)
    if plan.tables.moved():
        record["data"]["changed"] = True
        text = _(
            "{where}: changed while it was read, and figures may be of before or after. For one state: portfoy pull."
        )
        progress.note(text.format(where=plan.tables.where))
    for stage in record["stages"]:
        page.lead_to_cards(pages[stage["name"]], there)
        text = page.make_page(record, stage, pages[stage["name"]], brand)
        (building.folder / stage["page"]).write_text(text, encoding="utf-8")
    record["seconds"] = round(time.perf_counter() - start, 1)
    return sheets


def _finish(folder, record, stage, result, earlier, job, real):
    """Complete the record of a stage with its result, write its lists and tables, and give the sections of its page."""
    lists = shelf.write_tables(folder / "actions" / (job.name if job.each else ""), result.actions, real)
    tables = shelf.write_tables(folder / "files" / job.name, result.tables)
    written, files = ([path.relative_to(folder).as_posix() for path in paths] for paths in (lists, tables))
    places = dict(zip([table["html"] for table in result.tables], files, strict=True))
    made = page.sections(result.notebook, {Path(path).stem: path for path in written}, places)
    stage |= {
        "status": result.status,
        "pdf": "",
        "seconds": round(result.seconds, 1),
        **message.told(made),
        "missing": result.missing,
        "error": result.error,
        "kept": result.kept,
        "derived": result.derived,
        "actions": written,
        "files": files,
    }
    stage["changes"] = changes.changes(earlier, record, stage) if result.status == "ok" else None
    stage["figures"] = [
        {**figure, "points": trend.points(figure, earlier, record, stage)}
        for figure in figures.judged(result.figures, job.parameters.get("confidence", 0.95))
    ]
    return made


def _expected(earlier, record):
    """Seconds that the reports took the last time, by name."""
    found = {}
    for old in reversed(earlier):
        if old["source"] == record["source"]:
            found |= {stage["name"]: stage["seconds"] for stage in old["stages"] if stage["status"] == "ok"}
    return found


def _print(folder, record, browser, progress):
    """Print each page as PDF; whether one could not be printed, which leaves its page and is told."""
    pages = {folder / stage["page"]: stage for stage in record["stages"]}
    errors = pdf.print_pages(list(pages), browser=browser)
    for path, error in errors.items():
        pages[path]["pdf"] = "" if error else path.with_suffix(".pdf").name
        if error:
            progress.note(error)
    return any(errors.values())
