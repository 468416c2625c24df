"""From a plan to a published run: the one place where planning, running, pages and the shelf meet."""

import json
import platform
import shutil
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from portfoy import style
from portfoy.locale import _, use_language
from portfoy.report import page, run, shelf

PACKAGES = ("portfoy", "pandas", "duckdb", "ibis-framework", "scipy", "papermill")
EXIT = {"ok": 0, "failed": 1, "timeout": 3, "kernel died": 3}


def make(plan, *, root="reports", language="en", tell=print):
    """Run every job of a plan and publish the run, whole, whatever became of its stages.

    Parameters
    ----------
    plan : plan.Plan
    root : folder of the reports
    language : code of the language of the pages
    tell : called with each line of progress

    Returns
    -------
    folder : Path of the published run
    code : exit code: 0 all stages ok, 1 a stage failed, 3 a kernel died or time ran out
    """
    use_language(language)
    root = Path(root)
    building, cleared = shelf.start(root)
    if cleared:
        tell(_("{n} interrupted run(s) found and cleared.").format(n=cleared))
    try:
        record, code = _fill(building, plan, language, tell)
        (building / "run.json").write_text(json.dumps(record, indent=1, ensure_ascii=False), encoding="utf-8")
        folder = shelf.publish(building, root, f"{plan.as_of:%Y-%m-%d}")
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    shelf.write_index(root, language=language)
    return folder, code


def _fill(building, plan, language, tell):
    """Run the stages into the folder being built; the run's record and exit code."""
    tables = plan.tables
    record = {
        "as_of": f"{plan.as_of:%Y-%m-%d}",
        "made_at": datetime.now().astimezone().isoformat(timespec="seconds"),
        "source": tables.name,
        "currency": tables.currency,
        "language": language,
        "data": {"where": tables.where, "sha256": tables.fingerprint(), "rows": tables.facts.rows},
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "stages": [],
    }
    code = 0
    for job in plan.jobs:
        tell(_("{stage}, as of {as_of}").format(stage=job.stage, as_of=record["as_of"]))
        result = run.run(
            job, building / "notebooks" / f"{job.stage}.ipynb", progress=lambda heading: tell(f"  {heading}")
        )
        stage = {
            "stage": job.stage,
            "status": result.status,
            "page": f"{job.stage}.html",
            "seconds": round(result.seconds, 1),
            "parameters": job.parameters,
            "code": shelf.code_fingerprint(job.notebook),
            "figures": result.figures,
            "missing": result.missing,
            "error": result.error,
        }
        record["stages"].append(stage)
        shelf.write_actions(building, result.actions)
        html = page.make_page(
            result,
            title=page.titles()[job.stage],
            as_of=style.day(plan.as_of),
            source=tables.name,
            currency=job.parameters.get("currency") or tables.currency,
            language=language,
            provenance=_provenance(record, stage),
            run={**record, "stages": [stage]},
        )
        (building / stage["page"]).write_text(html, encoding="utf-8")
        tell(_("{stage}: {status}, {seconds} s").format(
            stage=job.stage, status=result.status, seconds=stage["seconds"]
        ) + (f": {result.error}" if result.error else ""))  # fmt: skip
        code = max(code, EXIT[result.status])
    return record, code


def _provenance(record, stage):
    """What the page says about where it comes from."""
    return [
        (_("Data"), f"{record['data']['where']}, {style.number(record['data']['rows'])} " + _("rows")),
        (_("Fingerprint of the data"), record["data"]["sha256"][:16]),
        (_("Fingerprint of the code"), stage["code"][:16]),
        (_("Parameters"), ", ".join(f"{name} = {value}" for name, value in stage["parameters"].items())),
        (_("Versions"), ", ".join(f"{name} {number}" for name, number in record["versions"].items())),
        (_("Made"), record["made_at"]),
    ]
