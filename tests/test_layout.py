"""The house plan holds: who imports whom, what the files that repeat one another say, what no file may hold."""

import ast
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "lib" / "portfoy"

# A module imports only from rows above its own; modules of one row never import one another.
ORDER = [
    ["locale"],
    ["errors"],
    ["intervals"],
    ["sums"],
    ["inert"],
    ["rows"],
    ["words"],
    ["source"],
    ["customers"],
    ["people"],
    ["standing"],
    ["models"],
    ["metrics"],
    ["firm"],
    ["portfolio", "selection", "acquisition", "retention", "deepening", "simulate"],
    ["monitoring", "customer"],
    ["remedies"],
    ["terminal"],
    ["report"],
    ["course"],
    ["doctor", "doors"],
    ["cli"],
    ["__main__"],
]
RANK = {name: rank for rank, row in enumerate(ORDER) for name in row}
INSIDE = {  # the order inside a package, left to right
    "words": ["stages", "codes", "labels", "style", "table", "placing", "figure", "shapes", "result"],
    "source": [
        *(
            "aside",
            "names",
            "contract",
            "labels",
            "pseudonyms",
            "dates",
            "servers",
            "address",
            "encodings",
            "header",
            "sniff",
            "rules",
            "settings",
        ),
        *("amounts", "lines", "ids", "parse", "shape", "orders", "prices", "workbooks", "texts", "files"),
        *(
            "currencies",
            "seen",
            "doubts",
            "totals",
            "checks",
            "quality",
            "faults",
            "account",
            "reader",
            "tables",
            "pull",
            "open",
        ),
        *("look", "guess", "periods", "section", "firsts", "mapping"),
    ],
    "models": [
        *("threads", "likelihood", "bg_nbd", "gamma_gamma", "holdout", "track_record", "discounted_value"),
        *("scatter", "bass", "columns", "leaks", "logistic", "arms", "lists", "examples", "terms"),
        *("responders", "judging", "separation", "lorenz"),
        *("survival", "sbg", "lifetimes", "limits"),
    ],
    "acquisition": [
        *("deals", "funnel", "sales_cycle"),
        *("won", "payback", "referrers", "kept", "channels", "budget", "lead_scores"),
    ],
    "retention": [
        *("cells", "cohorts", "churn", "economics", "survival", "contracts"),
        *("histories", "afterwards", "answers", "satisfaction", "service"),
        *("leaving", "attention", "win_back", "programme"),
    ],
    "monitoring": ["rates", "bridge", "months", "kpis", "alerts", "owners", "segments", "three_dates"],
    "customer": ["known", "card"],
    "deepening": [
        *("pairs", "baskets", "wallet", "rhythms", "rankings", "next_offers"),
        *("upsell", "migration", "readout", "experiment", "learners", "uplift"),
    ],
    "portfolio": [
        *("quality", "reconcile"),
        "spread",
        "stress",
        "concentration",
        "composition",
        "growth",
        "years",
        "flows",
        "states",
        "key_figures",
        "journey",
        "findings",
    ],
    "selection": [
        "deciles",
        "rules",
        "lists",
        "worth",
        "rfm",
        "lifetime_value",
        "shortlist",
        "plan",
        "profiles",
        "categories",
        "cards",
        "forecast",
        "agreement",
        "clusters",
        "profitability",
        "response",
        "invitations",
        "campaign",
        "positioning",
        "launch",
        "early",
    ],
    "simulate": [
        "truth",
        "days",
        "people",
        "market",
        "buying",
        "service",
        "campaigns",
        "dirt",
        "firm",
        "write",
        *("contacting", "contracts", "deals"),
        "presets",
    ],
    "course": [
        *(
            "exercise",
            "results",
            "lessons",
            "service",
            "envelope",
            "capstone",
            "sittings",
            "judging",
            "checks",
            "opened",
            "terms",
            "quiz",
            "pages",
            "editions",
        ),
        *("start", "sheets", "slides", "handout", "marks", "grading", "commands"),
    ],
    "report": [
        "private",
        "record",
        "prose",
        "parameters",
        "plan",
        "nursery",
        "kernels",
        "run",
        "changes",
        "rules",
        "trend",
        "figures",
        "message",
        "look",
        "overview",
        "mail",
        "page",
        "workbook",
        "shelf",
        "lists",
        "cards",
        "compare",
        "progress",
        "hooks",
        "pdf",
        "schedule",
        "make",
        "commands",
    ],
}
ONLY_IN = {"papermill": "report/run.py", "mistune": "report/prose.py", "jinja2": "report/look.py"}

CONDA_NAMES = {"ibis-framework[duckdb]": "ibis-duckdb", "duckdb": "python-duckdb"}


# Reading what is there


