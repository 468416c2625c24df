"""Figures of who responds to a campaign, and what it earns to choose."""

from portfoy.locale import _
from portfoy.words import figure, style
from portfoy.words.codes import said_as


def plot_gains(gains, *, confidence=0.95):
    """The share of all responses that the best forecasts hold, from a `gains_table`, beside contacting at random."""
    _fig, ax = figure.sheet(6.4, 4.0)
    depth, gain = [0, *gains["depth"]], [0, *gains["gain"]]
    band = ax.fill_between(depth, [0, *gains["gain_low"]], [0, *gains["gain_high"]], color=style.PALE, alpha=0.5, lw=0)
    band.set_label(figure.interval(confidence))
    ax.plot(depth, gain, "-o", color=style.ACCENT, lw=2, ms=4, label=_("best forecasts first"))
    ax.plot([0, 1], [0, 1], color=style.MUTED, lw=1, ls=(0, (4, 3)), label=_("at random"))
    shown = gains.loc[(gains["depth"] - 0.3).abs().idxmin()]
    ax.plot([shown["depth"]], [shown["gain"]], "o", color=style.WARM, ms=7, zorder=4)
    ax.annotate(
        style.share(shown["gain"]),
        (shown["depth"], shown["gain"]),
        xytext=(-8, 8),
        textcoords="offset points",
        color=style.WARM,
        weight="bold",
        ha="right",
    )
    ax.set(xlim=(0, 1.01), ylim=(0, 1.03))
    ax.legend(loc="lower right", frameon=False, fontsize=9)
    title = _("The best {depth} of the forecasts hold {gain} of the responses")
    if shown["lift_low"] <= 1 <= shown["lift_high"]:
        title = _("The best {depth} hold {gain} of the responses: no clear gain")
    title = title.format(depth=style.share(shown["depth"], 0), gain=style.share(shown["gain"]))
    figure.label(ax, title, _("Share contacted, best forecasts first"), _("Share of all responses"))
    figure.per_cent(ax.xaxis, ax.yaxis)
    return ax


def plot_calibration(calibration, *, confidence=0.95):
    """The response that came beside the one forecast, in groups of equal forecast, from a `calibration_table`."""
    _fig, ax = figure.sheet(6.4, 4.0)
    table = calibration.sort_values("predicted_response")
    error = [
        (table["response"] - table["response_low"]).clip(lower=0),
        (table["response_high"] - table["response"]).clip(lower=0),
    ]
    ends = table[["predicted_response", "response_low", "response_high"]]
    top = 1.08 * max(float(ends.max(axis=None)), 0.01)
    ax.plot([0, top], [0, top], color=style.MUTED, lw=1, ls=(0, (4, 3)), label=_("as forecast"))
    ax.errorbar(
        table["predicted_response"], table["response"], yerr=error, fmt="o", ms=5, color=style.ACCENT,
        ecolor=style.MUTED, elinewidth=1.2, capsize=2.5, label=figure.actual(confidence), zorder=3,
    )  # fmt: skip
    ax.set(xlim=(0, top), ylim=(0, top))
    ax.legend(loc="upper left", frameon=False, fontsize=9)
    weight = table["contacts"] / table["contacts"].sum()
    title = _("Response forecast: {predicted}; actual: {actual}").format(
        predicted=style.share((weight * table["predicted_response"]).sum()),
        actual=style.share((weight * table["response"]).sum()),
    )
    figure.label(ax, title, _("Forecast response of a group"), _("Share of it who responded"))
    figure.per_cent(ax.xaxis, ax.yaxis)
    return ax


def plot_profit(profit, *, currency=""):
    """What contacting only the best forecasts would have earned, at every depth, from a `profit_curve`."""
    _fig, ax = figure.sheet(6.8, 4.0)
    curve, best, everybody = profit.curve, profit.choices.iloc[1], profit.choices.iloc[2]
    ax.axhline(0, color=style.INK, lw=0.8)
    band = ax.fill_between(curve["depth"], curve["profit_low"], curve["profit_high"], color=style.PALE, alpha=0.5, lw=0)
    band.set_label(figure.interval(profit.confidence))
    ax.plot(curve["depth"], curve["profit"], color=style.ACCENT, lw=2, label=_("profit, best forecasts first"))
    ax.plot([everybody["depth"]], [everybody["profit"]], "s", color=style.SECOND, ms=7, zorder=4, clip_on=False)
    ax.lines[-1].set_label(said_as("whom", everybody["whom"]))
    if best["contacts"] < everybody["contacts"]:
        ax.axvline(best["depth"], color=style.WARM, lw=1, ls=(0, (4, 3)))
        ax.plot([best["depth"]], [best["profit"]], "o", color=style.WARM, ms=7, zorder=5, clip_on=False)
        ax.lines[-1].set_label(said_as("whom", best["whom"]))
    ax.set(xlim=(0, 1))
    ax.margins(y=0.12)
    corner = "upper left" if everybody["profit"] > 0 else "lower left"
    ax.legend(loc=corner, frameon=True, framealpha=0.9, facecolor="white", edgecolor="none", fontsize=9)
    money = _("Profit of the judged campaigns ({currency})").format(currency=currency or _("money"))
    figure.label(ax, _profit_title(profit, currency), _("Share contacted, best forecasts first"), money)
    figure.per_cent(ax.xaxis)
    ax.yaxis.set_major_formatter(lambda value, _position: style.money(value, "", compact=True))
    return ax


def _profit_title(profit, currency):
    best, everybody = profit.choices.iloc[1], profit.choices.iloc[2]
    if best["contacts"] == everybody["contacts"]:
        return _("Every contact is expected to pay: contact everybody")
    if best["contacts"] == 0:
        return _("No contact is expected to pay: contact nobody")
    if profit.gain_low > 0 and best["profit_low"] <= 0:
        return _("Better than contacting everybody, but it may not pay")
    if profit.gain_low > 0:
        gain = style.money(profit.gain, currency, compact=True)
        return _("Choosing {depth} earns {gain} more than contacting everybody").format(
            depth=style.share(best["depth"], 0), gain=gain
        )
    if profit.gain_high < 0:
        return _("Choosing earns less than contacting everybody")
    return _("Choosing does not clearly earn more than contacting everybody")
