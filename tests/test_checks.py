"""Answers to exercises, judged: what is said to each kind of answer. The expectations are worked out by hand."""

import json

import numpy as np
import pandas as pd
import pytest

import portfoy as pf
from portfoy.course import checks, judging, lessons, results
from portfoy.course.exercise import Exercise, Mistake
from portfoy.errors import DataError
from portfoy.firm import Firm

LOG = pd.DataFrame(
    {
        "customer_id": ["a", "a", "b", "c"],
        "order_id": ["1", "2", "3", "4"],
        "ordered_on": pd.to_datetime(["2026-01-05", "2026-02-05", "2026-02-05", "2026-03-05"]),
        "amount": [40.0, 20.0, 30.0, 10.0],
    }
)
BEGUN = "Not begun: write your answer in place of `...` and run the cell again. How much in all?"
LAST = "The worked solution: `pf.check('0b-1', show=True)`."


def exercise(work, kind="compute", **more):
    said = {"hints": lambda: ["Look.", "Look twice.", "Add up."], "praise": lambda firm, answer: "That is it."}
    return Exercise("0b-1", kind, work, **{**said, **more})


@pytest.fixture
def ask(tmp_path, monkeypatch):
    """Open a sitting with one exercise; gives the function that checks an answer to it."""
    monkeypatch.setenv(results.PLACE, str(tmp_path / "kept.json"))
    solved = {"0b-1": {"task": "How much in all?", "code": "total = 100", "names": ["total"]}}
    for module in (checks, lessons):
        monkeypatch.setattr(module, "worked", lambda: solved)

    def opened(one):
        monkeypatch.setattr(checks, "exercises_of", lambda sitting: {one.id: one})
        pf.lesson("0b", Firm.of(LOG))
        return lambda *answer, **more: pf.check(one.id, *answer, **more)

    yield opened
    checks._open.clear()


def total(firm):
    return firm.customers["revenue"].sum()


def by_customer(firm):
    return firm.customers.set_index("customer_id")["revenue"]


def table(firm):
    return firm.customers[["customer_id", "revenue", "purchases"]]


