"""Which products are bought together more often than by chance, and what do these pairs bring?"""

from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pandas as pd

from portfoy.customers import months_before, to_frame
from portfoy.deepening.pairs import baskets_of, held_by_size, pair_counts, pair_money
from portfoy.errors import DataError
from portfoy.firm import analysis
from portfoy.intervals import bounded, corrected, on_logs, wald
from portfoy.locale import _
from portfoy.models.lists import check_limits
from portfoy.words import figure, shapes, style
from portfoy.words.result import Action, Finding, Result
from portfoy.words.table import show

FEWEST_EXPECTED, FEWEST_BOTH, FEWEST_CUSTOMERS = 1, 3, 5
RULE = ["products", "other", "products_number", "support", "confidence", "lift"]
MOST_PAIRS, MOST_BASKETS = 20_000, 1_000_000  # beyond, the search for rules would not end
SHOWN = 6  # pairs in the chart
LIFT, EXTRA, WORTH = ([name, f"{name}_low", f"{name}_high"] for name in ("lift", "extra", "pair_worth"))
COLUMNS = [
    *("product_a", "name_a", "product_b", "name_b", "both", "of_a", "of_b", "support", "confidence", "back"),
    *("by_chance", *LIFT, "p_value", "p_corrected", "customers", "clear", "pair_each", *EXTRA, *WORTH),
]


