"""The figure of a launch."""

from portfoy.locale import _
from portfoy.words import figure, style

MONTH = 365.25 / 12  # days
ROOM = "#f1f4f7"  # behind what is still to come


def plot_launch(curve, fit, launch):
    """First purchases by week, and all so far, beside the Bass model and its forecast; the Axes are an array.

    `curve` is a `launch_curve`, `fit` the Bass and `launch` the Launch it was made of.
    """
    fig, axes = figure.sheet(6.8, 3.5, columns=2)
    today = fit.days / MONTH
    end = curve["end_day"].iloc[-1] / MONTH
    _weekly(axes[0], curve, today)
    _so_far(axes[1], curve, fit)
    for ax in axes:
        if end > today:
            ax.axvspan(today, end, color=ROOM, lw=0, zorder=0)
        ax.set(xlim=(0, end), xlabel=_("Months since the launch on {day}").format(day=style.day(launch.launched_on)))
        ax.set_ylim(bottom=0)
        ax.grid(axis="x", visible=False)
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.yaxis.set_major_formatter(lambda value, _position: style.number(value))
    if end > today:
        axes[1].annotate(_("to come"), (today, 0), (4, 4), textcoords="offset points", fontsize=8, color=style.MUTED)
    titles = [_("First purchases a week"), _("Customers who have bought it")]
    for ax, title in zip(axes, titles, strict=True):
        ax.set_title(title, loc="left", fontsize=9, fontweight="bold", color=style.INK, pad=8)
        ax.xaxis.label.set_fontsize(8.5)
    title = _launch_title(fit, style.shorten(launch.name))
    fig.suptitle(title, x=0.012, ha="left", fontsize=11, fontweight="bold", color=style.INK)
    figure.no_math(fig)
    fig.set_label(_("Chart: {title}. Panels: {titles}.").format(title=title, titles="; ".join(titles)))
    return axes


def _launch_title(fit, name):
    if fit.open:
        text = _("{name}: {n} customers so far, the end is open")
        return text.format(name=name, n=style.number(fit.adopters))
    return _("{name}: {n} customers so far, about {m} in the end").format(
        name=name, n=style.number(fit.adopters), m=style.number(fit.m)
    )


def _weekly(ax, curve, today):
    """Bars of what was counted, the model's line with its band; a shorter last week is drawn pale."""
    length = curve["end_day"] - curve["start_day"]
    middle = (curve["start_day"] + curve["end_day"]) / 2 / MONTH
    ax.bar(
        curve["start_day"] / MONTH, curve["adopters"].fillna(0), width=length / MONTH, align="edge",
        color=[style.PALE if days == 7 else style.GRID for days in length], lw=0, label=_("counted"),
    )  # fmt: skip
    line, low, high = (curve[name] * 7 / length for name in ("expected", "expected_low", "expected_high"))
    ax.fill_between(middle, low, high, color=style.WARM, alpha=0.18, lw=0)
    seen = middle <= today
    ax.plot(middle[seen], line[seen], color=style.WARM, lw=1.8, label=_("model"))
    ax.plot(middle[~seen], line[~seen], color=style.WARM, lw=1.8, ls=(0, (2, 1.5)))
    ax.set_ylim(top=1.28 * max(curve["adopters"].max(), line[seen].max()))
    ax.legend(loc="upper left", frameon=False, fontsize=8, handlelength=1.4, ncols=2)


def _so_far(ax, curve, fit):
    """The cumulative count and the model's, what is to come with its band, and the level at which it ends."""
    end, known = curve["end_day"] / MONTH, curve["cumulative"].notna()
    ax.plot([0, *end[known]], [0, *curve["cumulative"][known]], color=style.ACCENT, lw=2.2)
    ax.plot([0, *end[known]], [0, *curve["expected_total"][known]], color=style.WARM, lw=1.4)
    ahead, now = curve[~known], float(fit.adopters)
    if len(ahead):
        where = [end[known].iloc[-1], *end[~known]]
        low, middle, high = ([now, *ahead[f"expected_total{bound}"]] for bound in ("_low", "", "_high"))
        ax.fill_between(where, low, high, color=style.WARM, alpha=0.18, lw=0)
        ax.plot(where, middle, color=style.WARM, lw=1.4, ls=(0, (2, 1.5)))
    ax.set_ylim(top=1.14 * max(now, 0 if fit.open else fit.m, ahead["expected_total_high"].max() if len(ahead) else 0))
    if not fit.open:
        ax.axhline(fit.m, color=style.MUTED, lw=0.9, ls=(0, (4, 3)))
        text = _("in the end: {m}").format(m=style.number(fit.m))
        ax.annotate(text, (0, fit.m), (4, 3), textcoords="offset points", fontsize=8, color=style.MUTED)
