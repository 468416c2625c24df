"""The company of the capstone: made on the spot from a seed, with dirt, and the brief of its manager."""

import tempfile
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import tomli_w

from portfoy import firm as firms
from portfoy.course import envelope
from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.simulate import Truth, write_company
from portfoy.source.address import locate
from portfoy.words import style

DATA, SEED, CUSTOMERS = "data/capstone", 41, 2_500
TILL = {  # what the till calls the columns of an order line
    **{"customer_id": "musteri", "order_id": "fis", "ordered_on": "tarih", "product_id": "urun", "quantity": "adet"},
    **{"amount": "tutar", "unit_cost": "birim_maliyet", "campaign_id": "kampanya"},
}
NOBODY = "PESIN"  # who pays in cash and says no name
COSTS = ("lead_cost", "sales_cost")
OUTCOMES = {"won": "signed", "lost": "gone cold", "open": "running"}
SETTINGS = {
    **{"name": "A company of your own", "currency": "TRY", "unknown_customers": [NOBODY]},
    "transactions": {"delimiter": ";", "decimal": ",", "date_format": "DD.MM.YYYY", **TILL},
    "leads": {"values": {"outcome": {ours: [theirs] for ours, theirs in OUTCOMES.items()}}},
}


@dataclass(frozen=True)
class Brief:
    """What the manager asks, and the numbers that she gives.

    ``channel`` whose leads more could be bought of, for ``budget``; ``contact_cost`` money for each of ``contacts``
    customers; ``service_cost`` money of a second person for service; ``window`` months without a purchase after which
    a customer counts as lost; ``claim`` share of revenue that a fifth of the customers is said to bring, 0-1.
    """

    channel: str
    budget: float
    contact_cost: float
    contacts: int
    service_cost: float
    window: int
    claim: float
    currency: str = "TRY"

    @property
    def costs(self):
        """Option -> what it costs."""
        contact = self.contact_cost * self.contacts
        return {"leads": self.budget, "contact": contact, "service": self.service_cost, "nothing": 0.0}

    def _repr_markdown_(self):
        money = {name: style.money(cost, self.currency) for name, cost in self.costs.items()}
        each = style.money(self.contact_cost, self.currency)
        lines = [
            _("**From the manager**"),
            _(
                "We have money for one thing next year, and four people have four opinions. Our files are not tidy: "
                "look at what they carry before you count anything."
            ),
            _("My options, each with its price:"),
            "\n".join([
                "- " + _('`"leads"`: buy more leads from *{channel}*, for {money}.').format(
                    channel=self.channel, money=money["leads"]
                ),
                "- " + _(
                    '`"contact"`: a call with a small gift, once, to each of the {n:,} consumers who bought in '
                    "the last nine months: {each} each, {money} in all. We did this before, as campaign CAM05."
                ).format(n=self.contacts, each=each, money=money["contact"]),
                "- " + _(
                    '`"service"`: a second person at the service desk for a year, for {money}. Then every complaint is '
                    "solved at the first contact. I expect as many complaints as in the last twelve months."
                ).format(money=money["service"]),
                "- " + _('`"nothing"`: keep the money. That is an answer too.'),
            ]),
            _(
                "Count what comes within twelve months: from a first order on, after the call, after a complaint. "
                "Count margin, at today's prices."
            ),
            _(
                "I call a customer lost who has bought nothing for {window} months. And I believe that a fifth of our "
                "customers brings {claim:.0%} of the revenue. Is that so?"
            ).format(window=self.window, claim=self.claim),
            _(
                "Give me **one page**: what the data carry; three figures, each with its interval; one decision, with "
                "what it costs and the profit you expect; whether my belief holds; and what is missing."
            ),
        ]  # fmt: skip
        return "\n\n".join(lines)


def brief(firm):
    """The Brief that belongs to the company of a capstone; a DataError where the firm is none."""
    try:
        path = locate(f"{firm.tables.where}/brief.toml")
    except DataError:
        raise DataError(
            _("{where}: has no brief. Open it by pf.own_company().").format(where=firm.tables.where)
        ) from None
    return Brief(**tomllib.loads(path.read_text("utf-8")))


def own_company(where=DATA):
    """The Firm of the capstone. Where the folder is not there yet, the default company is made in it, in some seconds.

    With ``portfoy lessons start FOLDER --seed N`` it is there already: that of the seed. A DataError says that the
    folder cannot be written.
    """
    try:
        locate(where)
    except DataError:
        make(where)
    return firms.open(where)


