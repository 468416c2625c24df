"""Figures of the clusters: how many there are, and what sets each apart."""

import numpy as np

from portfoy.locale import _
from portfoy.models.separation import STABLE
from portfoy.words import figure, style


def plot_cluster_choice(clusters):
    """Silhouette and stability over the number of clusters of a `Clusters`, the chosen one marked; an array of Axes."""
    choice = clusters.choice
    fig, axes = figure.sheet(6.8, 3.4, columns=2)
    _draw_choice(axes[0], choice, "silhouette")
    axes[0].plot(choice["k"], choice["needed"], ls=(0, (1, 2)), color=style.MUTED, lw=1.4, label=_("needed for groups"))
    axes[0].plot(choice["k"], choice["cloud"], "--", color=style.SECOND, lw=1.4, label=_("one cloud without groups"))
    axes[0].set_ylabel(_("Silhouette"))
    _draw_choice(axes[1], choice, "stability")
    axes[1].axhline(STABLE, ls=(0, (1, 2)), color=style.MUTED, lw=1.4, label=_("needed for groups"))
    axes[1].set_ylabel(_("Stability (adjusted Rand index)"))
    for ax, question in zip(axes, [_("How far apart?"), _("Do they come back?")], strict=True):
        ax.legend(loc="lower left", frameon=False, fontsize=8.5)
        ax.set_title(question, loc="left", fontsize=9.5, fontweight="bold", color=style.INK)
    title = _("{k} clusters stand apart and come back") if clusters.clear else _("No clear groups; shown: {k} clusters")
    title = title.format(k=style.number(clusters.k))
    fig.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold", color=style.INK)
    figure.no_math(fig)
    fig.set_label(
        _("Chart: {title}. Silhouette and stability for {low} to {high} clusters.").format(
            title=title, low=style.number(choice["k"].min()), high=style.number(choice["k"].max())
        )
    )
    return axes


def _draw_choice(ax, choice, column):
    low, high = choice[f"{column}_low"], choice[f"{column}_high"]
    ax.fill_between(choice["k"], low, high, color=style.PALE, alpha=0.6, lw=0)
    ax.plot(choice["k"], choice[column], "-o", color=style.ACCENT, ms=4, lw=1.6)
    taken = choice[choice["chosen"]]
    ax.plot(taken["k"], taken[column], "o", color=style.WARM, ms=9, zorder=4, label=_("taken"))
    top = float(choice[[f"{column}_high", *(["needed"] if column == "silhouette" else [])]].max(axis=None))
    ax.set(xlabel=_("Number of clusters"), ylim=(min(0.0, float(low.min())), max(top, 0.5) * 1.04))
    ax.set_xticks(choice["k"].tolist())
    ax.grid(axis="x", visible=False)


def plot_clusters(clusters, *, currency=""):
    """What sets each cluster of a `Clusters` apart: its centre in words, coloured by its distance from the mean."""
    from matplotlib.colors import LinearSegmentedColormap

    centers = clusters.centers
    heads = {
        "idle": _("Days since\nlast purchase"),
        "purchases": _("Purchases"),
        "ticket": _("Revenue per\npurchase ({currency})").format(currency=currency or _("money")),
        "age": _("Days since\nfirst purchase"),
    }
    used = [name for name in heads if f"{name}_z" in centers]
    z = centers[[f"{name}_z" for name in used]].to_numpy(dtype=float)
    _fig, ax = figure.sheet(6.8, 0.62 * len(centers) + 1.7)
    colours = LinearSegmentedColormap.from_list("z", [style.WARM, "white", style.ACCENT])
    ax.pcolormesh(z, cmap=colours, vmin=-2, vmax=2, edgecolor="white", lw=2)
    for (row, column), value in np.ndenumerate(z):
        text = _center(centers.loc[row, used[column]], used[column])
        ink = "white" if abs(value) > 1.7 else style.INK
        ax.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=10, color=ink)
    ax.set_xticks(np.arange(len(used)) + 0.5, [heads[name] for name in used], color=style.INK)
    ax.set_yticks(np.arange(len(centers)) + 0.5, _rows(centers), color=style.INK)
    ax.tick_params(length=0)
    ax.xaxis.tick_top()
    ax.invert_yaxis()
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    key = _("Green: above the mean of all customers. Orange: below.\nThe full colour is 2 standard deviations away.")
    figure.label(ax, _title(clusters), key, "")
    ax.xaxis.set_label_position("bottom")
    return ax


def _center(value, feature):
    if feature == "ticket":
        return style.money(value, "", compact=True)
    return style.number(value, 1 if feature == "purchases" else 0)


def _rows(centers):
    """A cluster's name, a line for each part, and its share of customers."""
    share = centers["customers"] / centers["customers"].sum()
    names = ["\n".join(style.shorten(part, 24) for part in name.split(", ")) for name in centers["cluster"]]
    return [f"{name}\n{style.share(part, 0)}" for name, part in zip(names, share, strict=True)]


def _title(clusters):
    largest = clusters.centers.loc[clusters.centers["customers"].idxmax()]
    return _("Most customers ({share}): {cluster}").format(
        share=style.share(largest["customers"] / clusters.centers["customers"].sum(), 0), cluster=largest["cluster"]
    )