@dataclass(frozen=True)
class Baskets(Result):
    """Pairs of products bought together. ``table``, one row per pair that stands in `FEWEST_BOTH` baskets or more, and
    in `FEWEST_EXPECTED` if products met by chance; clear ones first, of these that first which brings most.

    ``product_a``, ``name_a`` the rarer product, ``product_b``, ``name_b``; ``both`` baskets with both, ``of_a``,
    ``of_b`` with each; ``support`` share of all baskets, ``confidence`` of those with a, ``back`` with b, 0-1;
    ``by_chance`` baskets; ``lift`` both / by_chance, with bounds; ``p_value`` one-sided, ``p_corrected`` for all pairs
    ``looked_at``; ``clear``: beyond chance, with `FEWEST_CUSTOMERS` ``customers``. Where the test finds a pair:
    ``pair_each`` money of the two in a basket; ``extra`` baskets beyond chance and ``pair_worth`` what b brings in
    them, with bounds. Money is the ``measure``: margin, else revenue.
    """

    table: pd.DataFrame
    baskets: int
    looked_at: int
    measure: str
    months: int
    currency: str
    confidence: float
    log: object = field(repr=False)

    @property
    def clear(self):
        return self.table[self.table["clear"]]

    @property
    def worth(self):
        """What all clear pairs bring beyond chance, with bounds; their errors count as independent."""
        rows, worth = self.clear, self.clear["pair_worth"].sum()
        half = (((rows["pair_worth_high"] - rows["pair_worth_low"]) / 2) ** 2).sum() ** 0.5
        about = {"n": len(rows), "measure": style.measure(self.measure), "when": style.lately(self.months)}
        return bounded("worth", worth, (worth - half, worth + half)) | about

    def rules(self, *, support=0.01, confidence=0.25, longest=4):
        """Rules with one product on the right, of two to `longest` that at least the share `support` of baskets holds.

        One row per rule, the highest lift first: ``products`` on the left, " + " between them, ``products_number`` of
        them, and the ``other``; ``support``, ``confidence`` 0-1; ``lift`` against independence. FP-growth (Han, Pei &
        Yin 2000) of mlxtend. DataError where so many pairs have the support that it would not end.
        """
        from mlxtend.frequent_patterns import association_rules, fpgrowth
        from scipy.sparse import csr_array

        total, least = self.baskets, max(int(np.ceil(support * self.baskets - 1e-9)), 1)
        pairs = len(pair_counts(self.log, least=least))
        if not pairs:
            return pd.DataFrame(columns=RULE)
        if pairs > MOST_PAIRS or total > MOST_BASKETS:
            text = _(
                "rules: {n} pairs in {baskets} baskets have a support of {support}; at most {most} in {all} end. {do}"
            )
            limits = {"most": MOST_PAIRS, "all": MOST_BASKETS, "do": _("Give a higher support, or fewer months.")}
            raise DataError(text.format(n=pairs, baskets=total, support=support, **limits))
        baskets, names = baskets_of(self.log, least=least)
        names = to_frame(names).sort_values("code")["product_id"]
        codes = baskets.select("codes").to_pyarrow()["codes"].combine_chunks()
        ends = np.concatenate([[0], codes.value_lengths().fill_null(0).to_numpy().cumsum()])
        holds = csr_array((np.ones(ends[-1], bool), codes.flatten().to_numpy(), ends), shape=(total, len(names)))
        frame = pd.DataFrame.sparse.from_spmatrix(holds, columns=names)
        sets = fpgrowth(frame, min_support=(least - 0.5) / total, use_colnames=True, max_len=longest)
        rules = association_rules(sets, metric="confidence", min_threshold=confidence)
        rules = rules[rules["consequents"].map(len) == 1]
        left, right = rules["antecedents"], rules["consequents"]
        rules = rules.assign(products=[" + ".join(sorted(names)) for names in left], products_number=left.map(len))
        rules["other"] = [next(iter(names)) for names in right]
        return rules.sort_values(["lift", "products"], ascending=[False, True], ignore_index=True)[RULE]

    def finding(self):
        if self.clear.empty:
            return Finding(_("No two products are bought together beyond chance"), nothing=True)
        text = _("Pairs of products bought together beyond chance: {n:count}")
        return Finding(style.say(text, self.worth))

    def reading(self):
        if self.clear.empty:
            return style.say(_("{looked_at:count} pairs in {baskets:count} baskets were looked at."), vars(self))
        text = _(
            "{confidence:share} of baskets with \u201c{name_a}\u201d hold \u201c{name_b}\u201d, {lift:ratio} "
            "times the chance ({lift_interval:ratio}). All pairs: {worth:money} of {measure} beyond chance "
            "({worth_interval:money}), {when}."
        )
        if len(self.clear) == 1:
            text = _(
                "{confidence:share} of baskets with \u201c{name_a}\u201d hold \u201c{name_b}\u201d, {lift:ratio} "
                "times the chance ({lift_interval:ratio}). That is {worth:money} of {measure} beyond chance "
                "({worth_interval:money}), {when}."
            )
        top = self.clear.iloc[0].to_dict()
        top |= {name: style.shorten(top[name]) for name in ("name_a", "name_b")}
        return style.say(text, top | self.worth, currency=self.currency)

    def plot(self, ax=None):
        rows, write = self.clear.head(SHOWN), partial(style.money, currency="", compact=True)
        if rows.empty:
            return None
        names = {"pair_worth": "value", "pair_worth_low": "low", "pair_worth_high": "high", "name_a": "heading"}
        dots = rows.rename(columns=names).assign(group=rows["product_a"], strong=True)
        dots["name"] = [_("with {name}").format(name=name) for name in rows["name_b"]]
        ax = shapes.dots(dots, ax, at=0, write=write)
        ax.xaxis.set_major_formatter(lambda value, _position: write(value))
        under = _("{currency} of {measure} from the second product, {when}")
        under = under.format(**self.worth | {"currency": self.currency or _("money")})
        said = _("{name_a} with {name_b}: {pair_worth:money} ({pair_worth_interval:money})")
        told = "; ".join(style.say(said, row) for _at, row in rows.iterrows())
        return figure.name(ax, _("What pairs bring beyond chance"), under, told)

    def summary(self):
        together = ["name_a", "name_b", "both", "confidence", "back", *LIFT, "customers"]
        if self.clear.empty:
            return show(self.table[together].head(20), _("Pairs nearest to a finding"))
        money = ["name_a", "name_b", "pair_each", *EXTRA, *WORTH]
        return [
            show(self.clear[together], _("Bought together beyond chance")),
            show(self.clear[money], _("What the pairs bring"), currency=self.currency),
        ]

    def actions(self):
        if self.clear.empty:
            return []
        reason = _("{confidence:share} of baskets with the first hold the second, {lift:number} times the chance")
        reasons = [style.say(reason, row) for _at, row in self.clear.iterrows()]
        step = _("show side by side in some shops or weeks, and compare")
        listed = ["product_a", "name_a", "product_b", "name_b", "because", "next_step", "pair_worth"]
        rows = self.clear.assign(because=reasons, next_step=step)[listed].reset_index(drop=True)
        text = _("Try showing pairs of products side by side: {n:count}")
        text = style.say(text, self.worth)
        return [Action(text, self.worth["worth"] * 12 / self.months if self.months else None, "pairs", rows)]

    def method(self):
        text = _(
            "Chance: products drawn by lot, baskets of one size and quarter. Fisher's test, one-sided, "
            "corrected for {looked_at:count} pairs (Benjamini-Hochberg); at least {fewest} customers. Interval "
            "({level}): logarithm of the lift. Pairs go along with money, and need not cause it."
        )
        return style.say(text, vars(self) | {"level": style.level(self.confidence), "fewest": FEWEST_CUSTOMERS})


