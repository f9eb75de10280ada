"""The door and its verbs."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest

from rushes.cli.main import VERBS, help_text, main, spread


def ended(*words: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(words)
    assert isinstance(end.value.code, int)
    return end.value.code


def test_help_names_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("--help") == 0
    assert ended() == 0
    out = capsys.readouterr().out
    assert out == help_text() * 2
    assert all(f"  {verb} " in out for verb in VERBS)


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("--version") == 0
    assert capsys.readouterr().out.startswith("rushes 0.")


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_every_verb_shows_an_example(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    import typer.testing

    app = importlib.import_module(f"rushes.cli.{verb}").app
    commands = [["--help"]]
    if len(app.registered_commands) > 1:
        commands = [[command.name or command.callback.__name__, "--help"] for command in app.registered_commands]
    for words in commands:
        shown = typer.testing.CliRunner().invoke(app, words, env={"COLUMNS": "200"})
        assert shown.exit_code == 0
        assert f"Example: rushes {verb}" in shown.output


def test_an_unknown_verb_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("trian") == 2
    assert "Did you mean 'train'?" in capsys.readouterr().err


def test_an_unknown_option_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("status", "--jsn") == 2
    assert capsys.readouterr().err == (
        "rushes: --jsn: there is no such option of rushes status. Did you mean '--json'?\n"
    )
    assert ended("--nope") == 2
    assert "--nope: no such option stands before a verb. Allowed: --help, --version" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("ingest x --quality 0", "--quality 0: it should be greater than or equal to 1. See 'rushes ingest --help'"),
        ("ingest x --quality=many", "--quality many: it should be a valid integer. See 'rushes ingest --help'"),
        ("ingest x --every", "--every: needs a value behind it. See 'rushes ingest --help'"),
        ("ingest x --dry-run=2", "--dry-run: takes no value. See 'rushes ingest --help'"),
        ("ingest", "PLACE… is missing. Example: rushes ingest films/ --every 2s --size 640x360"),
        ("status two words", "two words: too many words. See 'rushes status --help'"),
        ("labels imprt", "there is no verb 'labels imprt'. Did you mean 'import'?"),
        (
            "labels nothing",
            "there is no verb 'labels nothing'. "
            "Allowed: 'import', 'pull', 'suggest', 'picks', 'conflicts', 'errors', 'show', 'export'.",
        ),
        ("trian", "there is no verb 'trian'. Did you mean 'train'?"),
    ],
)
def test_wrong_words_are_one_line_on_stderr_and_one_object_in_json(
    words: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(*words.split()) == 2
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", f"rushes: {message}\n")
    first = words.split()[:2]
    assert ended(*first, "--json", *words.split()[2:]) == 2
    assert json.loads(capsys.readouterr().out) == {"error": "UsageError", "message": message}


def test_a_verb_of_verbs_shows_them_where_none_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("labels") == 2
    assert "conflicts" in capsys.readouterr().err


def test_options_that_exclude_one_another_are_said_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("init", str(tmp_path)) == 0
    words = ("ingest", str(tmp_path), "--project", str(tmp_path), "--every", "1s", "--fps", "2")
    assert ended(*words) == 2
    assert "exclude one another" in capsys.readouterr().err
    for more in (("--keyframes",), ("--at", "times.csv"), ("--every-frame",)):
        assert ended(*words[:-2], *more, "--fps", "1") == 2
        assert "Only --every and --keyframes go together" in capsys.readouterr().err


def test_an_option_of_many_values_takes_what_a_shell_makes_of_a_star() -> None:
    words = ["mine", "--footage", "a.mp4", "b.mp4", "--labels", "x.csv", "--footage", "c.mp4"]
    assert spread(words, ("--footage",)) == [
        *("mine", "--footage", "a.mp4", "--footage", "b.mp4", "--labels", "x.csv", "--footage", "c.mp4")
    ]
    assert spread(words, ()) == words
