"""Packages that a process does without."""

import subprocess
import sys

CODE = """
from telecom.absent import keep_out
keep_out("colorsys")
try:
    import colorsys
except ModuleNotFoundError as error:
    print(error, error.name)
import json.tool
"""


def test_what_is_kept_out_is_not_installed_and_all_else_is() -> None:
    done = subprocess.run((sys.executable, "-c", CODE), capture_output=True, text=True, check=True)
    assert done.stdout == "No module named 'colorsys' colorsys\n"
