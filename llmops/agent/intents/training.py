"""Trains both classifiers: `python -m llmops.agent.intents.training` writes `weights.npz` and `questions.npz`.

The first tells intents from `utterances.txt`, of which one line in three, by its digest, is never trained on. The
second tells which section of which document answers a question, from `questions.txt` and from the English gists of
sections, `gists.en.txt`; it is measured on the held-back questions of `llmops/evaluations`, of which it has none.

Ridge regression to one column per label, in its dual form, which also gives the error of leaving out each line.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
import numpy.typing as npt

from llmops.agent.intents import gists
from llmops.agent.intents.features import BUCKETS, CONCEPTS, features

UTTERANCES, WEIGHTS = "utterances.txt", "weights.npz"
QUESTIONS, SECTIONS = "questions.txt", "questions.npz"
NOWHERE = "-"
"""The section of questions that none answers."""
STEP = 4
"""Of the bytes of the second: less than half the file, and the same sections."""
HELD_BACK = 3
RIDGE, SECTION_RIDGE = 1.0, 1.0
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Utterance:
    """What somebody wrote, and what they wanted."""

    text: str
    intent: str

    @property
    def held_back(self) -> bool:
        """Whether it is kept for measuring only."""
        return int(hashlib.sha256(self.text.encode()).hexdigest(), 16) % HELD_BACK == 0


@dataclass(frozen=True)
class Trained:
    """A linear model: `weights` (buckets by intents) for features scaled by `rarity` to length one; `sharpness` turns
    values into probabilities.
    """

    intents: tuple[str, ...]
    weights: Floats
    rarity: Floats
    sharpness: float
    left_out_accuracy: float


def read_utterances(text: str | None = None) -> tuple[Utterance, ...]:
    """All labelled utterances, in the file's order."""
    found, intent = [], ""
    for line in (text or (files(__package__) / UTTERANCES).read_text("utf-8")).splitlines():
        if line.startswith("## "):
            intent = line[3:].strip()
        elif line.strip() and not line.startswith("#"):
            found.append(Utterance(line.strip(), intent))
    return tuple(found)


def read_questions() -> tuple[Utterance, ...]:
    """All questions with the section that answers them, as `document § section`."""
    return read_utterances((files(__package__) / QUESTIONS).read_text("utf-8"))


def read_gists() -> tuple[Utterance, ...]:
    """What sections say in English, each as a text that asks for its section."""
    return tuple(Utterance(gist.text, f"{gist.document} § {gist.section}".strip()) for gist in gists.read())


def train(utterances: Sequence[Utterance], ridge: float = RIDGE) -> Trained:
    """A model of these utterances."""
    intents = tuple(sorted({utterance.intent for utterance in utterances}))
    counts = _matrix(utterance.text for utterance in utterances)
    rarity = np.log((1 + len(utterances)) / (1 + (counts > 0).sum(axis=0)))
    rows = _unit(np.sqrt(counts) * rarity)
    wanted = np.array([[float(utterance.intent == intent) for intent in intents] for utterance in utterances])
    inverse = np.linalg.inv(rows @ rows.T + ridge * np.eye(len(rows)))
    dual = inverse @ wanted
    left_out = wanted - dual / np.diag(inverse)[:, None]
    right = left_out.argmax(axis=1) == wanted.argmax(axis=1)
    return Trained(intents, rows.T @ dual, rarity, _sharpness(left_out, wanted), float(right.mean()))


def write(model: Trained, path: Path, source: str, step: int = 1) -> None:
    """Writes the weights as one byte each, with the digest of what they were trained on.

    Args:
        model: what was trained.
        path: the file.
        source: name of the file of its lines.
        step: bytes are multiples of it; a large step makes a small file.
    """
    scale = np.abs(model.weights).max(axis=0) / 127
    np.savez_compressed(
        path,
        intents=np.array(model.intents),
        weights=(step * np.round(model.weights / scale / step).clip(-127 // step + 1, 127 // step)).astype(np.int8),
        scale=scale.astype(np.float32),
        rarity=model.rarity.astype(np.float32),
        sharpness=np.float32(model.sharpness),
        digest=np.array(digest(source)),
    )


def digest(source: str) -> str:
    """SHA-256 of what weights follow from: their lines, the ideas and, of sections, the gists."""
    folder = files(__package__)
    names = (source, CONCEPTS, gists.FILE) if source == QUESTIONS else (source, CONCEPTS)
    return hashlib.sha256(b"".join((folder / name).read_bytes() for name in names)).hexdigest()


def _matrix(texts: Iterable[str]) -> Floats:
    rows = []
    for text in texts:
        row = np.zeros(BUCKETS)
        for bucket, count in features(text).items():
            row[bucket] = count
        rows.append(row)
    return np.array(rows)


def _unit(rows: Floats) -> Floats:
    scaled: Floats = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return scaled


def _sharpness(values: Floats, wanted: Floats) -> float:
    """The factor under which a softmax of left-out values is most likely."""
    best, least = 1.0, np.inf
    for factor in np.arange(2.0, 20.0, 0.5):
        scaled = factor * values
        loss = np.log(np.exp(scaled).sum(axis=1)) - (scaled * wanted).sum(axis=1)
        if loss.mean() < least:
            best, least = float(factor), float(loss.mean())
    return best


def main() -> None:
    """Trains on what is not held back, and writes the weights beside this file."""
    folder = Path(str(files(__package__)))
    intents = train([utterance for utterance in read_utterances() if not utterance.held_back])
    write(intents, folder / WEIGHTS, UTTERANCES)
    write(train((*read_questions(), *read_gists()), SECTION_RIDGE), folder / SECTIONS, QUESTIONS, STEP)


if __name__ == "__main__":
    main()
