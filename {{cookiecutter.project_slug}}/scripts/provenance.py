"""Say in SLSA's words from what, by whom and how GitLab builds: the predicate that cosign signs.

Run in a job; https://slsa.dev/spec/v1.1/provenance says what the fields mean.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any


def predicate(env: Mapping[str, str]) -> dict[str, Any]:
    """The provenance of what the current job builds.

    :param env: with GitLab's predefined variables.
    :raises KeyError: one of them is missing.
    """
    project, commit = env["CI_PROJECT_URL"], env["CI_COMMIT_SHA"]
    return {
        "buildDefinition": {
            "buildType": f"{project}/-/blob/{commit}/.gitlab-ci.yml",
            "externalParameters": {
                "source": project,
                "ref": env["CI_COMMIT_REF_NAME"],
                "job": env["CI_JOB_NAME"],
            },
            "resolvedDependencies": [
                {
                    "uri": f"git+{project}@{env['CI_COMMIT_REF_NAME']}",
                    "digest": {"gitCommit": commit},
                }
            ],
        },
        "runDetails": {
            "builder": {"id": f"{env['CI_SERVER_URL']}/-/runners/{env['CI_RUNNER_ID']}"},
            "metadata": {
                "invocationId": env["CI_JOB_URL"],
                "startedOn": env["CI_JOB_STARTED_AT"],
            },
        },
    }


if __name__ == "__main__":
    try:
        json.dump(predicate(os.environ), sys.stdout, indent=2)
    except KeyError as error:
        sys.exit(f"provenance: {error} is not set; this is for a job of GitLab")
