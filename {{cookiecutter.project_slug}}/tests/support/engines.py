"""The engines that tests from outside run against: what is to be equal is tested as equal."""

import os

ENGINE = "TESTED_ENGINE"
"""The environment variable that says which of them a service of the tests runs on."""
ENGINES = os.environ.get("ENGINES", "fast stock").split()
