"""Figures of a launch and of the map of brands."""

import numpy as np

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


def plot_positioning(mapping, *, brand=""):
    """The map of brands (points, with the ellipse of each) and attributes (arrows), from a `Positioning`."""
    own = mapping.own(brand)
    fig, ax = figure.sheet(6.8, 5.4)
    places = mapping.brands[["x", "y"]].to_numpy()
    weights = mapping.attributes[["x", "y"]].to_numpy()
    tips = weights * (1.05 * np.hypot(*places.T).max() / np.hypot(*weights.T).max())
    names = [style.shorten(name, 24) for name in mapping.brands["brand"]]
    arrow = {"arrowstyle": "-|>", "color": style.SECOND, "lw": 1, "shrinkA": 0, "shrinkB": 0}
    for tip in tips:
        ax.annotate("", tip, (0, 0), arrowprops=arrow)
    _ellipses(ax, mapping, own)
    colours = [style.WARM if name == own else style.ACCENT for name in mapping.brands["brand"]]
    ax.scatter(*places.T, c=colours, s=42, zorder=4)
    ax.axhline(0, color=style.GRID, lw=0.8, zorder=0)
    ax.axvline(0, color=style.GRID, lw=0.8, zorder=0)
    ax.grid(visible=False)
    labels = [_("{axis}: {share} of the differences, in rating points").format(axis=axis, share=style.share(part, 0))
              for axis, part in zip((_("First axis"), _("Second axis")), mapping.explained, strict=True)]  # fmt: skip
    figure.label(ax, _map_title(mapping, own), *labels)
    wanted = [(place, name, 9.5, "bold", colour) for place, name, colour in zip(places, names, colours, strict=True)]
    texts = [style.shorten(name, 24) for name in mapping.attributes["attribute"]]
    wanted += [(tip, text, 8.5, "normal", style.SECOND) for tip, text in zip(tips, texts, strict=True)]
    around = mapping.spread[["width"]].fillna(0).to_numpy() / 2
    _fit_in(ax, np.vstack([places - around, places + around, tips]))
    _write(ax, wanted, np.vstack([places, *(tips * part for part in np.linspace(0.2, 1, 9))]))
    figure.no_math(fig)
    return ax


def _ellipses(ax, mapping, own):
    from matplotlib.patches import Ellipse

    for place, spread in zip(mapping.brands.itertuples(), mapping.spread.itertuples(), strict=True):
        if np.isfinite(spread.width):
            colour = style.WARM if place.brand == own else style.ACCENT
            shape = (place.x, place.y), spread.width, spread.height
            ax.add_patch(Ellipse(*shape, angle=spread.angle, color=colour, alpha=0.16, lw=0))


def _fit_in(ax, points):
    """Limits that hold all points, with room for names, one unit alike on both axes."""
    low, high = points.min(axis=0), points.max(axis=0)
    ax.locator_params(nbins=7, prune="both")
    for _time in range(2):  # new limits have new numbers beside them, which take their room
        ax.figure.canvas.draw()
        box = ax.get_window_extent()
        size = np.array([box.width, box.height])
        unit = ((high - low) / (size - (200, 90))).max()  # so much of a unit is a pixel; the rest is for names
        (left, right), (bottom, top) = zip((low + high - unit * size) / 2, (low + high + unit * size) / 2, strict=True)
        ax.set(xlim=(left, right), ylim=(bottom, top))
    ax.figure.canvas.draw()


def _map_title(mapping, own):
    pairs = mapping.distances
    if own:
        pairs = pairs[(pairs["brand"] == own) | (pairs["other_brand"] == own)]
    first = pairs.iloc[0]
    one, two = first["brand"], first["other_brand"]
    if own:
        return _("Nearest to {own} in people\u2019s minds: {other}").format(
            own=style.shorten(own, 24), other=style.shorten(two if one == own else one, 24)
        )
    return _("Nearest to each other: {one} and {two}").format(one=style.shorten(one, 24), two=style.shorten(two, 24))


def _write(ax, wanted, taken):
    """Write each text beside its place where it covers least: not other texts, points or arrows, and not the edge."""
    from matplotlib.patheffects import withStroke

    edge, scale, halo = ax.get_window_extent(), ax.figure.dpi / 72, [withStroke(linewidth=2.5, foreground="white")]
    points = ax.transData.transform(taken)
    boxes = []
    for place, text, size, weight, colour in wanted:
        note = ax.text(0, 0, text, fontsize=size, fontweight=weight, color=colour, parse_math=False, zorder=5,
                       path_effects=halo)  # fmt: skip
        box = note.get_window_extent()
        at = ax.transData.transform(place)
        outward = np.arctan2(*(at - ax.transData.transform((0, 0)))[::-1])
        best = min(
            (_cost(corner, box, edge, boxes, points, turn), step, turn, tuple(corner))
            for step in (7, 12, 20, 30)
            for turn in np.linspace(-np.pi, np.pi, 13)
            for corner in [_corner(at, box, step * scale, outward + turn)]
        )
        corner = np.array(best[3])
        boxes.append((*corner, corner[0] + box.width, corner[1] + box.height))
        note.set_position(ax.transData.inverted().transform(corner))
        note.set_in_layout(False)


def _corner(at, box, away, angle):
    """Lower left corner of a box that lies `away` from a point in a direction."""
    way = np.array([np.cos(angle), np.sin(angle)])
    return at + away * way + (way - 1) / 2 * (box.width, box.height)


def _cost(corner, box, edge, boxes, points, turn):
    """What a place for a text covers: other texts and the edge count most, points next, then how far it is turned."""
    left, low = corner
    right, high = left + box.width, low + box.height
    out = max(edge.x0 - left, 0) + max(right - edge.x1, 0) + max(edge.y0 - low, 0) + max(high - edge.y1, 0)
    shared = sum(
        max(min(right, other[2]) - max(left, other[0]) + 2, 0) * max(min(high, other[3]) - max(low, other[1]) + 2, 0)
        for other in boxes
    )
    inside = (
        (points[:, 0] > left - 3) & (points[:, 0] < right + 3) & (points[:, 1] > low - 3) & (points[:, 1] < high + 3)
    )
    return round(100 * out + 500 * (shared > 0) + shared + 150 * inside.sum() + 20 * abs(turn), 3)
