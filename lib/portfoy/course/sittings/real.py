"""Real growth in the exercises of sitting 5a: the right answer, and the turns it can take."""

from portfoy.course.exercise import Mistake
from portfoy.customers import to_frame
from portfoy.errors import DataError
from portfoy.locale import _


def _months(firm):
    """Each month's ``paid``, the price ``index``, and ``real``, at the prices of the last month."""

    def work():
        if not firm.prices:
            raise DataError(_("A price index is needed. Add price_index.csv with the columns month and index."))
        log = to_frame(firm.log.select("ordered_on", "amount_paid"))
        month = log["ordered_on"].dt.to_period("M").dt.to_timestamp()
        months = log.groupby(month)[["amount_paid"]].sum().set_axis(["paid"], axis=1)
        months["index"] = firm.prices.table.set_index("month")["index"]
        return months.assign(real=months["paid"] * months["index"].iloc[-1] / months["index"])

    return firm.once("5a months", work)


def growth(firm, prices="real", now="quarter", then="year ago", how="factor"):
    """How much the money of some last months grew."""
    months = _months(firm)
    money = {
        "real": months["real"],
        "paid": months["paid"],
        "inverted": months["paid"] * months["index"],
        "index": months["index"],
    }
    length = {"quarter": 3, "year": 12, "month": 1, "half": 6, "four": 4, "two": 2}[now]
    back = {"year ago": 12, "just before": length, "two years": 24, "late": 11, "early": 13, "too late": 9}[then]
    if back + length > len(months):
        raise DataError(_("The history is too short."))

    def sides(each):
        return each.iloc[len(months) - length :].sum(), each.iloc[len(months) - length - back :].iloc[:length].sum()

    (new, old), (high, low) = sides(money[prices]), sides(months["index"])
    taken = {"factor": new / old, "difference": new - old, "now": new, "then": old, "change": new / old - 1}
    return {
        **taken,
        "mean": new / old / (high / low),
        "less": new / old - high / low,
        "part": new / money[prices].iloc[-12:].sum(),
    }[how]


def growth_turns():
    return {
        "prices": {
            "real": None,
            "paid": _("This is money as it was paid (`paid`), with the rise of prices in it."),
            "inverted": _("The index is upside down: old money became less, not more. Divide by the index of then."),
            "index": _("This is the rise of prices alone (`index`); asked is the growth of revenue beyond it."),
        },
        "now": {
            "quarter": None,
            "year": _("This is the whole year, not the last three months."),
            "month": _("This is the last month alone, not three."),
            "half": _("These are six months, not three."),
            "four": _("These are four months, not three."),
            "two": _("These are two months, not three."),
        },
        "then": {
            "year ago": None,
            "just before": _("This is against the months just before. Asked are the same months a year before."),
            "two years": _("This is against two years before, not one."),
            "late": _("The months of then begin one too late: `iloc[-15:-12]` are the same months a year before."),
            "too late": _("`iloc[-12:-9]` begins where the last year begins: three months too late."),
            "early": _("The months of then begin one too early: `iloc[-15:-12]` are the same months a year before."),
        },
        "how": {
            "factor": None,
            "difference": _("This is a difference, in money. A growth factor is new divided by old."),
            "now": _("This is the money of the new months. Divide it by that of the old ones."),
            "then": _("This is the money of the old months. The new money is divided by it."),
            "part": _("This is their part of the last year. Asked is against the same months a year before."),
            "change": _("This is a change; a factor is one more."),
            "mean": _("Near: one index stands for all three months here. Write each month in the prices of today."),
        },
    }  # fmt: skip


def growth_mistakes(firm):
    less = _("The rise of prices is taken off. Factors are divided: 1.50 by 1.25, as by pencil above.")
    left, real = growth(firm, "paid", how="less"), _months(firm)["real"]
    each = (real / real.shift(12)).iloc[-3:].mean()
    return [
        *(Mistake(value, less) for value in (left, 1 + left)),
        Mistake(each, _("This is the mean of three monthly factors; asked are the three months together.")),
        Mistake(100 * growth(firm), _("This is in per cent; a factor of 1 is no growth.")),
        Mistake(100 * growth(firm, how="change"), _("This is a change in per cent; asked is a factor.")),
    ]


def real_year(firm, guess):
    paid, real = growth(firm, "paid", "year"), growth(firm, now="year")
    text = _("You said {guess:.2f}; it is {real:.2f}. As paid it was {paid:.2f}: prices alone give {rest:.2f}.")
    return text.format(guess=guess, real=real, paid=paid, rest=paid / real)