def modules():
    """Dotted name below portfoy -> file; a package goes by its own name, the front page is left out."""
    named = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        named[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    del named[""]
    return named


def imports(source):
    """Every import in `source` as (dotted module, name taken from it or None); a relative one begins with a dot."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (("." * node.level + (node.module or ""), alias.name) for alias in node.names)


def misplaced_imports(name, source, known):
    """What is wrong, in words, with the imports of module `name` from inside the package."""
    top = name.partition(".")[0]
    for module, taken in imports(source):
        if module.startswith("."):
            yield f"relative import {module!r}; write the whole name: from portfoy.errors import DataError"
        elif module == "portfoy":
            if taken in known:
                yield from wrong_direction(name, taken)
            elif top not in {"cli", "__main__"}:
                yield f"imports {taken or 'portfoy'} from the front page; write from portfoy.<module> import <name>"
        elif module.startswith("portfoy."):
            target = module.removeprefix("portfoy.")
            if taken and f"{target}.{taken}" in known:
                target = f"{target}.{taken}"
            yield from wrong_direction(name, target)


def wrong_direction(name, target):
    """What is wrong with `name` importing `target`: nothing, or one sentence."""
    top, target_top = name.partition(".")[0], target.partition(".")[0]
    if target_top not in RANK:
        yield f"imports portfoy.{target}, which has no place in ORDER"
    elif top != target_top:
        if RANK[target_top] >= RANK[top]:
            yield f"imports portfoy.{target}, which is not to its left; move the shared part to a module left of both"
    elif top in INSIDE and name != top:
        order, mine, its = INSIDE[top], name.split(".")[1], target.split(".")[1]
        if (its not in order or order.index(its) >= order.index(mine)) and not its == mine == "sittings":
            yield f"imports portfoy.{target}; inside {top} the order is {', '.join(order)}"


def tracked():
    """Paths git tracks; in a repository without a first commit, those it would."""
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")

    def listed(*which):
        command = ["git", "ls-files", "-z", *which]
        out = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, stdin=subprocess.DEVNULL).stdout
        return [path for path in out.decode().split("\0") if path and (ROOT / path).is_file()]

    return listed() or listed("--others", "--exclude-standard")


def requirements():
    """pyproject.toml's packages, development ones included: name with extras -> Requirement."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    extra = project["project"]["optional-dependencies"]["course"]
    lines = [*project["project"]["dependencies"], *extra, *project["dependency-groups"]["dev"]]
    parsed = {re.match(r"[^<>=!~; ]+", line)[0]: Requirement(line) for line in lines}
    assert len(parsed) == len(lines), "pyproject.toml: a package stands there twice"
    return parsed, project["project"]["requires-python"]


# (a) One way only


def test_every_module_has_a_place_in_the_order():
    unknown = [name for name in modules() if name.partition(".")[0] not in RANK]
    assert not unknown, (
        f"place {unknown} in ORDER in tests/test_layout.py: right of all they import, left of all who use them"
    )
    parts = {name: [*name.split("."), ""] for name in modules()}
    unknown = [name for name, (top, own, *_) in parts.items() if top in INSIDE and own not in ["", *INSIDE[top]]]
    assert not unknown, f"place {unknown} in INSIDE in tests/test_layout.py"


@pytest.mark.parametrize("name", modules())
def test_a_module_imports_only_from_its_left(name):
    path = modules()[name]
    wrong = list(misplaced_imports(name, path.read_text("utf-8"), modules()))
    assert not wrong, f"{path.relative_to(ROOT)}: " + "; ".join(wrong)


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("retention", "from portfoy.selection.rfm import rfm"),
        ("selection", "import portfoy.report.run"),
        ("contract", "from .locale import _"),
        ("source", "from portfoy import contract"),
        ("customers", "def late():\n    import portfoy.models"),
        ("models.gamma_gamma", "from portfoy.models import discounted_value"),
        ("style", "from portfoy.nowhere import x"),
    ],
)
def test_an_import_from_the_right_is_noticed(name, source):
    known = {"models.discounted_value"}
    assert len(list(misplaced_imports(name, source, known))) == 1


@pytest.mark.parametrize(("library", "home"), ONLY_IN.items())
def test_one_module_alone_knows_the_library(library, home):
    users = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if any(module.partition(".")[0] == library for module, _ in imports(path.read_text("utf-8")))
    }
    assert users <= {home}, f"{sorted(users - {home})} import {library}; only {home} may, call it instead"


# (b) Notebooks use the front page


def test_notebooks_import_the_front_page_only():
    wrong = []
    for path in sorted((ROOT / "notebooks").rglob("*.ipynb")):
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            code = "".join(cell["source"])
            if cell["cell_type"] != "code" or "portfoy" not in code:
                continue
            code = re.sub(r"^(\s*)[%!?].*$", r"\1pass", code, flags=re.M)
            names = [module for module, _ in imports(code) if module.partition(".")[0] == "portfoy"]
            if len(names) > len(re.findall(r"^import portfoy as pf$", code, flags=re.M)):
                wrong.append(f"{path.relative_to(ROOT)}: {names}")
    assert not wrong, f"write `import portfoy as pf` and nothing else of the package: {wrong}"


