"""What tables hold as codes, and what a reader calls it: looked up when shown, so that a language changes no table."""

from portfoy.locale import _


def state_names():
    """State as stored -> what a reader calls it."""
    return {
        "prospect": _("prospect"),
        "new": _("new"),
        "active": _("active"),
        "reactivated": _("reactivated"),
        "at risk": _("at risk"),
        "lapsed": _("lapsed"),
        "not known yet": _("not known yet"),
        "no longer known": _("no longer known"),
    }


def trait_labels():
    """Trait -> what a reader calls it."""
    return {
        "type": _("Type of customer"),
        "age_band": _("Age"),
        "gender": _("Gender"),
        "region": _("Region"),
        "income_band": _("Income"),
        "channel": _("Channel"),
        "interests": _("Interest"),
    }


def feature_labels():
    """Feature of a customer that a model may use -> what a reader calls it."""
    own = {"idle": _("Days since last purchase"), "purchases": _("Purchases"), "revenue": _("Revenue")}
    own |= {"ticket": _("Revenue per purchase"), "bought_before": _("Bought before"), "years": _("Age")}
    own |= {"age": _("Days since first purchase"), "overdue": _("Silence against own rhythm"), "plan": _("Plan")}
    own |= {"tickets": _("Tickets of half a year"), "unsolved": _("Complaints left unsolved"), "effort": _("Effort")}
    own |= {"nps": _("Would recommend us"), "contacted": _("Contacts of half a year")}
    return own | dict.fromkeys(["fee", "monthly_fee"], _("Monthly fee")) | trait_labels()


def age_words():
    """Age band as stored -> what a reader calls it."""
    return {
        "under 25": _("under 25"),
        "25-34": _("25 to 34"),
        "35-44": _("35 to 44"),
        "45-54": _("45 to 54"),
        "55-64": _("55 to 64"),
        "65 and over": _("65 and over"),
    }


def leaning_words():
    """Feature of a customer -> what a reader calls a low and a high value of it."""
    return {
        "idle": (_("bought lately"), _("long idle")),
        "purchases": (_("few purchases"), _("frequent")),
        "revenue": (_("low revenue"), _("high revenue")),
        "ticket": (_("low spend per purchase"), _("high spend per purchase")),
        "age": (_("newer"), _("known for long")),
        "years": (_("younger than most"), _("older than most")),
    }


def figure_names():
    """Headline figure -> what a reader calls it."""
    return {
        "churn": _("Churn"),
        "contract_churn": _("Churn of contracts"),
        "nps": _("NPS"),
        "clv": _("Customer lifetime value"),
        "sales_cycle": _("Sales cycle"),
        "first_contact_resolution": _("First contact resolution"),
        "csat": _("Satisfied customers"),
        "customers": _("Customers"),
        "revenue": _("Revenue"),
        "more_than_once": _("Bought more than once"),
        "top_share": _("Revenue from the top 20%"),
        "current_customers": _("Current customers"),
        "customers_at_risk": _("Customers at risk"),
        "quick_ratio": _("Gained for each one lost"),
        "newcomers_back": _("Newcomers who came back"),
        "expected_value": _("Expected value ahead"),
        "wallet_share": _("Our share of what customers spend"),
        "top_kept": _("Top customers who stayed top"),
        "moved_up": _("Moved up a tier"),
    } | kpi_names()


def voice_labels():
    """What answers and tickets are told apart by -> what a reader calls it."""
    features = feature_labels()
    return {
        "segment": _("Segment"),
        "idle": features["idle"],
        "purchases": features["purchases"],
        "complaint": _("The year before"),
        "last_answer": _("Answer before"),
        "kind": _("Kind"),
        "topic": _("Topic"),
        "all": _("All"),
    }


def score_names():
    """Score of answers -> what a reader calls it."""
    return {
        "csat": _("Satisfied (4 or 5 of 5)"),
        "nps": _("NPS"),
        "nps_weighted": _("NPS, weighted for who answers"),
        "effort": _("Effort (1 little, 7 much)"),
        "touches": _("Contacts per ticket"),
    }


def stage_names():
    """Stage of a lead as stored -> what a reader calls it."""
    return {
        "created": _("creation"),
        "contacted": _("first contact"),
        "qualified": _("qualification"),
        "proposed": _("offer"),
        "won": _("win"),
    }


def kpi_names():
    """Figure of a month as stored -> what a reader calls it."""
    return {
        "month_active": _("Customers who bought in the month"),
        "month_new": _("New customers of the month"),
        "month_lost": _("Customers lost in the month"),
        "month_churn": _("Churn of the month"),
        "repeat_share": _("Share of buyers who had bought before"),
        "month_ticket": _("Revenue per purchase of the month"),
        "month_revenue": _("Revenue of the month"),
        "month_revenue_paid": _("Revenue of the month, as paid"),
        "month_margin": _("Margin of the month"),
        "month_cac": _("Spend per new customer of the month"),
        "month_contracts": _("Contracts running when the month began"),
        "month_begun": _("Contracts begun in the month"),
        "month_contract_churn": _("Churn of contracts of the month"),
        "month_fees": _("Fees of the month"),
        "month_nps": _("NPS of the month"),
        "month_csat": _("Satisfied customers of the month"),
        "month_first_contact": _("First contact resolution of the month"),
        "month_won": _("Deals won in the month"),
        "month_win_share": _("Deals won of those closed in the month"),
        "month_cycle": _("Days of the deals won in the month"),
    }


