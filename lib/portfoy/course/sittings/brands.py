"""How far apart two brands are, and what people take for it; for sitting 1d."""

import numpy as np

from portfoy.course.exercise import Mistake
from portfoy.customers import to_frame
from portfoy.errors import DataError
from portfoy.locale import _

PAIR = ("Sedirhan", "Çınarca")


def mean_ratings(firm):
    ratings = firm.tables.ratings
    if ratings is None:
        raise DataError(_("there are no ratings."))
    means = to_frame(ratings).pivot_table(index="brand", columns="attribute", values="rating", aggfunc="mean")
    if not set(PAIR) <= set(means.index):
        raise DataError(_("the ratings know no brands called {names}.").format(names=", ".join(PAIR)))
    return means


def distance(firm, pair=PAIR, size="square", how="mean", root=True):
    means = mean_ratings(firm)
    apart = means.loc[pair[0]] - means.loc[pair[1]]
    apart = {"square": apart**2, "absolute": apart.abs(), "plain": apart}[size]
    value = float(apart.agg(how))
    return abs(value) ** 0.5 if root and size == "square" else value


def distance_mistakes(firm):
    from sklearn.decomposition import PCA

    means, (one, two) = mean_ratings(firm), PAIR
    place = PCA(2).fit_transform(means)
    step = place[means.index.get_loc(one)] - place[means.index.get_loc(two)]
    apart = means.loc[one] - means.loc[two]
    single = _("This is the difference on one attribute; take all eight.")
    order = _("Squares, mean, root: in this order.")
    average = _("This is how far one brand is from the average brand; asked is from one to the other.")
    spread = means.loc[one] - means.mean(), means.loc[two] - means.mean()
    seven = _("There are eight attributes: the mean divides by eight.")
    late = _("Divide by eight before the square root, not after it.")
    on_map = _("This is a distance on the map, in two directions; take the mean over all eight attributes.")
    other = _("This is the distance of another pair of brands.")
    pairs = [(a, b) for place, a in enumerate(means.index) for b in means.index[place + 1 :] if {a, b} != set(PAIR)]
    return [
        Mistake(apart.abs().max(), _("This is the largest difference, not a typical one.")),
        Mistake((apart**2).sum() / (len(apart) - 1), seven),
        Mistake(((apart**2).sum() / (len(apart) - 1)) ** 0.5, seven),
        Mistake((apart**2).sum() ** 0.5 / len(apart), late),
        Mistake(apart.mean() ** 2, order),
        Mistake((apart.abs() ** 0.5).mean(), order),
        Mistake((apart.abs() ** 0.5).sum(), order),
        Mistake(apart.abs().mean() ** 0.5, order),
        Mistake((apart**2).mean() ** 2, _("Squared once more; at the end comes the square root: `** 0.5`.")),
        *(Mistake(value, _("These are differences of squares; take the differences first, then square them."))
          for value in _of_squares(means.loc[one], means.loc[two])),
        *(Mistake(value, _("This divides by the number of brands; divide by the eight attributes."))
          for value in (((apart**2).sum() / len(means)) ** 0.5, (apart**2).sum() ** 0.5 / len(means))),
        Mistake((apart**2).sum() / len(apart) ** 0.5, late),
        Mistake((apart**2).mean() ** 0.5 / len(apart), _("The mean has divided by eight already.")),
        *(Mistake((each**2).mean() ** 0.5, average) for each in spread),
        Mistake(((means - means.mean()) ** 2).mean().mean() ** 0.5, average),
        Mistake(apart.max() - apart.min(), _("This is from the lowest to the highest difference, not a typical one.")),
        Mistake(((apart / means.std()) ** 2).mean() ** 0.5, _("The attributes are drawn to one spread here.")),
        Mistake(((means.loc[one] / means.loc[two] - 1) ** 2).mean() ** 0.5, _("This divides; take differences.")),
        Mistake((apart**2).mean() ** (1 / 3), _("A square root is `** 0.5`, not `** (1 / 3)`.")),
        *(Mistake(value, _("Twice is not squared: `**2`, not `*2`."))
          for value in ((apart * 2).mean(), abs((apart * 2).mean()) ** 0.5, (apart * 2).abs().mean() ** 0.5)),
        Mistake((apart**2).mean() / 2, _("A square root is `** 0.5`, not a half.")),
        *(Mistake(value, single) for value in [*apart, *apart.abs()]),
        *(Mistake(distance(firm, pair=pair), other) for pair in pairs),
        *(Mistake(float(agg(step**2) ** 0.5), on_map) for agg in (np.sum, np.mean)),
        Mistake(apart.std(), _("This is a standard deviation: it takes the mean difference off first.")),
        Mistake(apart.std(ddof=0), _("This is a standard deviation: it takes the mean difference off first.")),
        Mistake(means.loc[one].mean(), _("This is the mean rating of one brand.")),
        Mistake(means.loc[two].mean(), _("This is the mean rating of one brand.")),
        Mistake(means.loc[one].corr(means.loc[two]), _("This is a correlation: it does not count points.")),
    ]  # fmt: skip


def _of_squares(one, two):
    apart = (one**2 - two**2).mean()
    return apart, abs(apart) ** 0.5, (one**2).mean() ** 0.5 - (two**2).mean() ** 0.5
