"""Sentences about clusters: whether there are groups, what they are, and how they go with the segments."""

from portfoy.locale import _, plural
from portfoy.models.separation import APART, STABLE, STRUCTURED
from portfoy.words import style

STRONG = 0.5  # silhouette above which groups stand well apart (Kaufman & Rousseeuw 1990, p. 88)
SAME, MODERATE = 0.8, 0.65  # adjusted Rand index of good and of moderate agreement (Steinley 2004)


def describe_cluster_choice(clusters):
    """How the number of clusters was chosen, and whether a `Clusters` holds groups at all."""
    taken = clusters.choice[clusters.choice["chosen"]].iloc[0]
    apart = _(
        "Their silhouette is {silhouette} ({interval}); 1 would say that all customers are far nearer to their own "
        "cluster than to the next, 0 that they are as near to both. Groups need {needed}: {apart} more than is found "
        "in one cloud without groups, and at least {least}."
    ).format(
        silhouette=_three(taken["silhouette"]),
        interval=style.between(taken["silhouette_low"], taken["silhouette_high"], _three),
        needed=_three(taken["needed"]),
        apart=style.number(APART, 1),
        least=style.number(STRUCTURED, 2),
    )
    back = _(
        "Their stability is {stability} ({interval} in {confidence} of the draws); 1 would say that the same clusters "
        "come back in each draw, 0 that no more do than by chance."
    ).format(
        stability=_three(taken["stability"]),
        interval=style.between(taken["stability_low"], taken["stability_high"], _three),
        confidence=style.level(clusters.confidence),
    )
    return style.Reading(" ".join([_verdict(clusters, taken), *_features(clusters), _number(clusters), apart, back]))


def _three(value):
    return style.number(value, 3)


def _features(clusters):
    """What customers are compared by, and what and who is left out."""
    used = clusters.features["scale"].notna()
    yield _("Customers are compared by {features}, each brought to one scale.").format(
        features=", ".join(clusters.features.loc[used, "meaning"])
    )
    if not used.all():
        yield _("Left out, because the same for all: {features}.").format(
            features=", ".join(clusters.features.loc[~used, "meaning"])
        )
    if clusters.left_out:
        yield plural(
            "{n} customer lacks one of these and is in no cluster.",
            "{n} customers lack one of these and are in no cluster.",
            clusters.left_out,
        ).format(n=style.number(clusters.left_out))


def _number(clusters):
    k = style.number(clusters.k)
    if clusters.given:
        return _("As asked, there are {k} clusters.").format(k=k)
    if (clusters.choice["stability"] >= STABLE).any():
        return _(
            "Of the numbers of clusters that come back when customers are drawn anew (stability at least {stable}), "
            "{k} has the highest silhouette."
        ).format(k=k, stable=style.number(STABLE, 1))
    return _("No number of clusters comes back reliably when customers are drawn anew; {k} does so most.").format(k=k)


def _verdict(clusters, taken):
    if clusters.clear and taken["silhouette"] > STRONG:
        return _("There are groups, and they stand well apart.")
    if clusters.clear:
        return _("There are groups, with many customers in between.")
    if taken["silhouette"] >= taken["needed"]:
        return _("These clusters stand apart, but with other customers they would be others: do not build on them.")
    return _("The customers form a continuum; these groups are cuts through it, not kinds of people.")


def describe_clusters(clustered, *, currency=""):
    """Which cluster of a `cluster_table` brings most, and which is the largest."""
    most, largest = (clustered.loc[clustered[column].idxmax()] for column in ("revenue_share", "customer_share"))
    text = _(
        "The cluster \u201c{cluster}\u201d brings the most: {revenue} of the revenue from {customers} of the "
        "customers. They made {purchases} purchases each on average, at {ticket}."
    ).format(
        cluster=most["cluster"],
        revenue=style.share(most["revenue_share"]),
        customers=style.share(most["customer_share"]),
        purchases=style.number(most["purchases"], 1),
        ticket=style.money(most["ticket"], currency),
    )
    if largest["cluster"] != most["cluster"]:
        text += " " + _(
            "The most customers, {customers}, are in \u201c{cluster}\u201d; they bring {revenue} of the revenue."
        ).format(
            cluster=largest["cluster"],
            customers=style.share(largest["customer_share"]),
            revenue=style.share(largest["revenue_share"]),
        )
    return style.Reading(text)


def describe_agreement(agreement):
    """What clusters and segments agree on, and which of them to use for what."""
    text = _(
        "The adjusted Rand index of clusters and segments is {rand} ({interval}, {confidence} interval); it is 1 if "
        "both make the same groups, and 0 if they agree no more than by chance."
    ).format(
        rand=_three(agreement.rand),
        interval=style.between(agreement.rand_low, agreement.rand_high, _three),
        confidence=style.level(agreement.confidence),
    )
    if agreement.rand >= SAME:
        found = _("They are nearly the same groups.")
    elif agreement.rand >= MODERATE:
        found = _("They are much the same groups, but not at the edges.")
    else:
        found = _("They are different views of the base.")
    most = agreement.main.loc[agreement.main["first_share"].idxmax()]
    shared = _(
        "They come closest in \u201c{cluster}\u201d: {share} of it are in the segment \u201c{segment}\u201d."
    ).format(cluster=most["cluster"], share=style.share(most["first_share"]), segment=most["first_segment"])
    use = _("To decide what to do for whom, use the segments: anyone can check their rules, and months compare.")
    look = _("The clusters show which customers are alike when no rule is set.")
    if not agreement.clear:
        look = _("The clusters are for looking only, since they are no clear groups.")
    return style.Reading(f"{text} {found} {shared} {use} {look}")
