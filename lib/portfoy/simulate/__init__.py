"""The teaching company: a firm whose tables are simulated and whose truth is known."""

from portfoy.simulate.days import season_days
from portfoy.simulate.firm import Company, simulate
from portfoy.simulate.presets import PRESETS, write_preset
from portfoy.simulate.truth import Truth, read_truth, write_truth
from portfoy.simulate.write import write_company, write_large

__all__ = ["PRESETS", "Company", "Truth", "read_truth", "season_days", "simulate", "write_company", "write_large"]
__all__ += ["write_preset", "write_truth"]
