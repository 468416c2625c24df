"""An analyst's first file: `python data/make_example.py` writes data/example/siparisler.csv, the same bytes each time.

A small shop for home goods that never existed: two years of orders as an office program in Turkey exports them, with
the oddities that such files have. data/README.md tells what they are.
"""

import argparse
import csv
import random
from datetime import date, timedelta
from pathlib import Path

HERE = Path(__file__).parent
HEADER = ["Sipariş No", "Müşteri No", "Tarih", "Ürün Kodu", "Ürün Adı", "Adet", "Tutar"]
FIRST, LAST = date(2024, 7, 1), date(2026, 6, 30)
PRODUCTS = [  # code, name, price in the first month
    ("0101", "Bakır cezve", 420),
    ("0102", "Kahve fincanı, 6'lı", 380),
    ("0103", "Çay bardağı, 6'lı", 190),
    ("0104", "Semaver", 3_400),
    ("0201", "Kilim, 120x180", 2_950),
    ("0202", "Yün yorgan", 1_850),
    ("0203", "Pamuklu havlu", 160),
    ("0301", "Ağaç kaşık", 75),
    ("0302", "Döküm tencere", 1_150),
]
PAIRS = {"0101": "0102", "0103": "0104"}  # with the first the second is often taken, too
CUSTOMERS = 60
PRICES = 0.015  # by how much they rise a month


def sales(rng):
    """Order lines of all customers, each a list: customer, day, product, pieces, money."""
    found = []
    for number in range(CUSTOMERS):
        day = FIRST + timedelta(days=rng.randrange(640) if number > 20 else rng.randrange(60))
        pace, leaves = rng.gammavariate(2, 60), rng.betavariate(1, 4)
        while day <= LAST:
            found += [[number, day, *line] for line in basket(rng, day)]
            day += timedelta(days=1 + round(rng.expovariate(1 / pace)))
            if rng.random() < leaves:
                break
    return found


def basket(rng, day):
    """The lines of one order: product, pieces, money."""
    codes = [rng.choices([code for code, *_ in PRODUCTS], weights=[6, 4, 6, 1, 2, 3, 7, 5, 3])[0]]
    if PAIRS.get(codes[0]) and rng.random() < 0.5:
        codes.append(PAIRS[codes[0]])
    level = (1 + PRICES) ** ((day.year - FIRST.year) * 12 + day.month - FIRST.month)
    prices = {code: price for code, _name, price in PRODUCTS}
    for code in codes:
        pieces = 1 if prices[code] > 1_000 else rng.choice([1, 1, 1, 2, 2, 4])
        yield code, pieces, round(pieces * prices[code] * level * rng.choice([1, 1, 1, 0.9]), 2)


def rows():
    """The rows of the file, in the order of their days, all as text."""
    rng = random.Random(105)
    kept = sorted(sales(rng), key=lambda line: (line[1], line[0]))
    names = {code: name for code, name, _price in PRODUCTS}
    numbers, table = {}, []
    for customer, day, code, pieces, money in kept:
        number = numbers.setdefault((customer, day), f"{4_100 + len(numbers):08d}")
        table.append([number, f"{417 + 37 * customer:06d}", f"{day:%d.%m.%Y}", code, names[code], pieces, money])
    return oddities(rng, table)


def oddities(rng, table):
    """The same with what real exports have: returns, unknown buyers, repeated rows, values that cannot be."""
    back = [list(row) for row in rng.sample(table[:-20], 11)]
    for number, row in enumerate(back):  # a return has a number of its own and the minus before pieces and money
        day = date(int(row[2][6:]), int(row[2][3:5]), int(row[2][:2])) + timedelta(days=rng.randrange(3, 15))
        row[0], row[2], row[5], row[6] = f"{90_001 + number:08d}", f"{day:%d.%m.%Y}", -row[5], -row[6]
    table = sorted([*table, *back], key=lambda row: (row[2][6:], row[2][3:5], row[2][:2]))
    for place in (31, 118, 202, 203, 260):
        table[place][1] = ""  # sold over the counter: nobody knows to whom
    table[78][6] = 0  # a gift
    table[150][2] = "31.02." + table[150][2][6:]
    table[221][2] = table[221][2][:6] + "2062"
    for place in (240, 95, 12):
        table.insert(place, list(table[place]))  # exported twice
    return [[*row[:5], str(row[5]), money(row[6])] for row in table]


def money(value):
    """1234.5 as it is written in Turkey: 1.234,50."""
    return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))


def main():
    """Write the file and say what it has."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--out", type=Path, default=HERE / "example" / "siparisler.csv", help="the file")
    out, table = words.parse_args().out, rows()
    with out.open("w", encoding="utf-8-sig", newline="") as file:  # with the mark that spreadsheets put first
        csv.writer(file, delimiter=";", lineterminator="\n").writerows([HEADER, *table])
    print(f"{out.name}: {len(table)} lines of {len({row[1] for row in table} - {''})} customers")


if __name__ == "__main__":
    main()
