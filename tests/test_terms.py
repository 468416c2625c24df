"""The glossary: its file is whole, and a file that is not says so in one line."""

import re
from pathlib import Path

import pandas as pd
import pytest

from portfoy.course import terms
from portfoy.course.terms import glossary
from portfoy.errors import DataError

SHIPPED = Path(terms.__file__).with_name("terms.csv")
HEADER = "term,turkish,polish,definition\n"


@pytest.fixture
def file(tmp_path):
    def file(text, encoding="utf-8"):
        (tmp_path / "terms.csv").write_bytes(text.encode(encoding))
        return tmp_path / "terms.csv"

    return file


@pytest.fixture(scope="module")
def shipped():
    if not SHIPPED.is_file():
        pytest.skip("the glossary of the course is not merged yet")
    return glossary()


# (a) A small file


def test_terms_come_in_alphabetical_order_whatever_the_case(file):
    found = glossary(
        file(HEADER + 'NPS,NPS,NPS,A score.\nlead, aday ,lead,"A person, or a firm."\n\nodds,olasılık,szansa,p.\n')
    )
    wanted = pd.DataFrame(
        {
            "term": ["lead", "NPS", "odds"],
            "turkish": ["aday", "NPS", "olasılık"],
            "polish": ["lead", "NPS", "szansa"],
            "definition": ["A person, or a firm.", "A score.", "p."],
        }
    )
    pd.testing.assert_frame_equal(found, wanted)


def test_a_byte_order_mark_of_a_spreadsheet_does_no_harm(file):
    assert list(glossary(file(HEADER + "a,b,c,D.\n", "utf-8-sig"))["term"]) == ["a"]


def test_the_word_none_or_na_is_a_word(file):
    assert glossary(file(HEADER + "NA,None,null,nan.\n")).iloc[0].tolist() == ["NA", "None", "null", "nan."]


def test_a_glossary_without_terms_is_an_empty_table(file):
    found = glossary(file(HEADER))
    assert (len(found), list(found)) == (0, ["term", "turkish", "polish", "definition"])


# (e) Errors

ERRORS = {
    "twice": (
        HEADER + "lead,aday,lead,A.\nLead,aday,lead,B.\nchurn,kayıp,odejścia,C.\n",
        "terms.csv: twice: Lead. Keep one.",
    ),
    "one empty cell": (
        HEADER + "lead,aday, ,A.\n",
        "terms.csv: empty cells: lead (polish). Fill them in.",
    ),
    "several empty cells, one of them the term": (
        HEADER + "lead,aday,lead,\n,x,y,Z.\n",
        "terms.csv: empty cells: lead (definition), row 2 (term). Fill them in.",
    ),
    "a comma too many": (
        HEADER + "lead,aday,lead,A person, or a firm.\n",
        "terms.csv: line 2 has 5 cells, not 4. Quote text with a comma.",
    ),
    "a cell too few": (
        HEADER + "lead,aday,lead,A.\n\nchurn,kayıp,Lost.\n",
        "terms.csv: line 4 has 3 cells, not 4. Quote text with a comma.",
    ),
    "other columns": (
        "term,definition\nlead,A.\n",
        "terms.csv: has columns term, definition, not term, turkish, polish, definition. Mend the first line.",
    ),
    "nothing": (
        "",
        "terms.csv: has columns none, not term, turkish, polish, definition. Mend the first line.",
    ),
}


@pytest.mark.parametrize(("text", "message"), ERRORS.values(), ids=ERRORS)
def test_what_is_wrong_is_said_in_one_line(file, text, message):
    with pytest.raises(DataError) as caught:
        glossary(file(text))
    assert str(caught.value) == message


def test_a_file_that_is_not_there_or_not_utf_8_is_said_so(file, tmp_path):
    with pytest.raises(DataError) as caught:
        glossary(tmp_path / "none.csv")
    assert str(caught.value) == ("none.csv: cannot be read: No such file or directory. Give CSV in UTF-8.")
    with pytest.raises(DataError, match=r"^terms\.csv: cannot be read: 'utf-8' codec can't decode byte"):
        glossary(file(HEADER + "churn,kayıp,odejścia,C.\n", "utf-16"))


# The glossary of the course


def test_every_term_of_the_course_stands_once_and_is_whole(shipped):
    assert len(shipped) >= 30
    assert not shipped["term"].str.casefold().duplicated().any()
    assert (shipped.map(len) > 0).all(axis=None)
    assert not shipped.map(lambda cell: cell != " ".join(cell.split())).any(axis=None), "spaces too many"


def test_every_definition_is_one_sentence_of_at_most_35_words(shipped):
    wrong = [
        f"{row.term}: {row.definition}"
        for row in shipped.itertuples()
        if not row.definition.endswith(".")
        or len(row.definition.split()) > 35
        or re.search(r"[.!?]\s+[A-ZÇĞİÖŞÜ]", row.definition)
    ]
    assert not wrong, wrong
