"""What all figures share: the sheet, titles and axes in words, and the picture that goes on a page."""

import html
import io

from portfoy.locale import _
from portfoy.words import style


def per_cent(*axes):
    for axis in axes:
        axis.set_major_formatter(lambda value, _position: style.share(value, 0))


def picture(fig):
    """A figure as PNG with at most 256 colours, and what a page needs to show it: alt text, width and height.

    One that is not ours, as `name` gives it no label, is shown whole and as large as a notebook shows it without us.
    """
    from PIL import Image

    buffer = io.BytesIO()
    if not fig.get_label():
        fig.savefig(buffer, format="png", bbox_inches="tight")
        return buffer.getvalue()
    fig.savefig(buffer, format="png", dpi=DPI, facecolor="white")
    image = Image.open(buffer).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    small = io.BytesIO()
    image.save(small, format="png", optimize=True)
    size = {"width": round(image.width * 96 / DPI), "height": round(image.height * 96 / DPI)}
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


def actual(confidence):
    """What a legend calls points with the interval of what happened."""
    return _("actual, {confidence} interval").format(confidence=style.level(confidence))


WIDTH = 5.0  # inches; shown at most 640 px wide, so that 9.75 points are 10 px on a phone and 17 on a desk
TEXT, DPI = 9.75, 144
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
LOOK = {
    **dict.fromkeys(["font.size", "axes.labelsize", "xtick.labelsize", "ytick.labelsize", "legend.fontsize"], TEXT),
    **dict.fromkeys(["axes.labelcolor", "xtick.color", "ytick.color"], style.MUTED),
    **dict.fromkeys(["axes.spines.top", "axes.spines.right", "axes.spines.left", "legend.frameon"], False),
    **dict.fromkeys(["axes.edgecolor", "grid.color"], style.GRID),
    "axes.facecolor": "white",
    "axes.axisbelow": True,
    "axes.titlepad": 12,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.linewidth": 0.6,
    "font.family": "DejaVu Sans",
    "text.color": style.INK,
    "ytick.major.size": 0,
}


def drawing(ax=None, height=3.0):
    """The Axes given, or those of a new sheet `height` inches high."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    fig = plt.figure(figsize=(WIDTH, height), dpi=DPI, facecolor="white", layout="constrained")
    with plt.rc_context(LOOK):
        ax = fig.subplots()
    _show_as_palette_picture()
    return ax


def name(ax, title, under, numbers):
    """Give a chart its title, the unit and period that stand under it, and its numbers for those who cannot see it."""
    with look():
        ax.set_title(title, loc="left", fontsize=11, fontweight="bold", color=style.INK, wrap="$" not in title)
    ax.set_label(under)
    for text in ax.figure.findobj(lambda artist: hasattr(artist, "set_parse_math")):
        text.set_parse_math(False)  # a name with two dollar signs is no formula
    ax.figure.set_label(_("Chart: {title}. {under}. {numbers}").format(title=title, under=under, numbers=numbers))
    return ax


def vector(ax):
    """The chart as inline SVG and what stands beside it; its figure is closed.

    Gives a dict: ``svg`` text, coloured by the page's variables and else as drawn; ``title``, ``subtitle``, ``alt``.
    """
    import re
    import zlib

    import matplotlib.pyplot as plt
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    fig, title, under = ax.figure, ax.get_title(loc="left"), ax.get_label()
    ax.set_title("", loc="left")
    buffer, salt = io.StringIO(), f"{zlib.crc32((title + fig.get_label()).encode()):08x}"
    with plt.rc_context({"svg.fonttype": "none", "svg.hashsalt": salt, "svg.id": None}):
        FigureCanvasSVG(fig)
        fig.set_dpi(72)  # that of the format, by which words are measured
        fig.get_layout_engine().execute(fig)
        fig.set_layout_engine(None)  # else all would be drawn twice
        fig.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    plt.close(fig)
    svg = buffer.getvalue()
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.S)
    used = set(re.findall(r"#([\w.-]+)[\")]", svg))
    svg = re.sub(r' id="([\w.-]+)"', lambda found: found[0] if found[1] in used else "", svg)
    svg = re.sub(
        r"font-family: [^;\"]*;? ?|font: ([\d.]+px) [^;\"]*",
        lambda found: f"font-size: {found[1]}" * bool(found[1]),
        svg,
    )
    svg = _light(re.sub(r"\s*\n\s*", " ", svg))
    for colour, variable in PAGE.items():
        svg = svg.replace(colour, f"var(--{variable}, {colour})")
    opening = f'<svg class="pf-svg" role="img" aria-label="{html.escape(fig.get_label())}"'
    svg = re.sub(r'<svg[^>]*?(viewBox="[^"]*")[^>]*>', lambda found: f"{opening} {found[1]}>", svg, count=1)
    return {"svg": svg, "title": title, "subtitle": under, "alt": fig.get_label()}


def _light(svg):
    """A drawing without what shows nothing: sheets of no colour, bare groups, turns by 0, parts of 0.01 point."""
    import re

    def tag(found):
        return re.sub(r"(\d\.\d\d)\d+", r"\1", found[0]).replace("; ", ";").replace(": ", ":").replace(' "', '"')

    svg = re.sub(r'<path d="[^"]*" style="fill: none"/>| transform="rotate\(-0 [^"]*"|<g/>', "", svg)
    svg, bare = re.sub("<[^>]*>", tag, svg), 1
    while bare:
        svg, bare = re.subn(r"<g>([^<]*(?:<(?!/?g[ >])[^<]*)*)</g>", r"\1", svg)
    return re.sub("> +<", "><", svg)


def look():
    """The style of a house shape, while it is drawn."""
    import matplotlib.pyplot as plt

    return plt.rc_context(LOOK)
