"""``python -m`` with the name of this package: its command line."""

from .command_line import main

if __name__ == "__main__":
    main()
