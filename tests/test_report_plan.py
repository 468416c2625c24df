"""The plan: everything a command asks for is checked before a kernel starts. Judge: the rules of the house plan."""

from datetime import date

import nbformat
import pytest

from portfoy.contract import DataError
from portfoy.report import parameters, plan


@pytest.fixture
def notebook(tmp_path):
    def write(*lines):
        cell = nbformat.v4.new_code_cell("\n".join(lines))
        cell.metadata["tags"] = ["parameters"]
        path = tmp_path / "selection.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
        return path

    return write


def test_parameters_are_read_with_type_default_and_help(notebook):
    path = notebook('code: str = "007"  # an id', "months: int = 12  # how far", "rate: float = 0.1  # per year")
    found = parameters.parameters(path)
    assert [(p.name, p.type, p.default, p.help) for p in found.values()] == [
        ("code", str, "007", "an id"),
        ("months", int, 12, "how far"),
        ("rate", float, 0.1, "per year"),
    ]


def test_a_parameter_line_of_another_form_is_named(notebook):
    path = notebook("months = 12")
    with pytest.raises(plan.PlanError) as error:
        parameters.parameters(path)
    assert (
        str(error.value) == f"{path}: the parameter line 'months = 12' is not of the form: name: type = value  # help"
    )


def test_the_default_is_every_report_on_the_teaching_company_as_of_its_last_day():
    made = plan.make_plan([])
    assert [job.stage for job in made.jobs] == list(parameters.notebooks())
    assert made.as_of == date(2026, 6, 30)
    assert made.jobs[0].parameters == {"data": "data/teaching", "as_of": "2026-06-30", "language": "en"}


def test_text_stays_text_and_numbers_become_numbers():
    made = plan.make_plan(["selection"], given={"segments": "007", "horizon_months": "6", "margin_rate": "0.5"})
    assert {name: made.jobs[0].parameters[name] for name in ("segments", "horizon_months", "margin_rate")} == {
        "segments": "007",
        "horizon_months": 6,
        "margin_rate": 0.5,
    }


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"stages": ["selektion"]}, "no report 'selektion'; did you mean 'selection'?"),
        ({"given": {"horizon": "6"}}, "no parameter 'horizon' in 'selection'; did you mean 'horizon_months'?"),
        (
            {"given": {"horizon_months": "six"}},
            "parameter 'horizon_months' is 'six'; it must be of type int (months to look ahead).",
        ),
        (
            {"given": {"margin_rate": "nan"}},
            "parameter 'margin_rate' is 'nan'; it must be finite.",
        ),
        ({"given": {"api_key": "x"}}, "parameter 'api_key' looks like a secret; it would be printed in the report."),
        ({"given": {"as_of": "2026-01-01"}}, "parameter 'as_of' has an option of its own: --as-of"),
        ({"as_of": "30.06.2026"}, "--as-of is '30.06.2026'; it must be a date, YYYY-MM-DD."),
        ({"language": "de"}, "no language 'de'; there are: en."),
    ],
)
def test_what_is_asked_for_wrongly_is_said_in_one_line(asked, message):
    with pytest.raises(plan.PlanError) as error:
        plan.make_plan(asked.pop("stages", ["selection"]), **asked)
    assert str(error.value) == message


def test_a_date_before_the_first_order_is_refused():
    with pytest.raises(DataError) as error:
        plan.make_plan(["selection"], as_of="2020-01-01")
    assert str(error.value) == (
        "data/teaching: there is nothing by 2020-01-01; the first order is of 2023-07-01. Take a later date."
    )
