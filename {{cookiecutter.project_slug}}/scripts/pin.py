"""Pin the images that others build to what their tags mean today (``make pin``).

A tag can be moved to another image, a digest cannot. docker asks the registries. Run again, it
takes those of that day; an image without a tag is one of this project, and is left alone.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLACES = ("Dockerfile", "compose.yaml", "deploy/kubernetes/**/*.yaml")
REFERENCE = re.compile(
    r"(?m)^(?P<before>[ \t-]*(?:FROM|image:)[ \t]+)(?P<image>[\w./-]+(?::\d+/[\w./-]+)?:[\w.-]+)"
    r"(?:@sha256:[0-9a-f]{64})?(?=\s|\Z)"
)
DIGEST = re.compile(r"(?m)^Digest:\s+(sha256:[0-9a-f]{64})$")
DOCKER_TIMEOUT = 60
"""Seconds that one question to a registry may take."""


class PinError(Exception):
    """Why an image cannot be pinned, for a person."""


def digest_of(image: str) -> str:
    """What the tag of `image` means now.

    :raises PinError: no docker, no answer, or no such image.
    """
    command = ("docker", "buildx", "imagetools", "inspect", image)
    try:
        done = subprocess.run(  # noqa: S603 (no shell, and the name is one that stands in our files)
            command, capture_output=True, text=True, errors="replace", timeout=DOCKER_TIMEOUT
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PinError(f"{image}: docker cannot be asked: {error}") from error
    found = DIGEST.search(done.stdout)
    if done.returncode or found is None:
        raise PinError(f"{image}: docker says\n{(done.stderr or done.stdout).strip()}")
    return found[1]


def main() -> int:
    """Pin all images, or none."""
    texts = {path: path.read_text("utf-8") for place in PLACES for path in ROOT.glob(place)}
    images = {found["image"] for text in texts.values() for found in REFERENCE.finditer(text)}
    try:
        digests = {image: digest_of(image) for image in sorted(images)}
    except PinError as error:
        print(f"pin: {error}", file=sys.stderr)
        return 1
    for path, text in texts.items():
        pinned = REFERENCE.sub(
            lambda found: f"{found['before']}{found['image']}@{digests[found['image']]}", text
        )
        if pinned != text:
            path.write_text(pinned, encoding="utf-8")
    print(f"pin: {len(digests)} images in {len(texts)} files", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
