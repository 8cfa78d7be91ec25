"""`python -m telecom` is the `telecom` command."""

from telecom.cli import main

main()