@pytest.mark.parametrize(
    ("reference", "answer"),
    [
        (total, 100),
        (total, 100.00001),
        (total, np.float64(100)),
        (total, np.array(100.0)),
        (lambda firm: "Lost", " lost "),
        (lambda firm: ["a", "b"], {"b", "a"}),
        (lambda firm: ["a", "b"], np.array(["b", "a"])),
        (by_customer, pd.Series({"c": 10, "a": 60, "b": 30})),
        (by_customer, {"c": 10, "a": 60, "b": 30}),
        (by_customer, [60, 30, 10]),
        (by_customer, pd.DataFrame({"revenue": {"a": 60, "b": 30, "c": 10}})),
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
    ("answer", "said"),
    [
        (0.663421, "Right. That is it."),
        (0.6634, "Right. Unrounded it is exact. That is it."),
        (0.66, "Right. Unrounded it is exact. That is it."),
        (66.3421, "Right, in per cent; as a share it is from 0 to 1. That is it."),
        (66.3, "Right, in per cent; as a share it is from 0 to 1. That is it."),
        ("66 %", "Right. Unrounded it is exact. That is it."),
        ("0,6634", "Right. Unrounded it is exact. That is it."),
        ([0.66], "Right. Unrounded it is exact. That is it."),
    ],
)
def test_what_is_right_to_its_digits_is_right(ask, answer, said):
    found = ask(exercise(lambda firm: 0.663421, share=True))(answer)
    assert found
    assert found.text == said


@pytest.mark.parametrize(
    ("work", "answer", "says"),
    [
        (total, "much", "Wanted is one number, not a text."),
        (total, pd.Series([100.0, 1]), "Wanted is one number, not a Series, one value for each row."),
        (total, float("nan"), "No finite number: is something divided by zero, or missing?"),
        (total, -100, "The number has the wrong sign."),
        (lambda firm: 0.663421, 0.7, "Right as far as it goes: give more digits."),
        (lambda firm: 0.663421, 0.66345, "Very near: the first digits are right. A row too many or too few, or "
                                         "rounded on the way?"),
        (lambda firm: 0.663421, 66.3421, "A hundred times too large: a share is from 0 to 1."),
        (lambda firm: 0.25, 0.75, "This is the others' share: one minus it."),
        (lambda firm: 1.25, 0.25, "This is a change; a factor is one more."),
        (lambda firm: 0.25, 4.0001, "Too high. Which rows are in, which column is added up, what is divided by what?"),
        (lambda firm: 0.25, 2.5e-19, "Too low. Which rows are in, which column is added up, what is divided by what?"),
        (lambda firm: ["a", "b"], ["a"], "1 entries, not 2."),
        (lambda firm: ["a", "b"], ["a", "c"], "1 of 2 belongs there."),
        (by_customer, pd.Series({"a": 60.0, "b": 30.0, "d": 10.0}), "The labels wanted are: a, b, c."),
        (by_customer, pd.Series({"a": 60.0, "b": 3.0, "c": 10.0}), "2 of 3 values are right. Look again at: b."),
        (by_customer, [1, 2], "2 entries, not 3: a, b, c."),
        (lambda firm: pd.Series(1.0, list("abcdefgh")), pd.Series([1.0] * 8),
         "The rows have other labels: keep the index (a, b, c, d, e, f, ...)."),
        (table, pd.DataFrame({"customer_id": list("abc")}), "The table lacks the column 'revenue', 'purchases'."),
        (table, pd.DataFrame({"customer_id": list("abc"), "revenue": 1.0, "purchases": [2, 1, 1]}),
         "Look again at the column 'revenue'."),
        (by_customer, object(), "Wanted is a Series, one value for each row, not object."),
    ],
)  # fmt: skip
def test_a_wrong_answer_is_told_what_is_wrong_shape_first(ask, work, answer, says):
    said = ask(exercise(work))(answer)
    assert not said
    assert said.text == f"{says} Hint: Look."


def test_hints_climb_on_real_tries_only_and_then_the_solution_may_be_asked_for(ask):
    check = ask(exercise(total))
    assert check().text == check(...).text == check(None).text == check([..., 1]).text == BEGUN
    assert check(show=True).text == "Try 3 more times first; then the worked solution is yours."
    hints = [check(answer).text.partition("Hint: ")[2] for answer in (1, 1, 2, 2, 3, 3)]
    assert hints == ["Look."] * 2 + ["Look twice."] * 2 + [f"Add up. {LAST}"] * 2
    shown = check(show=True)
    assert (shown.text, shown.code, bool(shown)) == (
        "One way to do it. Read it, change a number, run it.", "total = 100", False,
    )  # fmt: skip
    assert results.read(results.path())["0b-1"] == {"tries": 3, "solved": None, "shown": True}


def test_a_mistake_is_a_family_and_two_wrong_turns_are_told_apart(ask):
    """By hand: a share of 60 of 100; by the smallest 10, of the mean 100 / 3, or both."""

    def share(firm, of="sum", largest=True):
        revenue = firm.customers["revenue"]
        return (revenue.max() if largest else revenue.min()) / revenue.agg(of)

    wrong = {"of": {"sum": None, "mean": "Divide by the sum."}, "largest": {True: None, False: "Take the largest."}}
    check = ask(exercise(share, choices=lambda: wrong, mistakes=lambda firm: [Mistake(60.0, "This is money.")]))
    assert check(60).text == "This is money. Hint: Look."
    assert check(1.8).text == "Divide by the sum. Hint: Look twice."
    assert check(0.1).text.startswith("Take the largest. Hint: Add up.")
    assert check(0.3).text.startswith(
        "Two things differ. First: Divide by the sum. Second: Take the largest. Hint: Add up."
    )
    assert check(0.6)


def test_a_mistake_that_is_right_here_is_right(ask):
    assert ask(exercise(total, mistakes=lambda firm: [Mistake(100.0, "never said")]))(100)


def test_a_known_mistake_that_may_be_the_right_one_cut_short_hears_both(ask):
    check = ask(exercise(lambda firm: 0.663421, mistakes=lambda firm: [Mistake(0.7, "These are the firms.")]))
    both = "Right as far as it goes, if you rounded: give more digits. If not: These are the firms. Hint: Look."
    assert check(0.7).text == both
    assert check(0.66)  # two digits are enough


def test_a_mistake_from_which_no_number_comes_has_its_words(ask):
    check = ask(exercise(total, mistakes=lambda firm: [Mistake(float("nan"), "Days are missing.")]))
    assert check(float("nan")).text == "Days are missing. Hint: Look."


def test_a_mistake_without_end_is_no_answer_of_anyone(ask):
    check = ask(exercise(total, mistakes=lambda firm: [Mistake(float("inf"), "never said")]))
    assert "never said" not in check(37).text


def test_each_option_has_its_words(ask):
    others = lambda firm: [Mistake("newcomers", "That would have cost 10.")]  # noqa: E731
    check = ask(exercise(lambda firm: "Regulars", "decide", mistakes=others))
    assert check("newcomers").text == "That would have cost 10. Hint: Look."
    assert check("nobody").text == "Choose one of: 'Regulars', 'newcomers'. Hint: Look twice."
    assert check(" regulars ")


def test_a_guess_is_right_whatever_it_is_once_it_is_one(ask):
    told = {"praise": lambda firm, guess: f"You said {guess:.0%}.", "share": True}
    check = ask(exercise(lambda firm: 0.6, "predict", **told))
    assert check("much").text == "Wanted is one number, not a text. Hint: Look."
    assert (check(0.9).text, check(90).text, check("90 %").text) == ("You said 90%.",) * 3


def test_something_else_that_the_notebook_holds_is_named(ask, monkeypatch):
    held = {"customers": pd.DataFrame({"n": [1.0, 2.0, 9.0]}), "hhi": 0.19, "total": 7.5, "text": "x"}
    monkeypatch.setattr(judging, "names", lambda: held)
    check = ask(exercise(total))
    assert check(0.19).text == "This is `hhi`: it answers another question. Hint: Look."
    assert check(3).text.startswith("This is the number of rows of `customers`.")
    assert check(12).text.startswith("This is the sum of the column `n` of `customers`.")
    assert check(7.5).text.startswith("Too low.")  # what the student's own answer is called says nothing


def test_whatever_goes_wrong_is_a_sentence(ask):
    def broken(firm):
        raise DataError("tickets: there is no such table. Add it.")

    assert ask(exercise(broken))(3).text == (
        "Not to be checked on these data: tickets: there is no such table. Add it."
    )
    assert ask(exercise(total, mistakes=broken))(3).text.startswith("Too low.")

    class Odd(pd.Series):
        def reindex(self, *_args, **_more):
            raise RuntimeError

    said = ask(exercise(by_customer))(Odd([1.0, 2, 3], index=list("abc")))
    assert not said
    assert said.text


def test_an_exercise_that_is_not_there_and_a_lesson_that_has_not_begun(ask):
    checks._open.clear()
    assert pf.check("0b-1", 3).text.startswith("No sitting has begun: ")
    assert pf.progress().text.startswith("No sitting has begun: ")
    ask(exercise(total))
    assert pf.check("0b1", 3).text == "There is no exercise '0b1' in this sitting. Did you mean '0b-1'?"
    assert pf.check(7, 3).text == "Give the name of the exercise in quotes, such as '0b-1'."
    assert pf.lesson("9z", None).text == "There is no sitting '9z'."


def test_what_is_solved_is_kept_and_told(ask, tmp_path):
    check = ask(exercise(total))
    assert pf.progress().text == "0 of 1 exercise solved."
    check(...)  # not begun, so no try
    check(1)
    assert not pf.progress().solved
    check(100)
    check(7)  # playing on afterwards takes nothing away
    kept = json.loads((tmp_path / "kept.json").read_text("utf-8"))["exercises"]["0b-1"]
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
