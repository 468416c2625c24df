"""Exercises of sitting 1d: groups of customers, and a map of brands."""

import numpy as np

from portfoy.course.exercise import Exercise, Mistake
from portfoy.course.lessons import truth
from portfoy.course.sittings.brands import distance, distance_mistakes, mean_ratings
from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.models.threads import one_thread
from portfoy.selection.clusters import clusters
from portfoy.selection.positioning import positioning

ONE_ATTRIBUTE = "value for money"
RECENT = 180  # days


@one_thread("sklearn.cluster")
def _k_means(points, k=3):
    from sklearn.cluster import KMeans

    return KMeans(k, n_init=10, random_state=7).fit_predict(points)


def _points(firm):
    table = firm.recent(0)[["idle", "purchases", "ticket", "age"]]
    logs = np.log1p(table.clip(lower=0) / table.median())
    return (logs - logs.mean()) / logs.std()


def _clustered(firm):
    """The customers with the three clusters of the notebook."""
    return firm.once("1d clusters", lambda: firm.recent(0).assign(cluster=_k_means(_points(firm))))


def _index(firm, of="margin", who="most customers", against="all", measure="index"):
    customers = _clustered(firm).dropna(subset=of)
    each = customers.groupby("cluster")[of].agg(["size", "mean", "sum", "median"])
    which = {"most customers": each["size"].idxmax(), "fewest": each["size"].idxmin(), "richest": each["mean"].idxmax()}
    which["second"] = each["size"].nlargest(2).index[-1]
    own = each.loc[which[who]]
    rest = customers[customers["cluster"] != which[who]] if against == "rest" else customers
    found = {
        "share": own["sum"] / customers[of].sum(),
        "per cent": 100 * own["sum"] / customers[of].sum(),
        "customers": own["size"] / len(customers),
        "heads": 100 * own["size"] / len(customers),
        "clusters": 100 * own["mean"] / each["mean"].mean(),
        "mixed": 100 * own["mean"] / customers["revenue"].mean(),
        "rate": 100 * own["sum"] / customers.loc[customers["cluster"] == which[who], "revenue"].sum(),
        "median": 100 * own["median"] / rest[of].median(),
        "mean": own["mean"],
        "upside": 100 * rest[of].mean() / own["mean"],
    }
    return float(found.get(measure, 100 * own["mean"] / rest[of].mean()))


def _counts(firm):
    size = _clustered(firm)["cluster"].value_counts()
    return [
        Mistake(int(size.max()), _("This is the number of customers in the cluster.")),
        Mistake(int(size.idxmax()), _("This is the name of the cluster; now its margin per customer against all.")),
    ]


def _silhouette(_firm, points=None, labels=None):
    from sklearn.metrics import silhouette_score

    points = np.random.default_rng(1).normal(size=(1000, 2)) if points is None else points
    return float(silhouette_score(points, _k_means(points) if labels is None else labels))


def _kinds_praise(firm):
    found = clusters(firm, most=6)
    if not found:
        return _("Coming back is not enough: they must also stand apart.")
    text = _(
        "Silhouette {own:.2f}, one cloud of the same shape {cloud:.2f}, needed {needed:.2f}: "
        "coming back is not enough, groups must also stand apart."
    )
    return text.format(own=found.best["silhouette"], cloud=found.best["cloud"], needed=found.best["needed"])


def _gifts(firm):
    """For each choice: margin truly to come from its members in a year, their share of active ones, their number."""
    known = truth(firm)
    if known is None:
        raise DataError(_("nobody knows here who is truly still a customer."))
    customers = _clustered(firm)
    active = known.customers.set_index("customer_id")["active"].astype(float)
    coming = known.coming(firm).set_axis(firm.customers["customer_id"])
    member = customers["cluster"] == customers.groupby("cluster")["revenue"].mean().idxmax()
    n = int(member.sum())
    chosen = {
        "cluster": customers[member],
        "rule": customers[customers["idle"] <= RECENT].nlargest(n, "purchases"),
        "revenue": customers.nlargest(n, "revenue"),
    }
    ids = {name: rows["customer_id"] for name, rows in chosen.items()}
    return {name: (float(coming[own].sum()), float(active[own].mean()), n) for name, own in ids.items()}


def _gift_says(firm, name):
    brings, active, n = _gifts(firm)[name]
    text = _(
        "By the truth {active:.0%} of the {n} gifts go to people who are still customers; "
        "all {n} will bring {currency} {brings:,.0f} of margin in the next year."
    )
    return text.format(active=active, n=n, brings=brings, currency=firm.currency)


def _reading(firm, name):
    if name == "close":
        text = _("Close on the map, and only {d:.2f} points apart over all attributes: no pair is nearer.")
        return text.format(d=positioning(firm).table["distance"].iloc[0])
    text = _("Its mean rating there is {r:.2f}: far along an arrow means high on it.")
    return text.format(r=mean_ratings(firm).loc["Çınarca", ONE_ATTRIBUTE])


