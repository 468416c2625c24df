"""The teacher's page: timetables that add up, sittings after what they need. Judges: the sittings' own minutes."""

import re
from pathlib import Path

import pytest

from portfoy.course import editions, lessons

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "notebooks" / "TEACHING.md").read_text("utf-8")
ROOM = 1.25  # minutes in a room, over those at the head of a sitting


def tables(first):
    """The rows of each table whose head begins so."""
    found = re.findall(r"^((?:\|.*\|\n)+)", TEXT, flags=re.M)
    split = [[[cell.strip() for cell in line.strip()[1:-1].split("|")] for line in one.splitlines()] for one in found]
    return {rows[0][1]: rows[2:] for rows in split if rows[0][0] == first}


def named(cell):
    """The sittings that a cell names."""
    return [name for name in re.findall(r"\b(\d[a-e])\b", cell) if name in lessons.SITTINGS]


@pytest.fixture(scope="module")
def about():
    return {name: editions.about_of(editions.read(path)) for name, path in lessons.solutions().items()}


def head(about, name):
    """The minutes that stand at the head of a sitting."""
    said = re.search(r"About (\d+) minutes", editions.read(lessons.solutions()[name]).cells[0].source)
    assert 0 <= int(said[1]) - about[name]["minutes"] < 5
    return int(said[1])


def needed(about, name):
    return {one for need in about[name]["needs"] for one in re.findall(r"\b(\d[a-e])\b", need)} - {name}


def test_half_days_add_up_with_their_breaks_and_give_each_sitting_its_time(about):
    halves = re.findall(r"\| Minutes \|[^\n]*\n\|---\|---\|\n((?:\|.*\|\n)+)", TEXT)
    sums = [sum(map(int, re.findall(r"^\| (\d+) \|", rows, flags=re.M))) for rows in halves]
    assert sums[0] == 90
    assert len(sums) == 6
    assert all(total <= 240 for total in sums), sums
    for rows in halves[1:]:
        for minutes, what in re.findall(r"^\| (\d+) \| (.*) \|$", rows, flags=re.M):
            for name in named(what)[:1]:
                assert int(minutes) >= ROOM * head(about, name), what
        since, breaks = 0, 0
        for minutes, what in re.findall(r"^\| (\d+) \| (.*) \|$", rows, flags=re.M):
            since = 0 if what.startswith("Break") else since + int(minutes)
            breaks += what.startswith("Break")
            assert since <= 90, f"{what}: {since} minutes without a break"
        assert breaks


def test_a_week_of_the_semester_fits_and_every_sitting_has_its_place(about):
    (rows,) = tables("Week").values()
    assert [int(row[0]) for row in rows] == list(range(1, 15))
    order = []
    for _week, in_class, at_home in rows:
        assert sum(ROOM * head(about, name) for name in named(in_class)) <= 90, in_class
        assert sum(head(about, name) for name in named(at_home)) <= 60, at_home
        order += [*named(in_class), *named(at_home)]
    assert sorted(order) == list(lessons.SITTINGS)
    for name in order:
        late = [need for need in needed(about, name) if order.index(need) > order.index(name)]
        assert not late, f"{name} comes before {late}"


def test_two_days_hold_what_their_sittings_need(about):
    text = TEXT.partition("**Two days**")[2].partition("**A semester**")[0]
    order = [names[0] for what in re.findall(r"^\| \d+ \| (.*) \|$", text, flags=re.M) if (names := named(what))]
    assert order == ["0a", "0b", "0d", "1a", "1c", "2a", "3a", "4b"]
    lacking = {name: needed(about, name) - set(order[: order.index(name)]) for name in order}
    assert {name: lost for name, lost in lacking.items() if lost} == {"0d": {"0c"}, "1c": {"1b"}}  # said in the text
    assert "0d asks of 0c" in " ".join(text.split())
    assert "1c of 1b" in " ".join(text.split())


def test_the_capstone_s_hour_and_its_points_add_up():
    minutes = re.search(r"\| 90 \| (.*) \|$", TEXT.partition("## The capstone")[2], flags=re.M)[1]
    assert sum(map(int, re.findall(r"\b(\d+)\b", minutes))) == 90
    shares = [int(share) for share in re.findall(r"\| (\d+) % \|", TEXT)]
    assert sum(shares) == 100
    assert 40 / 50 * shares[-1] == 36


def test_the_points_of_a_page_are_the_same_on_the_sheet():
    def rows(text):
        parts = "What the data carry|Three figures|The .*?|What is missing"
        return re.findall(rf"^\| ({parts}) \| (.*?) \| (.*?) \| (.*?) \|", text, flags=re.M)

    sheet = (ROOT / "docs" / "sheets.md").read_text("utf-8").partition("points of a page")[2]
    taught = TEXT.partition("| Part | 0 points |")[2].partition("\n\n")[0]
    assert rows(sheet) == rows(taught)
    assert len(rows(sheet)) == 5
