"""`python -m jobs` is the `feedback` command."""

from jobs.cli import main

main()
