"""The teaching company: a firm whose tables are simulated and whose truth is known."""

from portfoy.simulate.days import season_days
from portfoy.simulate.firm import Company, simulate
from portfoy.simulate.truth import Truth, read_truth, write_truth
from portfoy.simulate.write import write_company, write_large

__all__ = ["Company", "Truth", "read_truth", "season_days", "simulate", "write_company", "write_large", "write_truth"]
