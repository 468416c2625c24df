"""Answers to exercises, judged: what is said to each kind of answer. The expectations are worked out by hand."""

import json

import numpy as np
import pandas as pd
import pytest

import portfoy as pf
from portfoy.course import checks, results
from portfoy.course.exercise import Exercise, Mistake
from portfoy.errors import DataError

LOG = pd.DataFrame(
    {
        "customer_id": ["a", "a", "b", "c"],
        "order_id": ["1", "2", "3", "4"],
        "ordered_on": pd.to_datetime(["2026-01-05", "2026-02-05", "2026-02-05", "2026-03-05"]),
        "amount": [40.0, 20.0, 30.0, 10.0],
    }
)


class Data:
    """A source with nothing but transactions."""

    transactions = LOG
    customers = leads = None


def exercise(reference, mistakes=lambda desk: [], name="portfolio-1", **more):
    said = {"hints": lambda: ["Look.", "Look twice.", "Add up."], "praise": lambda: "That is it."}
    return Exercise(name, reference=reference, mistakes=mistakes, **said, **more)


@pytest.fixture
def ask(tmp_path, monkeypatch):
    """Open a lesson with one exercise; gives the function that checks an answer to it."""
    monkeypatch.setenv(results.PLACE, str(tmp_path / "kept.json"))

    def opened(one):
        monkeypatch.setattr(checks, "EXERCISES", {one.id: one})
        pf.lesson("portfolio", Data)
        return lambda answer: pf.check(one.id, answer)

    yield opened
    checks._open.clear()


def total(desk):
    return desk.customers["revenue"].sum()


def by_customer(desk):
    return desk.customers.set_index("customer_id")["revenue"]


def table(desk):
    return desk.customers[["customer_id", "revenue", "purchases"]]


@pytest.mark.parametrize(
    ("reference", "answer"),
    [
        (total, 100),
        (total, 100.00001),
        (total, np.float64(100)),
        (total, np.array(100.0)),
        (lambda desk: "Lost", " lost "),
        (lambda desk: ["a", "b"], {"b", "a"}),
        (lambda desk: ["a", "b"], np.array(["b", "a"])),
        (by_customer, pd.Series({"c": 10, "a": 60, "b": 30})),
        (by_customer, pd.Series({"a": 60.0, "b": 30.0, "c": 10.0}).astype("Float64")),
        (
            table,
            pd.DataFrame({"purchases": [1, 2, 1], "more": 0, "revenue": [10, 60, 30.0], "customer_id": list("cab")}),
        ),
    ],
)
def test_a_right_answer_is_right_whatever_its_order_and_type(ask, reference, answer):
    said = ask(exercise(reference))(answer)
    assert (said.solved, said.text) == (True, "Right. That is it.")


@pytest.mark.parametrize(
    ("reference", "answer", "says"),
    [
        (total, "100", "Wanted is one number, not a text."),
        (total, pd.Series([100.0]), "Wanted is one number, not a Series, one value for each row."),
        (total, {"a": 1}, "Wanted is one number, not dict."),
        (total, float("nan"), "No finite number: is something divided by zero, or missing?"),
        (total, -100, "The number has the wrong sign."),
        (total, 10_000, "A hundred times too large: a share is from 0 to 1."),
        (total, 99.9, "Not yet."),
        (lambda desk: 0.25, 0.75, "This is the others' share: one minus it."),
        (lambda desk: 0.25, 4, "Upside down: what is divided by what?"),
        (lambda desk: ["a", "b"], ["a"], "1 entries, not 2."),
        (by_customer, pd.Series({"a": 60.0, "b": 30.0, "d": 10.0}), "Not yet."),
        (table, pd.DataFrame({"customer_id": list("abc")}), "The table lacks the column 'revenue', 'purchases'."),
        (table, pd.DataFrame({"customer_id": list("aab"), "revenue": 1.0, "purchases": 2}), "Not yet."),
        (by_customer, object(), "Wanted is a Series, one value for each row, not object."),
    ],
)
def test_a_wrong_answer_is_told_what_is_wrong_shape_first(ask, reference, answer, says):
    said = ask(exercise(reference))(answer)
    assert (said.solved, said.text) == (False, f"{says} Hint: Look.")