def test_no_name_of_the_front_page_is_that_of_a_module():
    """Importing portfoy.x makes portfoy.x the module, whatever the front page calls so."""
    import portfoy

    assert not set(portfoy.__all__) & {name.partition(".")[0] for name in modules()}


# (c) The README's picture


def readme_tree(text):
    """Paths in the first code block of README.md that draws the repository.

    One entry a line: indentation or box lines, one or more names with single spaces between, two spaces, what it is.
    """
    for block in re.findall(r"^```[^\n]*\n(.*?)^```", text, flags=re.M | re.S):
        if "lib/" in block and "tests/" in block:
            break
    else:
        return []
    lines = [line for line in block.splitlines() if line.strip(" │├└─")]
    paths, parents = [], []
    for line in lines[1:] if lines[0].split()[0] == "portfoy/" else lines:
        depth = len(re.match(r"[ │├└─]*", line)[0])
        names = re.split(r"\s{2,}", line[depth:].strip())[0].replace(",", " ").split()
        parents = [parent for parent in parents if parent[0] < depth]
        above = parents[-1][1] if parents else ""
        paths += [above + name for name in names]
        if names[-1].endswith("/"):
            parents.append((depth, above + names[-1]))
    return paths


def test_readme_tree_is_read():
    text = "```\nportfoy/\n  a.md b.md   two pages\n  lib/p/      code\n    x/        deep\n      y.py\n  tests/\n```\n"
    assert readme_tree(text) == ["a.md", "b.md", "lib/p/", "lib/p/x/", "lib/p/x/y.py", "tests/"]
    boxes = "```\nportfoy/\n├── lib/      code\n│   └── p.py  one\n└── tests/\n```\n"
    assert readme_tree(boxes) == ["lib/", "lib/p.py", "tests/"]


def test_readme_tree_names_only_what_exists():
    paths = readme_tree((ROOT / "README.md").read_text("utf-8"))
    assert paths, "README.md: draw the repository in a code block that names lib/ and tests/"
    missing = [path for path in paths if not (ROOT / path).exists()]
    assert not missing, f"README.md's tree names {missing}, which do not exist; two spaces end the names of a line"


def test_readme_tree_names_every_top_level_path():
    shown = {path.partition("/")[0] for path in readme_tree((ROOT / "README.md").read_text("utf-8"))}
    services = {".github", ".binder", ".devcontainer", ".pre-commit-config.yaml"}  # read by programs, not by people
    top = {path.partition("/")[0] for path in tracked()} - {".gitignore", ".gitattributes", *services}
    assert top <= shown, f"add {sorted(top - shown)} to README.md's tree"


# (d) Two lists of packages, one content


def conda_packages():
    """environment.yml: name -> (bounds, reason); the project itself is ``-e``."""
    text = (ROOT / "environment.yml").read_text("utf-8").partition("dependencies:\n")[2]
    lines = [line.strip().removeprefix("- ") for line in text.splitlines() if line.strip().startswith("- ")]
    lines = [line for line in lines if not line.startswith("pip:")]  # what follows it comes from there
    split = [re.fullmatch(r"(-e|[\w.-]+) *([^# ]*) *(?:# *(.*))?", line) for line in lines]
    assert all(split), (
        f"environment.yml: write `- name >=1,<2  # reason`: {[a for a, b in zip(lines, split, strict=True) if not b]}"
    )
    return {match[1]: (match[2], match[3]) for match in split}


def test_environment_and_pyproject_hold_the_same_bounds():
    packages, python = requirements()
    wanted = {CONDA_NAMES.get(name, name).lower(): str(package.specifier) for name, package in packages.items()}
    wanted |= {"python": python, "pip": "", "-e": "."}
    found = {name: bounds for name, (bounds, _) in conda_packages().items()}
    differ = [
        f"{name}: pyproject.toml {wanted.get(name, 'lacks it')!r}, environment.yml {found.get(name, 'lacks it')!r}"
        for name in sorted(wanted | found)
        if name not in wanted or name not in found or set(wanted[name].split(",")) != set(found[name].split(","))
    ]
    assert not differ, "make the two the same: " + "; ".join(differ)


def test_every_package_has_its_reason():
    bare = [name for name, (_, reason) in conda_packages().items() if not reason]
    assert not bare, f"environment.yml: say after # why {bare} came"


def test_every_package_has_a_lower_and_an_upper_bound():
    bounds = {name: {part.operator for part in package.specifier} for name, package in requirements()[0].items()}
    loose = [name for name, operators in bounds.items() if operators != {">=", "<"}]
    assert not loose, f"pyproject.toml: give {loose} a lower bound and the next major as upper bound"


