"""The hook that reads cookiecutter's command line finds exactly its option=value words."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import pre_prompt
import pytest
from baking import copy_template, files, run_cookiecutter


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["python3", "/usr/bin/cookiecutter", "t", "a=b"], ["t", "a=b"]),
        (["/usr/bin/cookiecutter", "t"], ["t"]),
        (["C:\\python.exe", "-X", "utf8", "-m", "cookiecutter", "t"], ["t"]),
        (["python3", "-m", "pytest", "cookiecutter", "x=y"], []),
        (["python3", "-m", "cruft", "create", "t"], []),
        ([], []),
    ],
)
def test_only_cookiecutters_own_command_is_read(words: list[str], found: list[str]) -> None:
    assert pre_prompt.cookiecutter_arguments(words) == found


@pytest.mark.parametrize(
    ("arguments", "pairs"),
    [
        (["t", "a=b", "--no-input", "c=d"], ["a=b", "c=d"]),
        (["-fo", "x=y", "t", "a=b"], ["a=b"]),
        (["-o", "x=y", "t", "--checkout", "k=v", "a=b"], ["a=b"]),
        (["--output-dir=x=y", "-ox=y", "t", "a=b"], ["a=b"]),
        (["path=odd/t", "a=b"], ["a=b"]),
        (["t", "--", "a=b", "--x=y"], ["a=b", "--x=y"]),
        (["t", "--replay-file", "r=1.json"], []),
        ([], []),
    ],
)
def test_option_words_are_told_from_the_rest(arguments: list[str], pairs: list[str]) -> None:
    assert [arguments[index] for index in pre_prompt.positions(arguments)] == pairs


def test_a_corrected_command_keeps_everything_else() -> None:
    arguments = ["-o", "out dir", "gh:x/y", "queue=kafka", "ci=none", "nonsense=1", "--no-input"]
    found, corrected = pre_prompt.review(arguments)
    assert [refusal.option for refusal in found] == ["queue", "nonsense"]
    assert corrected == ["-o", "out dir", "gh:x/y", "queue=redis", "ci=none", "--no-input"]


def test_a_name_that_cookiecutter_shortens_is_left_to_it(tmp_path: Path) -> None:
    name = "Customer Notification and Order Tracking Service"
    done = run_cookiecutter(tmp_path, "--no-input", f"project_name={name}", "deploy=none")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "customer-notification-and-order-tracking").is_dir()


def test_without_proc_the_words_before_the_first_text_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_proc(self: Path) -> bytes:
        raise FileNotFoundError(self)

    line = "python3 /usr/bin/cookiecutter t queue=kafka description=a b=c\n"
    monkeypatch.setattr(Path, "read_bytes", no_proc)
    monkeypatch.setattr(
        subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 0, stdout=line)
    )
    found, _ = pre_prompt.review(pre_prompt.cookiecutter_arguments(pre_prompt.parent_words()))
    assert [refusal.option for refusal in found] == ["queue"]


def test_where_nothing_can_be_read_nothing_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def nothing(*_: object, **__: object) -> bytes:
        raise OSError

    monkeypatch.setattr(Path, "read_bytes", nothing)
    monkeypatch.setattr(subprocess, "run", nothing)
    pre_prompt.main()
    assert capsys.readouterr().err == ""


def test_only_cookiecutters_copy_is_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    checkout = copy_template(tmp_path / "mine/checkout")
    before = {*files(checkout)}
    pre_prompt.set_aside(checkout)
    assert {*files(checkout)} == before
    copy = copy_template(tmp_path / "cookiecutterabcd_123/checkout")
    pre_prompt.set_aside(copy)
    moved = {path for path in before if path.parts[1:2] in (("src",), ("tests",))}
    aside = {Path("unrendered", *path.parts[1:]) for path in moved}
    assert {*files(copy)} == (before - moved) | aside


def test_what_cannot_be_moved_is_left_to_cookiecutter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def in_use(self: Path, _: Path) -> Path:
        raise PermissionError(self)

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    copy = copy_template(tmp_path / "cookiecutterabcd_123/checkout")
    before = {*files(copy)}
    monkeypatch.setattr(Path, "rename", in_use)
    pre_prompt.set_aside(copy)
    assert {*files(copy)} == before
