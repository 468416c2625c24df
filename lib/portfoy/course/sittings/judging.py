"""Exercises of sitting 0d: shares and indexes, what chance has drawn, association and effect, what to do first."""

import numpy as np

from portfoy.course.exercise import Exercise, Mistake
from portfoy.course.lessons import truth
from portfoy.deepening.experiment import experiment
from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.simulate.truth import PERSONAS

LATELY = 90  # days
LETTERS = 100


def _level(customers, trait, level):
    """The customers of a level; a DataError where there are none."""
    found = customers[customers[trait] == level] if trait in customers else customers[:0]
    if not len(found):
        raise DataError(_("customers: nobody has {trait} {level!r}.").format(trait=trait, level=level))
    return found


def _wholesalers(firm):
    now = firm.recent(12)
    return 100 * _level(now, "type", "wholesaler")["revenue"].mean() / now["revenue"].mean()


def _index(firm, of="purchases", level="wholesaler", base="all", way="index", months=12, middle="mean"):
    """The index of a type of customers, or what people take for it."""
    now = firm.recent(months)
    group = now[now["type"] != "consumer"] if level == "firms" else _level(now, "type", level)
    yardsticks = {"all": now, "others": now[~now.index.isin(group.index)]}
    yardsticks |= {"consumers": now[now["type"] == "consumer"], "firms": now[now["type"] != "consumer"]}
    yardsticks |= {"types": now.groupby("type")[["purchases", "revenue"]].mean()}
    whole = yardsticks[base]
    if of == "spent":
        own, usual = (table["revenue"].sum() / table["purchases"].sum() for table in (group, whole))
    else:
        own, usual = group[of].agg(middle), whole[of].agg(middle)
    ways = {"index": 100 * own / usual, "ratio": own / usual, "change": 100 * (own / usual - 1), "own": own}
    ways |= {"upside": 100 * usual / own, "gap": own - usual, "points": 100 * (own - usual), "usual": usual}
    return ways[way]


def _share_mistakes(firm):
    now = firm.recent(12)
    group = _level(now, "type", "wholesaler")
    bought = group["purchases"].sum() / now["purchases"].sum()
    share = _("This is a share. An index compares one customer with the average one: divide the means.")
    mixed = _("One share is of the last year, the other of the whole history. Take both from `now`.")
    ever = firm.recent(0)
    return [
        *(Mistake(value, share) for part in (bought, len(group) / len(now)) for value in (part, 100 * part)),
        Mistake(100 * bought / (len(_level(ever, "type", "wholesaler")) / len(ever)), mixed),
    ]


def _mailed(firm, which="fair"):
    """Who was on a mailing's list: of those that chance drew, of all, or of those whose addressees were chosen."""
    contacts = firm.tables.contacts
    if contacts is None:
        raise DataError(_("contacts: there is no such table. Use the teaching company."))
    bought = firm.recent(0)[["customer_id", "channel", "revenue"]]
    mailed = firm.once(("0d", "mailed"), lambda: contacts.to_pandas().merge(bought, on="customer_id"))
    checks = firm.once(("0d", "checks"), lambda: experiment(firm))
    if not checks:
        raise DataError(checks.reason)
    checks = checks.checks
    chosen = mailed["campaign_id"].isin(checks.loc[checks["arms"] == "chosen", "campaign_id"])
    return mailed[{"fair": ~chosen, "all": chosen | ~chosen, "chosen": chosen}[which]]


def _difference(firm, which="fair", way="difference", of="responded", each=False):
    """How much larger the share of responders is among those written to, or what people take for it."""
    mailed = _mailed(firm, which)
    values = mailed.assign(value=mailed[of].where(mailed[of].notna(), 0).astype(float))
    if each:
        found = values.groupby(["campaign_id", "arm"])["value"].mean().unstack().mean()
    else:
        found = values.groupby("arm")["value"].mean()
    treated, control = found["treatment"], found["control"]
    times = treated / control if control else np.nan
    ways = {"difference": treated - control, "reverse": control - treated, "ratio": times, "change": times - 1}
    ways |= {"treated": treated, "control": control, "pooled": values["value"].mean()}
    return ways[way]


