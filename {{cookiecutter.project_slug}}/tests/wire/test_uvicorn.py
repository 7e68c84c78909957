"""The service under uvicorn's own command."""

from pathlib import Path

from {{cookiecutter.package_name}}.settings import PACKAGE

from .test_serve import check_wrong_settings


def test_wrong_settings_end_it_before_it_listens(tmp_path: Path) -> None:
    factory = f"{PACKAGE}.app:create_app"
    check_wrong_settings(tmp_path, "uvicorn", "--factory", factory, "--port", "0")
