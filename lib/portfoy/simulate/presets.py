"""Companies beside the teaching company: each has something planted that an analysis has to find, or nothing at all."""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import tomli_w

from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.simulate.contacting import campaign_company
from portfoy.simulate.contracts import service_company
from portfoy.simulate.deals import firm_company
from portfoy.simulate.firm import END, START, simulate
from portfoy.simulate.truth import Truth
from portfoy.simulate.write import SETTINGS, write_csv
from portfoy.source import aside

FEWEST = 100  # customers, as of the teaching company
WARM_UP = 6  # years before the first day that are simulated and not written down
QUIET_FROM = "2025-07-01"  # preset dying: nobody is new from this day on
LASTS_UNTIL = {  # the day by which a row is over; without one it still is not
    **{"transactions": "ordered_on", "leads": "closed_on", "tickets": "closed_on", "subscriptions": "ended_on"},
    **{"surveys": "invited_on", "spend": "month", "price_index": "month"},
}
STEADY = {  # of the teaching company: no season, growth, inflation, launch or campaign; lives short enough to settle
    **{"r": 3.0, "alpha": 150.0, "a": 6.0, "b": 14.0, "churn_gamma": {"basic": 4.0, "plus": 4.0, "family": 4.0}},
    **{"churn_delta": {"basic": 36.0, "plus": 56.0, "family": 76.0}, "season": [1.0] * 12},
    **{"ramazan_lift": 1.0, "kurban_lift": 1.0, "growth": 0.0, "inflation_first": 0.0, "inflation_last": 0.0},
    **{"bass_share": 0.0, "campaigns": False},
}
KEPT = {"steady": 0.46, "dying": 0.36}  # of the customers simulated, those whom the firm knows since its first day


@dataclass(frozen=True)
class Planted:
    """A company of a preset: its ``tables``, the ``truth`` as TOML can hold it, and ``hidden`` tables, by name."""

    tables: dict
    truth: dict
    hidden: dict


def campaigns(*, customers=1_000, seed=23, start=START, end=END):
    """Home goods for consumers; eight campaigns in which who answers can be foreseen.

    Planted: the log odds of an answer are sums of what is known on the eve (`contacting.RESPONSE`, and `EFFECT`, what a
    contact adds). The fifth that the truth ranks highest answers about twice as often as all; contacts move the young
    online shopper and put the older one off; who is held out is drawn at random. Hidden: both probabilities of each
    contact.
    """
    return Planted(*campaign_company(np.random.default_rng(seed), customers, start, end))


def subscription(*, customers=4_000, seed=23, start=START, end=END):
    """A paid service of about so many customers: contracts in three plans, causes of leaving, trials as leads.

    There are no orders: a contract says who stays, and monthly payments would only say it again. Planted
    (`contracts.SERVICE`): a break of level, for from November 2025 on every contract is twice as likely to end in a
    month, and who leaves more than before names the price; and Simpson's paradox, for in the second year churn rises by
    about a third in every plan and falls in total, since in the first year most begin in the plans that are seldom
    left. Hidden: contracts and expected churn of each year and plan.
    """
    return Planted(*service_company(np.random.default_rng(seed), customers, start, end))


def firms(*, customers=150, seed=23, start=START, end=END):
    """Few large customers, of whom each has several deals: leads with stages and owners; a won one is an order.

    Planted (`deals.TRADE`): two of the five owners win more and less often than the others with like deals; a deal with
    the public sector takes 1.6 times as long as with a retailer, whose takes five months; few accounts bring much of
    the revenue. Hidden: deals a year and median amount of each account.
    """
    return Planted(*firm_company(np.random.default_rng(seed), customers, start, end))


def steady(*, customers=1_000, seed=23, start=START, end=END):
    """A firm of the same trade in which nothing changes: as many come as go, and nothing else moves.

    Planted: nothing. The years before `start` are simulated too, so that the first day is like any other; orders before
    it are not in the tables. Of about so many `customers`. Hidden: what `simulate` hides of customers.
    """
    return _settled("steady", customers, seed, start, end)


