"""Words that exports write for yes and no, for how a lead ended, and for the arm of a contact.

In English, Turkish, Polish and German, in lower case. What stands nowhere here, nor in portfoy.toml, is not understood:
it is counted and left missing, never taken for "no".
"""

import re

import ibis

BLANK = "[\\s\u00a0\u202f\u200b\ufeff]"

YES, NO = "true", "false"
LABELS = {
    "flag": {
        YES: "1 1.0 true t yes y on x ja j wahr si sí oui vrai evet e doğru dogru tak prawda ✓ ✔",
        NO: "0 0.0 false f no n off nein falsch non faux hayır hayir h yanlış yanlis nie fałsz falsz",
    },
    "outcome": {
        "won": "won|win|closed won|closed-won|closed_won|deal won|kazanıldı|kazanildi|kazanılan|satış|gewonnen|"
        "wygrana|wygrany|wygrane|sprzedane",
        "lost": "lost|loss|closed lost|closed-lost|closed_lost|deal lost|kaybedildi|kaybedilen|verloren|przegrana|"
        "przegrany|przegrane|utracone",
        "open": "open|in progress|pending|engaging|prospecting|açık|acik|devam ediyor|offen|otwarta|otwarty|otwarte",
    },
    "arm": {
        "treatment": "treatment|treated|treat|test|target|contacted|mailed|exposed|behandlung|behandelt|zielgruppe|"
        "işlem|uygulama|hedef|testowa|grupa testowa|grupa docelowa",
        "control": "control|control group|holdout|hold-out|hold out|held out|held-out|not contacted|universal holdout|"
        "kontrol|kontrol grubu|kontrolle|kontrollgruppe|kontrolna|grupa kontrolna|kontrola",
    },
}
"""Kind -> our label -> the words for it, apart by blanks or, where they have blanks of their own, by bars."""

LOST = "^[0-9]([.,][0-9]+)?[eE][+][0-9]+$"  # a long number, as a spreadsheet shows it
NOBODY = [
    *("", "-", "--", "---", ".", "?", "na", "n/a", "#n/a", "nan", "nat", "null", "nil", "none", "undefined", "unknown"),
    *("(null)", "[null]", "<null>", "<na>", "(none)", "(blank)", "(empty)", "blank", "empty", "not set", "(not set)"),
    *("\\n", "guest", "anonymous", "#ref!", "#value!", "#name?", "#null!", "#div/0!", "#num!", "not available"),
    *(
        "misafir",
        "konuk",
        "anonim",
        "bilinmiyor",
        "bilinmeyen",
        "belirsiz",
        "belirtilmemiş",
        "yok",
        "boş",
        "(boş)",
        "#yok",
    ),
    *("brak", "brak danych", "(puste)", "gość", "gosc", "anonimowy", "nieznany", "nie dotyczy", "b/d", "n/d", "#n/d!"),
    *(
        "#brak!",
        "#nd!",
        "gast",
        "anonym",
        "unbekannt",
        "keine",
        "kein",
        "keine angabe",
        "k.a.",
        "(leer)",
        "leer",
        "#nv",
    ),
    *("inconnu", "anonyme", "desconocido", "ninguno", "sconosciuto", "onbekend", "consumidor final"),
    *("walk-in", "walk in", "walk-in customer", "cash customer", "cash sale", "perakende", "perakende müşteri"),
    *("nakit müşteri", "klient detaliczny", "klient indywidualny", "laufkundschaft", "laufkunde", "barverkauf"),
    *("walk in customer", "muhtelif", "muhtelif müşteri", "muhtelif müşteriler", "muhtelif cari", "diverse kunden"),
    *("sundry", "sundry customer", "sundry customers", "sundry debtors", "klient jednorazowy"),
    *("client comptoir", "client de passage", "público en general", "opening balance", "devir", "bilans otwarcia"),
]
"""Ids, in lower case, that never name a customer: what programs and people write for nothing and for nobody."""

STAND_INS = (
    "tests?|testing|tester|dummy|demo|sample|fake|deneme|guests?|misafir|gast|gość|gosc|walk[^a-z]?in|cash|nakit|peşin|"
    "retail|perakende|muhtelif|çeşitli|diverse|various|sundry|misc|miscellaneous|barverkauf|laufkund(?:e|schaft)|"
    "detaliczn[ya]|anonymous|anonym|anonim|anonimowy|unknown|unbekannt|nieznany|bilinmeyen|no[^a-z]?name|noreply|"
    "einmalkunde|jednorazowy"
)
BESIDE = (
    "customers?|clients?|kunden?|klient|müşteri|musteri|cari|users?|account|buyer|orders?|sales?|satış|shop|store|web|online|"
    "pos|kasa|kasse|till|example|mail|email|gmail|info|com|net|org"
)
STAND_IN = rf"^(?:{BESIDE}|[\W\d_])*(?:{STAND_INS})(?:{STAND_INS}|{BESIDE}|[\W\d_])*$".replace("ı", "i")
"""Ids, in lower case, that are nothing but words for a test or for nobody in particular: test@test.com, Web Guest 2."""

CODED = {"outcome": "outcome", "arm": "arm"}  # text columns whose values are labels of ours -> kind


def words(kind):
    """Our label -> the list of words for it, as `folded` writes them."""
    each = {ours: said.split("|" if "|" in said else None) for ours, said in LABELS[kind].items()}
    return {ours: list(dict.fromkeys(map(folded, said))) for ours, said in each.items()}


def folded(text):
    """A text without blanks around it, in lower case and without the dots by which Turkish tells ı from i.

    "KAYIP" is "Kayıp" and "İptal" is "iptal", whatever language the engine thinks them to be.
    """
    return text.strip().lower().replace("i\u0307", "i").replace("ı", "i")  # "İ" in lower case is two signs


def fold(column):
    """The same of a column of trimmed text, in the engine."""
    return column.lower().replace("i\u0307", "i").replace("ı", "i")


def one_of(texts):
    """Regular expression of `folded` texts as `fold` would find them, over a text in lower case: i has three forms."""
    return f"^(?:{'|'.join(map(re.escape, filter(None, texts)))})$".replace("i", "(?:i\u0307?|ı)")


def text_of(column):
    """Text without blanks around it and without a spreadsheet's ="..."; whole numbers without a decimal part."""
    if column.type().is_floating():
        whole = (column % 1 == 0) & (column.abs() < 1e15)
        number = ibis.ifelse(whole, column, ibis.null(column.type()))
        column = ibis.coalesce(number.cast("int64").cast("string"), column.cast("string"))
    text = column.cast("string")
    inner = text.re_replace(f'^{BLANK}*="(.*)"{BLANK}*$', r"\1").re_replace(f"^{BLANK}+|{BLANK}+$", "")
    odd = text.re_search(f'^(?:{BLANK}|=")|{BLANK}$')  # few rows need the dear part
    return ibis.ifelse(odd, inner, text).nullif("")


def understood(kind, text):
    """Our label for a text of an export: of a "flag" "true" or "false", of an "outcome", an "arm"; None: not known."""
    return next((ours for ours, said in words(kind).items() if folded(text) in said), None)
