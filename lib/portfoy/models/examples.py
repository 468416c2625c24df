"""Who answered a campaign: each contact with what was known on the day before it began."""

import ibis
import numpy as np
import pandas as pd

from portfoy.customers import DAY, as_table, engine, purchase_days, resolve_as_of, to_frame
from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.models.columns import ABOUT, CONTROL, HISTORY, TREATED
from portfoy.models.lists import bought_within
from portfoy.people import AGES
from portfoy.rows import with_ids
from portfoy.source.labels import understood
from portfoy.sums import added

TRAITS = ["type", "gender", "region", "income_band", "channel"]
FEATURES = ["bought_before", "idle", "purchases", "ticket", "age", "years", *TRAITS]
"""Not revenue: its logarithm is that of purchases plus that of the ticket, so that it tells nothing new."""


def response_examples(tables, *, as_of=None, answer_days=30):
    """Everybody contacted or held out, with what was known of the customer on the day before the campaign began.

    Orders from the campaign's first contact on are not seen, whatever day the customer's own contact was. Answers have
    no date, so whatever else is told of a contact is missing, too, until its answer is known, `answer_days` after it. A
    customer contacted twice in a campaign counts once; contacts after `as_of` (else the last date in the log) are not
    seen. An arm that is not understood is missing, but in a campaign with a control and nothing that reads as
    treatment: there it is what was tried. Missing is an answer that is not told, unless nobody's is ever "no":
    then blank means no. Where nobody wrote down the answers to a list with a ``hold_out_share``, who bought in the days
    after is taken to have answered, in both arms.

    Gives a DataFrame, one row per customer and campaign, campaigns in order of time: ``campaign_id``; ``starts_on`` its
    first contact; ``customer_id``; ``contacted_on``; ``known_on`` the day the answer is known, missing where it is not
    told; ``arm`` "treatment", "control" (held out) or missing; ``hold_out_share`` the share that was meant to be held
    out, if told; ``responded`` 1 or 0, missing while that day is to come, for those held out while it is to come for
    anybody of their campaign; ``bought_before``; ``idle``, ``age`` days, ``purchases``, ``revenue``, ``ticket`` as in
    `customer_table`, missing without a purchase before; ``years`` age of the person in that year; ``type``, ``gender``,
    ``region``, ``income_band``, ``channel``; ``campaign_orders`` orders that carry the campaign's id; and further
    columns of contacts and customers. Columns no customer has are left out. DataError where there are no contacts, no
    arm is understood as treatment, or neither they nor the orders tell who responded.
    """
    log = as_table(tables.transactions)
    as_of = resolve_as_of(log, as_of)
    contacts = _contacts(tables, as_of)
    answers = campaign_answers(log, as_of)
    if "responded" not in contacts and answers is None and contacts["hold_out_share"].isna().all():
        raise DataError(_("contacts: neither 'responded' nor orders' campaign_id tells who responded. Add one."))
    examples = _with_responses(log, contacts, answers, answer_days, as_of).reset_index(drop=True)
    examples = pd.concat([examples, _history(log, examples)], axis=1)
    examples = join_people(examples, tables.customers, examples["starts_on"].dt.year)
    return examples.drop(columns=[name for name in examples if name not in ABOUT and examples[name].isna().all()])


def examples_of(firm, answer_days=30):
    """The `response_examples` of a firm, worked out once for all who ask; for reading only."""
    given = {"as_of": firm.as_of, "answer_days": answer_days}
    return firm.once(("response_examples", answer_days), lambda: response_examples(firm.tables, **given))


def arm_words(firm, examples):
    """What the contacts call the arm of each example, where it is neither treatment nor control; on its index."""
    contacts, key = firm.tables.contacts, ["campaign_id", "customer_id"]
    if "arm" not in contacts.columns:
        return pd.Series(np.nan, examples.index, dtype="object")
    days = [name for name in ("contacted_on",) if name in contacts.columns]
    said = to_frame(contacts.select(*key, "arm", *days)).sort_values(days or key, kind="stable").drop_duplicates(key)
    said = examples[key].merge(said.astype({"arm": "object"}), on=key, how="left")["arm"].set_axis(examples.index)
    own = {text: str(text).strip() for text in said.dropna().unique() if not understood("arm", str(text))}
    return said.map(own).astype("object")


