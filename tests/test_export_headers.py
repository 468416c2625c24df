"""`portfoy map` knows headers of shops, office programs, CRMs and service desks. Judge: their documents, by hand."""

import tomllib

import pytest

from portfoy.source import mapping

DAY, MONEY = "05.01.2026", "10,50"
EXPORTS = {  # header; two rows; what each of our columns is called there
    "woocommerce": (
        "Order Number;Order Status;Order Date;Email (Billing);Order Total Amount;Item Name;"
        "Quantity (- Refund);Item Cost",
        [
            "101;Completed;2026-01-05 10:00;a@x.com;20,00;Mug;2;10,00",
            "102;Cancelled;2026-01-20 10:00;b@x.com;9,50;Pot;1;9,50",
        ],
        "order_id=Order Number|ordered_on=Order Date|customer_id=Email (Billing)|amount=Order Total Amount|"
        "product_id=Item Name|quantity=Quantity (- Refund)|unit_price=Item Cost",
    ),
    "woocommerce, technical": (
        "order_id,order_number,order_date,status,order_total,order_currency,customer_id,customer_email,billing_city",
        [
            "7,7,9/6/2016 6:29:00,completed,20.00,USD,31,a@x.com,Ankara",
            "8,8,9/16/2016 6:29,completed,9.50,USD,32,b@x.com,Bursa",
        ],
        "order_id=order_id|ordered_on=order_date|customer_id=customer_id|amount=order_total|currency=order_currency",
    ),
    "odoo": (
        "Order Reference,Order Date,Customer,Salesperson,Untaxed Amount,Total,Status",
        [
            "S00041,2026-01-05 09:00:00,Azure,Mitchell,100.00,118.00,Sales Order",
            "S00042,2026-01-25 09:00:00,Deco,Marc,50,59,Sales Order",
        ],
        "order_id=Order Reference|ordered_on=Order Date|customer_id=Customer|amount=Total",
    ),
    "odoo, technical": (
        "name,date_order,partner_id,amount_untaxed,amount_total,state",
        ["S00041,2026-01-05 09:00:00,17,100.00,118.00,sale", "S00042,2026-01-25 09:00:00,18,50,59,sale"],
        "order_id=name|ordered_on=date_order|customer_id=partner_id|amount=amount_total",
    ),
    "sap": (
        "Billing Document;Billing Date;Sold-to Party;Material;Billed Quantity;Net Value;Document Currency",
        ["90001;05.01.2026;10021;M-1;2,000;1.250,50;EUR", "90002;25.01.2026;10022;M-2;1,000;80,00;EUR"],
        "order_id=Billing Document|ordered_on=Billing Date|customer_id=Sold-to Party|product_id=Material|"
        "quantity=Billed Quantity|amount=Net Value|currency=Document Currency",
    ),
    "sap, technical": (
        "VBELN;FKDAT;KUNAG;MATNR;FKIMG;NETWR;WAERK",
        ["90001;20260105;10021;M-1;2;1250,50;EUR", "90002;20260125;10022;M-2;1;80,00;EUR"],
        "order_id=VBELN|ordered_on=FKDAT|customer_id=KUNAG|product_id=MATNR|quantity=FKIMG|amount=NETWR",
    ),
    "sap, German": (
        "Verkaufsbeleg;Belegdatum;Auftraggeber;Material;Auftragsmenge;Nettowert;Währung",
        ["90001;05.01.2026;10021;M-1;2;1.250,50;EUR", "90002;25.01.2026;10022;M-2;1;80,00;EUR"],
        "order_id=Verkaufsbeleg|ordered_on=Belegdatum|customer_id=Auftraggeber|product_id=Material|"
        "quantity=Auftragsmenge|amount=Nettowert|currency=Währung",
    ),
    "logo": (
        "Fatura No;Tarih;Cari Hesap Kodu;Cari Hesap Unvanı;Malzeme Kodu;Malzeme Açıklaması;"
        "Miktar;Birim Fiyat;Net Tutar (TL)",
        ["F1;05.01.2026;120.01;Kaya;M1;Bardak;2;10,50;21,00", "F2;25.01.2026;120.02;Ada;M1;Bardak;2;10,50;21,00"],
        "order_id=Fatura No|ordered_on=Tarih|customer_id=Cari Hesap Kodu|product_id=Malzeme Kodu|quantity=Miktar|"
        "unit_price=Birim Fiyat|amount=Net Tutar (TL)",
    ),
    "netsis": (
        "FATIRS_NO;TARIH;CARI_KODU;STOK_KODU;STHAR_GCMIK;STHAR_NF;GENELTOPLAM",
        ["A1;05.01.2026;120-01;S1;2;10,50;21,00", "A2;25.01.2026;120-02;S1;2;10,50;21,00"],
        "order_id=FATIRS_NO|ordered_on=TARIH|customer_id=CARI_KODU|product_id=STOK_KODU|quantity=STHAR_GCMIK|"
        "unit_price=STHAR_NF|amount=GENELTOPLAM",
    ),
    "mikro": (
        "sth_evrakno_sira;sth_tarih;sth_cari_kodu;sth_stok_kod;sth_miktar;sth_tutar",
        ["1;05.01.2026;120-01;S1;2;21,00", "2;25.01.2026;120-02;S1;2;21,00"],
        "order_id=sth_evrakno_sira|ordered_on=sth_tarih|customer_id=sth_cari_kodu|product_id=sth_stok_kod|"
        "quantity=sth_miktar|amount=sth_tutar",
    ),
    "faktury": (
        "Nr dokumentu;Data sprzedaży;Kod kontrahenta;Nazwa kontrahenta;Symbol;Nazwa towaru;Ilość sprzedana;"
        "Cena sprzedaży;"
        "Kwota netto",
        ["FV/1;05.01.2026;K1;ABC;T1;Kubek;2;10,50;21,00", "FV/2;25.01.2026;K2;XYZ;T1;Kubek;2;10,50;21,00"],
        "order_id=Nr dokumentu|ordered_on=Data sprzedaży|customer_id=Kod kontrahenta|product_id=Symbol|"
        "quantity=Ilość sprzedana|unit_price=Cena sprzedaży|amount=Kwota netto",
    ),
    "salesforce leads": (
        "Lead ID,First Name,Last Name,Company / Account,Lead Source,Lead Status,Create Date,Converted Date,Lead Owner",
        [
            "00Q1,A,B,Acme,Web,Open - Not Contacted,1/5/2026,,Kim",
            "00Q2,C,D,Beta,Web,Closed - Converted,1/25/2026,1/28/2026,Lee",
        ],
        "lead_id=Lead ID|account=Company / Account|channel=Lead Source|outcome=Lead Status|created_on=Create Date|"
        "closed_on=Converted Date|owner=Lead Owner",
    ),
    "salesforce opportunities": (
        "Opportunity ID,Opportunity Name,Account Name,Amount,Close Date,Created Date,Stage,"
        "Lead Source,Opportunity Owner",
        [
            "0061,Deal,Acme,1000,2026-02-25,2026-01-05,Closed Won,Web,Kim",
            "0062,D,Beta,500,2026-02-26,2026-01-06,Prospecting,Web,Lee",
        ],
        "lead_id=Opportunity ID|account=Account Name|expected_value=Amount|closed_on=Close Date|"
        "created_on=Created Date|outcome=Stage|channel=Lead Source|owner=Opportunity Owner",
    ),
    "hubspot deals": (
        "Record ID,Deal Name,Deal Stage,Close Date,Deal owner,Amount,Create Date,Pipeline,Original Source,"
        "Associated Company",
        [
            "11,Deal,Closed Won,2026-02-25 10:00,Kim,1000,2026-01-05 09:00,Sales,Organic,Acme",
            "12,Deal2,Appointment Scheduled,,Lee,500,2026-01-06 09:00,Sales,Paid,Beta",
        ],
        "lead_id=Record ID|outcome=Deal Stage|closed_on=Close Date|owner=Deal owner|expected_value=Amount|"
        "created_on=Create Date|channel=Original Source|account=Associated Company",
    ),
    "zendesk tickets": (
        "Id,Requester,Requester id,Requester email,Assignee,Group,Subject,Status,Priority,Via,Ticket type,Created at,"
        "Updated at,Solved at,Satisfaction Score,Reopens,Replies",
        [
            "1,Ann,77,a@x.com,Kim,Support,Broken,Solved,High,Mail,Problem,2026-01-05,2026-01-06,2026-01-06,Good,0,2",
            "2,Ben,78,b@x.com,Lee,Support,Late,Open,Low,Web,Question,2026-01-25,2026-01-26,,Offered,1,4",
        ],
        "ticket_id=Id|customer_id=Requester id|opened_on=Created at|resolved_on=Solved at|touches=Replies|channel=Via|"
        "topic=Subject",
    ),
}
TABLE = {"salesforce leads": "leads", "salesforce opportunities": "leads", "hubspot deals": "leads"}
TABLE["zendesk tickets"] = "tickets"


@pytest.mark.parametrize("system", EXPORTS)
def test_the_header_of_an_export_is_drafted_whole(tmp_path, system):
    header, rows, expected = EXPORTS[system]
    (tmp_path / "export.csv").write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    found = tomllib.loads(mapping.draft(tmp_path / "export.csv", beside=tmp_path))
    section = found[TABLE.get(system, "transactions")]
    expected = dict(pair.split("=") for pair in expected.split("|"))
    assert {ours: section.get(ours) for ours in expected} == expected