def said_as(column, code):
    """What a reader calls a value that a table stores as a code; what is no code goes by its own name."""
    levels = {"all others": _("all others"), "not known": _("not known"), "all customers": _("all customers")}
    levels |= {"all contracts": _("all contracts")}
    levels |= age_words()
    levels |= {"promoter": _("promoter"), "passive": _("passive"), "detractor": _("detractor")}
    levels |= {"above median": _("more than most"), "up to median": _("less than most")}
    levels |= {"complained": _("complained"), "no complaint": _("no complaint")}
    tickets = {"complaint": _("complaint"), "other request": _("other request"), "all tickets": _("all tickets")}
    settled = {"at once": _("settled at once"), "not at once": _("not settled at once")}
    levels |= tickets
    buying = {
        "purchases per customer": _("purchases per customer"),
        "revenue per purchase": _("revenue per purchase"),
        "days since last purchase": _("days since last purchase"),
        "revenue per customer": _("revenue per customer"),
    }
    aims = {"keep": _("keep"), "more": _("buy more"), "again": _("second order"), "back": _("win back")}
    bands = {"top": _("top"), "middle": _("middle"), "low": _("low"), "gone": _("did not buy")}
    bands |= {"away": _("not that year"), "new": _("new")}
    moved = {"those moved": _("those it moves"), "those put off": _("those it puts off, by forecast")}
    moved |= {"as many by lot": _("as many by lot")}
    whom = moved | {"nobody": _("nobody"), "whoever pays for the contact": _("whoever pays for the contact")}
    words = {
        **dict.fromkeys(["band_before", "band"], bands),
        "move": {"new": _("new"), "back": _("came back"), "rose": _("rose"), "same": _("same band")}
        | {"fell": _("fell"), "gone": _("did not buy again")},
        "trait": trait_labels()
        | {"buying": _("Buying"), "category": _("Category"), "plan": _("Plan")}
        | {"owner": _("Owner"), "quarter": _("Quarter of creation")}
        | voice_labels(),
        "score": score_names(),
        "leans": {"kinder": _("kinder than it is"), "harsher": _("harsher than it is")},
        "level": levels | buying | {"all deals": _("all deals")},
        "stage": stage_names(),
        "outcome": {"won": _("won"), "lost": _("lost"), "open": _("open")}
        | {"responded": _("responded"), "bought": _("bought"), "revenue": _("revenue"), "margin": _("margin")},
        "differs": feature_labels() | {"hold_out_share": _("share held out")},
        "arms": {"drawn": _("read out"), "ratio": _("not as large as meant"), "chosen": _("not at random")}
        | {"few": _("too few so far")},
        "group": levels | settled,
        "kind": tickets,
        "cause": levels,
        **dict.fromkeys(["state", "before", "now"], state_names()),
        "unit": trait_labels() | {"segment": _("Segment"), "customer": _("Customer")},
        "event": {"purchase": _("purchase"), "return": _("return"), "contact": _("contact"), "ticket": _("ticket")}
        | {
            "held out": _("held out"),
            "answer": _("answer"),
            "contract": _("contract begun"),
            "end": _("contract ended"),
        },
        "aim": aims | {"rest": _("leave in peace"), "none": _("no reason to act")},
        "whom": whom | {"everybody": _("everybody")},
        "arm": {"treatment": _("contact"), "control": _("hold out")},
        "clear": {True: _("yes"), False: ""},
        "bought": {"once": _("once"), "again": _("more than once")},
        "figure": figure_names(),
        "kpi": kpi_names(),
        "factor": {"customers": _("Customers"), "customer_mix": _("Mix of customers")}
        | {"contracts": _("Contracts"), "plan_mix": _("Mix of plans")}
        | {"frequency": _("Purchases per customer"), "quantity": _("Pieces per purchase"), "price": _("Prices")}
        | {"ticket": _("What a purchase holds"), "product_mix": _("Mix of products"), "returns": _("Returns")},
        "way": {
            "rule": _("simple rule"),
            "logistic": _("logistic regression"),
            "trees": _("boosted trees"),
            "plain": _("as it is"),
            "fixed": _("what was known held fixed"),
            "overlap": _("weighted to be alike"),
            "as chosen": _("as chosen at the time"),
            "popular": _("most popular"),
            "earning": _("most earning"),
            "pairs": _("bought by the same"),
            "similar": _("nearest to own products"),
            "again": _("buy again"),
        },
        "source": {"leads": _("through leads"), "direct": _("without a lead"), "spend only": _("won nobody of its own")}
        | {"all": _("all money, all customers")},
        "money_kind": {"digital": _("digital"), "physical": _("physical"), "advertising": _("advertising")}
        | {"sales": _("sales work")}
        | levels,
        "what": {"channels": _("won: channels"), "with sales": _("won: and sales work")}
        | {"all money": _("won: and advertising"), "campaigns": _("kept: campaigns")}
        | {"with service": _("kept: and service")},
        **{name: {"all together": _("all together")} for name in ("campaign_id", "quarter")},
        "scored_by": {"together": _("all together"), "fit": _("what it is"), "engagement": _("what it does")},
    }
    return words[column].get(code, code)
