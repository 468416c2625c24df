"""A folder to work in: fresh student editions, apart from those of the project, and a company of one's own by seed."""

import shutil
from pathlib import Path

from portfoy.course import capstone, editions
from portfoy.course.lessons import editions as fresh
from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.source import aside

DATA = ("data/teaching", "data/campaigns", capstone.DATA)  # what sittings open
EVERYBODY = (23, capstone.SEED)  # the seeds of the companies that are there without one
FOLDER = "my-course"  # where a student writes, unless another is named


def desk(where=None, *, seed=None):
    """What JupyterLab is to open: (the path, names of the sittings that were copied for it).

    Of a folder with sittings the first one; a folder that is not there, or empty, is begun, with a company of its own
    where a `seed` is given; a notebook or any other folder is itself. Without `where`, the working directory if it
    holds sittings, else my-course. DataError where it is the project's own editions, which every student begins with,
    or a notebook that is not there.
    """
    place, editions = Path(where or FOLDER), fresh()
    if where is None and _sittings(Path()):
        place = Path()
    if {path.parent for path in editions.values()} & {place.resolve(), place.resolve().parent}:
        text = _("{folder}: holds the notebooks that others are copied from. Leave it, then: portfoy lab {name}")
        raise DataError(text.format(folder=place, name=FOLDER))
    if place.suffix == ".ipynb" and not place.is_file():
        raise DataError(_("{place}: there is no such notebook. Give one, or a folder.").format(place=place))
    copied = []
    if seed is not None or not place.exists() or (place.is_dir() and not any(place.iterdir())):
        copied, _kept = begin(place, seed=seed)
    return next(iter(_sittings(place)), place), copied


def _sittings(folder):
    """The sittings in a folder, in the order of the course."""
    return [folder / path.name for path in fresh().values() if (folder / path.name).is_file()]


def begin(folder, *, seed=None):
    """Copy the student editions into a folder, and with a seed make the companies that belong to it.

    A notebook that is there already stays as it is, and its seed goes on for those that come. Returns (names of those
    copied, names of those kept); a DataError says that there are no editions, that the folder cannot be written, or
    that it was started with another seed: its answers would be judged on a company that it does not have. So does the
    seed of a company that everybody has.
    """
    import nbformat

    folder, found = Path(folder), fresh()
    if not found:
        raise DataError(_("notebooks/lessons holds no sitting. Use a copy of the repository."))
    if seed in EVERYBODY:
        raise DataError(_("--seed {seed}: is the company that everybody has. Give another number.").format(seed=seed))
    copied, kept = [], []
    if begun := _seeds(folder / path.name for path in found.values()):
        if seed is not None and begun != {seed}:
            was = ", ".join(_("no seed") if one is None else f"--seed {one}" for one in sorted(begun, key=str))
            text = _("{folder}: was started with {was}. Give another folder: portfoy lab capstone --seed {seed}")
            raise DataError(text.format(folder=folder, was=was, seed=seed))
        seed = next(iter(begun)) if len(begun) == 1 else None
    try:
        with aside.whole(folder) as place:
            for path in found.values():
                if (folder / path.name).exists():
                    kept.append(path.name)
                    continue
                copied.append(path.name)
                if seed is None:
                    shutil.copyfile(path, place / path.name)
                else:
                    notebook = editions.read(path)
                    notebook.metadata["portfoy"]["seed"] = seed
                    text = nbformat.writes(notebook) + "\n"
                    (place / path.name).write_text(text, encoding="utf-8", newline="\n")
        if seed is not None:
            companies(folder, seed)
    except OSError as error:
        text = _("{folder}: cannot be written: {reason}. Give another folder.")
        raise DataError(text.format(folder=folder, reason=error.strerror or error)) from None
    return copied, kept


def _seeds(paths):
    """The seeds of the notebooks that are there and can be read; None where one has none."""
    found = set()
    for path in paths:
        try:
            found |= {editions.read(path).metadata["portfoy"].get("seed")} if path.exists() else set()
        except (DataError, KeyError, AttributeError, TypeError):
            continue
    return found


def companies(folder, seed):
    """Make the companies of a seed in a folder, where sittings look before they look for the shipped ones."""
    from portfoy.simulate import write_company, write_preset

    teaching, campaigns, own = (Path(folder) / name for name in DATA)
    if not teaching.exists():
        write_company(teaching, seed=seed)
    if not campaigns.exists():
        write_preset(campaigns, "campaigns", seed=seed)
    capstone.make(own, seed=seed)
