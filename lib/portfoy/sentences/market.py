"""Sentences about a launch, its early adopters, and the map of brands."""

import math

import numpy as np

from portfoy.locale import _, plural
from portfoy.words import style

COARSE = 0.7  # share of the differences below which the map misleads


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


def describe_positioning(mapping, *, brand=""):
    """What the axes of the map mean, how much it shows, who is near whom, and how sure that is."""
    parts = [_shown(mapping), *(_axis(mapping, place) for place in range(2) if mapping.explained[place] > 0.01)]
    parts.append(_near(mapping, mapping.own(brand)))
    if mapping.left_out:
        listed = ", ".join(style.shorten(name) for name in mapping.left_out)
        parts.append(_("Left out, because not everything was rated: {list}.").format(list=listed))
    if mapping.spread["width"].notna().any():
        drawn = _("the raters") if mapping.named else _("the ratings")
        text = _("Each ellipse holds {confidence} of the places a brand takes when {drawn} are drawn anew.")
        parts.append(text.format(confidence=style.level(mapping.confidence), drawn=drawn))
    return style.Reading(" ".join(parts))


def _shown(mapping):
    part = sum(mapping.explained)
    text = _(
        "The map is a principal component analysis, as ratings are levels on a scale and not counts. It shows {share} "
        "of the differences between the brands."
    ).format(share=style.share(part))
    if part < COARSE:
        text += " " + _("That is little: brands close to each other on it may differ in what it hides.")
    elif len(mapping.brands) == 3:
        text += " " + _("With three brands, two axes always show everything.")
    return text


def _axis(mapping, place):
    """From which attributes to which an axis runs: those that point along it rather than along the other."""
    attributes = mapping.attributes
    along, across = attributes["xy"[place]], attributes["yx"[place]]
    order = along.abs().sort_values(ascending=False).index
    order = [row for row in order if abs(along[row]) > along.abs().max() / 3]
    kept = [row for row in order if abs(along[row]) >= abs(across[row])][:4] or order[:1]
    high, low = ([row for row in kept if (along[row] > 0) == up][:2] for up in (True, False))
    names = [_and([style.shorten(attributes["attribute"][row]) for row in rows]) for rows in (high, low)]
    ways = [_("to the right"), _("to the left")] if place == 0 else [_("upwards"), _("downwards")]
    told = [_("{way} for {names}").format(way=way, names=name) for way, name in zip(ways, names, strict=True) if name]
    return _("Brands lie further {ways}.").format(ways=", ".join(told))


def _and(names):
    return _(" and ").join(names)


def _near(mapping, own):
    pairs = mapping.distances
    if own:
        pairs = pairs[(pairs["brand"] == own) | (pairs["other_brand"] == own)].reset_index(drop=True)
    first, last = pairs.iloc[0], pairs.iloc[-1]
    one, two = (
        (own, first["other_brand"] if first["brand"] == own else first["brand"])
        if own
        else (first["brand"], first["other_brand"])
    )
    text = _("{one} and {two} are nearest: they differ by {distance} points on a typical attribute{interval}").format(
        one=style.shorten(one),
        two=style.shorten(two),
        distance=style.number(first["distance"], 2),
        interval=_bounds(first),
    )
    near = pairs.iloc[1:][pairs["distance_low"].iloc[1:] <= first["distance_high"]]
    if len(near):
        text += _(", though chance may have put them before {n}").format(
            n=plural("{n} other pair", "{n} other pairs", len(near)).format(n=style.number(len(near)))
        )
    one, two = (
        (own, last["other_brand"] if last["brand"] == own else last["brand"])
        if own
        else (last["brand"], last["other_brand"])
    )
    return _("{near}. Farthest apart are {one} and {two}, by {distance}{interval}.").format(
        near=text, one=style.shorten(one), two=style.shorten(two), distance=style.number(last["distance"], 2),
        interval=_bounds(last),
    )  # fmt: skip


def _bounds(pair):
    bounds = style.between(pair["distance_low"], pair["distance_high"], lambda value: style.number(value, 2))
    return "" if bounds == "–" else f" ({bounds})"
