"""portfoy: customer portfolio management in notebooks.

The front page, in the order of the customer lifecycle; each name is loaded when it is first used.
"""

from importlib import import_module

_FRONT = {
    "DataError": "errors",
    "FitError": "errors",
    "open": "firm",
    "Firm": "firm",
    "quality": "portfolio.quality",
    "concentration": "portfolio.concentration",
    "fit_bg_nbd": "models.bg_nbd",
    "fit_gamma_gamma": "models.gamma_gamma",
    "discounted_value": "models.discounted_value",
    "deciles": "selection.deciles",
    "rfm": "selection.rfm",
    "cards": "selection.cards",
    "forecast": "selection.forecast",
    "lifetime_value": "selection.lifetime_value",
    "shortlist": "selection.shortlist",
    "segment_plan": "selection.plan",
    "states": "portfolio.states",
    "composition": "portfolio.composition",
    "growth": "portfolio.growth",
    "years": "portfolio.years",
    "key_figures": "portfolio.key_figures",
    "journey": "portfolio.journey",
    "findings": "portfolio.findings",
    "profitability": "selection.profitability",
    "clusters": "selection.clusters",
    "response": "selection.response",
    "campaign": "selection.campaign",
    "positioning": "selection.positioning",
    "channels": "acquisition.channels",
    "lead_scores": "acquisition.lead_scores",
    "budget": "acquisition.budget",
    "cohorts": "retention.cohorts",
    "leaving": "retention.leaving",
    "attention": "retention.attention",
    "win_back": "retention.win_back",
    "programme": "retention.programme",
    "churn": "retention.churn",
    "economics": "retention.economics",
    "next_offers": "deepening.next_offers",
    "fit_bass": "models.bass",
    "launch": "selection.launch",
    "early_adopters": "selection.early",
    "funnel": "acquisition.funnel",
    "sales_cycle": "acquisition.sales_cycle",
    "fit_sbg": "models.sbg",
    "survival": "retention.survival",
    "contracts": "retention.contracts",
    "satisfaction": "retention.satisfaction",
    "service": "retention.service",
    "wallet": "deepening.wallet",
    "upsell": "deepening.upsell",
    "migration": "deepening.migration",
    "kpis": "monitoring.kpis",
    "alerts": "monitoring.alerts",
    "bridge": "monitoring.bridge",
    "segments": "monitoring.segments",
    "three_dates": "monitoring.three_dates",
    "owners": "monitoring.owners",
    "experiment": "deepening.experiment",
    "baskets": "deepening.baskets",
    "uplift": "deepening.uplift",
    "customer_card": "customer.card",
    "show": "words.table",
    "use_language": "locale",
    "lesson": "course.checks",
    "check": "course.checks",
    "progress": "course.checks",
    "truth": "course.lessons",
    "paid_service": "course.service",
    "own_company": "course.capstone",
    "brief": "course.capstone",
    "one_page": "course.opened",
    "open_truth": "course.opened",
    "glossary": "course.terms",
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
