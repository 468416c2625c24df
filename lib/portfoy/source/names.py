"""What analysts call our columns: names seen in exports, in English, Turkish and Polish, to guess a mapping from."""

import re
import unicodedata

ALIASES = {
    "customer_id": "customer customerid customerno customernumber custid clientid client accountid account memberid "
    "userid user buyer buyerid contactid visitorid shopperid musteri musterino musteriid musterikodu musterinumarasi "
    "carikod carikodu cari uyeno klient klientid idklienta nrklienta numerklienta kontrahent",
    "order_id": "order orderid orderno ordernumber invoice invoiceno invoiceid invoicenumber receipt receiptid "
    "receiptno transactionid basketid basket ticketid saleid salesid documentno docno bill billno opportunityid "
    "dealid siparis siparisno siparisid fatura faturano fisno belgeno zamowienie nrzamowienia idzamowienia "
    "numerzamowienia faktura nrfaktury paragon",
    "ordered_on": "orderdate date invoicedate orderedat orderedon purchasedate transactiondate saledate salesdate "
    "datetime timestamp orderpurchasetimestamp createdat closedate closedon day time tarih siparistarihi faturatarihi "
    "satistarihi islemtarihi data datazamowienia datasprzedazy datafaktury datatransakcji",
    "amount": "amount sales sale revenue total totalprice totalamount linetotal linetotalprice value price payment "
    "paymentvalue dollarvalue closevalue dealvalue spend spent turnover netamount grossamount subtotal tutar "
    "toplam toplamtutar satistutari ciro gelir kwota wartosc suma sprzedaz wartoscnetto wartoscbrutto",
    "quantity": "quantity qty units count items numberofcds pieces adet miktar ilosc sztuki liczba",
    "unit_price": "unitprice priceperunit itemprice price birimfiyat birimfiyati fiyat cena cenajednostkowa",
    "product_id": "product productid productcode stockcode sku item itemid itemcode article articleid articleno urun "
    "urunid urunkodu stokkodu malzemekodu produkt produktid idproduktu kodproduktu indeks",
    "unit_cost": "unitcost cost costprice cogs maliyet birimmaliyet koszt kosztjednostkowy",
    "discount": "discount discountamount rebate indirim iskonto rabat",
    "month": "month date period ay donem tarih miesiac okres data",
    "index": "index priceindex cpi hicp pricelevel value endeks tufe fiyatendeksi indeks cpiindex wskaznik wskaznikcen",
    "campaign_id": "campaign campaignid kampanya kampanyaid kampania idkampanii",
}


def plain(name):
    """A name without case, accents, blanks and signs: "Müşteri No" and "musteri_no" become "musterino"."""
    decomposed = unicodedata.normalize("NFKD", name.lower().replace("ı", "i").replace("ł", "l"))
    return re.sub(r"[^a-z0-9]", "", decomposed)


def guess(ours, found):
    """The column among `found` that is most likely `ours`, by its name alone; None when no name says so."""
    by_plain = {plain(name): name for name in reversed(found)}
    for alias in [plain(ours), *ALIASES.get(ours, "").split()]:
        if alias in by_plain:
            return by_plain[alias]
    return None