def examples_today(firm, features):
    """Today's customers as if a campaign began, with the columns that a model of these features needs."""
    customers = with_ids(firm.customers, "campaign").assign(bought_before=True)
    today = customers["first_order"] + customers["age"] * DAY
    table = join_people(customers, firm.tables.customers, today.dt.year)
    return table.assign(**{name: np.nan for name in features if name not in table})


def campaign_answers(log, as_of=None):
    """What customers ordered in answer to a campaign: one row per campaign and customer; None where no order says so.

    ``campaign_orders``, ``answer_revenue``, ``answer_margin`` (missing where no cost is known) of the orders with the
    campaign's id, up to `as_of`.
    """
    log = as_table(log)
    if "campaign_id" not in log.columns:
        return None
    seen = log.filter(log.campaign_id.notnull())
    if as_of is not None:
        seen = seen.filter(seen.ordered_on <= as_of.date())
    marked = seen.mutate(customer_id=seen.campaign_id.concat("\t", seen.customer_id))
    days = purchase_days(marked)
    totals = days.group_by("customer_id").agg(
        campaign_orders=days.orders.sum(),
        answer_revenue=added(days.revenue),
        answer_margin=added(days.margin),
    )
    answers = to_frame(totals)
    if answers.empty:
        return None
    parts = answers.pop("customer_id").astype("str").str.split("\t", n=1, expand=True)
    return answers.assign(campaign_id=parts[0], customer_id=parts[1])


def _contacts(tables, as_of):
    """All contacts up to the day, one row per campaign and customer, with ``starts_on`` and ``arm``."""
    dated = tables.campaigns is not None and "starts_on" in tables.campaigns.columns  # by their campaign
    engine(tables.contacts, "contacts", ["campaign_id", "customer_id", *["contacted_on"] * (not dated)])
    contacts = to_frame(tables.contacts).dropna(subset=["campaign_id", "customer_id"])
    days = contacts["contacted_on"] if "contacted_on" in contacts else pd.Series(pd.NaT, contacts.index)
    contacts["contacted_on"] = pd.to_datetime(days).astype("datetime64[s]")
    starts = _starts(contacts, tables.campaigns)
    contacts = contacts.assign(starts_on=starts, contacted_on=contacts["contacted_on"].fillna(starts))
    contacts = contacts[contacts["contacted_on"] <= as_of]
    if contacts.empty:
        raise DataError(_("contacts: nobody was contacted by {as_of:%Y-%m-%d}. Take a later date.").format(as_of=as_of))
    contacts["arm"] = _arms(contacts)
    shares = contacts["hold_out_share"] if "hold_out_share" in contacts else pd.Series(np.nan, contacts.index)
    contacts["hold_out_share"] = pd.to_numeric(shares, errors="coerce")
    if "responded" in contacts:
        told = contacts.pop("responded").astype("boolean").astype("float64")
        told = told.groupby([contacts["campaign_id"], contacts["customer_id"]]).transform("max")
        if told.notna().any():
            contacts["responded"] = told if (told == 0).any() else told.fillna(0.0)
    contacts = contacts.sort_values(["starts_on", "campaign_id", "customer_id", "contacted_on"], kind="stable")
    return contacts.drop_duplicates(["campaign_id", "customer_id"])


def _arms(contacts):
    """Our label of each contact's arm; all are treated where there is no such column."""
    if "arm" not in contacts:
        return TREATED
    arm = contacts["arm"].map({text: understood("arm", str(text)) for text in contacts["arm"].dropna().unique()})
    treated, held = ((arm == one).groupby(contacts["campaign_id"]).transform("any") for one in (TREATED, CONTROL))
    arm = arm.mask(arm.isna() & contacts["arm"].notna() & held & ~treated, TREATED)
    if not (arm == TREATED).any():
        text = _(
            "contacts: no 'arm' reads as treatment. Say in portfoy.toml, under [contacts]: "
            'values = {{ arm = {{ treatment = ["..."], control = ["..."] }} }}.'
        )
        raise DataError(text.format())
    return arm.astype("object").where(arm.notna(), None)


