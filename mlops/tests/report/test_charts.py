import re
from dataclasses import replace
from math import nan
from xml.etree import ElementTree as ET

import pytest

from mlops.src.report import layers
from mlops.src.report.charts import charts, reached
from mlops.src.report.drawing import draw
from mlops.src.report.view import Curves
from mlops.tests.report.sample import sample

X, Y = layers.axis("across"), layers.axis("up")
POINTS = ((0.0, 0.0), (0.5, 0.75), (1.0, 1.0))


def drawing(text="at the point"):
    parts = [layers.line(POINTS, X, Y), layers.hover(POINTS, X, Y, lambda a, b: f"{text} {a:g}")]
    return draw(layers.chart(parts, 380, 320), "probe", f"All about {text}")


def test_a_drawing_is_an_image_with_words_that_follows_its_box_and_the_pages_colours():
    root = ET.fromstring(drawing())
    assert (root.tag, root.get("role"), root.get("aria-label")) == ("svg", "img", "All about at the point")
    assert root.get("width") is None and root.get("viewBox") == "0 0 380 320"
    assert "var(--model)" in drawing()
    assert "http" not in drawing()


def test_points_show_their_sentence_under_the_pointer():
    titles = [element.text for element in ET.fromstring(drawing()).iter("title")]
    assert titles == ["at the point 0", "at the point 0.5", "at the point 1"]


def test_text_from_the_data_stays_text():
    hostile = "<script>alert(1)</script>\"'&"
    assert "<script" not in drawing(hostile)
    assert ET.fromstring(drawing(hostile)).get("aria-label") == f"All about {hostile}"


def test_the_same_points_give_the_same_bytes_again():
    assert drawing() == drawing()


def test_clips_belong_to_their_drawing():
    clipped = layers.line(POINTS, X, Y)
    clipped["mark"]["clip"] = True
    spec = layers.chart([clipped], 200, 200)
    first, second = draw(spec, "first", ""), draw(spec, "second", "")
    assert re.findall(r'id="([^"]+)"', first) == ["first-1"]
    assert "url(#first-1)" in first and "url(#second-1)" in second


def test_hover_points_are_few():
    many = [(n / 1000, n / 1000) for n in range(1001)]
    assert len(layers.hover(many, X, Y, lambda a, b: "")["data"]["values"]) <= layers.HOVER_POINTS


@pytest.mark.parametrize(
    ("share", "found"), [(0.0, 0.0), (0.25, 0.375), (0.5, 0.75), (0.75, 0.875), (1.0, 1.0), (1.2, 1.0)]
)
def test_leavers_reached_are_read_off_the_gain_curve(share, found):
    assert reached(POINTS, share) == pytest.approx(found)


def test_figures_that_do_not_exist_are_not_drawn():
    data = sample()
    bins = ((0.1, 0.12, 40), (nan, nan, 0))
    curves = Curves((), (), (), (), bins, (), ((0.0, nan), (0.5, 2.0)))
    drawn = charts(replace(data, curves=curves, histogram=()))
    assert list(drawn) == ["calibration", "value"]
    assert "2.0%" in drawn["calibration"].alternative
    assert "nan" not in (drawn["calibration"].svg + drawn["value"].svg).lower()


def test_bars_carry_their_segments_colour_and_sentence():
    data = replace(sample(), histogram=((0.0, 10), (0.5, 0)), boundaries=(("low", 0.0), ("high", 0.6)))
    svg = charts(replace(data, curves=Curves((), (), (), (), (), (), ())))["histogram"].svg
    assert 'fill="var(--low)"' in svg and 'fill="var(--high)"' in svg
    assert "0% to 50%: 10 customers" in svg and "high from 60.0%" in svg