def test_hints_climb_and_the_last_one_stays(ask):
    check = ask(exercise(total))
    assert [check(...).text for _ in range(4)] == [
        "Hint: Look.",
        "Hint: Look twice.",
        "Hint: Add up.",
        "Hint: Add up.",
    ]
    assert check(None).text == check([..., 1]).text == "Hint: Add up."


def test_a_mistake_gets_its_own_message_unless_it_is_right_here(ask):
    mistakes = [
        Mistake(100.0, "never said"),
        Mistake(60.0, "This is the largest only."),
        Mistake(3, "This is how many."),
    ]
    check = ask(exercise(total, mistakes=lambda desk: mistakes))
    assert check(60).text == "This is the largest only. Hint: Look."
    assert check(3.0).text == "This is how many. Hint: Look twice."
    assert check(100).solved


def test_whatever_goes_wrong_is_a_sentence(ask):
    def broken(desk):
        raise DataError("tickets: there is no such table. Add it.")

    assert ask(exercise(broken))(3).text == (
        "Not to be checked on these data: tickets: there is no such table. Add it."
    )
    assert ask(exercise(total, mistakes=broken))(3).text == "Not yet. Hint: Look."

    class Odd(pd.Series):
        def reindex(self, *_args, **_more):
            raise RuntimeError

    said = ask(exercise(by_customer))(Odd([1.0, 2, 3]))
    assert said.text.startswith("This cannot be compared: look at type")


def test_an_exercise_that_is_not_there_and_a_lesson_that_has_not_begun(ask):
    checks._open.clear()
    assert pf.check("portfolio-1", 3).text.startswith("No lesson has begun: ")
    assert pf.progress().text.startswith("No lesson has begun: ")
    ask(exercise(total))
    assert pf.check("portfolio1", 3).text == "There is no exercise 'portfolio1'. Did you mean 'portfolio-1'?"
    assert pf.check(7, 3).text == "There is no exercise '7'."


def test_what_is_solved_is_kept_and_told(ask, tmp_path):
    check = ask(exercise(total))
    assert pf.progress().text == "0 of 1 exercise solved."
    check(...)  # not begun, so no try
    check(1)
    assert not pf.progress().solved
    check(100)
    check(7)  # playing on afterwards takes nothing away
    kept = json.loads((tmp_path / "kept.json").read_text("utf-8"))["exercises"]["portfolio-1"]
    assert kept["tries"] == 2
    assert pd.Timestamp(kept["solved"]) <= pd.Timestamp.now()
    assert (pf.progress().text, pf.progress().solved) == ("1 of 1 exercise solved.", True)


def test_a_file_that_cannot_be_written_takes_no_answer_away(ask, tmp_path, monkeypatch):
    check = ask(exercise(total))
    monkeypatch.setenv(results.PLACE, str(tmp_path / "nowhere" / "kept.json"))
    said = check(100)
    assert said.solved
    assert said.text.startswith("Right. That is it. (Not noted down: ")
    (tmp_path / "bad.json").write_text("[1]")
    monkeypatch.setenv(results.PLACE, str(tmp_path / "bad.json"))
    assert "is no progress file" in pf.progress().text
    assert check(100).solved
    assert (tmp_path / "bad.json").read_text() == "[1]"


def test_feedback_shows_no_markup_of_an_answer(ask):
    said = checks.Feedback("<b>", False)
    assert "&lt;b&gt;" in said._repr_html_()
    assert repr(said) == "… <b>"
    assert "look at <code>people</code>" in checks.Feedback("look at `people`")._repr_html_()
