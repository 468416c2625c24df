"""What all figures share: the sheet, titles and axes in words, and the picture that goes on a page."""

import html
import io

from portfoy.locale import _
from portfoy.words import style


def sheet(width, height, columns=1, rows=1):
    """A figure in the project's style and its axes; the notebook is told how to show such pictures.

    The figure is made before the style applies: the first one loads the notebook's backend, whose settings must stay.
    """
    import matplotlib.pyplot as plt

    fig = plt.figure(figsize=(width, height), dpi=style.FIGURE["figure.dpi"], facecolor="white", layout="constrained")
    with plt.rc_context(style.FIGURE):
        axes = fig.subplots(rows, columns)
    _show_as_palette_picture()
    return fig, axes


def label(ax, title, xlabel, ylabel):
    ax.set(xlabel=xlabel, ylabel=ylabel)
    wrap = "$" not in title  # matplotlib measures the words of a title that wraps as formulas
    ax.set_title(title, loc="left", fontsize=11, fontweight="bold", color=style.INK, pad=12, wrap=wrap)
    no_math(ax.figure)
    axes = "; ".join(text for text in (xlabel, ylabel) if text)
    ax.figure.set_label(_("Chart: {title}. Axes: {axes}.").format(title=title, axes=axes))


def no_math(fig):
    """Show every text as it is: a name with two dollar signs is no formula."""
    from matplotlib.text import Text

    for text in fig.findobj(Text):
        text.set_parse_math(False)


def per_cent(*axes):
    for axis in axes:
        axis.set_major_formatter(lambda value, _position: style.share(value, 0))


def picture(fig):
    """A figure as PNG with at most 256 colours, and what a page needs to show it: alt text, width and height."""
    from PIL import Image

    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", dpi=style.FIGURE["savefig.dpi"], facecolor="white")
    image = Image.open(buffer).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    small = io.BytesIO()
    image.save(small, format="png", optimize=True)
    size = {"width": round(image.width * 96 / 144), "height": round(image.height * 96 / 144)}
    return small.getvalue(), {"alt": fig.get_label(), **size}


def _show_as_palette_picture():
    """In a notebook, let the inline backend use `picture` for figures of ours, and draw each of them only once."""
    try:
        from IPython import get_ipython
    except ImportError:
        return
    shell = get_ipython()
    if shell is not None:
        import matplotlib.pyplot as plt
        from matplotlib.figure import Figure

        shell.display_formatter.formatters["image/png"].for_type(Figure, picture)
        if plt.get_backend().endswith("inline"):  # pyplot would draw each figure after its cell, and nobody see it
            plt.uninstall_repl_displayhook()


def interval(confidence):
    """What a legend calls a band or a bar of an interval."""
    return _("{confidence} interval").format(confidence=style.level(confidence))


def actual(confidence):
    """What a legend calls points with the interval of what happened."""
    return _("actual, {confidence} interval").format(confidence=style.level(confidence))


# --- charts of results: one sheet of the house's width, inline SVG on pages ----------------------------------------

WIDTH = 5.0  # inches; shown at most 640 px wide, so that 9.75 points are 10 px on a phone and 17 on a desk
TEXT = 9.75
PAGE = {  # colours that a page calls by name, so that they are right in the light, in the dark and in print
    style.INK: "ink",
    style.MUTED: "muted",
    style.GRID: "line",
    style.ACCENT: "accent",
    style.SECOND: "second",
    style.WARM: "warm",
    style.PALE: "pale",
    style.PAPER: "paper",
}
LOOK = style.FIGURE | {
    **dict.fromkeys(["font.size", "axes.labelsize", "xtick.labelsize", "ytick.labelsize", "legend.fontsize"], TEXT),
    "axes.titlesize": 11,
    "axes.spines.left": False,
    "ytick.major.size": 0,
    "axes.grid.axis": "y",
}


