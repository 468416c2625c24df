"""The plan: everything a command asks for is checked before a kernel starts. Judge: the rules of the house plan."""

from datetime import date

import nbformat
import pytest

from portfoy.errors import DataError
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
    assert str(error.value) == (f"{path}: parameter line 'months = 12' is not: name: type = value  # help [low, high]")


def test_a_range_is_read_from_the_end_of_the_help(notebook):
    path = notebook(
        "months: int = 12  # how far [1, 24]",
        "rate: float = 0.1  # per year [0, 0.5]",
        "cost: float = 0.0  # money [0, inf]",
        'since: str = ""  # first day [date]',
        'money: str = ""  # of prices [currency]',
        'code: str = ""  # an id [or none]',
    )
    found = {p.name: (p.help, p.range, p.allowed()) for p in parameters.parameters(path).values()}
    assert found == {
        "months": ("how far", (1, 24), "1 to 24"),
        "rate": ("per year", (0, 0.5), "0 to 0.5"),
        "cost": ("money", (0, float("inf")), "0 or more"),
        "since": ("first day", "date", "YYYY-MM-DD"),
        "money": ("of prices", "currency", "three capital letters, such as EUR"),
        "code": ("an id [or none]", None, ""),
    }


@pytest.mark.parametrize(
    "line", ["n: int = 1  # n [2, 1]", "n: int = 1  # n [0.5, 2]", "n: int = 1  # n [date]", "t: str = ''  # t [a, b]"]
)
def test_a_range_that_is_none_is_named(notebook, line):
    with pytest.raises(plan.PlanError, match="is not: name: type = value  # help"):
        parameters.parameters(notebook(line))


DECLARED = {
    (stage, name): parameter
    for stage, path in parameters.notebooks().items()
    for name, parameter in parameters.parameters(path).items()
}


def test_every_number_and_date_of_every_report_has_a_range():
    without = {name for (_stage, name), parameter in DECLARED.items() if parameter.range is None}
    assert without == {"data", "language", "customer", "cuts", "segments", "product", "brand"}


@pytest.mark.parametrize(("stage", "name"), [key for key, each in DECLARED.items() if each.range and key[1] != "as_of"])
def test_what_is_out_of_its_range_is_refused_in_one_line_before_a_kernel_starts(stage, name):
    """Judge: the bounds as they are written in the notebook; the nearest value beyond each, in every way to give it."""
    allowed, kind = DECLARED[stage, name].range, DECLARED[stage, name].type
    if allowed == "date":
        inside, outside = ["2025-01-31", "2024-02-29"], ["31.01.2025", "2025-02-30", "soon"]
    elif allowed == "currency":
        inside, outside = ["EUR", "TRY"], ["eur", "EURO", "€"]
    else:
        step = 1 if kind is int else 1e-6
        inside, outside = [bound for bound in allowed if bound < 1e300], [allowed[0] - step, allowed[1] + step]
        outside = [value for value in outside if value < 1e300 and value != DECLARED[stage, name].default]
    started = []
    for value in outside:
        for asked in ({"given": {name: str(value)}}, {"each": f"{name}={inside[0]},{value}"}):
            with pytest.raises(plan.PlanError) as error:
                plan.make_plan([stage], **asked, meanwhile=lambda: started.append(1))
            assert str(error.value).startswith(f"parameter '{name}' is ")
            assert ", not " in str(error.value)
            assert "\n" not in str(error.value)
    assert started == []
    for value in [*inside, DECLARED[stage, name].default]:
        assert parameters.typed(DECLARED[stage, name], str(value)) == value


def test_a_date_of_a_file_may_be_a_date_or_text(tmp_path, orders):
    for text in ("2025-12-31", '"2025-12-31"'):
        (tmp_path / "params.toml").write_text(f"[selection]\nsplit_on = {text}\n")
        (job,) = plan.make_plan(["selection"], data=orders, file=tmp_path / "params.toml").jobs
        assert job.parameters["split_on"] == "2025-12-31"


def test_the_default_is_every_report_on_the_teaching_company_as_of_its_last_day():
    made = plan.make_plan([])
    assert [job.stage for job in made.jobs] == list(parameters.notebooks())
    assert made.as_of == date(2026, 6, 30)
    assert made.jobs[0].parameters == {"data": "data/teaching", "as_of": "2026-06-30", "language": "en"}


@pytest.fixture
def orders(tmp_path):
    """A file with one order line."""
    path = tmp_path / "orders.csv"
    path.write_text("customer_id,order_id,ordered_on,amount\nA,1,2026-06-30,5\n")
    return path


def test_text_stays_text_and_numbers_become_numbers(orders):
    made = plan.make_plan(
        ["selection"], data=orders, given={"segments": "007", "horizon_months": "6", "margin_rate": "0.5"}
    )
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
            "parameter 'horizon_months' is 'six', not int (months to look ahead).",
        ),
        (
            {"given": {"margin_rate": "nan"}},
            "parameter 'margin_rate' is 'nan', not finite.",
        ),
        (
            {"given": {"confidence": "95"}},
            "parameter 'confidence' is 95, not 0.5 to 0.999 (of the intervals, a share: 0.95 "
            "is 95%). Write 0.95 for 95%.",
        ),
        (
            {"given": {"contacts": "-5"}},
            "parameter 'contacts' is -5, not 0 to 100,000 (customers on each action list).",
        ),
        ({"given": {"split_on": "30.06.2025"}}, "parameter 'split_on' is '30.06.2025', not a date, YYYY-MM-DD."),
        (
            {"given": {"currency": "lira"}},
            "parameter 'currency' is 'lira', not three capital letters, such as EUR (three "
            "letters; empty: as portfoy.toml says).",
        ),
        ({"given": {"api_key": "x"}}, "parameter 'api_key' looks like a secret, which would be printed."),
        ({"given": {"as_of": "2026-01-01"}}, "parameter 'as_of' is an option: --as-of"),
        ({"as_of": "30.06.2026"}, "--as-of is '30.06.2026', not a date, YYYY-MM-DD."),
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
        "transactions: nothing by 2020-01-01; the first order is of 2023-07-01. Take a later date."
    )


