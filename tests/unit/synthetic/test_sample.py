from pathlib import Path

from telecom.synthetic.customers import write_csv

SAMPLE = Path(__file__).parents[3] / "data" / "sample" / "telco_sample.csv"


def test_the_committed_sample_is_what_the_generator_writes(tmp_path: Path) -> None:
    write_csv(tmp_path / "again.csv", 500, 7)
    assert (tmp_path / "again.csv").read_bytes() == SAMPLE.read_bytes()