def drawing(ax=None, height=3.0):
    """The Axes given, or those of a new sheet `height` inches high."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    fig = plt.figure(figsize=(WIDTH, height), dpi=144, facecolor="white", layout="constrained")
    with plt.rc_context(LOOK):
        ax = fig.subplots()
    _show_as_palette_picture()
    return ax


def name(ax, title, under, numbers):
    """Give a chart its title, the unit and period that stand under it, and its numbers for those who cannot see it."""
    with _look():
        ax.set_title(title, loc="left", fontsize=11, fontweight="bold", color=style.INK, wrap="$" not in title)
    ax.set_label(under)
    no_math(ax.figure)
    ax.figure.set_label(_("Chart: {title}. {under}. {numbers}").format(title=title, under=under, numbers=numbers))
    return ax


def vector(ax):
    """The chart as inline SVG and what stands beside it; its figure is closed.

    Returns
    -------
    dict : ``svg`` text, coloured by the page's variables and else as drawn; ``title``, ``subtitle``, ``alt``
    """
    import re
    import zlib

    import matplotlib.pyplot as plt

    fig, title, under = ax.figure, ax.get_title(loc="left"), ax.get_label()
    ax.set_title("", loc="left")
    buffer, salt = io.StringIO(), f"{zlib.crc32((title + fig.get_label()).encode()):08x}"
    with plt.rc_context({"svg.fonttype": "none", "svg.hashsalt": salt, "svg.id": None}):
        fig.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    plt.close(fig)
    svg = buffer.getvalue()
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.S)
    used = set(re.findall(r"#([\w.-]+)[\")]", svg))
    svg = re.sub(r' id="([\w.-]+)"', lambda found: found[0] if found[1] in used else "", svg)
    svg = re.sub(r"font-family: [^;\"]*;? ?|font: ([\d.]+px) [^;\"]*", lambda found: _size(found[1]), svg)
    for colour, variable in PAGE.items():
        svg = svg.replace(colour, f"var(--{variable}, {colour})")
    opening = f'<svg class="pf-svg" role="img" aria-label="{html.escape(fig.get_label())}"'
    svg = re.sub(r'<svg[^>]*?(viewBox="[^"]*")[^>]*>', lambda found: f"{opening} {found[1]}>", svg, count=1)
    return {"svg": re.sub(r"\s*\n\s*", " ", svg), "title": title, "subtitle": under, "alt": fig.get_label()}


def _size(size):
    return f"font-size: {size}" if size else ""


def _look():
    import matplotlib.pyplot as plt

    return plt.rc_context(LOOK)


def stacked_changes(parts, at, net, ax=None, *, height=3.2):
    """Bars of what each period gained above zero and lost below it, and a point for the net.

    Parameters
    ----------
    parts : list of (name, colour, Series), one value a period; those below zero hang down
    at : list of text, what each period is called
    net : (name, Series)
    """
    import seaborn as sns

    ax, where = drawing(ax, height), list(range(len(at)))
    with _look():
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


def _legend(ax, order):
    """One line below the chart, in the order given."""
    found = dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
    shown = [label for label in order if label in found]
    place = {"loc": "outside lower left", "ncols": len(shown), "columnspacing": 1.2, "handletextpad": 0.5}
    ax.figure.legend([found[label] for label in shown], shown, handlelength=1, labelcolor=style.INK, **place)


def scatter(points, ax=None, *, arrows=None, around=None, own=(), height=4.4):
    """A map of named points, what pulls them as arrows, and how sure the place of each is; one unit alike on both axes.

    Parameters
    ----------
    points : list of (name, x, y)
    arrows : list of (name, x, y), optional; drawn from the middle, the longest a little beyond the farthest point
    around : list of (width, height, angle), optional; the ellipse of each point, missing where there is none
    own : names of points that stand out; empty: all alike
    """
    import numpy as np
    import seaborn as sns
    from matplotlib.patches import Ellipse

    from portfoy.words import placing

    ax = drawing(ax, height)
    places = np.array([place for _name, *place in points], dtype=float)
    colours = [style.INK if own and name not in own else style.ACCENT for name, *_place in points]
    tips = np.array([tip for _name, *tip in arrows or []], dtype=float).reshape(-1, 2)
    tips = tips * (1.05 * np.hypot(*places.T).max() / max(np.hypot(*tips.T).max(initial=0), 1e-300))
    size = np.nan_to_num(np.array([shape[0] for shape in around or [(0,)] * len(points)], dtype=float))[:, None] / 2
    with _look():
        for tip in tips:
            line = {"arrowstyle": "-|>", "color": style.SECOND, "lw": 0.9, "shrinkA": 0, "shrinkB": 0}
            ax.annotate("", tip, (0, 0), arrowprops=line)
        for place, shape, colour in zip(places, around or [], colours, strict=False):
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
        wanted += [(tip, style.shorten(name, 24), pulls) for tip, (name, *_tip) in zip(tips, arrows or [], strict=True)]
        placing.fit_in(ax, np.vstack([places - size, places + size, tips]))
        placing.write(ax, wanted, np.vstack([places, *(tips * part for part in np.linspace(0.2, 1, 9))]))
    return ax