def dying(*, customers=1_000, seed=23, start=START, end=END):
    """The steady firm, to which nobody new has come since `QUIET_FROM`, while customers stop as ever."""
    made, day = _settled("dying", customers, seed, start, end), pd.Timestamp(QUIET_FROM)
    first = made.tables["transactions"].groupby("customer_id")["ordered_on"].min()
    people, leads = made.tables["customers"], made.tables["leads"]
    late = set(first.index[first >= day]) | set(people.loc[people["joined_on"] >= day, "customer_id"])
    tables = {**made.tables, "leads": leads[leads["created_on"] < day]}
    known = set(people["customer_id"]) - late
    return Planted(_of(tables, known), made.truth | {"quiet_from": QUIET_FROM}, _of(made.hidden, known))


def _settled(name, customers, seed, start, end):
    begin, truth = pd.Timestamp(start) - pd.DateOffset(years=WARM_UP), Truth(**STEADY)
    made = simulate(customers=round(customers / KEPT[name]), seed=seed, start=f"{begin:%Y-%m-%d}", end=end, truth=truth)
    day, tables = pd.Timestamp(start), {name: table for name, table in made.tables.items() if len(table)}
    for name, column in LASTS_UNTIL.items():
        tables[name] = tables[name][~(tables[name][column] < day)]
    people, seen = tables.pop("customers"), [t["customer_id"] for t in tables.values() if "customer_id" in t]
    seen.append(tables["leads"]["referred_by"].dropna())
    del tables["ratings"]
    known = set(pd.concat(seen)) | set(people.loc[people["joined_on"] >= day, "customer_id"])
    hidden = {"customers": made.latent.round({"rate": 6, "stop": 5, "mean_order": 2, "multiplier": 4})}
    return Planted(_of({"customers": people, **tables}, known), asdict(truth), _of(hidden, known))


def _of(tables, known):
    """The rows of these customers, and those of no customer."""
    return {
        name: table[table["customer_id"].isna() | table["customer_id"].isin(known)].reset_index(drop=True)
        if "customer_id" in table
        else table.reset_index(drop=True)
        for name, table in tables.items()
    }


PRESETS = {made.__name__: made for made in (campaigns, subscription, firms, steady, dying)}


def write_preset(folder, name, *, progress=None, **given):
    """Write a company of `PRESETS` as CSV, with its truth; `given` as the preset takes it. Gives the paths.

    DataError where there is no such preset, or too few customers; `progress` is told (done, of).
    """
    if name not in PRESETS:
        text = _("simulate: preset is {name!r}. Take one of {known}.")
        raise DataError(text.format(name=name, known=", ".join(PRESETS)))
    given = PRESETS[name].__kwdefaults__ | {key: value for key, value in given.items() if value is not None}
    if given["customers"] < FEWEST:
        text = _("simulate: customers is {n}; a preset needs {fewest}. Take more.")
        raise DataError(text.format(n=given["customers"], fewest=FEWEST))
    made, tell = PRESETS[name](**given), progress or (lambda done, of: None)
    with aside.whole(folder) as place:
        (place / "truth").mkdir()
        places = {place / f"{name}.csv": table for name, table in made.tables.items()}
        places |= {place / "truth" / f"{name}.csv": table for name, table in made.hidden.items()}
        for done, (path, table) in enumerate(places.items(), 1):
            write_csv(path, table, "%.6g" if path.parent != place else "%.4f" if path.stem == "price_index" else "%.2f")
            tell(done, len(places))
        truth, settings = place / "truth" / "truth.toml", place / "portfoy.toml"
        truth.write_bytes(tomli_w.dumps({"preset": name, **given, **made.truth}).encode())
        settings.write_bytes(SETTINGS.replace("Teaching company", f"Company of preset {name}").encode())
    return [Path(folder) / path.relative_to(place) for path in (*places, truth, settings)]
