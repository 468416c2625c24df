"""The churn rate of contracts, and what people take for it; for sitting 3a."""

from portfoy.course.exercise import Mistake
from portfoy.customers import DAY, to_frame
from portfoy.locale import _


def ended(firm, plan="family", days=180, base="start", top="lost"):
    """The share of the contracts that ran so many days ago which have ended."""
    every = firm.once("contracts of 3a", lambda: to_frame(firm.tables.subscriptions))
    table = every[{"all": every["plan"].notna(), "others": every["plan"] != "family"}.get(plan, every["plan"] == plan)]
    start = firm.as_of - days * DAY
    over = table["ended_on"] <= firm.as_of
    running = (table["started_on"] <= start) & ~(table["ended_on"] <= start)
    if top.endswith(" of ever"):
        return over[(table["started_on"] <= start) | top.startswith("ever")].mean()
    if top == "money":
        return table.loc[running & over, "monthly_fee"].sum() / table.loc[running, "monthly_fee"].sum()
    lost = {
        "young": over & (table["started_on"] > start), "runs": running,
        "fewer": running.astype(int) - (~over).astype(int),
        "lost": running & over, "kept": running & ~over, "new too": over & (table["ended_on"] > start), "ever": over,
    }[top].sum()  # fmt: skip
    below = {
        "start": running.sum(), "end": (~over).sum(), "both": (running | (table["started_on"] > start)).sum(),
        "ever": len(table), "kept": (running & ~over).sum(),
        "all plans": ((every["started_on"] <= start) & ~(every["ended_on"] <= start)).sum(),
        "all lost": ((every["started_on"] <= start) & (every["ended_on"] > start)).sum(),
        "young": (table["started_on"] > start).sum(), "mean": (running.sum() + (~over).sum()) / 2, "none": 1,
    }  # fmt: skip
    return lost / below[base]


def ended_mistakes(firm):
    right, year, every = ended(firm), ended(firm, days=365), ended(firm, "all", 365)
    half = _("This is made from the rate of a year. A window has to be counted, not divided.")
    longer = _("This is made up for a whole year; asked is what ended in the 180 days.")
    month = _("This is a rate of a month; asked is that of the 180 days.")
    days = (firm.as_of - firm.before(6).as_of).days
    return [
        *(Mistake(value, half) for rate in (year, every)
          for value in (rate / 2, 180 * rate / 365, 1 - (1 - rate) ** 0.5)),
        *(Mistake(value, longer) for value in (2 * right, 365 * right / 180, 1 - (1 - right) ** 2)),
        *(Mistake(value, month) for value in (right / 6, 1 - (1 - right) ** (1 / 6))),
        Mistake(ended(firm, days=days), _("These are six months of the calendar; asked are 180 days.")),
        Mistake(0, _("No contract that still runs has ended: choose by the day of the start, `then`, not by today.")),
        Mistake(ended(firm, top="young", base="young"), _("These began after the start: they did not run then.")),
        Mistake(ended(firm, top="runs", base="all plans"), _("This is the plan's part of the contracts.")),
        *(Mistake(sign * ended(firm, top="fewer"), _("By so many fewer run now: new contracts hide the lost."))
          for sign in (1, -1)),
    ]  # fmt: skip