def make(folder, *, seed=SEED, customers=CUSTOMERS):
    """Make the company of a seed in a folder, whole or not at all; one that is there already stays."""
    folder = Path(folder)
    if folder.exists():
        return
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".capstone-") as aside:
            new = Path(aside) / "new"
            _fill(new, seed, customers)
            if not folder.exists():
                new.rename(folder)
    except OSError as error:
        if not folder.exists():  # else somebody else was faster
            text = _("{folder}: cannot be written: {reason}. Work in a folder of your own.")
            raise DataError(text.format(folder=folder, reason=error.strerror or error)) from None


def _fill(folder, seed, customers):
    """Write the tables, as their sources have them, the truth, and the brief."""
    rng = np.random.default_rng([seed, 6])
    names = ["leads", "contact", "service"]
    best = rng.choice([*names, "nothing"])  # whose money comes back, and how many times; of the others less comes
    times = {name: rng.uniform(1.6, 2.2) if name == best else rng.uniform(0.45, 0.8) for name in names}
    channel, window, claim = (
        rng.choice(["website", "fair", "partner"]),
        rng.choice([6, 9, 12]),
        rng.choice([5, 6, 7, 8]),
    )
    truth = _priced(_drawn(rng), str(channel), times["leads"], seed)
    write_company(folder, customers=customers, seed=seed, truth=truth, dirt=True)
    _as_the_sources_have_it(folder)
    firm = firms.open(folder)
    contact, service = envelope.contact_worth(firm), envelope.complaint_worth(firm)
    each = max(round(contact.mean() / times["contact"]), 1)
    second = max(round(service.sum() / times["service"], -3), 1000.0)
    given = Brief(
        channel=str(channel),
        budget=max(round((each * len(contact) + second) / 2, -4), 50_000.0),
        contact_cost=float(each),
        contacts=len(contact),
        service_cost=float(second),
        window=int(window),
        claim=float(claim / 10),
    )
    (folder / "brief.toml").write_bytes(tomli_w.dumps(asdict(given)).encode())


def _drawn(rng):
    """The parameters that differ from company to company: how people leave, what is earned, what a contact changes."""
    shift = rng.uniform(-0.06, 0.05)
    moved = rng.uniform(0.42, 0.6)
    return {
        **{"a": rng.uniform(0.5, 0.9), "b": rng.uniform(3.4, 6.0)},
        "cost_share": {tier: share + shift for tier, share in Truth().cost_share.items()},
        **{"reach": 0.95, "response_treated": [moved, 0.3, 0.01, 0.04]},
        **{"ticket_share": rng.uniform(0.09, 0.14), "complaint_share": 0.7, "first_contact": rng.uniform(0.42, 0.58)},
        "bad_ticket_effect": rng.uniform(0.4, 0.7),
        **{"leads_per_customer": 1.0, "win_intercept": -3.0},
        "lead_shares": {"website": 0.3, "fair": 0.25, "referral": 0.1, "calls": 0.1, "partner": 0.25},
    }


def _priced(drawn, channel, times, seed):
    """The Truth in which what a customer won by a channel brings in a year is so many times what it costs."""
    truth = Truth(**drawn)
    worth, won = envelope.year_worth(asdict(truth)), envelope.win_rates(truth, seed)
    cost = {name: truth.lead_cost[name] + truth.sales_cost[name] for name in truth.lead_cost}
    rate = 1 - np.mean(list(truth.cost_share.values()))
    scale = worth * rate / times / (cost[channel] / won[channel])
    scaled = {what: {name: round(scale * one, 2) for name, one in getattr(truth, what).items()} for what in COSTS}
    return Truth(**drawn, **scaled)


def _as_the_sources_have_it(folder):
    """Rewrite order lines and leads as a till and a sales list write them; portfoy.toml says how to read them."""
    log = pd.read_csv(folder / "transactions.csv", dtype=str, keep_default_na=False)
    log["customer_id"] = log["customer_id"].replace("", NOBODY)
    log["ordered_on"] = log["ordered_on"].str.replace(r"(\d+)-(\d+)-(\d+)", r"\3.\2.\1", regex=True)
    money = {name: log[name].str.replace(".", ",") for name in ("amount", "unit_cost")}
    log.assign(**money).rename(columns=TILL).to_csv(
        folder / "transactions.csv", sep=";", index=False, lineterminator="\n"
    )
    leads = pd.read_csv(folder / "leads.csv", dtype=str, keep_default_na=False)
    leads["outcome"] = leads["outcome"].replace(OUTCOMES)
    leads.to_csv(folder / "leads.csv", index=False, lineterminator="\n")
    (folder / "portfoy.toml").write_bytes(tomli_w.dumps(SETTINGS).encode())
