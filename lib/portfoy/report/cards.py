"""Cards of the customers whom the lists of a run name: a page each in customers/, made in one process of the run.

The file of a card is named by a hash of the id: an id may be an address, hold a `/`, or differ from another one in
capitals alone, and the same customer has the same file in every run.
"""

import json
import shutil
from contextlib import suppress
from dataclasses import replace
from hashlib import blake2s
from urllib.parse import quote

import pandas as pd

from portfoy.errors import DataError
from portfoy.locale import _, use_language
from portfoy.models.columns import CONTROL
from portfoy.report import figures, look, overview, page
from portfoy.report.changes import currency_of
from portfoy.source.address import masked
from portfoy.words import style
from portfoy.words.stages import CARD
from portfoy.words.table import show

FOLDER, INDEX, MADE = "customers", "customers/index.html", "work/cards.json"
ROWS = 15  # of each list and table: what a page shows of a list
COLUMNS = 6  # of a list on the page of all lists: whom and why; its file has the rest
OPENED, TERMS = ("data", "as_of", "currency", "confidence"), ("horizon_months", "discount_rate", "margin_rate")


def make(folder, record, plan, lists, sheets, brand, kernels, seconds):
    """Make the cards of a run whose reports have run, and the page of all lists; customer_id -> path in the folder.

    `lists`, and `sheets` with the tables too, of each stage by its name; as many rows of each get a card as the record
    says under ``cards``. What became of them is kept as ``carded``: ``page``, ``status`` as of a stage, ``error``.
    """
    named = {
        path: (stage, each)
        for stage in record["stages"]
        for path, each in zip(stage["actions"], lists[stage["name"]], strict=True)
        if "customer_id" in each["columns"]
    }
    every = [_column(each, "customer_id")[: record["cards"]] for sheet in sheets.values() for each in sheet]
    asked = {one: {"on": [], "spared": False} for some in every for one in some if one}
    for path, (_stage, each) in named.items():
        arms = _column(each, "arm") or [""] * len(each["rows"])
        for one, arm in zip(_column(each, "customer_id"), arms, strict=True):
            if one in asked:
                asked[one]["on"].append(path)
                asked[one]["spared"] |= arm == CONTROL
    made, failed, status, error, given = {}, {}, "ok", "", {}
    for job in sorted(plan.jobs, key=lambda job: job.stage == CARD):
        given |= job.parameters  # those of the report of one customer go before all others
    opened, terms = ({name: given[name] for name in names if name in given} for names in (OPENED, TERMS))
    (folder / FOLDER).mkdir()
    if asked:
        status, error = kernels.call(write, folder, record, opened, terms, asked, brand, seconds=seconds)
    if asked and status == "ok":
        made, failed = json.loads((folder / MADE).read_text(encoding="utf-8"))
        status, error = ("failed", next(iter(failed.values()))) if failed else ("ok", "")
    if made:
        (folder / INDEX).write_text(_index(record, named, made, brand), encoding="utf-8")
    else:
        shutil.rmtree(folder / FOLDER)
    if error:
        n = len(failed or asked)
        text = _("Cards of customers not made: {n}; {error}")
        error = text.format(n=n, error=" ".join(masked(error).split()))
        record["cards"] = None  # so that the run does not count as made
    record["carded"] = {"page": INDEX if made else "", "status": status, "error": error}
    return made


def _column(table, name):
    """The values of a column of a list or table; none without it."""
    place = table["columns"].index(name) if name in table["columns"] else None
    return [] if place is None else [row[place] for row in table["rows"]]


def address(customer_id):
    """The path of a card in the folder of its run."""
    return f"{FOLDER}/{blake2s(customer_id.encode(), digest_size=8).hexdigest()}.html"


def write(folder, record, opened, terms, asked, brand):
    """Write the card of each customer asked for: what runs in the process. An id that is no customer's has none."""
    from portfoy import firm
    from portfoy.customer.card import cards
    from portfoy.selection.lifetime_value import lifetime_value

    use_language(record["language"])
    seen, made, failed = firm.open(opened.pop("data"), **opened), {}, {}
    with suppress(DataError):  # nobody is a customer
        for card in cards(seen, list(asked), value=lifetime_value(seen, **terms) or None):
            one = card.row.name
            try:
                (folder / address(one)).write_text(_page(folder, record, card, asked[one], brand), encoding="utf-8")
                made[one] = address(one)
            except Exception as error:  # one card that fails is no reason to have none
                failed[one] = f"{one}: {type(error).__name__}: {error}"
    (folder / MADE).write_text(json.dumps([made, failed]), encoding="utf-8")


def _page(folder, record, card, asked, brand):
    """The HTML of one card; whom a list of this run holds out is left in peace."""
    if asked["spared"] and card.row["next"] != "ticket":
        card = replace(card, row=card.row.where(card.row.index != "next", "spared"))
    blocks = [{**each.content(), "kind": "result"} for each in (card, card.history)]
    heading = blocks[0]["finding"]["text"]
    page.placed([table for block in blocks for table in block["tables"]], "html", {})
    before = next(filter(None, ((stage["changes"] or {}).get("before") for stage in record["stages"])), None)
    file = before and f"{before['folder']}/{address(card.row.name)}"
    before = file and (folder.parent / file).is_file() and (quote(f"../../{file}"), style.day(before["as_of"]))
    sections = [{"blocks": [{**block, "finding": None}], "code": []} for block in blocks]
    said = {"who": style.shorten(card.row.name), "before": before, "sections": sections, "lists": asked["on"]}
    return _rendered(record, heading, brand, **said)


def _index(record, named, made, brand):
    """The page of all lists that name customers: the first rows of each, whose ids lead to the cards."""
    shown = []
    for path, (stage, each) in named.items():
        table = pd.DataFrame(each["rows"], columns=each["columns"])
        if len(table) > 1:  # what is the same in every row, the sentence says
            table = table.loc[:, table.nunique() > 1]
        table = table[["customer_id", *table.columns.drop("customer_id")]].iloc[: record["cards"], :COLUMNS]
        caption = _("The first {shown} of {all}").format(shown=len(table), all=style.number(len(each["rows"])))
        told = show(table, caption, currency=currency_of(record, stage))
        html = page.linked({"html": told.html(), **told.stored}, made, "../")
        shown.append({"path": path, "text": each["text"] or each["title"] or each["section"], "html": html})
    said = _("The first {n} of each list have a card; portfoy customer ID makes any other.")
    said = said.format(n=record["cards"])
    return _rendered(record, _("Customers on the lists"), brand, tables=shown, said=said)


def _rendered(record, heading, brand, **content):
    day, empty = style.day(record["as_of"]), {"who": "", "before": None, "sections": [], "lists": [], "tables": []}
    about = {"title": f"{heading}, {day} – {record['source']}", "heading": heading, "day": day, "said": ""}
    about |= {"about": overview.about(record), "workbook": quote(f"../{record['workbook']}")}
    about["sisters"] = [(quote(f"../{one['page']}"), figures.short_title(one)) for one in record["stages"]]
    return look.render("card.html.j2", brand=brand, **about | empty | content)
