"""Figures of where people stand, who moved, and what the portfolio grows from."""

import numpy as np

from portfoy.locale import _, plural
from portfoy.standing import BUYING, GONE, QUIET, STATES, UNKNOWN
from portfoy.words import figure, style
from portfoy.words.codes import state_names

COLOURS = dict.fromkeys(BUYING, style.ACCENT) | {"prospect": style.SECOND, "at risk": style.WARM, "lapsed": style.MUTED}


def plot_states(summary):
    """How many people stand where, and which share of the revenue they brought, from a `state_summary`; two Axes."""
    rows = summary.iloc[::-1]
    _fig, axes = figure.sheet(6.8, 3.2, columns=2)
    colours = [COLOURS[state] for state in rows.index]
    left, right = axes
    _bars(left, rows["people"], colours, [f"{style.number(n)} · {style.share(part)}" for n, part in _counted(rows)])
    _bars(right, rows["revenue_share"].fillna(0), colours, [style.share(part) for part in rows["revenue_share"]])
    left.set_yticks(range(len(rows)), [state_names()[state] for state in rows.index], color=style.INK)
    right.set_yticks(range(len(rows)), [""] * len(rows))
    left.xaxis.set_major_formatter(lambda value, _position: style.money(value, "", compact=True))
    figure.per_cent(right.xaxis)
    right.set_xlabel(_("Share of revenue so far"))
    figure.label(left, _states_title(summary), _("People"), "")
    _describe(axes)
    return axes


def _describe(axes):
    """The figure's label from the titles and axes of all its panels."""
    titles = "; ".join(filter(None, (ax.get_title(loc="left") for ax in axes)))
    names = "; ".join(filter(None, (name for ax in axes for name in (ax.get_xlabel(), ax.get_ylabel()))))
    axes[0].figure.set_label(_("Chart: {title}. Axes: {axes}.").format(title=titles, axes=names))
    figure.no_math(axes[0].figure)


def _counted(rows):
    return zip(rows["people"], rows["share"], strict=True)


def _bars(ax, values, colours, texts):
    where = range(len(values))
    ax.barh(where, values, color=colours, height=0.66)
    for y, (value, text) in enumerate(zip(values, texts, strict=True)):
        ax.annotate(
            text,
            (max(value, 0), y),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=8.5,
            color=style.INK,
        )
    ax.set_xlim(min(0, float(values.min()) * 1.1), max(float(values.max()), 1e-9) * 1.5)
    ax.grid(axis="y", visible=False)
    ax.tick_params(axis="y", length=0)
    ax.locator_params(axis="x", nbins=4)


def _states_title(summary):
    quiet, customers = summary.loc[QUIET].sum(numeric_only=True), summary.loc[STATES[1:], "people"].sum()
    if not customers:
        return _("Nobody has bought yet")
    title = _("At risk or lapsed: {people} of customers, {revenue} of revenue")
    return title.format(people=style.share(quiet["people"] / customers), revenue=_part(summary, quiet))


def _part(summary, some):
    return style.share(some["revenue_share"] if summary["revenue_share"].notna().any() else np.nan)


def plot_flows(flows):
    """Who stands where on the later day, by the state of the earlier one, from a `flow_table`: counts and shares."""
    flows = flows[flows["people"] > 0]
    rows = [name for name in [*STATES, UNKNOWN] if (flows["before"] == name).any()]
    columns = [name for name in [*STATES, GONE] if (flows["now"] == name).any()]
    _fig, ax = figure.sheet(6.8, 0.46 * len(rows) + 1.3)
    tints = np.ones((len(rows), len(columns), 3))
    for cell in flows.itertuples():
        x, y = columns.index(cell.now), rows.index(cell.before)
        tints[y, x] = _tint(cell.step, cell.share)
        _write(ax, x, y, cell)
    ax.imshow(tints, aspect="auto")
    if rows[-1] == UNKNOWN:
        ax.axhline(len(rows) - 1.5, color=style.INK, lw=0.8)
    for axis, place, names in ((ax.xaxis, "now", columns), (ax.yaxis, "before", rows)):
        people = flows.groupby(place)["people"].sum()
        axis.set_ticks(range(len(names)), [f"{state_names()[name]}\n{style.number(people[name])}" for name in names])
    ax.tick_params(length=0, labelcolor=style.INK, labelsize=8.5)
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    _explain_colours(ax)
    figure.label(ax, _flows_title(flows), _("State on the later day"), _("State on the earlier day"))
    return ax


def _tint(step, share):
    from matplotlib.colors import to_rgb

    colour = {1: style.ACCENT, -1: style.WARM, 0: style.MUTED}[step]
    strength = 0.18 + 0.42 * share if step else 0.08 + 0.3 * share
    return 1 - strength * (1 - np.array(to_rgb(colour)))


def _write(ax, x, y, cell):
    from matplotlib.patches import Rectangle

    place = {"ha": "center", "va": "center", "color": style.INK}
    ax.text(x, y - 0.15, style.number(cell.people), fontsize=9.5, fontweight="bold", **place)
    ax.text(x, y + 0.21, style.share(cell.share), fontsize=8, **place)
    if cell.before == cell.now:
        ax.add_patch(Rectangle((x - 0.47, y - 0.46), 0.94, 0.92, fill=False, ec=style.INK, lw=1.3))


def _explain_colours(ax):
    from matplotlib.patches import Patch

    told = [(_("for the better"), style.ACCENT), (_("for the worse"), style.WARM), (_("neither"), style.MUTED)]
    patches = [Patch(color=colour, alpha=0.6, label=text) for text, colour in told]
    patches.append(Patch(fill=False, ec=style.INK, lw=1.3, label=_("stayed where they were")))
    ax.figure.legend(handles=patches, loc="outside lower center", ncols=4, frameon=False, fontsize=8.5)


def _flows_title(flows):
    quiet = flows[flows["before"].isin(BUYING) & flows["now"].isin(QUIET)]["people"].sum()
    back = flows[flows["before"].isin(QUIET) & flows["now"].isin(BUYING)]["people"].sum()
    went = plural("{n} customer went quiet", "{n} customers went quiet", quiet).format(n=style.number(quiet))
    return plural("{went}, {n} came back", "{went}, {n} came back", back).format(went=went, n=style.number(back))
