"""`python -m shishen` is `shishen`."""

from shishen.cli import main

main()