# (e) The lock


def test_lock_pins_every_package_within_its_bounds():
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    pinned = dict(re.findall(r"^([a-z0-9-]+)==([^ ;\n]+)", lock, flags=re.M))
    wrong = []
    for package in requirements()[0].values():
        version = pinned.get(re.sub(r"[-_.]+", "-", package.name).lower())
        if version is None or Version(version) not in package.specifier:
            wrong.append(f"{package.name} {package.specifier} is pinned at {version}")
    assert not wrong, f"run `make lock`: {wrong}"


def test_lock_holds_versions_and_nothing_else():
    lines = (ROOT / "requirements.lock").read_text("utf-8").splitlines()
    pin = re.compile(r"[a-z0-9-]+==[0-9][\w.+!]*( ; [^@#/\\]+)?")
    odd = [line for line in lines if not pin.fullmatch(line)]
    assert not odd, f"requirements.lock: only `name==version` lines, no address, path or option; run `make lock`: {odd}"


# (f) Sizes and names


STAGES = {"portfolio", "selection", "acquisition", "retention", "deepening", "monitoring"}


PARTS = {  # modules -> lines of Python they may have, once all seven stages stand
    "helper lib": ([], 23_900),  # what no other part has
    "source": (["source"], 7_060),
    "report kit": (["report", "terminal", "cli", "doctor", "doors", "remedies", "__main__"], 4_630),
    "course": (["course"], 3_260),
    "sittings": ([], 7_400),  # what exercises ask and know, beside the notebooks: content, some 280 lines an hour
    "simulator": (["simulate"], 2_000),
}


def test_the_parts_are_small_and_the_readme_says_how_small():
    part_of = {name: part for part, (names, _most) in PARTS.items() for name in names}
    lines = dict.fromkeys(PARTS, 0)
    for path in PACKAGE.rglob("*.py"):
        first = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        part = "sittings" if path.parent.name == "sittings" else part_of.get(first, "helper lib")
        lines[part] += len(path.read_text("utf-8").splitlines())
    assert {part: n for part, n in lines.items() if n > PARTS[part][1]} == {}
    readme = " ".join((ROOT / "README.md").read_text("utf-8").split())
    for part, n in lines.items():
        said = int(re.search(rf"{part} ([\d,]+)", readme)[1].replace(",", ""))
        assert abs(said / n - 1) <= 0.05, f"README.md: {part} has {n:,} lines, it says {said:,}"


def test_no_room_is_longer_than_400_lines_and_no_other_module_than_300():
    lengths = {path.relative_to(PACKAGE): len(path.read_text("utf-8").splitlines()) for path in PACKAGE.rglob("*.py")}
    words = Path("words/labels.py")  # the one vocabulary of all stages, a line a word
    long = {
        str(path): n for path, n in lengths.items() if n > (400 if path.parts[0] in STAGES or path == words else 300)
    }
    assert not long, f"look for the second thing these do, and give it its own module: {long}"


def test_no_module_is_called_utils():
    vague = [
        path for path in PACKAGE.rglob("*.py") if path.stem.strip("_") in {"utils", "util", "helpers", "common", "misc"}
    ]
    assert not vague, f"name these by what they hold: {vague}"


def test_no_tracked_file_names_a_place_on_one_machine():
    place = re.compile(rb"(?<![\w.~/-])/(?:work|root|home|Users)/[\w.]")
    found = [path for path in tracked() if place.search((ROOT / path).read_bytes()) and path != "tests/test_layout.py"]
    assert not found, f"write paths relative to the repository in {found}"


# (g) A fast start

HEAVY = [
    "pandas",
    "numpy",
    "matplotlib",
    "seaborn",
    "sklearn",
    "scipy",
    "statsmodels",
    "ibis",
    "papermill",
    "nbconvert",
]


@pytest.mark.parametrize(
    "start",
    [
        "import portfoy",
        "sys.argv = ['portfoy', '--help']\ntry:\n    from portfoy.cli import main\n    main()\nexcept SystemExit: pass",
    ],
    ids=["import portfoy", "portfoy --help"],
)
def test_start_loads_no_heavy_package(start):
    code = f"import sys\n{start}\nprint('loaded:', *[name for name in {HEAVY} if name in sys.modules])"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=ROOT
    )
    assert run.returncode == 0, run.stderr
    loaded = run.stdout.splitlines()[-1]
    assert loaded == "loaded:", (
        f"{loaded}; import these inside the functions that use them, or through the lazy front page"
    )


# Studies


def test_a_run_without_study_has_none(request):
    studies = [item.nodeid for item in request.session.items if item.get_closest_marker("study")]
    assert studies == [] or request.config.getoption("--study")
