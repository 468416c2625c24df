"""What all figures share: the sheet, titles and axes in words, and the picture that goes on a page."""

import io

from portfoy import style
from portfoy.locale import _


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