def _count_mistakes(firm):
    fair = _mailed(firm)
    counts = fair[fair["responded"]].groupby("arm").size()
    treated, control = counts["treatment"], counts["control"]
    both = _("You subtracted the share among both parts together. Subtract that of those held out.")
    number = _("These are numbers of people. The two parts are not equally large: compare shares.")
    written = _("This is how many of the responders were written to. Wanted is how many of those written to responded.")
    one = _("This is one mailing, or one channel. Take all of `fair` together.")
    parts = [part for name in ("campaign_id", "channel") for _value, part in fair.groupby(name)]
    alone = [part.groupby("arm")["responded"].mean() for part in parts]
    whole = _("Each part has its own denominator: divide by those written to, and by those held out.")
    return [
        Mistake(treated - control, number),
        Mistake(_difference(firm, way="treated") - fair["responded"].mean(), both),
        Mistake(
            2 * (fair["arm"] == "treatment").mean() - 1, _("This is how large the parts are. Who of them responded?")
        ),
        Mistake(treated / (treated + control), written),
        Mistake((treated - control) / (treated + control), written),
        Mistake((treated - control) / len(fair), whole),
        Mistake(treated / len(fair), whole),
        *(Mistake(found["treatment"] - found["control"], one) for found in alone),
    ]


def _gains(firm):
    """By the truth: what a mailing to 100 consumers of each group adds, in purchases and in margin."""
    envelope = truth(firm)
    if envelope is None:
        raise DataError(_("these data have no truth. Use the teaching company."))
    told = [np.array(envelope.parameters[f"response_{arm}"]) for arm in ("treated", "control")]
    moved = dict(zip(PERSONAS, told[0] - told[1], strict=True))
    known = _level(firm.recent(12), "type", "consumer").merge(envelope.customers, on="customer_id")
    more = known["persona"].map(moved)
    margin = more * known["ticket"] * known["margin"].sum() / known["revenue"].sum()
    groups = {name: known["channel"] == name for name in ("representative", "online")}
    groups["recent"] = known["idle"] <= LATELY
    return {name: (LETTERS * more[rows].mean(), LETTERS * margin[rows].mean()) for name, rows in groups.items()}


def _said_gain(firm, name):
    more, margin = _gains(firm)[name]
    text = _(
        "By the truth, 100 letters to this group change purchases by {more:+.1f}, margin by {margin:+,.0f} {currency}."
    )
    return text.format(more=more, margin=margin, currency=firm.currency)


def _best(firm):
    gains = _gains(firm)
    return max(gains, key=lambda name: gains[name][1])


def _why(name):
    return {
        "representative": _(
            "They bring most. That says nothing of what a letter changes: many would buy as much without."
        ),
        "recent": _("They answer most, with or without a letter: an association, not an effect."),
        "online": _("Chance drew, so the difference between the arms is the effect of the letter."),
    }[name]


