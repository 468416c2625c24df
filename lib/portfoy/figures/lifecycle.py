"""Figures of where people stand, who moved, and what the portfolio grows from."""

import numpy as np

from portfoy import style
from portfoy.figures import frame
from portfoy.lifecycle import BUYING, GONE, QUIET, STATES, UNKNOWN, state_names
from portfoy.locale import _, plural

COLOURS = dict.fromkeys(BUYING, style.ACCENT) | {"prospect": style.SECOND, "at risk": style.WARM, "lapsed": style.MUTED}


def plot_states(summary):
    """How many people stand where, and which share of the revenue they brought, from a `state_summary`; two Axes."""
    rows = summary.iloc[::-1]
    _fig, axes = frame.sheet(6.8, 3.2, columns=2)
    colours = [COLOURS[state] for state in rows.index]
    left, right = axes
    _bars(left, rows["people"], colours, [f"{style.number(n)} · {style.share(part)}" for n, part in _counted(rows)])
    _bars(right, rows["revenue_share"].fillna(0), colours, [style.share(part) for part in rows["revenue_share"]])
    left.set_yticks(range(len(rows)), [state_names()[state] for state in rows.index], color=style.INK)
    right.set_yticks(range(len(rows)), [""] * len(rows))
    left.xaxis.set_major_formatter(lambda value, _position: style.money(value, "", compact=True))
    frame.per_cent(right.xaxis)
    right.set_xlabel(_("Share of revenue so far"))
    frame.label(left, _states_title(summary), _("People"), "")
    _describe(axes)
    return axes


def _describe(axes):
    """The figure's label from the titles and axes of all its panels."""
    titles = "; ".join(filter(None, (ax.get_title(loc="left") for ax in axes)))
    names = "; ".join(filter(None, (name for ax in axes for name in (ax.get_xlabel(), ax.get_ylabel()))))
    axes[0].figure.set_label(_("Chart: {title}. Axes: {axes}.").format(title=titles, axes=names))
    frame.no_math(axes[0].figure)


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
    _fig, ax = frame.sheet(6.8, 0.46 * len(rows) + 1.3)
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
    frame.label(ax, _flows_title(flows), _("State on the later day"), _("State on the earlier day"))
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


def plot_growth(growth, *, currency=""):
    """What each period gained and lost against the one before, from a `growth_table`; two Axes: customers and money."""
    _fig, axes = frame.sheet(6.8, 5.8, rows=2)
    new, back, lost = (_("new"), style.ACCENT), (_("came back"), style.SECOND), (_("did not buy again"), style.WARM)
    customers = [(new, growth["new"]), (back, growth["reactivated"]), (lost, -growth["lost"])]
    money = [(new, growth["new_revenue"]), (back, growth["reactivated_revenue"]), (lost, -growth["lost_revenue"])]
    money.append(((_("change with those kept"), style.PALE), growth["kept_change"]))
    if growth["returns_change"].any():
        money.append(((_("change of returns without a purchase"), style.MUTED), growth["returns_change"]))
    for ax, parts, net in zip(axes, (customers, money), ("net", "revenue_net"), strict=True):
        _stack(ax, parts)
        ax.plot(range(len(growth)), growth[net], "o", ms=6, color=style.INK, mec="white", label=_("net"), zorder=4)
        ax.yaxis.set_major_formatter(lambda value, _position: style.money(value, "", compact=True))
        _periods(ax, growth["end"])
    _name_growth(axes, growth.iloc[-1], currency)
    axes[1].figure.legend(
        *axes[1].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False, fontsize=9
    )
    _describe(axes)
    return axes


def _stack(ax, parts):
    """Bars on top of one another, those above zero upwards and those below downwards."""
    above = below = 0.0
    for (name, colour), values in parts:
        start = np.where(values >= 0, above, below)
        ax.bar(range(len(values)), values, bottom=start, color=colour, width=0.68, label=name, zorder=2)
        above, below = above + values.clip(lower=0), below + values.clip(upper=0)
    ax.axhline(0, color=style.INK, lw=0.9, zorder=3)
    ax.use_sticky_edges = False
    ax.margins(y=0.08)


def _periods(ax, ends):
    """The last day of each period below its bar, of at most nine of them, the latest always."""
    every = -(-len(ends) // 9)
    where = range((len(ends) - 1) % every, len(ends), every)
    ax.set_xticks(list(where), ["\n".join(style.day(ends.iloc[place]).rsplit(" ", 1)) for place in where])
    ax.grid(axis="x", visible=False)


def _name_growth(axes, last, currency):
    people, money = int(last["net"]), last["revenue_net"]
    more = plural(
        "Latest period: {n} customer more than before", "Latest period: {n} customers more than before", abs(people)
    )
    fewer = plural(
        "Latest period: {n} customer fewer than before", "Latest period: {n} customers fewer than before", abs(people)
    )
    frame.label(
        axes[0], (fewer if people < 0 else more).format(n=style.number(abs(people))), "", _("Change in customers")
    )
    less = _("Latest period: {money} less revenue than before")
    title = less if money < 0 else _("Latest period: {money} more revenue than before")
    unit = _("Change of revenue ({currency})").format(currency=currency or _("money"))
    title = title.format(money=style.money(abs(money), currency, compact=True))
    frame.label(axes[1], title, _("Last day of the period"), unit)
