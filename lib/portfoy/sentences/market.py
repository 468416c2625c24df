"""Sentences about a launch and its early adopters."""

import math

import numpy as np

from portfoy.locale import _, plural
from portfoy.words import style


def describe_launch(fit, launch):
    """Why this product, how far its spread has come, and what carries it, from a Bass model."""
    parts = [_chosen(launch), _so_far(fit, launch)]
    if not fit.open:
        parts.append(_carried(fit))
    if fit.dispersion >= 1.5:
        text = _("Weeks differ from the curve by {times} times what chance explains; the intervals are widened for it.")
        parts.append(text.format(times=style.number(math.sqrt(fit.dispersion), 1)))
    parts.append(
        _("The shape can also come from a season, a campaign or more customers; first purchases alone cannot tell.")
    )
    return style.Reading(" ".join(parts))


def _chosen(launch):
    name = style.shorten(launch.name, 60)
    if launch.given:
        return _("{name} was chosen for this report.").format(name=name)
    if launch.days < 180:
        text = _("{name} found the most buyers of all launches; none has been on sale for half a year.")
    elif launch.choices == 1:
        text = _("{name} is the one launch within the data that has been on sale for half a year.")
    else:
        text = _(
            "Of the {n} launches within the data that have been on sale for half a year, {name} found most buyers."
        )
    return text.format(name=name, n=style.number(launch.choices))


def _so_far(fit, launch):
    bought = plural(
        "{n} customer has bought it since {day}.", "{n} customers have bought it since {day}.", fit.adopters
    ).format(n=style.number(fit.adopters), day=style.day(launch.launched_on))
    if fit.open:
        text = _("How many will in the end stays open, because {why}: the curve tells how it went, not how it goes on.")
        return f"{bought} {text.format(why=fit.open)}"
    text = _("In the end about {m} will ({interval}).").format(
        m=style.number(fit.m), interval=style.between(*fit.interval("m"), style.number)
    )
    peak, low, high = fit.peak()
    if not peak:
        return f"{bought} {text} {_('Most bought it right after the launch.')}"
    when = _("Most bought it for the first time {months} months after the launch ({interval}).").format(
        months=style.number(peak, 1), interval=style.between(low, high, lambda value: style.number(value, 1))
    )
    return f"{bought} {text} {when}"


def _carried(fit):
    alone = _("Of those still to buy, {p} a month do so unprompted (p, innovation)").format(p=style.share(fit.p))
    if fit.q == 0:
        return _("{alone}; no sign that buyers bring further ones (q, imitation).").format(alone=alone)
    text = _("{alone}, and up to {q} more once others have it (q, imitation).").format(
        alone=alone, q=style.share(fit.q)
    )
    if fit.interval("q")[0] > fit.interval("p")[1]:
        text += " " + _("It spreads from customer to customer more than by itself: win the first ones over.")
    elif fit.interval("q")[1] < fit.interval("p")[0]:
        text += " " + _("It spreads by itself more than from customer to customer: tell as many as possible.")
    return text


def describe_early(found):
    """Whether anything known before the launch tells early adopters, and what."""
    whose = _("buyers so far") if found.so_far else _("buyers expected in the end")
    text = _(
        "The first 16% of the {whose}, called innovators and early adopters, had bought by {day}. {early} of them were "
        "active customers before the launch; {others} other active customers had not bought it."
    ).format(
        whose=whose,
        day=style.day(found.until),
        early=style.number(found.early),
        others=style.number(found.others),
    )
    if found.sampled < 1:
        text += " " + _("These are of a random sample, {share} of the customers.").format(
            share=style.share(found.sampled)
        )
    judged = _(
        "A model that saw the first half of the early adopters ranks one of the second half above another customer in "
        "{auc} of pairs ({interval}); tossing a coin would in 50%."
    ).format(auc=style.share(found.auc), interval=style.between(found.auc_low, found.auc_high, style.share))
    if not found.auc_low > 0.5:
        nothing = _("So these traits do not tell who is early, and there is no list.")
        return style.Reading(f"{text} {judged} {nothing}")
    return style.Reading(" ".join([text, judged, *_told(found)]))


def _told(found):
    odds = found.odds
    sure = odds[(odds["odds_ratio_low"] > 1) | (odds["odds_ratio_high"] < 1)]
    width = np.log(sure["odds_ratio_high"] / sure["odds_ratio_low"])
    surest = (np.log(sure["odds_ratio"]).abs() / width).sort_values(ascending=False)
    listed = [
        _("{feature}, {comparison}: times {ratio} ({interval})").format(
            feature=row.feature, comparison=row.comparison, ratio=style.number(row.odds_ratio, 2),
            interval=style.between(row.odds_ratio_low, row.odds_ratio_high, lambda value: style.number(value, 2)),
        )
        for row in sure.loc[surest.index[:3]].itertuples()
    ]  # fmt: skip
    if listed:
        yield _("Surest to change the odds of being early: {list}.").format(list="; ".join(listed))
    else:
        yield _("No single trait is sure to matter; it is what they add up to.")
    text = plural(
        "The list holds the {n} customer of today", "The list holds the {n} customers of today", len(found.listed)
    )
    rest = _("who are most like them; how far that carries over to another product, only the next launch can tell.")
    yield f"{text.format(n=style.number(len(found.listed)))} {rest}"