def _starts(contacts, campaigns):
    """The first contact of each contact's campaign; where none has a date, the day it is said to start."""
    starts = contacts.groupby("campaign_id")["contacted_on"].transform("min")
    if campaigns is None or "starts_on" not in campaigns.columns or not starts.isna().any():
        return starts
    said = to_frame(campaigns).drop_duplicates("campaign_id").set_index("campaign_id")["starts_on"]
    return starts.fillna(pd.to_datetime(contacts["campaign_id"].map(said)).astype("datetime64[s]"))


def _with_responses(log, contacts, answers, answer_days, as_of):
    """The contacts with the answer where it is known; what else is told of them is missing until then, too."""
    key, held = ["campaign_id", "customer_id"], contacts["arm"] == CONTROL
    ours = contacts["hold_out_share"].notna()  # lists of ours, whose answers nobody may have written down
    if answers is not None:
        contacts = contacts.merge(answers[[*key, "campaign_orders"]], on=key, how="left").set_axis(contacts.index)
        contacts["campaign_orders"] = contacts["campaign_orders"].fillna(0)
    if "responded" in contacts:
        ours &= ~contacts["responded"].notna().groupby(contacts["campaign_id"]).transform("any")
    elif answers is not None:  # who was held out has no order of the campaign, so nothing is told of them
        contacts["responded"] = (contacts["campaign_orders"] > 0).astype(float).mask(held)
    else:
        contacts["responded"] = np.nan
    if ours.any():
        contacts.loc[ours, "responded"] = bought_within(log, contacts[ours], answer_days)
    contacts["known_on"] = contacts["contacted_on"] + answer_days * DAY
    early = contacts["known_on"] > as_of
    told = contacts["responded"].notna()
    extras = contacts.drop(columns=[name for name in ABOUT if name in contacts])
    extras = extras.mask(early & told) if early.any() else extras  # an answer that the export has not: open there, too
    extras = extras.rename(columns={name: f"contact_{name}" for name in extras if name in [*HISTORY, *TRAITS, "years"]})
    waits = early | held & early.groupby(contacts["campaign_id"]).transform("any")
    about = {"responded": contacts["responded"].mask(waits), "known_on": contacts["known_on"].where(told)}
    return pd.concat([contacts.assign(**about)[ABOUT], extras], axis=1)


def _history(log, examples):
    """Purchases before the campaign's first contact, one row per example on its index; all examples in one query."""
    cases = pd.DataFrame(
        {"customer_id": examples["customer_id"], "starts_on": examples["starts_on"], "example": examples.index}
    ).astype({"customer_id": "str", "example": "str"})
    cases = ibis.memtable(cases).mutate(starts_on=ibis._.starts_on.cast("date"))
    seen = log.inner_join(cases, "customer_id").filter(ibis._.ordered_on < ibis._.starts_on)
    days = purchase_days(seen.mutate(customer_id=seen.example))
    totals = days.group_by("customer_id").agg(
        first=days.day.min(), last=days.day.max(), purchases=days.day.count(), revenue=added(days.revenue)
    )
    found = to_frame(totals.filter(totals.purchases > 0))
    found = found.set_index(found.pop("customer_id").astype("int64")).reindex(examples.index)
    eve = examples["starts_on"] - DAY
    bought = found["purchases"].notna()
    return pd.DataFrame(
        {
            "bought_before": bought,
            "idle": (eve - pd.to_datetime(found["last"])) / DAY,
            "purchases": found["purchases"].astype(float),
            "revenue": found["revenue"].astype(float),
            "ticket": (found["revenue"] / found["purchases"]).astype(float),
            "age": (eve - pd.to_datetime(found["first"])) / DAY,
        }
    )


def join_people(rows, people, year):
    """Rows of customers with the traits and further columns of the customers table, and their age in a year.

    A customer's first row there counts; a column of the same name gets ``customer_`` in front; an age that is not
    credible is missing. Without a table the rows stay as they are.
    """
    if people is None:
        return rows
    known = to_frame(people).dropna(subset="customer_id").drop_duplicates("customer_id")
    known = known.astype({"customer_id": "str"}).set_index("customer_id")
    known = known.rename(columns={name: f"customer_{name}" for name in known.columns.intersection(rows.columns)})
    rows = pd.concat([rows, known.reindex(rows["customer_id"].astype("str")).set_axis(rows.index)], axis=1)
    if "birth_year" in rows:
        years = year - pd.to_numeric(rows.pop("birth_year"), errors="coerce")
        rows["years"] = years.where(years.between(*AGES))
    return rows
