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
EXPORTS |= {  # in further languages; money without taxes before money with them, where both are there
    "shopify": (
        "Name,Email,Financial Status,Paid at,Currency,Subtotal,Shipping,Taxes,Total,Discount Amount,Created at,"
        "Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Billing Name,Refunded Amount,Id",
        [
            "#1001,a@x.com,paid,2026-01-05 10:00:00 +0100,EUR,20.00,0.00,3.33,20.00,0.00,"
            "2026-01-05 10:00:00 +0100,2,Mug,10.00,M1,Ann,0.00,501",
            "#1002,b@x.com,paid,2026-01-25 10:00:00 +0100,EUR,9.00,0.00,1.50,9.00,0.00,2026-01-25 10:00:00 +0100,"
            "1,Pot,9.00,P1,Ben,0.00,502",
        ],
        "customer_id=Email|order_id=Name|ordered_on=Created at|amount=Total|quantity=Lineitem quantity|"
        "product_id=Lineitem sku|refunded=Refunded Amount|currency=Currency",
    ),
    "magento": (
        "ID,Purchase Point,Purchase Date,Bill-to Name,Ship-to Name,Grand Total (Base),Grand Total (Purchased),Status,"
        "Billing Address,Customer Email,Customer Group,Subtotal,Customer Name,Payment Method,Total Refunded",
        [
            '000000101,Main,2026-01-05 10:00:00,Ann,Ann,20.00,20.00,complete,"Road 1",a@x.com,General,18.00,Ann,'
            "card,0.00",
            '000000102,Main,2026-01-25 10:00:00,Ben,Ben,9.00,9.00,complete,"Road 2",b@x.com,General,8.00,Ben,card,0.00',
        ],
        "customer_id=Customer Email|order_id=ID|ordered_on=Purchase Date|amount=Grand Total (Base)|"
        "refunded=Total Refunded",
    ),
    "prestashop, French": (
        "ID;Référence;Nouveau client;Livraison;Client;Total;Paiement;État;Date",
        [
            "1;XKBKNABJK;1;France;J. DOE;61,80 €;Chèque;Livré;2026-01-05 10:00:00",
            "2;OHSATSERP;0;France;J. ROE;69,90 €;Chèque;Livré;2026-01-25 10:00:00",
        ],
        "customer_id=Client|order_id=Référence|ordered_on=Date|amount=Total",
    ),
    "bigcommerce": (
        "Order ID,Customer ID,Customer Name,Customer Email,Order Status,Order Date,Subtotal (inc tax),"
        "Subtotal (ex tax),"
        "Tax Total,Order Total (inc tax),Order Total (ex tax),Total Quantity,Payment Method,Order Currency Code",
        [
            "100,7,Ann,a@x.com,Completed,05/01/2026,24.00,20.00,4.00,24.00,20.00,2,card,EUR",
            "101,8,Ben,b@x.com,Completed,25/01/2026,12.00,10.00,2.00,12.00,10.00,1,card,EUR",
        ],
        "customer_id=Customer ID|order_id=Order ID|ordered_on=Order Date|amount=Order Total (ex tax)|"
        "quantity=Total Quantity|currency=Order Currency Code",
    ),
    "square": (
        "Date,Time,Time Zone,Category,Item,Qty,Price Point Name,SKU,Gross Sales,Discounts,Net Sales,Tax,Transaction ID,"
        "Payment ID,Device Name,Event Type,Location,Customer ID,Customer Name",
        [
            "01/05/2026,10:00:00,Rome,Food,Mug,2,Regular,M1,$20.00,$0.00,$20.00,$2.00,T1,P1,Till,Payment,Shop,C1,Ann",
            "01/25/2026,10:00:00,Rome,Food,Pot,1,Regular,P1,$9.00,-$1.00,$8.00,$0.80,T2,P2,Till,Payment,Shop,C2,Ben",
        ],
        "customer_id=Customer ID|order_id=Transaction ID|ordered_on=Date|amount=Net Sales|quantity=Qty|product_id=SKU",
    ),
    "stripe": (
        "id,Description,Created date (UTC),Amount,Amount Refunded,Currency,Converted Amount,Fee,Status,Customer ID,"
        "Customer Email,Card ID,Invoice ID",
        [
            "ch_1,Mug,2026-01-05 10:00:00,20.00,0.00,eur,20.00,0.50,Paid,cus_1,a@x.com,card_1,in_1",
            "ch_2,Pot,2026-01-25 10:00:00,9.00,9.00,eur,9.00,0.40,Refunded,cus_2,b@x.com,card_2,",
        ],
        "customer_id=Customer ID|order_id=id|ordered_on=Created date (UTC)|amount=Amount|refunded=Amount Refunded|"
        "currency=Currency",
    ),
    "amazon seller": (
        "order-id\torder-item-id\tpurchase-date\tpayments-date\tbuyer-email\tbuyer-name\tbuyer-phone-number\tsku\t"
        "product-name\tquantity-purchased\tcurrency\titem-price\titem-tax\tshipping-price\tship-city\tship-country",
        [
            "306-1\t111\t2026-01-05T10:00:00+00:00\t2026-01-05T10:00:00+00:00\ta@m.com\tAnn\t1\tM1\tMug\t2\tEUR\t"
            "20.00\t3.00\t0.00\tBonn\tDE",
            "306-2\t112\t2026-01-25T10:00:00+00:00\t2026-01-25T10:00:00+00:00\tb@m.com\tBen\t1\tP1\tPot\t1\tEUR\t"
            "9.00\t1.00\t0.00\tBonn\tDE",
        ],
        "customer_id=buyer-email|order_id=order-id|ordered_on=purchase-date|product_id=sku|quantity=quantity-purchased|"
        "unit_price=item-price|currency=currency",
    ),
    "lightspeed": (
        "Date,Receipt Number,Line Type,Customer Code,Customer Name,Note,Quantity,Subtotal,Sales Tax,Discount,Loyalty,"
        "Total,Paid,Details,Register,User,Status,Sku",
        [
            "2026-01-05 10:00:00,1001,Sale Line,Ann-7,Ann,,2,20.00,2.00,0.00,0,22.00,,Mug,Till,Kim,CLOSED,M1",
            "2026-01-25 10:00:00,1002,Sale Line,Ben-8,Ben,,1,9.00,0.90,0.00,0,9.90,,Pot,Till,Kim,CLOSED,P1",
        ],
        "customer_id=Customer Code|order_id=Receipt Number|ordered_on=Date|amount=Total|quantity=Quantity|"
        "product_id=Sku",
    ),
    "etsy orders": (
        "Sale Date,Order ID,Buyer User ID,Full Name,First Name,Last Name,Number of Items,Payment Method,Date Shipped,"
        "Ship City,Currency,Order Value,Coupon Code,Discount Amount,Shipping,Sales Tax,Order Total,Status,"
        "Order Net,Buyer,SKU",
        [
            "01/05/26,901,ann1,Ann A,Ann,A,2,card,01/06/26,Bonn,EUR,20.00,,0,2.00,0,22.00,,20.00,Ann A (ann1),M1",
            "01/25/26,902,ben1,Ben B,Ben,B,1,card,01/26/26,Bonn,EUR,9.00,,0,2.00,0,11.00,,10.00,Ben B (ben1),P1",
        ],
        "customer_id=Buyer User ID|order_id=Order ID|ordered_on=Sale Date|amount=Order Total|quantity=Number of Items|"
        "currency=Currency",
    ),
    "etsy items": (
        "Sale Date,Item Name,Buyer,Quantity,Price,Coupon Code,Discount Amount,Order Shipping,Item Total,Currency,"
        "Transaction ID,Listing ID,Date Paid,Date Shipped,Ship Name,Variations,Order Type,Order ID,SKU",
        [
            "01/05/26,Mug,Ann A (ann1),2,10.00,,0,2.00,20.00,EUR,T1,L1,01/05/26,01/06/26,Ann,,online,901,M1",
            "01/25/26,Pot,Ben B (ben1),1,9.00,,0,2.00,9.00,EUR,T2,L2,01/25/26,01/26/26,Ben,,online,902,P1",
        ],
        "customer_id=Buyer|order_id=Order ID|ordered_on=Sale Date|amount=Item Total|quantity=Quantity|unit_price=Price|"
        "product_id=SKU",
    ),
    "allegro": (
        "Data zakupu;Nr zamówienia;Kupujący;Nazwa oferty;Liczba sztuk;Cena za sztukę;Wartość zamówienia;Waluta",
        [
            "2026-01-05 10:00;Z1;ann77;Kubek;2;10,00;20,00;PLN",
            "2026-01-25 10:00;Z2;ben78;Garnek;1;9,00;9,00;PLN",
        ],
        "customer_id=Kupujący|order_id=Nr zamówienia|ordered_on=Data zakupu|quantity=Liczba sztuk|"
        "unit_price=Cena za sztukę|amount=Wartość zamówienia|currency=Waluta",
    ),
    "trendyol": (
        "Barkod;Paket No;Kargo Firması;Sipariş Tarihi;Kargoya Teslim Tarihi;Sipariş Numarası;Alıcı;İl;Ürün Adı;"
        "Sipariş Statüsü;E-Posta;Marka;Stok Kodu;Adet;Birim Fiyatı;Satış Tutarı;İndirim Tutarı;Faturalanacak Tutar",
        [
            "869;P1;Kargo;05.01.2026 10:00;06.01.2026 10:00;9001;A. K.;Ankara;Bardak;Teslim Edildi;a@x.com;M;S1;"
            "2;10,00;20,00;1,00;19,00",
            "870;P2;Kargo;25.01.2026 10:00;26.01.2026 10:00;9002;B. L.;İzmir;Tencere;Teslim Edildi;b@x.com;M;S2;"
            "1;9,00;9,00;0,00;9,00",
        ],
        "customer_id=Alıcı|order_id=Sipariş Numarası|ordered_on=Sipariş Tarihi|product_id=Stok Kodu|quantity=Adet|"
        "unit_price=Birim Fiyatı|amount=Faturalanacak Tutar",
    ),
    "hepsiburada": (
        "Sipariş No;Paket No;Sipariş Tarihi;Müşteri Adı Soyadı;Satıcı Stok Kodu;Ürün Adı;Adet;Birim Fiyat;Toplam Fiyat",
        [
            "9001;P1;05-01-2026 10:00;A. K.;S1;Bardak;2;10,00;20,00",
            "9002;P2;25-01-2026 10:00;B. L.;S2;Tencere;1;9,00;9,00",
        ],
        "customer_id=Müşteri Adı Soyadı|order_id=Sipariş No|ordered_on=Sipariş Tarihi|product_id=Satıcı Stok Kodu|"
        "quantity=Adet|unit_price=Birim Fiyat|amount=Toplam Fiyat",
    ),
    "sage, French": (
        "N° pièce;Date;Code client;Intitulé;Réf. article;Désignation;Qté;PU HT;Montant HT;Montant TTC",
        ["F1;05/01/2026;C1;Ann;M1;Tasse;2;10,00;20,00;24,00", "F2;25/01/2026;C2;Ben;P1;Pot;1;9,00;9,00;10,80"],
        "customer_id=Code client|order_id=N° pièce|ordered_on=Date|product_id=Réf. article|quantity=Qté|"
        "unit_price=PU HT|"
        "amount=Montant HT",
    ),
    "shop, French": (
        "Numéro de commande;Date de la commande;Adresse e-mail;Quantité;Prix unitaire;Total TTC;Devise",
        ["1;05/01/2026;a@x.fr;2;10,00;20,00;EUR", "2;25/01/2026;b@x.fr;1;9,00;9,00;EUR"],
        "customer_id=Adresse e-mail|order_id=Numéro de commande|ordered_on=Date de la commande|quantity=Quantité|"
        "unit_price=Prix unitaire|amount=Total TTC|currency=Devise",
    ),
    "invoices, Spanish": (
        "Nº factura;Fecha de factura;Cód. cliente;Nombre del cliente;Base imponible;IVA;Importe total;Estado",
        ["F1;05/01/2026;C1;Ann;20,00;4,20;24,20;Pagada", "F2;25/01/2026;C2;Ben;9,00;1,89;10,89;Pagada"],
        "customer_id=Cód. cliente|order_id=Nº factura|ordered_on=Fecha de factura|amount=Importe total",
    ),
    "shop, Spanish": (
        "Número de pedido;Fecha de compra;Comprador;Referencia del producto;Cantidad;Precio unitario;Importe",
        ["1;05/01/2026;ann;M1;2;10,00;20,00", "2;25/01/2026;ben;P1;1;9,00;9,00"],
        "customer_id=Comprador|order_id=Número de pedido|ordered_on=Fecha de compra|product_id=Referencia del producto|"
        "quantity=Cantidad|unit_price=Precio unitario|amount=Importe",
    ),
    "invoices, Italian": (
        "N. doc.;Data doc.;Cod. cliente;Ragione sociale;Cod. articolo;Descrizione;Q.tà;Prezzo unitario;"
        "Imponibile;IVA;Totale",
        [
            "1;05/01/2026;C1;Ann;M1;Tazza;2;10,00;20,00;4,40;24,40",
            "2;25/01/2026;C2;Ben;P1;Pentola;1;9,00;9,00;1,98;10,98",
        ],
        "customer_id=Cod. cliente|order_id=N. doc.|ordered_on=Data doc.|product_id=Cod. articolo|quantity=Q.tà|"
        "unit_price=Prezzo unitario|amount=Totale",
    ),
    "shop, Italian": (
        "Numero ordine;Data ordine;Acquirente;SKU;Quantità;Prezzo;Importo totale",
        ["1;05/01/2026;ann;M1;2;10,00;20,00", "2;25/01/2026;ben;P1;1;9,00;9,00"],
        "customer_id=Acquirente|order_id=Numero ordine|ordered_on=Data ordine|product_id=SKU|quantity=Quantità|"
        "unit_price=Prezzo|amount=Importo totale",
    ),
    "invoices, Dutch": (
        "Factuurnummer;Factuurdatum;Klantnummer;Klantnaam;Artikelnummer;Omschrijving;Aantal;Prijs per stuk;"
        "Bedrag excl. btw;Bedrag incl. btw",
        ["F1;05-01-2026;K1;Ann;M1;Mok;2;10,00;20,00;24,20", "F2;25-01-2026;K2;Ben;P1;Pan;1;9,00;9,00;10,89"],
        "customer_id=Klantnummer|order_id=Factuurnummer|ordered_on=Factuurdatum|product_id=Artikelnummer|"
        "quantity=Aantal|"
        "unit_price=Prijs per stuk|amount=Bedrag excl. btw",
    ),
    "shop, Dutch": (
        "Bestelnummer;Besteldatum;E-mailadres klant;Aantal;Totaalbedrag",
        ["B1;05-01-2026;a@x.nl;2;20,00", "B2;25-01-2026;b@x.nl;1;9,00"],
        "customer_id=E-mailadres klant|order_id=Bestelnummer|ordered_on=Besteldatum|quantity=Aantal|"
        "amount=Totaalbedrag",
    ),
    "orders, Portuguese": (
        "Número do pedido;Data do pedido;Nome do cliente;Código do produto;Quantidade;Valor unitário;Valor total",
        ["1;05/01/2026;Ann;M1;2;10,00;20,00", "2;25/01/2026;Ben;P1;1;9,00;9,00"],
        "customer_id=Nome do cliente|order_id=Número do pedido|ordered_on=Data do pedido|product_id=Código do produto|"
        "quantity=Quantidade|unit_price=Valor unitário|amount=Valor total",
    ),
    "invoices, Portuguese": (
        "Nº da fatura;Data de emissão;N.º de cliente;Artigo;Qtd.;Preço unitário;Total s/ IVA;Total c/ IVA;Moeda",
        ["F1;05/01/2026;C1;M1;2;10,00;20,00;24,60;EUR", "F2;25/01/2026;C2;P1;1;9,00;9,00;11,07;EUR"],
        "customer_id=N.º de cliente|order_id=Nº da fatura|ordered_on=Data de emissão|product_id=Artigo|quantity=Qtd.|"
        "unit_price=Preço unitário|amount=Total s/ IVA|currency=Moeda",
    ),
    "invoices, Swedish": (
        "Fakturanummer;Fakturadatum;Kundnummer;Kundnamn;Artikelnr;Benämning;Antal;À-pris;Belopp exkl. moms;Valuta",
        ["F1;2026-01-05;K1;Ann;M1;Mugg;2;10,00;20,00;SEK", "F2;2026-01-25;K2;Ben;P1;Kastrull;1;9,00;9,00;SEK"],
        "customer_id=Kundnummer|order_id=Fakturanummer|ordered_on=Fakturadatum|product_id=Artikelnr|quantity=Antal|"
        "unit_price=À-pris|amount=Belopp exkl. moms|currency=Valuta",
    ),
    "invoices, Danish": (
        "Fakturanr.;Fakturadato;Kundenr.;Kundenavn;Varenr.;Antal;Enhedspris;Beløb ekskl. moms",
        ["F1;05-01-2026;K1;Ann;M1;2;10,00;20,00", "F2;25-01-2026;K2;Ben;P1;1;9,00;9,00"],
        "customer_id=Kundenr.|order_id=Fakturanr.|ordered_on=Fakturadato|product_id=Varenr.|quantity=Antal|"
        "unit_price=Enhedspris|amount=Beløb ekskl. moms",
    ),
    "orders, Norwegian": (
        "Ordrenummer;Ordredato;Kundenr;Kunde;Produktnr;Antall;Enhetspris eks. mva;Sum eks. mva",
        ["1;05.01.2026;K1;Ann;M1;2;10,00;20,00", "2;25.01.2026;K2;Ben;P1;1;9,00;9,00"],
        "customer_id=Kundenr|order_id=Ordrenummer|ordered_on=Ordredato|product_id=Produktnr|quantity=Antall|"
        "unit_price=Enhetspris eks. mva|amount=Sum eks. mva",
    ),
    "orders, Finnish": (
        "Tilausnumero;Tilauspäivä;Asiakasnumero;Asiakkaan nimi;Tuotekoodi;Määrä;Yksikköhinta;Yhteensä (EUR)",
        ["1;5.1.2026;A1;Ann;M1;2;10,00;20,00", "2;25.1.2026;A2;Ben;P1;1;9,00;9,00"],
        "customer_id=Asiakasnumero|order_id=Tilausnumero|ordered_on=Tilauspäivä|product_id=Tuotekoodi|quantity=Määrä|"
        "unit_price=Yksikköhinta|amount=Yhteensä (EUR)",
    ),
    "invoices, Finnish": (
        "Laskun numero;Laskun päivämäärä;Asiakas;Summa sis. alv",
        ["1;5.1.2026;Ann;20,00", "2;25.1.2026;Ben;9,00"],
        "customer_id=Asiakas|order_id=Laskun numero|ordered_on=Laskun päivämäärä|amount=Summa sis. alv",
    ),
    "invoices, Swiss": (
        "Rechnungs-Nr.;Rechnungsdatum;Kontakt;Betrag CHF;Status",
        ["RE-1;05.01.2026;Ann;20.00;bezahlt", "RE-2;25.01.2026;Ben;9.00;bezahlt"],
        "customer_id=Kontakt|order_id=Rechnungs-Nr.|ordered_on=Rechnungsdatum|amount=Betrag CHF",
    ),
    "shop, German": (
        "Bestellnummer;Bestellzeit;Kundennummer;E-Mail-Adresse;Menge;Einzelpreis netto;Gesamtpreis netto;"
        "Gesamtpreis brutto",
        ["1;05.01.2026 10:00;K1;a@x.de;2;10,00;20,00;23,80", "2;25.01.2026 10:00;K2;b@x.de;1;9,00;9,00;10,71"],
        "customer_id=Kundennummer|order_id=Bestellnummer|ordered_on=Bestellzeit|quantity=Menge|"
        "unit_price=Einzelpreis netto|amount=Gesamtpreis netto",
    ),
    "faktury, with a currency": (
        "Numer faktury;Data wystawienia;Nabywca;NIP nabywcy;Kwota netto PLN;Kwota VAT PLN;Kwota brutto PLN",
        ["F1;05.01.2026;Ann;1;20,00;4,60;24,60", "F2;25.01.2026;Ben;2;9,00;2,07;11,07"],
        "customer_id=NIP nabywcy|order_id=Numer faktury|ordered_on=Data wystawienia|amount=Kwota netto PLN",
    ),
    "paraşüt": (
        "Fatura No;Müşteri;Düzenleme Tarihi;Ara Toplam;Toplam KDV;Genel Toplam;Döviz",
        ["F1;Ada;05.01.2026;20,00;4,00;24,00;TRL", "F2;Kaya;25.01.2026;9,00;1,80;10,80;TRL"],
        "customer_id=Müşteri|order_id=Fatura No|ordered_on=Düzenleme Tarihi|amount=Genel Toplam",
    ),
    "tally": (
        "Date,Party,Voucher Type,Voucher No.,Amount (INR)",
        ["05-01-2026,Ann,Sales,1,20.00", "25-01-2026,Ben,Sales,2,9.00"],
        "customer_id=Party|order_id=Voucher No.|ordered_on=Date|amount=Amount (INR)",
    ),
    "quickbooks": (
        "Date,Transaction Type,Num,Customer,Memo/Description,Qty,Sales Price,Amount USD,Balance",
        ["01/05/2026,Invoice,1001,Ann,Mug,2,10.00,20.00,20.00", "01/25/2026,Invoice,1002,Ben,Pot,1,9.00,9.00,29.00"],
        "customer_id=Customer|order_id=Num|ordered_on=Date|quantity=Qty|amount=Amount USD",
    ),
    "xero": (
        "ContactName,EmailAddress,InvoiceNumber,Reference,InvoiceDate,DueDate,Total,TaxTotal,Description,"
        "Quantity,UnitAmount,Currency",
        [
            "Ann,a@x.com,INV-1,,05/01/2026,19/01/2026,24.00,4.00,Mug,2,10.00,EUR",
            "Ben,b@x.com,INV-2,,25/01/2026,08/02/2026,10.80,1.80,Pot,1,9.00,EUR",
        ],
        "customer_id=EmailAddress|order_id=InvoiceNumber|ordered_on=InvoiceDate|amount=Total|quantity=Quantity|"
        "unit_price=UnitAmount",
    ),
    "zoho": (
        "Invoice Date,Invoice ID,Invoice Number,Invoice Status,Customer ID,Customer Name,Due Date,Currency Code,"
        "Item Name,SKU,Quantity,Item Price,Item Total,SubTotal,Total,Balance",
        [
            "2026-01-05,77,INV-1,Paid,7,Ann,2026-01-19,EUR,Mug,M1,2,10.00,20.00,20.00,20.00,0",
            "2026-01-25,78,INV-2,Paid,8,Ben,2026-02-08,EUR,Pot,P1,1,9.00,9.00,9.00,9.00,0",
        ],
        "customer_id=Customer ID|ordered_on=Invoice Date|quantity=Quantity|unit_price=Item Price|product_id=SKU|"
        "currency=Currency Code",
    ),
    "pivot": (
        "Account Name,Order Number,Order Start Date,Sum of Order Amount (converted)",
        ["Ann,1,2026-01-05,20.00", "Ben,2,2026-01-25,9.00"],
        "customer_id=Account Name|order_id=Order Number|ordered_on=Order Start Date|"
        "amount=Sum of Order Amount (converted)",
    ),
    "pipedrive": (
        "Deal - ID,Deal - Title,Deal - Value,Deal - Owner,Deal - Stage,Deal - Status,Deal - Deal created,"
        "Deal - Deal closed on,Deal - Organization,Deal - Label",
        [
            "1,Mugs,20,Kim,Offer,Won,2026-01-05 10:00:00,2026-01-15 10:00:00,Acme,Hot",
            "2,Pots,9,Lee,Contact,Open,2026-01-25 10:00:00,,Beta,",
        ],
        "lead_id=Deal - ID|expected_value=Deal - Value|owner=Deal - Owner|created_on=Deal - Deal created|"
        "closed_on=Deal - Deal closed on|outcome=Deal - Status|account=Deal - Organization",
    ),
    "salesforce, German": (
        "Opportunity-ID;Accountname;Phase;Schlusstermin;Betrag (EUR);Erstellungsdatum;Opportunity-Inhaber;Leadquelle",
        [
            "0061;Acme;Closed Won;25.02.2026;1.000,00;05.01.2026;Kim;Web",
            "0062;Beta;Prospecting;26.02.2026;500,00;06.01.2026;Lee;Web",
        ],
        "lead_id=Opportunity-ID|account=Accountname|outcome=Phase|closed_on=Schlusstermin|"
        "expected_value=Betrag (EUR)|created_on=Erstellungsdatum|owner=Opportunity-Inhaber|channel=Leadquelle",
    ),
    "hubspot contacts": (
        "Record ID,First Name,Last Name,Email,Phone Number,Contact owner,Lead Status,Create Date,Original Source,"
        "Became a Lead Date,Associated Company",
        [
            "1,A,B,a@x.com,1,Kim,Open,2026-01-05 10:00,Organic,2026-01-06 10:00,Acme",
            "2,C,D,b@x.com,2,Lee,In progress,2026-01-25 10:00,Paid,2026-01-26 10:00,Beta",
        ],
        "lead_id=Record ID|owner=Contact owner|outcome=Lead Status|created_on=Create Date|"
        "channel=Original Source|account=Associated Company",
    ),
    "freshdesk": (
        "Ticket ID,Subject,Status,Priority,Source,Type,Agent,Group,Created time,Due by Time,Resolved time,"
        "Closed time,Initial response time,Agent interactions,Full name,Email,Contact ID",
        [
            "1,Broken,Closed,High,Email,Question,Kim,Help,2026-01-05 10:00:00,2026-01-06 10:00:00,"
            "2026-01-06 09:00:00,2026-01-07 09:00:00,2026-01-05 11:00:00,2,Ann,a@x.com,77",
            "2,Late,Open,Low,Portal,Question,Lee,Help,2026-01-25 10:00:00,2026-01-26 10:00:00,,,,1,Ben,b@x.com,78",
        ],
        "ticket_id=Ticket ID|customer_id=Contact ID|opened_on=Created time|resolved_on=Resolved time|"
        "closed_on=Closed time|first_reply_on=Initial response time|touches=Agent interactions|channel=Source|"
        "topic=Subject",
    ),
}
TABLE = {"salesforce leads": "leads", "salesforce opportunities": "leads", "hubspot deals": "leads"}
TABLE["zendesk tickets"] = "tickets"
TABLE |= {"pipedrive": "leads", "salesforce, German": "leads", "hubspot contacts": "leads", "freshdesk": "tickets"}


