"""Small pipelines that need nothing of ours, compiled for the suites that start some."""

from pathlib import Path
from typing import NamedTuple

from kfp import compiler, dsl
from kfp.dsl import Metrics, Model, Output, PipelineTaskFinalStatus

IMAGE = "europe-docker.pkg.dev/p/r/python@sha256:" + "12" * 32


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def judge(text: str, metrics: Output[Metrics]) -> str:
    metrics.log_metric("length", len(text))
    metrics.log_metric("capitals", sum(letter.isupper() for letter in text))
    metrics.log_metric("average", len(text) / (text.count(" ") + 1))
    return text


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def say(word: str) -> str:
    import sys

    sys.stdout.write(f"I say {word}\n")
    return word


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def fail(code: int) -> str:
    import sys

    sys.stdout.write("Before the failure\n")
    sys.stderr.write("Error: The thing 'it's' is not there.\n→ Bring it.\n")
    raise SystemExit(code)


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def crash() -> str:
    raise ValueError("a bug")


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def fail_once(marker: str, code: int) -> str:
    from pathlib import Path

    if Path(marker).exists():
        return "second"
    Path(marker).touch()
    raise SystemExit(code)


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def two(number: int) -> NamedTuple("Two", [("size", int), ("word", str)]):  # type: ignore[valid-type]
    return number, "word"


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def make(word: str, made: Output[Model]):
    from pathlib import Path

    Path(made.path).write_text(word)


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def sleep(marker: str) -> str:
    import time
    from pathlib import Path

    Path(marker).touch()
    time.sleep(60)
    return "late"


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def last(folder: str, status: PipelineTaskFinalStatus) -> str:
    from pathlib import Path

    Path(folder, "last.txt").write_text(f"{status.state}: {status.error_message}")
    return status.state


@dsl.pipeline(name="branching")
def branching(text: str = "yes") -> None:
    judged = judge(text=text)
    with dsl.If(judged.outputs["Output"] == "yes"):
        taken = say(word="then")
    with dsl.Else():
        other = say(word="otherwise")
    say(word=dsl.OneOf(taken.output, other.output))


@dsl.pipeline(name="named")
def named(number: int) -> None:
    made = two(number=number)
    with dsl.If(made.outputs["size"] > 2):
        say(word="large")


@dsl.pipeline(name="models")
def models(which: str) -> Model:
    with dsl.If(which == "a"):
        one = make(word="A")
    with dsl.Else():
        other = make(word="B")
    return dsl.OneOf(one.outputs["made"], other.outputs["made"])


@dsl.pipeline(name="failing")
def failing(place: str, code: int = 4) -> None:
    with dsl.ExitHandler(last(folder=place)):
        failed = fail(code=code).set_retry(num_retries=2, backoff_duration="30s")
        say(word=failed.output)


@dsl.pipeline(name="crashing")
def crashing() -> None:
    say(word=crash().output)


@dsl.pipeline(name="repeated")
def repeated(marker: str, code: int) -> None:
    fail_once(marker=marker, code=code).set_retry(num_retries=1, backoff_duration="1s")


@dsl.pipeline(name="quoted")
def quoted(text: str = "x") -> None:
    with dsl.If(text == "it's"):
        say(word="then")
    with dsl.Else():
        say(word="otherwise")


@dsl.pipeline(name="nested")
def nested(text: str = "yes") -> None:
    with dsl.If(text == "yes"):
        outer = judge(text=text).outputs["Output"]
        with dsl.If(outer == "yes"):
            inner = judge(text="no").outputs["Output"]
            with dsl.If(inner == "no"):
                say(word=outer)
            with dsl.Else():
                say(word=inner)


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def halve(minutes: float) -> str:
    return str(minutes / 2)


@dsl.pipeline(name="halving")
def halving(minutes: float) -> None:
    halve(minutes=minutes)


@dsl.pipeline(name="dated")
def dated(environment: dict[str, str], run_date: str, csv: str = "") -> None:
    say(word=csv)


@dsl.pipeline(name="sleeping")
def sleeping(marker: str) -> None:
    say(word=sleep(marker=marker).output)


def compiled(pipeline: object, folder: Path) -> Path:
    path = folder / "pipeline.yaml"
    compiler.Compiler().compile(pipeline, str(path))
    return path
