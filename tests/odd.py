"""Small companies at random with what real exports have: losses, silences, far dates, tables that do not meet."""

import numpy as np
import pandas as pd

END = pd.Timestamp("2025-06-30")
FAR = ["9999-12-31", "0001-01-01", "1900-01-01", "1970-01-01", "2262-04-12"]
AMOUNTS = {  # what becomes of the order lines
    "plain": lambda log: log,
    "returns": lambda log: log.assign(amount=log["amount"].where(log.index % 5 > 1, -3 * log["amount"])),
    "only returns": lambda log: log.assign(amount=-log["amount"]),
    "net nothing": lambda log: pd.concat([log, log.assign(amount=-log["amount"])], ignore_index=True),
    "net loss": lambda log: pd.concat([log, log.assign(amount=-1.7 * log["amount"])], ignore_index=True),
    "for nothing": lambda log: log.assign(amount=0.0),
    "one price": lambda log: log.assign(amount=10.0),
    "one huge": lambda log: log.assign(amount=log["amount"].where(log.index > 0, 1e9)),
    "months below nought": lambda log: log.assign(
        amount=log["amount"].where(log["ordered_on"].dt.month % 3 > 0, -5 * log["amount"])
    ),
}
COSTS = {"none": None, "half": 0.5, "double": 2.0, "all": 1.0, "free": 0.0}  # of the price


def odd_company(seed):
    """(tables, day or None) of a company; those that there are, their columns and their oddities are drawn."""
    return _Company(np.random.default_rng(seed)).tables()


class _Company:
    def __init__(self, random):
        self.random = random
        self.ids = [f"C{number:03}" for number in range(self.pick(1, 2, 5, 12, 40))]
        self.others = [f"X{number}" for number in range(50)] if self.chance(0.2) else self.ids
        self.days, self.goods, self.rows = self.pick(1, 40, 400, 1000), self.pick(1, 2, 12), self.pick(0, 1, 5, 60, 150)

    def pick(self, *among):
        return among[self.random.integers(len(among))]

    def chance(self, share):
        return self.random.random() < share

    def who(self):
        return self.random.choice(self.others, self.rows)

    def day(self, n, back=900):
        """Days of the last ones; now and then some or all are as far as programs write for none."""
        days = pd.Series(END - pd.to_timedelta(self.random.integers(0, back, n), "D")).astype("datetime64[us]")
        far = self.random.random(n) < self.pick(0.1, 0.5, 1.0)
        return days.mask(far & self.chance(0.3), np.datetime64(self.pick(*FAR), "us"))

    def any_of(self, *among):
        """One of them for all rows, or any for each."""
        one = self.chance(0.5)
        return self.pick(*among) if one else self.random.choice(np.array(among, dtype=object), self.rows)

    def tables(self):
        made = {"transactions": self.orders()}
        for name in ("customers", "products", "leads", "spend", "contacts", "subscriptions", "tickets", "surveys"):
            if self.chance(0.5):
                made[name] = getattr(self, name)()
        if "contacts" in made:
            made["campaigns"] = self.campaigns()
        return made, self.pick(None, None, None, "2025-03-31", "2026-01-31", "1970-01-01", "2100-12-31")

    def orders(self):
        n = len(self.ids) * self.pick(1, 2, 8)
        log = pd.DataFrame({"customer_id": self.random.choice(self.ids, n)})
        log["order_id"] = [f"S{number // 2}" for number in range(n)]
        log["ordered_on"] = END - pd.to_timedelta(self.random.integers(0, self.days, n), "D")
        log["amount"] = self.random.lognormal(3, 1, n).round(2)
        log["product_id"] = [f"P{number}" for number in self.random.integers(0, self.goods, n)]
        log = AMOUNTS[self.pick(*AMOUNTS)](log)
        cost = COSTS[self.pick(*COSTS)]
        log["quantity"] = np.sign(log["amount"])
        return log if cost is None else log.assign(unit_cost=cost * log["amount"].abs())

    def customers(self):
        return pd.DataFrame({"customer_id": self.others, "joined_on": self.day(len(self.others))})

    def products(self):
        ids = [f"P{number}" for number in range(self.goods)]
        return pd.DataFrame({"product_id": ids, "name": "thing", "launched_on": self.day(self.goods)})

    def leads(self):
        names = ("created_on", "contacted_on", "qualified_on", "proposed_on", "closed_on")
        outcome, customer = self.any_of("won", "lost", "open"), self.who()
        table = pd.DataFrame({"lead_id": range(self.rows), **{name: self.day(self.rows) for name in names}})
        table = table.assign(outcome=outcome, channel=self.any_of("web", "fair"), owner=self.any_of("A", "B"))
        return table.assign(customer_id=pd.Series(customer, dtype=object).where(table["outcome"] == "won"))

    def spend(self):
        months = pd.date_range("2023-01-01", periods=30, freq="MS")
        return pd.DataFrame({"month": months, "channel": self.pick("web", "other"), "cost": self.pick(0.0, 100.0)})

    def campaigns(self):
        cost, starts = self.pick(0.0, 50.0), self.day(2, 300)
        return pd.DataFrame({"campaign_id": ["K1", "K2"], "phase": "retention", "cost": cost, "starts_on": starts})

    def contacts(self):
        table = pd.DataFrame({"customer_id": self.who(), "contacted_on": self.day(self.rows, 300)})
        table = table.assign(campaign_id=self.any_of("K1", "K2", "K9"), arm=self.any_of("treatment", "control"))
        return table.assign(responded=self.any_of(True, False)).drop_duplicates(["campaign_id", "customer_id"])

    def subscriptions(self):
        began, lasted = self.day(self.rows), pd.to_timedelta(self.random.integers(-200, 500, self.rows), "D")
        table = pd.DataFrame({"contract_id": range(self.rows), "customer_id": self.who(), "started_on": began})
        ended = {"all": began.clip(upper=END) + lasted, "none": began.mask(began == began), "any": self.day(self.rows)}
        table = table.assign(ended_on=ended[self.pick(*ended)], plan=self.any_of("a", "b"))
        return table.assign(monthly_fee=self.pick(0.0, 9.9))

    def tickets(self):
        table = pd.DataFrame({"ticket_id": range(self.rows), "customer_id": self.who()})
        table = table.assign(opened_on=self.day(self.rows), closed_on=self.day(self.rows))
        return table.assign(touches=self.pick(0.0, 1.0, 3.0), topic="t", is_complaint=self.pick(True, False))

    def surveys(self):
        table = pd.DataFrame({"survey_id": range(self.rows), "customer_id": self.who()})
        table["answered_on"] = self.day(self.rows)
        return table.assign(nps=self.any_of(0.0, 10.0), csat=self.pick(1.0, 5.0), category_spend=self.pick(0.0, 500.0))