@pytest.mark.parametrize("system", EXPORTS)
def test_the_header_of_an_export_is_drafted_whole(tmp_path, system):
    header, rows, expected = EXPORTS[system]
    (tmp_path / "export.csv").write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    found = tomllib.loads(mapping.draft(tmp_path / "export.csv", beside=tmp_path))
    section = found[TABLE.get(system, "transactions")]
    expected = dict(pair.split("=") for pair in expected.split("|"))
    assert {ours: section.get(ours) for ours in expected} == expected


def test_what_a_name_says_of_taxes_is_said_and_the_tax_itself_is_no_amount(tmp_path):
    def amount(*names):
        row = ";".join(["A", "1", "2026-01-05", *["5,50"] * len(names)])
        (tmp_path / "t.csv").write_text(f"Kunde;Beleg;Datum;{';'.join(names)}\n{row}\n", "utf-8")
        return next(
            line for line in mapping.draft(tmp_path / "t.csv", beside=tmp_path).splitlines() if "amount =" in line
        )

    assert amount("Montant TTC", "Montant HT", "Montant TVA") == (
        'amount = "Montant HT"  # or "Montant TTC"?; by its name without taxes (net)'
    )
    assert amount("Total EUR incl. btw") == 'amount = "Total EUR incl. btw"  # by its name with taxes (gross)'
    assert [amount(name) for name in ("Betrag CHF", "Amount (EUR)", "Total USD", "Sum of Amount")] == [
        'amount = "Betrag CHF"',
        'amount = "Amount (EUR)"',
        'amount = "Total USD"',
        'amount = "Sum of Amount"',
    ]
    for tax in ("Montant TVA", "Kwota VAT", "Amount (VAT)", "Importe IVA", "Toplam KDV"):
        assert amount(tax).startswith("# amount = ?"), tax