def test_a_file_gives_values_for_all_reports_and_for_one_and_the_command_goes_before_it(tmp_path, orders):
    file = tmp_path / "params.toml"
    file.write_text(
        "horizon_months = 6\nmargin_rate = 1\ncontacts = 5\n[selection]\ncontacts = 7\n[retention]\nx = 1\n"
    )
    (job,) = plan.make_plan(["selection"], data=orders, file=file, given={"horizon_months": "24"}).jobs
    found = {name: job.parameters[name] for name in ("horizon_months", "margin_rate", "contacts")}
    assert found == {"horizon_months": 24, "margin_rate": 1.0, "contacts": 7}
    assert isinstance(found["margin_rate"], float)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("horizon_months = '6'", "parameter 'horizon_months' is '6', not int (months to look ahead)."),
        ("horizon_months = true", "parameter 'horizon_months' is True, not int (months to look ahead)."),
        ("horizon_months = [6]", "parameter 'horizon_months' is [6], not int (months to look ahead)."),
        ("horizon_months = 6.5", "parameter 'horizon_months' is 6.5, not int (months to look ahead)."),
        ("margin_rate = inf", "parameter 'margin_rate' is inf, not finite."),
        ("contacts = -5", "parameter 'contacts' is -5, not 0 to 100,000 (customers on each action list)."),
        ("split_on = '30.06.2025'", "parameter 'split_on' is '30.06.2025', not a date, YYYY-MM-DD."),
        (
            "split_on = 2025-06-30T08:00:00",
            "parameter 'split_on' is '2025-06-30T08:00:00', not a date, YYYY-MM-DD.",
        ),
        (
            "cuts = 2025-06-30",
            "parameter 'cuts' is '2025-06-30', not str (rfm_cuts.csv of an earlier report, to "
            "score alike; empty: from these data).",
        ),
        ("horizon = 6", "no parameter 'horizon' in 'selection'; did you mean 'horizon_months'?"),
        ("[selektion]\ncontacts = 5", "no report 'selektion'; did you mean 'selection'?"),
        ("db_password = 'x'", "parameter 'db_password' looks like a secret, which would be printed."),
        ("as_of = 2026-01-31", "parameter 'as_of' is an option: --as-of"),
        ("horizon_months =", "is not TOML: Invalid value (at end of document)."),
    ],
)
def test_what_is_wrong_in_a_file_is_said_with_its_name(tmp_path, content, message):
    file = tmp_path / "params.toml"
    file.write_text(content)
    with pytest.raises(plan.PlanError) as error:
        plan.make_plan(["selection"], file=file)
    assert str(error.value) == f"{file}: {message}"


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(plan.PlanError) as error:
        plan.make_plan(["selection"], file="nowhere.toml")
    assert str(error.value) == "nowhere.toml: cannot be read: No such file or directory."


def test_each_value_is_a_job_of_its_own(orders):
    made = plan.make_plan(["selection"], data=orders, each='segments="a, b.csv",Ş/x,<b>', given={"contacts": "5"})
    assert [(job.name, job.each, job.parameters["segments"], job.parameters["contacts"]) for job in made.jobs] == [
        ("selection-segments-a-b.csv", {"segments": "a, b.csv"}, "a, b.csv", 5),
        ("selection-segments-x", {"segments": "Ş/x"}, "Ş/x", 5),
        ("selection-segments-b", {"segments": "<b>"}, "<b>", 5),
    ]


@pytest.mark.parametrize(
    ("each", "message"),
    [
        ("contacts", "--each 'contacts' is not name=a,b,c."),
        ("contacts=5,,6", "--each 'contacts=5,,6' is not name=a,b,c."),
        ("contacts=5,05", "--each 'contacts=5,05' names a value twice."),
        ("contacts=5,x", "parameter 'contacts' is 'x', not int (customers on each action list)."),
        ("contact=5", "--each: no parameter 'contact' in 'selection'; did you mean 'contacts'?"),
        ("as_of=2026-01-31", "--each: parameter 'as_of' is an option: --as-of"),
    ],
)
def test_what_is_wrong_with_the_values_to_run_for_is_said_in_one_line(each, message):
    with pytest.raises(plan.PlanError) as error:
        plan.make_plan(["selection"], each=each)
    assert str(error.value) == message


def test_nothing_is_started_before_all_but_the_data_is_checked(tmp_path):
    started = []
    with pytest.raises(plan.PlanError):
        plan.make_plan(["selection"], given={"horizon": "6"}, meanwhile=lambda: started.append(1))
    assert started == []
    with pytest.raises(DataError):
        plan.make_plan(["selection"], data=tmp_path / "nowhere", meanwhile=lambda: started.append(1))
    assert started == [1]
