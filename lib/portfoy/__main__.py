"""`python -m portfoy` is the command `portfoy`."""

from portfoy.cli import main

main(prog_name="portfoy")
