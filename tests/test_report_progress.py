"""What is told while reports run. Judge: the lines and the estimate written out by hand."""

import pytest

from portfoy.report import progress


def test_elsewhere_than_on_a_terminal_there_is_one_line_a_section():
    lines = []
    told = progress.Progress(lines.append)
    with told:
        told.plan(["selection"], {})
        for number, heading in enumerate(["", "Title", "Title", "First", "First", "Second"]):
            told.cell("selection", heading, number, 6)
        told.done("selection", "failed", 1.234, "KeyError: 'x'")
        told.note("1 interrupted run(s) found and cleared.")
    assert lines == [
        "  selection 2/6: Title",
        "  selection 4/6: First",
        "  selection 6/6: Second",
        "selection: failed, 1.2 s: KeyError: 'x'",
        "1 interrupted run(s) found and cleared.",
    ]


@pytest.fixture
def bars(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    with progress.Bars() as shown:
        yield shown, now


def fields(shown, name):
    return shown.bars.tasks[list(shown.tasks).index(name)].fields


def test_a_bar_says_section_cells_and_seconds_left_as_the_last_run_took(bars, capsys):
    shown, now = bars
    shown.plan(["selection", "retention"], {"selection": 12.0})
    shown.cell("selection", "<b>[red] Who?", 0, 40)
    now[0] += 5
    shown.cell("selection", "<b>[red] Who?", 9, 40)
    assert fields(shown, "selection") == {"cells": "10/40", "left": "7 s left", "section": "<b>[red] Who?"}
    assert fields(shown, "retention") == {"cells": "", "left": "", "section": "waiting"}
    shown.done("selection", "ok", 11.0, "")
    assert "selection: ok, 11.0 s" in capsys.readouterr().err


def test_without_a_last_run_the_cells_so_far_give_the_seconds_left(bars):
    shown, now = bars
    shown.plan(["selection"], {})
    shown.cell("selection", "Who?", 0, 40)
    now[0] += 1
    shown.cell("selection", "Who?", 4, 40)
    assert fields(shown, "selection")["left"] == ""  # too early to tell
    now[0] += 4
    shown.cell("selection", "Who?", 10, 40)
    assert fields(shown, "selection")["left"] == "15 s left"  # a quarter took 5
