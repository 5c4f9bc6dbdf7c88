"""`python -m kerasae`, the same command line as `kerasae`."""

from kerasae.cli import main

if __name__ == "__main__":
    main()