@analysis
def baskets(firm, *, months=12, margin_rate=0.0):
    """Which products are bought together more often than chance, full baskets and the season explain.

    Parameters
    ----------
    firm : Firm; its log needs ``product_id``
    months : the last months that count, 0 all
    margin_rate : share of revenue that is margin, 0-1, of pairs without a known cost; 0: they have no margin

    Returns
    -------
    Baskets; not possible without products, or where no two are common enough for a judgement
    """
    check_limits(months=months, margin_rate=margin_rate)
    log = firm.log
    if months:
        log = log.filter(log.ordered_on > months_before(firm.as_of, months).date())
    held = held_by_size(log)
    total = round((held["held"] / held["size"]).sum())
    of, least = np.sort(held.groupby("product_id")["held"].sum().to_numpy(float)), FEWEST_EXPECTED * total
    looked_at = int((len(of) - np.searchsorted(of, least / of)).sum() - (of**2 >= least).sum()) // 2
    if not looked_at:
        text = _("baskets: no two products are common enough in {n} baskets to be judged. Take more months.")
        raise DataError(text.format(n=total))
    pairs, ends = pair_counts(log, least=FEWEST_BOTH), {"a": "b", "b": "a"}
    turned = pairs.rename(columns=lambda name: name[:-1] + ends.get(name[-1], name[-1]) if "_" in name else name)
    pairs = pairs.where(pairs["of_a"] <= pairs["of_b"], turned)  # the rarer first
    pairs = judged(pairs[pairs["of_a"] * pairs["of_b"] >= least], held, looked_at, firm.confidence)
    money = pair_money(log, pairs[pairs["p_corrected"] <= 1 - firm.confidence])
    measure = "margin" if margin_rate or money["margin_a"].notna().any() else "revenue"
    for name in ("_a", "_b", "_a_error", "_b_error") if margin_rate else ():
        money[f"margin{name}"] = money[f"margin{name}"].fillna(margin_rate * money[f"revenue{name}"])
    table = _valued(pairs.merge(money, how="left"), measure, _names(firm.tables.products), firm.confidence)
    return Baskets(table, total, looked_at, measure, months, firm.currency, firm.confidence, log)


def _names(products):
    """Product -> its name, where the table of products tells it."""
    if products is None or "name" not in products.columns:
        return {}
    table = to_frame(products.select("product_id", "name")).dropna()
    return dict(zip(table["product_id"].astype(str), table["name"].astype(str), strict=True))


def by_chance(pairs, held):
    """In how many baskets each pair would be if the products of baskets of one size and quarter were drawn by lot.

    Drawn without putting back at the shares that hold each (Hajek 1964, Annals of Mathematical Statistics 35), scaled
    so that all pairs together are as many as there are; sizes beyond 8 are taken together by fifths.
    """
    held = held[held["size"] > 1].assign(baskets=held["held"] / held["size"], both=held["held"] * (held["size"] - 1))
    products, expected = pd.Index(held["product_id"].unique()), np.zeros(len(pairs))
    rows = [products.get_indexer(pairs[name]) for name in ("product_a", "product_b")]
    for _band, own in held.groupby(["quarter", np.floor(4 * np.log2(held["size"]))]):
        number = own["baskets"].sum()
        share = np.bincount(products.get_indexer(own["product_id"]), own["held"], len(products)) / number
        a, b, spread = share[rows[0]], share[rows[1]], share * (1 - share)
        off = 1 / spread.sum() if spread.sum() > 1e-9 else 0  # of one basket only: nothing is drawn
        scale = own["both"].sum() / (
            share.sum() ** 2 - (share**2).sum() - off * (spread.sum() ** 2 - (spread**2).sum())
        )
        expected += scale * a * b * (1 - np.minimum(off * (1 - a) * (1 - b), 1))
    return expected


def judged(pairs, held, looked_at, confidence):
    """The pairs with ``by_chance``, ``lift`` and its bounds, its ``error``, ``p_value`` and ``p_corrected``.

    Fisher's test is made in as many baskets as give what chance gives; correction: Benjamini and Hochberg (1995).
    """
    from scipy.stats import hypergeom

    both, a, b = (pairs[name].to_numpy(float) for name in ("both", "of_a", "of_b"))
    chance = by_chance(pairs, held)
    p = hypergeom.sf(both - 1, np.maximum(np.round(a * b / chance), a + b - both), a, b)
    error = np.sqrt(np.maximum(1 / both - 1 / a - 1 / b + 2 * both / (a * b) - 1 / pairs["baskets"], 0))
    lift = bounded("lift", both / chance, on_logs(both / chance, error, confidence))
    return pairs.assign(by_chance=chance, **lift, error=error, p_value=p, p_corrected=corrected(p, looked_at))


def _valued(table, measure, names, confidence):
    """The pairs with their shares, names and money; money of those only that the test finds."""
    both, sure = table["both"], table["p_corrected"] <= 1 - confidence
    extra, extra_error, each = (both - table["by_chance"]).where(sure), both * table["error"], table[f"{measure}_b"]
    worth, worth_error = extra * each, np.hypot(extra_error * each, extra * table[f"{measure}_b_error"].fillna(0))
    shares = {"support": both / table["baskets"], "confidence": both / table["of_a"], "back": both / table["of_b"]}
    shares |= {f"name_{side}": [names.get(name, name) for name in table[f"product_{side}"]] for side in "ab"}
    table = table.assign(
        **shares,
        clear=sure & (table["customers"] >= FEWEST_CUSTOMERS),
        pair_each=table[f"{measure}_a"] + each,
        **bounded("extra", extra, wald(extra, extra_error, confidence)),
        **bounded("pair_worth", worth, wald(worth, worth_error, confidence)),
    )
    order = ["clear", "pair_worth", "p_value", "product_a", "product_b"]
    return table.sort_values(order, ascending=[False, False, True, True, True], ignore_index=True)[COLUMNS]
