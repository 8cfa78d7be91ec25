"""Headers: which are read, which are refused, and what the refusal says."""

from random import Random

import pytest

from mlops.src.intake.header import ORIGIN, file_columns, read_header
from mlops.tests.intake.telco_files import COLUMNS, NAMES
from telecom.errors import InputRefused
from telecom.tables import contract


def refusal(line: str) -> InputRefused:
    with pytest.raises(InputRefused) as refused:
        read_header("in.csv", line, COLUMNS)
    assert refused.value.read == 0 and "'in.csv'" in refused.value.message and refused.value.remedy
    return refused.value


def test_the_columns_of_a_file_are_those_of_the_contract_but_four() -> None:
    rules = contract("telecom_bronze.telco_churn_raw")
    assert (*ORIGIN, *(column.name for column in file_columns(rules))) == tuple(rules.schema.names)
    assert len(file_columns(rules)) == 21


def test_order_is_free_blanks_and_quotes_do_not_matter_and_the_label_may_be_absent() -> None:
    shuffled = Random(1).sample(NAMES, len(NAMES))
    line = ",".join(f'" {name}"' if name.istitle() else f" {name}  " for name in shuffled)
    assert read_header("in.csv", line, COLUMNS) == tuple(shuffled)
    assert read_header("in.csv", ",".join(NAMES[:-1]), COLUMNS) == NAMES[:-1]


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_another_delimiter_is_recognised(mark: str) -> None:
    error = refusal(mark.join(NAMES))
    assert error.reason == "wrong_delimiter" and repr(mark) in error.message


@pytest.mark.parametrize(
    ("names", "reason", "said"),
    [
        (NAMES[1:], "missing_columns", "'customerID'"),
        ((*NAMES[:-2], "Churn"), "missing_columns", "'TotalCharges'"),
        (("x",), "missing_columns", "and 10 more"),
        ((*NAMES, "shoe_size"), "extra_columns", "'shoe_size'"),
        (("", *NAMES), "extra_columns", "''"),
        ((*NAMES, "gender", "tenure"), "duplicated_columns", "'gender', 'tenure'"),
        (("CustomerId", *NAMES[1:]), "missing_columns", "'CustomerId' should be 'customerID'"),
        (("customer_id", *NAMES[1:]), "missing_columns", "'customer_id' should be 'customerID'"),
        ((*NAMES[:-1], "churn"), "extra_columns", "'churn' should be 'Churn'"),
        ((*NAMES[:-1], "Chur"), "extra_columns", "'Chur'"),
        ((*NAMES[:-1], '"Churn'), "broken_quotes", "cannot be read"),
    ],
)
def test_refused_headers(names: tuple[str, ...], reason: str, said: str) -> None:
    error = refusal(",".join(names))
    assert error.reason == reason and said in error.message