EXERCISES = [
    Exercise(
        id="0d-1",
        kind="predict",
        work=_wholesalers,
        hints=lambda: [_("Any number; 100 is the average customer.")],
        praise=lambda firm, guess: _(
            "You said {guess:.0f}; it is {right:.0f}, where the average customer is 100."
        ).format(guess=guess, right=_wholesalers(firm)),
    ),
    Exercise(
        id="0d-2",
        kind="compute",
        work=_index,
        choices=lambda: {
            "of": {
                "purchases": None,
                "revenue": _("This is about revenue. Asked is how often they buy."),
                "margin": _("This is about margin. Asked is how often they buy."),
                "ticket": _("This is about the money of one purchase. Asked is how often they buy."),
                "spent": _("This is about the money of one purchase. Asked is how often they buy."),
                "orders": _("You counted orders. Several orders on one day are one purchase."),
                "repeats": _("You counted repeats in the whole history. Take the purchases of the last year."),
            },
            "way": {
                "index": None,
                "ratio": _("This is the ratio. An index is 100 times as much."),
                "change": _("This is by how much they differ. The index of the average is 100, not 0."),
                "own": _("These are the purchases of one of them. Divide them by those of the average customer."),
                "usual": _("These are the purchases of the average customer: the yardstick. Divide by them."),
                "upside": _("Upside down: the yardstick is what we divide by."),
                "gap": _("This is a difference. An index is a division."),
                "points": _("This is a difference. An index is a division."),
            },
            "base": {
                "all": None,
                "others": _("Your yardstick is the customers of the other types. Asked is: all customers."),
                "consumers": _("Your yardstick is the consumers. Asked is: all customers."),
                "firms": _("Your yardstick is the firms. Asked is: all customers."),
                "types": _("Your yardstick is the mean of the types, each counted once. Asked is: all customers."),
            },
            "level": {
                "wholesaler": None,
                "retailer": _("These are the retailers. Look at `type` again."),
                "business": _("These are the businesses. Look at `type` again."),
                "firms": _("These are all firms: businesses and retailers, too."),
            },
            "months": {12: None, 0: _("This is the whole history. `now` holds the last year.")},
            "middle": {
                "mean": None,
                "median": _("This divides medians. Purchases per customer is a mean: purchases / customers."),
                "sum": _("This divides sums, so it is a share. Divide the means: one customer by one customer."),
            },
        },
        mistakes=_share_mistakes,
        hints=lambda: [
            _("First the group: rows of `now` whose type is wholesaler."),
            _("Purchases per customer: the mean of `purchases`, once of the group, once of all."),
            _("Divide the first by the second, and multiply by 100."),
        ],
        praise=lambda firm, answer: _(
            "Their ticket has the index {ticket:.0f}. Multiplied, over 100, the two give revenue its {revenue:.0f}."
        ).format(ticket=_index(firm, of="spent"), revenue=_index(firm, of="revenue")),
    ),
    Exercise(
        id="0d-3",
        kind="compute",
        work=_difference,
        share=True,
        choices=lambda: {
            "which": {
                "fair": None,
                "all": _("Here are all mailings, the one that was not drawn by chance, too. Use `fair`."),
                "chosen": _("This is only the mailing that was not drawn by chance. Use `fair`."),
            },
            "way": {
                "difference": None,
                "reverse": _("Turn it round: those written to, less those held out."),
                "ratio": _("This is how many times as many. Asked is a difference: subtract."),
                "change": _("This is the change in relation to those held out. Asked is a difference: subtract."),
                "treated": _("These are those written to alone. Some would have bought anyway: subtract the held out."),
                "control": _("These are those held out alone: what happens without a letter."),
                "pooled": _("This is of both parts together. Split them by `arm`."),
            },
            "of": {
                "responded": None,
                "opened": _("This is who opened it. To open is not to buy: take `responded`."),
                "revenue": _("This is about revenue. Take `responded`."),
            },
            "each": {
                False: None,
                True: _(
                    "This is the mean of the mailings, a small one counting as much as a large one. Take all together."
                ),
            },
        },
        mistakes=_count_mistakes,
        hints=lambda: [
            _("`fair` has a row for each customer on a list; `arm` says treatment or control."),
            _("The mean of `responded` is a share: take it by arm."),
            _("The share of treatment, less the share of control."),
        ],
        praise=lambda firm, answer: _(
            "Chance drew, so it is an effect: of 100 letters, {more:.0f} make somebody buy. With the chosen mailing it "
            "would have looked like {all:.0f}."
        ).format(more=100 * _difference(firm), all=100 * _difference(firm, which="all")),
    ),
    Exercise(
        id="0d-4",
        kind="find",
        work=lambda firm: "C",
        mistakes=lambda firm: [
            Mistake("A", _("A is fair: it says what its share is of, and claims no more.")),
            Mistake("B", _("B is fair: a share of revenue beside a share of customers. It does not say why.")),
            Mistake("D", _("D is fair: chance decided who was written to, so nothing else differs.")),
        ],
        hints=lambda: [
            _("Look for the word `so`, and ask: who decided who is in which group?"),
            _("Where chance decided, a difference is an effect. Where customers did, it is an association."),
        ],
        praise=lambda firm, answer: _(
            "Each quarter, those who bought lately are asked. Who buys often is asked often: buying led to the survey."
        ),
    ),
    Exercise(
        id="0d-5",
        kind="decide",
        work=_best,
        mistakes=lambda firm: [
            Mistake(name, f"{_why(name)} {_said_gain(firm, name)}") for name in _gains(firm) if name != _best(firm)
        ],
        hints=lambda: [
            _("What would each group do without a letter? Only the difference counts."),
            _("Compare the arms of `fair` by channel: `fair.groupby(['channel', 'arm'])['responded'].mean()`."),
        ],
        praise=lambda firm, answer: f"{_why(_best(firm))} {_said_gain(firm, _best(firm))}",
    ),
]
