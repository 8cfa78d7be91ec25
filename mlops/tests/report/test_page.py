import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from mlops.src.report import page, view
from mlops.tests.report.sample import sample

VOID = {"meta", "link", "br", "img", "hr", "input", "area", "base", "col", "embed", "source", "track", "wbr"}
HOSTILE = "<script>alert('x')</script>\"&"
NO_CURVES = view.Curves((), (), (), (), (), (), ())


class Document(HTMLParser):
    """Every element with its attributes; fails on a tag that does not close what was opened."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.text = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs), tuple(self.open)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs), tuple(self.open)))

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data):
        if not {"style", "script"} & set(self.open):
            self.text.append(data)

    def all(self, tag):
        return [attributes for name, attributes, _ in self.elements if name == tag]

    def words(self):
        return " ".join(" ".join(self.text).split())


@pytest.fixture(scope="module")
def data():
    return sample()


@pytest.fixture(scope="module")
def text(data):
    return page.render(data)


@pytest.fixture(scope="module")
def document(text):
    return Document(text)


def test_the_page_refers_to_nothing_outside_itself(text, document):
    assert not re.search(r"(?:src|href|action|data)\s*=\s*[\"']?(?!#)[a-z/]", text, re.IGNORECASE)
    assert not re.search(r"@import|url\((?!#)|https?://|//[a-z]+\.[a-z]", text, re.IGNORECASE)
    assert not {"link", "iframe", "object", "embed", "img", "base"} & {tag for tag, _, _ in document.elements}


def test_the_page_runs_its_own_script_and_no_other(text, document):
    script = text.split("<script>")[1].split("</script>")[0]
    policy = next(m["content"] for m in document.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert text.count("<script") == 1
    assert f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" in policy
    assert "default-src 'none'" in policy


def test_every_section_is_in_the_contents_and_every_entry_has_its_section(document):
    sections = [attributes["id"] for attributes in document.all("section")]
    entries = [a["href"][1:] for tag, a, path in document.elements if tag == "a" and "nav" in path]
    assert sections == entries == list(page.SECTIONS)


def test_ids_are_unique_and_every_inner_link_and_label_finds_its_target(document):
    ids = [a["id"] for _, a, _ in document.elements if "id" in a]
    targets = [a["href"][1:] for a in document.all("a")] + [a["aria-labelledby"] for a in document.all("section")]
    assert len(ids) == len(set(ids))
    assert set(targets) <= set(ids)


def test_headings_tables_and_drawings_can_be_read_aloud(document):
    levels = [int(tag[1]) for tag, _, _ in document.elements if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1 and levels[0] == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    assert len(document.all("table")) == len(document.all("caption")) == 7
    assert all("scope" in attributes for attributes in document.all("th"))
    drawings = document.all("svg")
    assert len(drawings) == 8
    assert all(svg["role"] == "img" and svg["aria-label"] for svg in drawings)


def test_wide_tables_scroll_in_a_box_that_keys_can_reach(document):
    for tag, _, path in document.elements:
        if tag == "table":
            assert path[-1] == "div"
    boxes = [a for a in document.all("div") if a.get("class") == "scroll"]
    assert len(boxes) == len(document.all("table"))
    assert all(box["tabindex"] == "0" and box["aria-label"] for box in boxes)


def test_verdicts_are_words_not_only_colours(document):
    for word in ("Drifted", "Stable", "Pass", "Fail", "Not promoted", "Within the interval", "Ahead"):
        assert word in document.words()


def test_every_part_of_the_data_is_on_the_page(data, document):
    words = document.words()
    assert all(row.customer_id in words for row in data.queue)
    assert all(reason.label in words for reason in data.reasons)
    assert all(check.detail in words for check in data.gate.checks)
    assert all(reason in words for reason in data.gate.reasons)
    assert all(feature in words for feature in data.identity.features)
    assert all(f"{name} {value}" in words for name, value in data.identity.library_versions)
    assert data.identity.model_digest in words and data.identity.git_commit in words
    assert "3.1%" in words and "1 December 2025, 1 January 2026, 1 February 2026" in words


def test_generated_customers_are_said_to_be_generated(data, document):
    assert document.words().count("Generated customers.") == 2
    real = Document(page.render(replace(data, generated_customers=False, curves=NO_CURVES)))
    assert "Generated customers" not in real.words() and "public Telco sample" in real.words()


def test_the_same_data_gives_the_same_bytes(data, text):
    assert page.render(data) == text
    assert len(text.encode()) < 1_500_000


def test_everything_from_the_data_is_escaped(data):
    row = replace(
        data.queue[0],
        customer_id=HOSTILE,
        segment=HOSTILE,
        reasons=((HOSTILE, HOSTILE, 0.5), ("contract", HOSTILE, 0.1)),
    )
    gate = view.Gate(False, False, (HOSTILE,), (view.CheckRow(HOSTILE, True, HOSTILE),), 0.1)
    identity = replace(
        data.identity,
        model_name=HOSTILE,
        model_version=HOSTILE,
        model_digest=HOSTILE,
        data_digest=HOSTILE,
        git_commit=HOSTILE,
        features=(HOSTILE,),
        parameters=((HOSTILE, HOSTILE),),
        library_versions=((HOSTILE, HOSTILE),),
    )
    hostile = replace(
        data,
        identity=identity,
        queue=(row,),
        gate=gate,
        metrics=(replace(data.metrics[0], name=HOSTILE, better=HOSTILE),),
        slices=(replace(data.slices[0], column=HOSTILE, value=HOSTILE),),
        gaps=((HOSTILE, 0.1),),
        reasons=(replace(data.reasons[0], label=HOSTILE, feature=HOSTILE),),
        drift=replace(data.drift, rows=(replace(data.drift.rows[0], feature=HOSTILE, kind=HOSTILE, drifted=True),)),
        segments=(replace(data.segments[0], segment=HOSTILE),),
        boundaries=((HOSTILE, 0.0), (HOSTILE, 0.4)),
    )
    text = page.render(hostile)
    assert text.count("<script") == 1
    assert Document(text).words().count("<script>alert('x')</script>\"&") >= 20


def edges():
    data = replace(sample(), curves=NO_CURVES)
    return {
        "no gate": replace(data, gate=None),
        "no drift": replace(data, drift=None),
        "stable": replace(data, drift=view.Drift(0.1, False, 10, 10, data.drift.rows[:1])),
        "empty queue": replace(data, queue=()),
        "no metrics": replace(data, metrics=()),
        "no baselines": replace(data, metrics=(replace(data.metrics[0], logistic_regression=None, majority=None),)),
        "one slice": replace(data, slices=data.slices[:1]),
        "no slices": replace(data, slices=(), gaps=()),
        "no reasons": replace(data, reasons=()),
        "long id": replace(data, queue=(replace(data.queue[0], customer_id="A" * 400),)),
        "nobody": replace(data, customers=0, segments=(), histogram=(), queue=(), boundaries=()),
        "millions": replace(
            data, customers=10_000_000, segments=(view.SegmentRow("low", 10_000_000, 0.04, 2_345_678_901.0),)
        ),
    }


SAYS = {
    "no gate": "No promotion decision is on record for this model.",
    "no drift": "No drift was measured for this snapshot.",
    "stable": "No feature has moved beyond its threshold (1 measured).",
    "empty queue": "The queue is empty",
    "no metrics": "No metrics were measured.",
    "no baselines": "no baseline was trained beside it",
    "one slice": "Female",
    "no slices": "No slices were measured.",
    "no reasons": "No reasons were computed.",
    "long id": "A" * 400,
    "nobody": "No customers were scored",
    "millions": "None of 10,000,000 customers is at high risk of leaving",
}


@pytest.mark.parametrize("name", SAYS)
def test_a_page_with_parts_missing_says_so_and_stays_whole(name):
    document = Document(page.render(edges()[name]))
    assert SAYS[name] in document.words()
    assert [a["id"] for a in document.all("section")] == list(page.SECTIONS)
    assert not re.search(r"\b(?:None|nan|inf)\b", document.words().replace("None of", ""))


def test_writing_makes_the_folder_and_replaces_the_page_whole(data, tmp_path):
    small = replace(data, curves=NO_CURVES, histogram=())
    folder = tmp_path / "deep" / "report"
    path = page.write(small, folder)
    first = path.read_text("utf-8")
    assert page.write(replace(small, customers=5), folder) == path == folder / "index.html"
    assert first == page.render(small) != path.read_text("utf-8")
    assert [p.name for p in folder.iterdir()] == ["index.html"]


def test_a_failed_write_leaves_the_old_page_and_nothing_beside_it(data, tmp_path, monkeypatch):
    small = replace(data, curves=NO_CURVES, histogram=())
    path = page.write(small, tmp_path)
    before = path.read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(page.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        page.write(replace(small, customers=5), tmp_path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["index.html"]


def luminance(colour):
    channels = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    bright, dim = sorted((luminance(a), luminance(b)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_stands_out_from_its_ground(theme):
    style = (page.TEMPLATES / "style.css").read_text("utf-8")
    block = re.findall(r":root \{(.*?)\}", style, re.DOTALL)[theme]
    colour = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
    pairs = [(text, ground) for text in ("ink", "muted", "link") for ground in ("ground", "surface")]
    pairs += [(state, f"{state}-tint") for state in ("good", "warn", "bad", "none")]
    pairs += [("ink", tint) for tint in ("raises", "lowers", "warn-tint", "none-tint")]
    weak = {pair: contrast(colour[pair[0]], colour[pair[1]]) for pair in pairs}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < 4.5} == {}
