"""What the teaching company is made of: the parameters of `truth.toml`, which says what each is and in what unit."""

import tomllib
from copy import deepcopy
from dataclasses import asdict, field, make_dataclass
from functools import partial
from pathlib import Path

import tomli_w

TYPES = ["consumer", "business", "retailer", "wholesaler"]
FIRMS = TYPES[1:]
CHANNELS = ["shop", "online", "representative"]
BANDS = ["young", "middle", "older"]
PERSONAS = ["persuadable", "sure thing", "lost cause", "do-not-disturb"]
ANSWERS = ["promoter", "passive", "detractor"]
EDUCATION = ["primary", "secondary", "university"]

_GIVEN = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
Truth = make_dataclass(
    "Truth",
    [(name, type(value), field(default_factory=partial(deepcopy, value))) for name, value in _GIVEN.items()],
    frozen=True,
    kw_only=True,
    namespace={"__module__": __name__, "__doc__": "The parameters of the firm, by default those of `truth.toml`."},
)


def write_truth(path, truth, **run):
    """Write the truth, and with what it was run, as TOML."""
    Path(path).write_bytes(tomli_w.dumps({**run, **asdict(truth)}).encode())


def read_truth(path):
    """The Truth in a TOML file that `write_truth` wrote."""
    stored = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    return Truth(**{name: stored[name] for name in _GIVEN if name in stored})
