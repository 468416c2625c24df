"""portfoy: customer portfolio management in notebooks.

The front page, in the order of the customer lifecycle; each name is loaded when it is first used.
"""

from importlib import import_module

_FRONT = {
    "DataError": "contract",
    "FitError": "contract",
    "open": "source",
    "concentration": "portfolio",
    "decile_table": "portfolio",
    "customer_table": "customers",
    "split_table": "customers",
    "split_date": "customers",
    "margin_rate": "customers",
    "fit_bg_nbd": "models.bg_nbd",
    "fit_gamma_gamma": "models.gamma_gamma",
    "lifetime_value": "models.lifetime_value",
    "holdout_table": "models.holdout",
    "backtest": "models.holdout",
    "rfm": "selection",
    "segment_table": "selection",
    "cut_table": "selection",
    "action_list": "selection",
    "cohort_table": "retention",
    "spend_correlation": "models.gamma_gamma",
    "show": "style",
    "plot_concentration": "figures",
    "plot_segments": "figures",
    "plot_holdout": "figures",
    "plot_backtest": "figures",
    "plot_value": "figures",
    "parameter_table": "outlook",
    "describe_data": "sentences",
    "describe_concentration": "sentences",
    "describe_deciles": "sentences",
    "describe_cuts": "sentences",
    "describe_segments": "sentences",
    "describe_holdout": "outlook",
    "describe_backtest": "outlook",
    "describe_spend": "outlook",
    "describe_value": "outlook",
    "describe_horizon": "outlook",
    "describe_mean": "outlook",
    "describe_parameters": "outlook",
    "describe_once": "outlook",
    "describe_top": "outlook",
    "record": "report.record",
    "expect": "report.record",
    "actions": "report.record",
    "use_language": "locale",
}

__all__ = sorted(_FRONT)


def __getattr__(name):
    if name not in _FRONT:
        raise AttributeError(f"module 'portfoy' has no attribute {name!r}")
    value = getattr(import_module(f"portfoy.{_FRONT[name]}"), name)
    globals()[name] = value
    return value


def __dir__():
    return __all__
