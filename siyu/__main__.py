"""Run the command line with `python -m siyu`."""

from siyu.cli import main

main()
