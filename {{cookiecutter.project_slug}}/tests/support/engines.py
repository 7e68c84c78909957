"""The engines that tests from outside run against: what is to be equal is tested as equal."""

import os

ENGINES = os.environ.get("ENGINES", "fast stock").split()
