from dataclasses import replace

import pytest

from mlops.src.report import rows, view
from mlops.src.report.summary import summary
from mlops.tests.report.sample import sample


@pytest.fixture(scope="module")
def data():
    return sample()


def metric(value, lower, upper, base, better="higher"):
    return view.MetricRow("roc_auc", better, value, lower, upper, base, None)


@pytest.mark.parametrize(
    ("row", "standing"),
    [
        (metric(0.85, 0.83, 0.87, 0.80), "ahead"),
        (metric(0.85, 0.83, 0.87, 0.84), "level"),
        (metric(0.85, 0.83, 0.87, 0.90), "behind"),
        (metric(0.13, 0.12, 0.14, 0.16, "lower"), "ahead"),
        (metric(0.13, 0.12, 0.14, 0.10, "lower"), "behind"),
        (metric(0.85, 0.83, 0.87, None), "alone"),
    ],
)
def test_a_baseline_inside_the_interval_is_level_not_beaten(row, standing):
    assert rows.standing(row) == standing


@pytest.mark.parametrize("name", ["roc_auc", "ROC AUC", "auc", "Area under the ROC curve"])
def test_the_headline_metric_is_found_by_its_usual_names(data, name):
    row = replace(data.metrics[0], name=name)
    assert rows.auc(replace(data, metrics=(data.metrics[1], row))) is row


def test_drift_shows_drifted_features_first_against_their_own_thresholds(data):
    table = rows.drift(data.drift, {"contract": "Vertrag"})
    drifted = [bar.row.drifted for bar in table.bars]
    assert drifted == sorted(drifted, reverse=True)
    assert table.bars[0].cut and table.bars[0].length == 100
    assert table.bars[1].length / table.mark == pytest.approx(table.bars[1].row.psi / table.bars[1].row.threshold)
    assert {bar.row.feature: bar.label for bar in table.bars}["contract"] == "Vertrag"


def test_a_drift_table_without_features_has_no_bars():
    assert rows.drift(view.Drift(0.0, False, 1, 1, ()), {}).bars == ()


def test_slices_share_one_axis_that_holds_every_interval(data):
    table = rows.slices(data)
    whiskers = [whisker for _, group in table.groups for whisker in group]
    ends = [end for whisker in whiskers for end in (whisker.lower, whisker.upper) if end is not None]
    assert min(ends) >= 0 and max(ends) <= 100
    assert [name for name, _ in table.groups] == ["Gender", "Senior citizen", "Contract", "Internet service"]
    one = next(whisker for whisker in whiskers if whisker.name == "DSL")
    assert table.start + one.at / 100 * (table.end - table.start) == pytest.approx(0.858)


def test_customers_reasons_speak_the_fields_words(data):
    row = replace(data.queue[0], reasons=(("online_security", "false", 0.4), ("new_input", "7", -0.1)))
    pills = rows.queue(replace(data, queue=(row,)))[0].pills
    assert [(p.words, p.raises, round(p.length, 2)) for p in pills] == [
        ("Online security: no", True, 1.0),
        ("New input: 7", False, 0.25),
    ]


def test_the_summary_says_what_the_data_says(data):
    shown = {figure.label: (figure.value, figure.note) for figure in summary(data).figures}
    high = next(segment.customers for segment in data.segments if segment.segment == "high")
    loss = sum(segment.expected_loss for segment in data.segments)
    auc = data.metrics[0]
    assert shown["Customers scored"][0] == f"{data.customers:,}"
    assert shown["At high risk"] == (f"{high:,}", f"{100 * high / data.customers:.1f}% of customers")
    assert shown["Expected loss"][0] == f"{loss:,.0f}"
    assert shown["ROC AUC"] == (f"{auc.value:.3f}", f"95% interval {auc.lower:.3f} to {auc.upper:.3f}")
    assert shown["Drift score"][0] == f"{data.drift.score:.2f}"
    assert summary(data).headline == f"{high:,} of {data.customers:,} customers are at high risk of leaving"
    assert f"{loss:,.0f} of monthly charges" in summary(data).lead
    assert f"logistic regression {auc.logistic_regression:.3f}" in summary(data).lead
    assert "has drifted from" in summary(data).lead


def test_the_headline_agrees_in_number(data):
    def headline(high, customers):
        segments = (view.SegmentRow("high", high, 0.8, 1.0),)
        return summary(replace(data, segments=segments, customers=customers)).headline

    assert headline(1, 2) == "1 of 2 customers is at high risk of leaving"
    assert headline(0, 9) == "None of 9 customers is at high risk of leaving"
    assert headline(0, 0) == "No customers were scored"


@pytest.mark.parametrize(
    ("promote", "champion", "word"),
    [(True, False, "Promote"), (False, True, "Champion"), (False, False, "Not promoted")],
)
def test_the_gates_decision_is_a_word(data, promote, champion, word):
    gate = replace(data.gate, promote=promote, already_champion=champion)
    status = {s.topic: s for s in summary(replace(data, gate=gate)).statuses}["Promotion gate"]
    assert status.word == word
    assert "3 of 4 checks passed" in status.sentence


def test_calls_that_do_not_pay_are_said_not_to_pay(data):
    economics = replace(data.economics, value_per_customer=-0.5)
    status = {s.topic: s for s in summary(replace(data, economics=economics)).statuses}["Value"]
    assert (status.state, status.word) == ("warn", "Calls do not pay")
