"""Cohorts against a table worked out by hand and the published CDNOW cohorts."""

import numpy as np
import pandas as pd
import pytest

from portfoy.errors import DataError
from portfoy.retention.cohorts import cohort_table


def log(*rows):
    return pd.DataFrame(rows, columns=["customer_id", "order_id", "ordered_on", "amount"])


EIGHT = log(
    ("a", "1", "2023-11-05", 10),
    ("a", "2", "2023-11-20", 10),  # again in the same month: still one buyer
    ("a", "3", "2024-01-03", 10),
    ("b", "4", "2023-11-30", 10),
    ("b", "4", "2023-12-02", -10),  # a return is no purchase
    ("c", "5", "2024-01-01", 0),
    ("d", "6", "2024-01-31", 10),
    ("d", "7", "2024-02-10", 10),
)


# (a) Worked out by hand


def test_cohorts_of_eight_lines():
    expected = pd.DataFrame(
        {"customers": [2, 2], 0: [2.0, 2], 1: [0.0, 1], 2: [1.0, np.nan], 3: [0.0, np.nan], "running": True},
        index=pd.DatetimeIndex(["2023-11-01", "2024-01-01"], name="cohort"),
    )
    pd.testing.assert_frame_equal(cohort_table(EIGHT), expected, check_column_type=False, check_index_type=False)


def test_months_not_begun_are_missing_and_later_rows_unseen():
    table = cohort_table(EIGHT, as_of="2024-01-31")
    assert table["customers"].tolist() == [2, 2]
    assert table[[0, 1, 2]].to_numpy().tolist()[0] == [2, 0, 1]
    assert table[[1, 2]].iloc[1].isna().all()
    assert 3 not in table


def test_a_month_begun_without_a_purchase_is_zero_not_missing():
    table = cohort_table(EIGHT, as_of="2024-03-01")
    assert table[2].tolist() == [1, 0]
    assert table[3].tolist()[0] == 0
    assert np.isnan(table[3].iloc[1])


@pytest.mark.parametrize(("as_of", "running"), [("2024-02-28", True), ("2024-02-29", False), ("2024-03-01", True)])
def test_the_running_month_is_marked(as_of, running):
    assert cohort_table(EIGHT, as_of=as_of)["running"].tolist() == [running, running]


# (b) Published numbers


def test_cdnow_cohorts_match_the_published_counts(shared_data):
    names = ["master_id", "customer_id", "ordered_on", "discs", "amount"]
    raw = pd.read_csv(shared_data / "cdnow" / "CDNOW_sample.txt", sep=r"\s+", names=names, dtype=str)
    lines = raw.assign(
        ordered_on=pd.to_datetime(raw["ordered_on"], format="%Y%m%d"),
        order_id=None,
        amount=raw["amount"].astype(float),
    )
    table = cohort_table(lines)
    assert table["customers"].tolist() == [781, 857, 719]
    assert table[1].tolist() == [124, 134, 87]
    assert table[2].tolist() == [95, 110, 84]
    assert table.index.strftime("%Y-%m").tolist() == ["1997-01", "1997-02", "1997-03"]
    assert table[17].isna().tolist() == [False, True, True]
    assert not table["running"].any()


# (c) A second, naive computation


def test_random_cohorts_equal_a_count_by_hand():
    random = np.random.default_rng(3)
    lines = log(
        *(
            (str(random.integers(40)), None, f"2024-{random.integers(1, 10):02d}-{random.integers(1, 29):02d}", 1)
            for _ in range(200)
        )
    )
    table = cohort_table(lines, as_of="2024-09-30")
    month = lines["ordered_on"].str[5:7].astype(int)
    months = lines.assign(month=month).groupby("customer_id")["month"].agg(set)
    for cohort, row in table.iterrows():
        own = months[months.map(min) == cohort.month]
        assert row["customers"] == len(own)
        for later in range(9):
            if cohort.month + later <= 9:
                assert row[later] == sum(cohort.month + later in bought for bought in own)
            else:
                assert np.isnan(row[later])


# (d) Properties


def test_order_of_rows_and_scale_of_money_do_not_matter():
    other = EIGHT.sample(frac=1, random_state=2).assign(amount=lambda lines: lines["amount"] * 1000)
    pd.testing.assert_frame_equal(cohort_table(other), cohort_table(EIGHT))


def test_one_customer():
    table = cohort_table(EIGHT.iloc[[5]])
    assert table.shape == (1, 3)
    assert table.iloc[0].tolist() == [1, 1, True]


# (e) Errors


def test_a_log_of_returns_only_is_refused():
    with pytest.raises(DataError) as caught:
        cohort_table(EIGHT.iloc[[4]])
    assert str(caught.value) == (
        "transactions: nobody bought by 2023-12-02; at least one purchase is needed. "
        "Take a later date, or check the sign of the amounts."
    )


def test_an_empty_log_is_refused():
    with pytest.raises(DataError) as caught:
        cohort_table(EIGHT.iloc[:0])
    assert str(caught.value) == ("transactions: there are no rows; at least one order line is needed. Check the file.")
