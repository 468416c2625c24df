"""What the teaching company is made of: every number here can be estimated back from its tables."""
# ruff: noqa: RUF009 - `_table` makes a field

import tomllib
from dataclasses import asdict, dataclass, field
from pathlib import Path

import tomli_w

TYPES = ["consumer", "business", "retailer", "wholesaler"]
FIRMS = TYPES[1:]
CHANNELS = ["shop", "online", "representative"]
BANDS = ["young", "middle", "older"]
PERSONAS = ["persuadable", "sure thing", "lost cause", "do-not-disturb"]
ANSWERS = ["promoter", "passive", "detractor"]


def _table(given=None, /, **named):
    """A field whose default is a fresh dict."""
    return field(default_factory=lambda: {**(given or {}), **named})


@dataclass(frozen=True, kw_only=True)
class Truth:
    """The parameters of the firm. Money is TRY of the first month unless said; shares and probabilities are 0-1."""

    # --- buying: BG/NBD in season days (days measured through the season's cumulative index)
    r: float = 0.78  # shape of the buying rates of consumers
    alpha: float = 29.0  # season days; r / alpha is a consumer's mean number of repeat orders a season day
    a: float = 0.8  # shapes of the chance to stop after a repeat order
    b: float = 4.2
    rate_by_type: dict = _table(consumer=1.0, business=1.15, retailer=1.4, wholesaler=1.5)  # times the rate
    second_order_share: float = 0.02  # purchase days of the BG/NBD process with a second order
    growth: float = 0.18  # arrivals grow by this share a year
    first_order_delay: float = 10.0  # days, mean, from a won lead to the firm's first order

    # --- season: twelve factors of mean 1, January first; lifts multiply them
    season: list = field(default_factory=lambda: [0.88, 0.82, 0.9, 0.96, 1.06, 1.1, 1.0, 0.98, 1.08, 1.02, 1.2, 1.0])
    ramazan_lift: float = 1.3  # factor in the 21 days before the first day of the Ramazan feast
    kurban_lift: float = 1.2  # factor in the 14 days before the first day of the Kurban feast

    # --- prices: the index rises each month; the rate goes evenly from the first to the last
    inflation_first: float = 0.026  # a month
    inflation_last: float = 0.016  # a month

    # --- spend: Gamma-Gamma of what an order is worth, before the multipliers and the price index
    p: float = 5.0  # shape of one customer's orders
    q: float = 4.0  # shape of the customers' scales
    v: float = 1000.0  # TRY; the mean order is p * v / (q - 1)
    spend_by_type: dict = _table(consumer=1.0, business=1.5, retailer=2.1, wholesaler=3.6)  # times the spend
    spend_by_income: dict = _table(low=0.75, middle=1.0, high=1.5)  # times the spend of a consumer
    spend_by_region: dict = _table(
        {
            "Marmara": 1.15,
            "Ege": 1.05,
            "Akdeniz": 1.0,
            "İç Anadolu": 1.0,
            "Karadeniz": 0.9,
            "Doğu Anadolu": 0.85,
            "Güneydoğu Anadolu": 0.85,
        }
    )  # times the spend

    # --- people
    region_shares: dict = _table(
        {
            "Marmara": 0.33,
            "Ege": 0.15,
            "Akdeniz": 0.13,
            "İç Anadolu": 0.17,
            "Karadeniz": 0.09,
            "Doğu Anadolu": 0.05,
            "Güneydoğu Anadolu": 0.08,
        }
    )
    income_shares: dict = _table(low=0.35, middle=0.45, high=0.2)
    female_share: float = 0.56
    birth_year_mean: float = 1982.0  # consumers; normal, kept within 1940 and 2005
    birth_year_sd: float = 13.0  # years
    young_from: int = 1991  # birth year from which a consumer is young
    older_until: int = 1971  # birth year up to which a consumer is older
    # probability of shop, online, representative by age band
    channel_by_age: dict = _table(young=[0.28, 0.64, 0.08], middle=[0.44, 0.43, 0.13], older=[0.6, 0.2, 0.2])
    channel_of_firms: list = field(default_factory=lambda: [0.15, 0.3, 0.55])  # shop, online, representative
    prospect_share: float = 0.06  # consumers known to us who never bought

    # --- products and baskets
    lines_shapes: list = field(default_factory=lambda: [1.3, 5.6])  # lines before additions: 1 + beta-binomial of 10
    cost_share: dict = _table(basic=0.67, standard=0.62, premium=0.55)  # mean unit cost over price, by tier
    affinities: dict = _table(
        {
            "P001 P011": 0.35,
            "P004 P002": 0.3,
            "P007 P010": 0.4,
            "P013 P019": 0.2,
            "P025 P034": 0.3,
            "P028 P031": 0.25,
            "P037 P046": 0.45,
            "P040 P047": 0.2,
            "P049 P058": 0.3,
            "P073 P080": 0.15,
            "P097 P100": 0.2,
            "P109 P118": 0.25,
        }
    )
    """"A B": probability that B is added to a basket which holds A."""
    bass_product: str = "P114"  # the product launched mid-way; in nobody's basket before
    bass_launch: float = 0.45  # when, as a share of the window
    bass_p: float = 0.025  # a month; innovation
    bass_q: float = 0.38  # a month; imitation
    bass_share: float = 0.15  # m over the number of customers: those who will ever adopt
    bass_youth: float = (
        1.5  # log odds, young over middle over older, among the first adopters; turned round at the last
    )
    bass_repeat: float = 0.1  # probability that a later order of an adopter holds the product again

    # --- leads (business, retailer, wholesaler only)
    leads_per_customer: float = 0.7
    firm_shares: dict = _table(business=0.62, retailer=0.27, wholesaler=0.11)
    lead_shares: dict = _table(website=0.36, fair=0.2, referral=0.14, calls=0.2, partner=0.1)
    lead_cost: dict = _table(website=420.0, fair=1500.0, referral=150.0, calls=650.0, partner=900.0)  # TRY a lead
    stage_shape: dict = _table(contacted=1.5, qualified=2.0, proposed=2.0, closed=2.5)  # gamma, time to the stage
    stage_scale: dict = _table(contacted=3.0, qualified=6.0, proposed=9.0, closed=12.0)  # days
    lost_after: dict = _table(contacted=0.35, qualified=0.35, proposed=0.3)  # the last stage a lost lead reaches
    win_intercept: float = -3.9  # log odds
    win_by_feature: dict = _table(
        fit_size=0.35, fit_sector_match=0.8, engagement_visits=0.12, engagement_demo=1.0
    )  # log odds a unit
    win_by_channel: dict = _table(website=0.0, fair=0.3, referral=0.8, calls=-0.6, partner=0.4)  # log odds
    contract_pages: dict = _table(won=5.0, lost=0.2, open=0.2)  # mean of the leak feature, filled in after the win

    # --- marketing money
    consumer_cost: dict = _table(shop=90.0, online=140.0, representative=260.0)  # TRY for each consumer who joins
    brand_cost: float = 9.0  # TRY a month for each customer of the whole window: television
    cost_noise: float = 0.08  # standard deviation of the log of a month's cost

    # --- campaigns to consumers
    campaigns: bool = True  # False: no campaign, so no order and no contact from one
    active_days: int = 270  # a consumer with an order in so many days is eligible
    reach: float = 0.8  # share of the eligible taken into a campaign
    treated_share: float = 0.5
    persona_shares: dict = _table(
        {
            "young shop": [0.3, 0.3, 0.3, 0.1],
            "young online": [0.55, 0.2, 0.2, 0.05],
            "young representative": [0.25, 0.25, 0.4, 0.1],
            "middle shop": [0.2, 0.35, 0.35, 0.1],
            "middle online": [0.4, 0.25, 0.25, 0.1],
            "middle representative": [0.15, 0.25, 0.4, 0.2],
            "older shop": [0.1, 0.3, 0.4, 0.2],
            "older online": [0.2, 0.3, 0.35, 0.15],
            "older representative": [0.05, 0.2, 0.35, 0.4],
        }
    )
    """Shares of persuadable, sure thing, lost cause, do-not-disturb by age band and channel."""
    response_control: list = field(default_factory=lambda: [0.04, 0.3, 0.01, 0.18])  # in the order of the personas
    response_treated: list = field(default_factory=lambda: [0.3, 0.3, 0.01, 0.04])
    chosen_recent: float = 0.7  # CAM06, not randomised: chance of treatment, if bought in the last 90 days
    chosen_other: float = 0.2  # and if not
    base_recent: float = 0.22  # CAM06: response without treatment, if bought in the last 90 days
    base_other: float = 0.05  # and if not
    chosen_effect: float = 0.04  # CAM06: what treatment adds to the response of either

    # --- the club
    club_share: float = 0.5  # buying consumers who will join; some do so after the last day
    club_delay: float = 60.0  # days, mean, from the first order to joining
    plan_shares: dict = _table(basic=0.4, plus=0.32, family=0.28)
    plan_fee: dict = _table(basic=49.0, plus=89.0, family=129.0)  # TRY a month, times the index at the start
    churn_gamma: dict = _table(basic=1.0, plus=0.9, family=0.8)  # sBG: shapes of the monthly chance to leave
    churn_delta: dict = _table(basic=3.6, plus=6.0, family=9.0)

    # --- tickets
    ticket_share: float = 0.075  # orders followed by a ticket
    complaint_share: float = 0.55  # of tickets
    first_contact: float = 0.62  # tickets resolved at first contact (touches 1)
    bad_ticket_effect: float = 0.35  # chance to leave at once for a complaint not resolved at first contact
    reopened_share: float = 0.12  # of tickets
    resolution_median: float = 2.5  # days; lognormal, in whole days (rounded down)
    resolution_sigma: float = 0.8  # standard deviation of its log
    slow_factor: float = 2.0  # times the days, if not resolved at first contact

    # --- surveys
    invited_share: float = 0.5  # each quarter, of customers with an order in the 180 days before
    answer_by_type: dict = _table(
        consumer=[0.46, 0.3, 0.24],
        business=[0.4, 0.34, 0.26],
        retailer=[0.34, 0.34, 0.32],
        wholesaler=[0.3, 0.33, 0.37],
    )
    """Probability of promoter, passive, detractor of everyone invited; true NPS is 100 (first - last)."""
    answers_back: list = field(default_factory=lambda: [0.4, 0.2, 0.3])  # response of promoter, passive, detractor
    expectation: dict = _table(price=3.9, quality=4.3, delivery=4.1, service=3.8, choice=3.6)  # mean, 1-5
    gap: dict = _table(price=-0.5, quality=0.1, delivery=-0.7, service=0.0, choice=0.3)
    """Performance less expectation of a passive customer, in points."""
    performance_shift: dict = _table(promoter=0.35, passive=0.0, detractor=-0.55)  # added to performance, in points
    wallet_share: dict = _table(consumer=0.32, business=0.24, retailer=0.18, wholesaler=0.12)
    """Own spend of the last 365 days over category_spend, which the customer reports."""
    wallet_noise: float = 0.25  # standard deviation of the log of a report; its mean factor is 1

    # --- ratings: 3 + position . loading + respondent + noise, rounded, 1-5
    raters: int = 120
    brand_positions: dict = _table(
        {
            "Ocaklı": [0.9, 0.3],
            "Sedirhan": [0.3, 1.0],
            "Çınarca": [-0.9, 0.5],
            "Kilimci": [-0.3, -1.0],
            "Mavi Eşik": [0.2, -0.7],
        }
    )
    attribute_loadings: dict = _table(
        {
            "quality": [0.9, 0.4],
            "value for money": [-0.8, 0.6],
            "design": [0.8, -0.4],
            "tradition": [0.2, 0.9],
            "choice": [-0.2, 0.7],
            "service": [0.7, 0.5],
            "delivery": [-0.4, -0.6],
            "modern": [0.5, -0.9],
        }
    )
    rating_noise: float = 0.6  # points; standard deviation of one rating
    rater_noise: float = 0.3  # points; standard deviation of a respondent's level

    # --- dirt, only with dirt=True: rows over the clean rows
    dirt: dict = _table(
        duplicate=0.006,
        unknown_customer=0.03,
        future_date=0.001,
        zero_amount=0.002,
        unreadable_date=0.003,
        mixed_case_id=0.002,
        unreadable_amount=0.002,
    )
    dirt_return: float = 0.03  # rows that come back, over the clean rows
    swapped_share: float = 0.5  # of unreadable dates: day and month swapped; the others are missing


def write_truth(path, truth, **run):
    """Write the truth, and with what it was run, as TOML."""
    Path(path).write_bytes(tomli_w.dumps({**run, **asdict(truth)}).encode())


def read_truth(path):
    """The Truth in a TOML file that `write_truth` wrote."""
    stored = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    return Truth(**{name: stored[name] for name in Truth.__dataclass_fields__ if name in stored})
