"""portfoy: customer portfolio management in notebooks.

The front page, in the order of the customer lifecycle; each name is loaded when it is first used.
"""

from importlib import import_module

_FRONT = {
    "DataError": "contract",
    "FitError": "contract",
    "open": "source",
    "concentration": "portfolio.concentration",
    "decile_table": "portfolio.concentration",
    "customer_table": "customers",
    "split_table": "customers",
    "split_date": "customers",
    "margin_rate": "customers",
    "fit_bg_nbd": "models.bg_nbd",
    "fit_gamma_gamma": "models.gamma_gamma",
    "lifetime_value": "models.lifetime_value",
    "holdout_table": "models.holdout",
    "backtest": "models.holdout",
    "rfm": "selection.rfm",
    "segment_table": "selection.profiles",
    "cut_table": "selection.rfm",
    "action_list": "selection.lists",
    "cohort_table": "retention",
    "spend_correlation": "models.gamma_gamma",
    "show": "style",
    "plot_concentration": "figures.portfolio",
    "plot_segments": "figures.segments",
    "plot_holdout": "figures.outlook",
    "plot_backtest": "figures.outlook",
    "plot_value": "figures.outlook",
    "parameter_table": "sentences.outlook",
    "describe_data": "sentences.data",
    "describe_concentration": "sentences.portfolio",
    "describe_deciles": "sentences.portfolio",
    "describe_cuts": "sentences.segments",
    "describe_segments": "sentences.segments",
    "describe_holdout": "sentences.outlook",
    "describe_backtest": "sentences.outlook",
    "describe_spend": "sentences.outlook",
    "describe_value": "sentences.outlook",
    "describe_horizon": "sentences.outlook",
    "describe_mean": "sentences.outlook",
    "describe_parameters": "sentences.outlook",
    "describe_once": "sentences.outlook",
    "describe_top": "sentences.outlook",
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
