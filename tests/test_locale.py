"""Languages: English without a catalogue, another with one, and what happens where there is none."""

import numpy as np
import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

import portfoy.locale as locale
from portfoy.locale import _, language, languages, plural, use_language


@pytest.fixture(autouse=True)
def english_again():
    yield
    use_language("en")


@pytest.fixture
def turkish(tmp_path, monkeypatch):
    """A catalogue with two messages, in a folder of its own."""
    catalogue = Catalog(locale="tr")
    catalogue.add("Revenue", "Ciro")
    catalogue.add(("{n} customer", "{n} customers"), ("{n} müşteri", "{n} müşteri"))
    folder = tmp_path / "tr" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "portfoy.mo").open("wb") as file:
        write_mo(file, catalogue)
    monkeypatch.setattr(locale, "_here", tmp_path)


def test_english_needs_no_catalogue():
    use_language("en")
    assert (language(), _("Revenue"), plural("one", "many", 1), plural("one", "many", 0)) == (
        *("en", "Revenue", "one", "many"),
    )
    assert languages()[0] == "en"


def test_a_catalogue_translates_what_it_holds(turkish):
    assert languages() == ["en", "tr"]
    use_language("tr")
    assert language() == "tr"
    assert _("Revenue") == "Ciro"
    assert plural("{n} customer", "{n} customers", 3).format(n=3) == "3 müşteri"
    assert _("Not in the catalogue") == "Not in the catalogue"
    for number in (3.0, np.int64(3), np.float64(3)):  # counts come from tables
        assert plural("{n} customer", "{n} customers", number).format(n=3) == "3 müşteri"


def test_english_comes_back(turkish):
    use_language("tr")
    use_language("en")
    assert (language(), _("Revenue")) == ("en", "Revenue")


def test_a_language_without_a_catalogue_is_refused_and_changes_nothing(turkish):
    use_language("tr")
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole text is compared
        use_language("xx")
    assert str(caught.value) == "language: there is no catalogue for 'xx'; there is one for en, tr."
    assert language() == "tr"
