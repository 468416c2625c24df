"""The tables of a source as seen on one day: what came after it is gone, dates after it are missing.

What a later date brought with it is unknown again too: a lead is open until it is closed, and who it will be is not
known; a ticket still open has not told how many contacts it takes. Whether a campaign's contact was answered has no
date: `models.examples` waits for it.
"""

import ibis
import pandas as pd

from portfoy.errors import DataError
from portfoy.locale import _

BEGINS = {  # table -> the day from which a row is known; ratings have none
    "customers": "joined_on",
    "products": "launched_on",
    "leads": "created_on",
    "spend": "month",
    "campaigns": "starts_on",
    "contacts": "contacted_on",
    "subscriptions": "started_on",
    "tickets": "opened_on",
    "surveys": "answered_on",
    "price_index": "month",
}
ASKED = ("survey_id", "customer_id", "invited_on", "weight", "answered_on")  # known of a survey before the answer


def log_on_day(flagged, day):
    """The checked rows of the log that are there by a day, and whether usable ones come after it.

    Rows without a readable date are there on every day. Where nothing usable comes after the day, all rows are there:
    those dated in the future are set aside, and the table of checks counts them.
    """
    if day is None:
        return flagged, False
    usable = flagged.filter(flagged.problem == "none")
    ends = usable.agg(first=usable.ordered_on.min(), last=usable.ordered_on.max()).to_pyarrow().to_pylist()[0]
    first, last = (end and pd.Timestamp(end).date() for end in ends.values())
    if not first or day >= last:
        return flagged, False
    if day < first:
        text = _("transactions: nothing by {as_of}; the first order is of {first}. Take a later date.")
        raise DataError(text.format(as_of=day, first=first))
    return flagged.filter(flagged.ordered_on.isnull() | (flagged.ordered_on <= day)), True


def on_day(name, day, table_of, log, *, earlier):
    """One table as seen on a day, with the same columns; a row without a date is known on every day.

    `table_of` gives all rows of the table of a name, or None; `log` are the transactions by the day, if any; `earlier`
    says whether the source goes on after it: then who joined on no known day, and has not bought, is not known yet.
    """
    table = table_of(name)
    if table is None:
        return None
    if name == "totals":
        return _totals(table, day, log)
    table = begun(table, name, day)
    if name == "customers" and earlier:
        undated = table.joined_on.isnull() if "joined_on" in table.columns else ibis.literal(True)
        return table.filter(~undated if log is None else ~undated | table.customer_id.isin(log.customer_id))
    if name == "contacts":
        return _of_begun_campaigns(table, table_of("campaigns"), day, earlier)
    if name == "leads":
        known = [log, on_day("customers", day, table_of, log, earlier=True)] if earlier else []
        table = _leads(table, day, known)
    if name == "tickets":
        table = _tickets(table, day)
    if name == "subscriptions":
        table = _subscriptions(table, day, earlier)
    if name == "surveys":
        table = _surveys(table, day)
    dates = [column for column in table.columns if column != BEGINS.get(name) and table[column].type().is_date()]
    return table.mutate(**{column: _until(table[column], table[column], day) for column in dates}) if dates else table


def begun(table, name, day):
    """The rows of a table of this name that are there by the day; one without a date is there on every day."""
    begins = BEGINS.get(name)
    known = [table[column] for column in ("invited_on", begins) if column in table.columns]  # the first is of surveys
    if not known:
        return table
    begun = ibis.coalesce(*known)
    return table.filter(begun.isnull() | (begun <= day))


def _totals(totals, day, log):
    """Totals are those of their last day: what they were earlier nobody can tell. Beside a log they are not needed."""
    later = totals.filter(totals.last_order > day)
    found = later.agg(customers=later.count(), last=later.last_order.max()).to_pyarrow().to_pylist()[0]
    if not found["customers"]:
        return totals
    if log is not None:
        return None
    text = _("totals: customers who bought after {day}: {customers}; totals do not tell what by then. Take {last}.")
    raise DataError(text.format(customers=found["customers"], day=day, last=found["last"]))


def _of_begun_campaigns(contacts, campaigns, day, earlier):
    """Contacts without a date are those of their campaign, where that tells one.

    Where the source goes on after the day, one that nothing dates by then may be a later one, and is not seen.
    """
    dated = contacts.contacted_on.notnull() if "contacted_on" in contacts.columns else ibis.literal(False)
    begun = [contacts.filter(dated).select("campaign_id")]
    if campaigns is not None and "starts_on" in campaigns.columns:
        starts = campaigns.group_by("campaign_id").agg(starts_on=campaigns.starts_on.min())
        later = starts.filter(starts.starts_on > day).campaign_id
        contacts = contacts.filter(dated | ~contacts.campaign_id.isin(later))
        begun.append(starts.filter(starts.starts_on <= day).select("campaign_id"))
    if not earlier:
        return contacts
    known = ibis.union(*begun) if len(begun) > 1 else begun[0]
    return contacts.filter(contacts.campaign_id.isin(known.campaign_id))


def _leads(leads, day, known):
    """Leads closed later are open, and whom they became is not known.

    Whom a lead became that has no closing date is known once one of the tables `known` has that customer.
    """
    columns, changed = leads.columns, {}
    closed_on = leads.closed_on if "closed_on" in columns else ibis.null("date")
    later = (closed_on > day).fill_null(False)
    if "customer_id" in columns:
        among = [table.select(portfoy_known=table.customer_id) for table in known if table is not None]
        if among:
            ids = ibis.union(*among).distinct()
            leads = leads.mutate(portfoy_place=ibis.row_number())  # of a lead that is there twice the first row counts
            leads = leads.left_join(ids, leads.customer_id == ids.portfoy_known).order_by("portfoy_place")
            later |= closed_on.isnull() & leads.customer_id.notnull() & leads.portfoy_known.isnull()
        elif known:  # nobody has told by the day
            later |= closed_on.isnull() & leads.customer_id.notnull()
        changed["customer_id"] = later.ifelse(None, leads.customer_id)
    if "outcome" in leads.columns:
        changed["outcome"] = later.ifelse("open", leads.outcome)
    return leads.mutate(**changed).select(columns) if changed else leads


def _subscriptions(table, day, earlier):
    """How and why a contract ends is known from its end on; where nothing dates that, on the last day alone."""
    told = [table[name] for name in ("duration", "ended", "ended_because") if name in table.columns]
    ended_on = table.ended_on if "ended_on" in table.columns else ibis.null("date")
    known = (ended_on <= day).fill_null(not earlier)
    return table.mutate([known.ifelse(column, None).name(column.get_name()) for column in told])


def _tickets(tickets, day):
    over = next((tickets[name] for name in ("closed_on", "resolved_on") if name in tickets.columns), None)
    if over is None or "touches" not in tickets.columns:
        return tickets
    return tickets.mutate(touches=_until(tickets.touches, over, day))


def _surveys(surveys, day):
    """What is answered later is not known; that somebody was asked is."""
    if "answered_on" not in surveys.columns:
        return surveys
    answers = [name for name in surveys.columns if name not in ASKED]
    known = [*answers, "answered_on"]
    return surveys.mutate([_until(surveys[name], surveys.answered_on, day).name(name) for name in known])


def _until(column, date, day):
    """The column, missing where the date is after the day."""
    return (date > day).fill_null(False).ifelse(None, column)