EXERCISES = [
    Exercise(
        id="1d-1", kind="compute", work=_index,
        choices=lambda: {
            "measure": {"index": None,
                "share": _("This is a share of the sum; an index holds one customer against the average one."),
                "per cent": _("This is a share of the sum in per cent; an index is about one customer."),
                "customers": _("This is the share of the customers."),
                "heads": _("This is the share of the customers, in per cent; an index is about margin."),
                "clusters": _("The base is the mean of the clusters, each counted once; take all customers."),
                "mixed": _("This is margin against revenue: take margin for both."),
                "rate": _("This is margin as a share of its own revenue; hold it against all customers."),
                "median": _("These are medians; margin per customer is the mean."),
                "mean": _("This is money for each customer; hold it against all, times 100."),
                "upside": _("Upside down: the cluster is divided by the base."),
            },
            "of": {"margin": None,
                "revenue": _("This is about revenue; margin is asked for."),
                "purchases": _("This is about purchases; margin is asked for."),
                "ticket": _("This is about the money of one purchase; margin per customer is asked for."),
            },
            "who": {"most customers": None,
                "fewest": _("This is the cluster with the fewest customers."),
                "second": _("This is the second largest cluster; the one with most customers is asked for."),
                "richest": _("This cluster brings most for each customer; the one with most customers is asked for."),
            },
            "against": {"all": None, "rest": _("The base is all customers, those of the cluster too.")},
        },
        mistakes=lambda firm: [
            Mistake(_index(firm) / 100, _("The base is 100: multiply by 100.")),
            *_counts(firm),
            Mistake(_index(firm) - 100, _("This is how far it is from 100; the index itself is asked for.")),
        ],
        hints=lambda: [
            _('Which cluster is the largest? `customers["cluster"].value_counts()`'),
            _("The mean of `margin` in it, divided by the mean of `margin` of all."),
            _("Multiply by 100, so that the average customer has 100."),
        ],
        praise=lambda firm, answer: _("The average customer has 100. Most customers are not the average one."),
    ),
    Exercise(
        id="1d-2", kind="predict", work=_silhouette,
        hints=lambda: [_("Any number from 0 to 1.")],
        praise=lambda firm, guess: _(
            "You said {guess:.2f}; it is {right:.2f}. A silhouette of {right:.1f} is what nothing looks like."
        ).format(guess=guess, right=_silhouette(firm)),
    ),
    Exercise(
        id="1d-3", kind="find", work=lambda firm: "kinds",
        mistakes=lambda firm: [
            Mistake("came back", _("That the clusters came back was measured: it is the stability of the table.")),
            Mistake("name", _("A name from the medians is right: it says what sets a cluster apart.")),
        ],
        hints=lambda: [
            _("Look at the three neat pieces of the cloud above. Would they come back with other points?"),
            _("Hold the silhouette of the kit's table against the column of what is needed."),
        ],
        praise=lambda firm, answer: _kinds_praise(firm),
    ),
    Exercise(
        id="1d-4", kind="decide", work=lambda firm: max(_gifts(firm), key=_gifts(firm).get),
        mistakes=lambda firm: [
            Mistake(name, _gift_says(firm, name) + " " + _("Another choice reaches more.")) for name in _gifts(firm)
        ],
        hints=lambda: [
            _("A gift to somebody who has left brings nothing. Which choice looks at the silence?"),
            _("High revenue ever may be long ago."),
        ],
        praise=lambda firm, answer: (
            _gift_says(firm, answer) + " " + _("A plain rule that asks the right question wins over a clever method.")
        ),
    ),
    Exercise(
        id="1d-5", kind="compute", work=distance,
        choices=lambda: {
            "size": {"square": None,
                "absolute": _("These are differences without their sign; they have to be squared."),
                "plain": _("Plus and minus cancel here: square the differences first."),
            },
            "how": {"mean": None,
                "sum": _("This adds up all attributes; a typical one is their mean."),
                "median": _("This is the median over the attributes; take the mean."),
                "max": _("This is the largest difference, not a typical one."),
            },
            "root": {True: None, False: _("The square root at the end is missing.")},
        },
        mistakes=distance_mistakes,
        hints=lambda: [
            _('One row less the other: `means.loc["Sedirhan"] - means.loc["Çınarca"]`.'),
            _("Square them with `**2`, then `.mean()` over the attributes."),
            _("The square root: `** 0.5`."),
        ],
        praise=lambda firm, answer: _("So many points on a typical attribute. Brands that are near compete most."),
    ),
    Exercise(
        id="1d-6", kind="find", work=lambda firm: "right",
        mistakes=lambda firm: [
            Mistake("close", _reading(firm, "close")),
            Mistake("arrow", _reading(firm, "arrow")),
        ],
        hints=lambda: [
            _("What does an arrow say, what does a distance say? And what does an axis say?"),
            _("Mirror the map in your mind: what changes for the brand on the right?"),
        ],
        praise=lambda firm, answer: _("Left and right only say: not alike. Mirrored, the map would be as true."),
    ),
]  # fmt: skip
