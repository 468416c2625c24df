"""House shapes: the few kinds of chart that results are drawn in; a room chooses one and gives it its table."""

from itertools import pairwise

import pandas as pd

from portfoy.words import placing, style
from portfoy.words.figure import TEXT, drawing, look, per_cent


def stacked_changes(parts, at, net, ax=None):
    """Bars of what each period gained above zero and lost below it, and a point for the net.

    `parts` is a list of (name, colour, Series), one value a period, those below zero hang down; `net` a (name, Series);
    `at` what each period is called.
    """
    import seaborn as sns

    ax, where = drawing(ax, 3.2), list(range(len(at)))
    with look():
        for sign in (1, -1):  # the whole stack first, then what lies below its end: each covers the one before
            shown = [(label, colour, values.where(values * sign > 0, 0.0)) for label, colour, values in parts]
            for place in range(len(shown), 0, -1):
                label, colour, _values = shown[place - 1]
                total = sum(values for *_about, values in shown[:place])
                known = label not in ax.get_legend_handles_labels()[1] and (parts[place - 1][2] * sign > 0).any()
                sns.barplot(
                    x=where, y=total.to_numpy(float), ax=ax, color=colour, saturation=1, width=0.68, linewidth=0,
                    label=label if known else None, legend=False, errorbar=None,
                )  # fmt: skip
        label, values = net
        sns.scatterplot(
            x=where, y=values.to_numpy(float), ax=ax, s=36, color=style.INK, edgecolor=style.PAPER, linewidth=0.8,
            label=label, legend=False, zorder=4,
        )  # fmt: skip
        ax.axhline(0, color=style.INK, lw=0.9, zorder=3)
        ax.set(xlabel="", ylabel="")
        every = -(-len(at) // 6)
        shown = where[(len(at) - 1) % every :: every]
        ax.set_xticks(shown, [at[place] for place in shown])
        ax.yaxis.set_major_formatter(lambda value, _position: style.money(value, "", compact=True))
        ax.grid(axis="x", visible=False)
        _legend(ax, [*(label for label, *_about in parts), net[0]])
    return ax


def dots(table, ax=None, *, at, write=style.number, told=()):
    """Dots with intervals, one a row from the top down, beside a line `at` a value for what they are compared with.

    `table` has ``name``; ``value``, ``low``, ``high`` (missing where there is no interval); ``strong``: the dot is
    coloured, "bad" in the colour of bad news; ``beside``, optional: what a row by itself is compared with, a mark in
    it; ``group`` and ``heading``, optional: rows that follow one another in a group stand below its heading. `write`
    writes a value beside its row; `told` are names of dots and marks, where there are marks.
    """
    import seaborn as sns

    rows = _under_headings(table)
    ax = drawing(ax, 0.55 + 0.27 * len(rows) + (0.35 if told else 0))
    with look():
        dot = rows.dropna(subset="value")
        kinds = {True: style.ACCENT, False: style.MUTED, "bad": style.WARM}
        colours = [kinds[strong] for strong in dot["strong"]]
        ax.axvline(at, color=style.MUTED, lw=0.9, ls=(0, (3, 2)), zorder=1)
        ax.hlines(dot.index, dot["low"], dot["high"], color=colours, lw=2, alpha=0.45, zorder=2)
        named = {"ax": ax, "legend": False, "zorder": 3, "y": dot.index}
        sns.scatterplot(x=dot["value"], s=40, c=colours, edgecolor=style.PAPER, label="".join(told[:1]), **named)
        if told:
            mark = {"marker": "|", "s": 130, "color": style.INK, "linewidth": 2}
            sns.scatterplot(x=dot["beside"], label=told[1], **mark, **named)
            _legend(ax, told)
        for place, value in dot["value"].items():
            ax.annotate(
                write(value), (1.01, place), xycoords=("axes fraction", "data"), va="center_baseline", color=style.INK
            )
        ax.set_yticks(rows.index, [style.shorten(name, 26) for name in rows["name"]])
        for text, value in zip(ax.get_yticklabels(), rows["value"], strict=True):
            text.set(color=style.INK, fontweight="bold" if style.is_missing(value) else "normal")
        ax.set(xlabel="", ylabel="", ylim=(len(rows) - 0.4, -0.6))
        _span(ax, dot, at)
        ax.xaxis.set_major_formatter(lambda value, _position: style.number(value))
        ax.grid(axis="y", visible=False)
        ax.grid(axis="x", visible=True)
    return ax


def _under_headings(table):
    """The rows with a row before each group that has its heading and nothing else; without groups as they are."""
    if "group" not in table:
        return table.reset_index(drop=True)
    runs = table.groupby((table["group"] != table["group"].shift()).cumsum(), sort=False)
    parts = [part for _run, rows in runs for part in (pd.DataFrame({"name": rows["heading"].iloc[:1]}), rows)]
    return pd.concat(parts, ignore_index=True)


def _span(ax, table, at):
    """The axis of dots: all values in sight, and of their intervals what is not much wider than them."""
    values = [*table["value"], *table.get("beside", []), at]
    low, high = min(values), max(values)
    room = max(high - low, abs(at) / 2)
    ends = table[["low", "high"]].clip(low - room, high + room).stack().dropna()
    low, high = min([low, *ends]), max([high, *ends])
    room = 0.05 * (high - low or abs(high) or 1)  # also around a single value
    ax.set_xlim(low - room, high + room)
    ax.locator_params(axis="x", nbins=6)


def lines(parts, ax=None, *, level=None, dashed=(), height=3.0):
    """Lines, each with a band where it has one; named at their ends, or below where those lie too near one another.

    `parts` is a list of (name, colour, x, y, low, high), the last two Series or None; an x of dates has months below
    it. `level`, a (name, value), is a line across; `dashed` names lines that lie dashed on the others, so that where
    two are the same both are seen.
    """
    import seaborn as sns

    ax = drawing(ax, height)
    with look():
        for place, (label, colour, x, y, low, high) in enumerate(parts):
            if low is not None:
                ax.fill_between(x, low, high, color=colour, alpha=0.18, lw=0)
            sns.lineplot(
                x=x, y=y, ax=ax, color=colour, lw=2, label=label, legend=False, errorbar=None, estimator=None,
                sort=False, zorder=3 + len(parts) - place + 9 * (label in dashed),
                ls=(0, (3, 3)) if label in dashed else "-",
            )  # fmt: skip
        ax.set(xlabel="", ylabel="")
        if level is not None:
            ax.axhline(level[1], color=style.MUTED, lw=0.9, ls=(0, (4, 3)))
            note = {"textcoords": "offset points", "color": style.MUTED, "fontsize": TEXT}
            ax.annotate(level[0], (0.01, level[1]), (0, 4), xycoords=("axes fraction", "data"), **note)
        if pd.api.types.is_datetime64_any_dtype(parts[0][2]):
            _months(ax, pd.concat([x for _label, _colour, x, *_y in parts]))
        ends = sorted(float(y.iloc[-1]) for _label, _colour, _x, y, *_band in parts)
        apart = min((above - below for below, above in pairwise(ends)), default=0)
        low, high = ax.get_ylim()
        if apart > 0.07 * (high - low):
            for label, colour, x, y, *_band in parts:
                end = {"textcoords": "offset points", "va": "center", "color": colour}
                ax.annotate(label, (x.iloc[-1], y.iloc[-1]), (6, 0), **end)
        elif len(parts) > 1:
            _legend(ax, [label for label, *_about in parts])
    return ax


def gains(table, best, names, ax=None):
    """Share of all hits found (``gain``, a band) by share addressed (``depth``), and as many by lot (``chance``).

    `table` is a `judging.gains_table`, `best` the row of it that is marked, `names` those of the two lines.
    """
    rows = ["depth", "gain", "gain_low", "gain_high", "chance"]
    curve = pd.concat([pd.DataFrame(0.0, [0], rows), table[rows]], ignore_index=True)
    first = (names[0], style.ACCENT, *(curve[name] for name in rows[:-1]))
    by_lot = names[1], style.MUTED, curve["depth"], curve["chance"], None, None
    ax = lines([first, by_lot], ax, dashed=names[1:])
    point(ax, best["depth"], best["gain"], style.share(best["gain"], 0), above=True)
    ax.set(xlim=(0, 1.01), ylim=(0, 1.03))
    per_cent(ax.xaxis, ax.yaxis)
    return ax


def point(ax, x, y, text, low=None, high=None, *, above=False):
    """Mark one point of a chart with its value, right below it or left above, and its interval."""
    import seaborn as sns

    with look():
        if low is not None:
            ax.vlines(x, low, high, color=style.INK, lw=2, zorder=20)
        sns.scatterplot(x=[x], y=[y], ax=ax, s=52, color=style.INK, edgecolor=style.PAPER, zorder=21, legend=False)
        place = {"xytext": (-8, 5), "va": "bottom", "ha": "right"} if above else {"xytext": (10, -6), "va": "top"}
        ax.annotate(text, (x, y), textcoords="offset points", weight="bold", color=style.INK, **place)


def ranked_bars(names, values, texts, colours, ax=None, *, bounds=None):
    """Bars from the top down, each with its text, which stands for an axis of values, at its end, or at zero if below.

    All are lists alike, one entry a bar; `bounds`, (low, high), are the ends of a line over each.
    """
    import seaborn as sns

    ax, where = drawing(ax, 0.3 * len(names) + 0.2), list(range(len(names)))
    low, high = bounds or (values, values)
    with look():
        sns.barplot(
            x=list(values), y=where, hue=where, palette=list(colours), orient="h", ax=ax, saturation=1, width=0.72,
            linewidth=0, legend=False, errorbar=None,
        )  # fmt: skip
        if bounds:
            ax.hlines(where, low, high, color=style.INK, lw=1.5)
        for place, (value, end, text) in enumerate(zip(values, high, texts, strict=True)):
            at = {"xytext": (5, 0), "textcoords": "offset points", "va": "center", "color": style.INK}
            ax.annotate(text, (max(0, value, end), place), **at)
        ax.set(xlabel="", ylabel="", xticks=[], xlim=(min(0, *values, *low), max(0, *values, *high) or 1))
        ax.set_yticks(where, list(names), color=style.INK)
        ax.grid(visible=False)
        ax.spines[:].set_visible(False)
    return ax


def heat_map(texts, strength, colours, ax=None, *, told=()):
    """A table of tinted cells, its columns named on top; a cell without text stays empty.

    `texts`, `strength` 0-1 and `colours` are DataFrames alike, whose index and columns name rows and columns; `told` is
    a list of (text, colour), what the colours mean. The tint is the colour at an opacity of at most one half, over
    whatever the page is made of: up to there ink can be read on it in the light and in the dark.
    """
    import seaborn as sns
    from matplotlib.colors import ListedColormap, to_rgba
    from matplotlib.patches import Patch

    ax, cells = drawing(ax, 0.3 * len(texts) + (1.3 if told else 0.9)), texts.to_numpy()
    with look():
        given = zip(colours.to_numpy().ravel(), strength.to_numpy(float).ravel(), strict=True)
        tints = [to_rgba(colour, 0.06 + 0.44 * share if share >= 0 else 0) for colour, share in given]
        sns.heatmap(
            [[row * cells.shape[1] + column for column in range(cells.shape[1])] for row in range(len(cells))],
            cmap=ListedColormap(tints), mask=cells == "", annot=cells, fmt="", annot_kws={"color": style.INK},
            cbar=False, xticklabels=False, yticklabels=False, linewidths=1.5, linecolor=style.PAPER, ax=ax,
            vmin=0, vmax=max(cells.size - 1, 1),
        )  # fmt: skip
        turned = {"rotation": 35, "ha": "left", "rotation_mode": "anchor"} if texts.shape[1] > 4 else {}
        ax.xaxis.tick_top()
        ax.set_xticks([place + 0.5 for place in range(texts.shape[1])], list(texts.columns), color=style.INK, **turned)
        ax.set_yticks([place + 0.5 for place in range(len(texts))], list(texts.index), color=style.INK, rotation=0)
        ax.tick_params(length=0)
        ax.grid(visible=False)
        if told:
            handles = [Patch(color=colour, alpha=0.5, linewidth=0, label=text) for text, colour in told]
            ax.figure.legend(
                handles=handles, loc="outside lower left", ncols=len(told), handlelength=1, columnspacing=1.2
            )
    return ax


def _months(ax, days):
    """Few ticks below an axis of days: on the last days there are, where these are few, else on the first of a month.

    The two ends where it holds no such day or one.
    """
    own = pd.DatetimeIndex(days.drop_duplicates().sort_values())
    shown = own[::-1] if len(own) <= 12 else pd.date_range(days.min(), days.max(), freq="MS")
    ax.grid(axis="x", visible=False)
    if len(shown) < 2:
        ax.set_xticks([days.min(), days.max()], [style.day(end) for end in (days.min(), days.max())])
        return
    shown = shown[:: -(-len(shown) // 5)]
    ax.set_xticks(shown, [style.day(month).partition(" ")[2] for month in shown])


def _legend(ax, order):
    """One line below the chart, in the order given."""
    found = dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
    shown = [label for label in order if label in found]
    place = {"loc": "outside lower left", "ncols": len(shown), "columnspacing": 1.2, "handletextpad": 0.5}
    ax.figure.legend([found[label] for label in shown], shown, handlelength=1, labelcolor=style.INK, **place)


def scatter(points, ax=None, *, arrows, around, own=()):
    """A map of named points, what pulls them as arrows, and how sure the place of each is; one unit alike on both axes.

    `points` and `arrows` are lists of (name, x, y), these drawn from the middle, the longest a little beyond the
    farthest point; `around` has (width, height, angle), the ellipse of each point, missing where there is none; `own`
    are the names of points that stand out, empty: all alike.
    """
    import numpy as np
    import seaborn as sns
    from matplotlib.patches import Ellipse

    ax = drawing(ax, 4.4)
    places = np.array([place for _name, *place in points], dtype=float)
    colours = [style.INK if own and name not in own else style.ACCENT for name, *_place in points]
    tips = np.array([tip for _name, *tip in arrows], dtype=float).reshape(-1, 2)
    tips = tips * (1.05 * np.hypot(*places.T).max() / max(np.hypot(*tips.T).max(initial=0), 1e-300))
    size = np.nan_to_num(np.array([shape[0] for shape in around], dtype=float))[:, None] / 2
    with look():
        for tip in tips:
            line = {"arrowstyle": "-|>", "color": style.SECOND, "lw": 0.9, "shrinkA": 0, "shrinkB": 0}
            ax.annotate("", tip, (0, 0), arrowprops=line)
        for place, shape, colour in zip(places, around, colours, strict=True):
            if np.isfinite(shape[0]):
                ax.add_patch(Ellipse(place, shape[0], shape[1], angle=shape[2], color=colour, alpha=0.16, lw=0))
        sns.scatterplot(x=places[:, 0], y=places[:, 1], ax=ax, s=40, color=colours, linewidth=0, legend=False, zorder=4)
        ax.axhline(0, color=style.GRID, lw=0.8, zorder=0)
        ax.axvline(0, color=style.GRID, lw=0.8, zorder=0)
        ax.set(xlabel="", ylabel="")
        ax.grid(visible=False)
        ax.spines[:].set_visible(False)
        ax.tick_params(length=0)
        named = {"fontsize": TEXT, "fontweight": "bold"}
        wanted = [
            (place, style.shorten(name, 24), named | {"color": colour})
            for place, (name, *_place), colour in zip(places, points, colours, strict=True)
        ]
        pulls = {"fontsize": TEXT, "color": style.SECOND}
        wanted += [(tip, style.shorten(name, 24), pulls) for tip, (name, *_tip) in zip(tips, arrows, strict=True)]
        placing.fit_in(ax, np.vstack([places - size, places + size, tips]))
        placing.write(ax, wanted, np.vstack([places, *(tips * part for part in np.linspace(0.2, 1, 9))]))
    return ax
