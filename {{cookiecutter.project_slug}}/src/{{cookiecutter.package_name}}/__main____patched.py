"""``python -m`` with the name of this package: its command line."""

from .runtime import patch  # noqa: F401, I001 - before anything else
from .command_line import main

if __name__ == "__main__":
    main()
