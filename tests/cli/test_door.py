"""Messages, exit status, JSON and progress."""

from __future__ import annotations

import errno
import io
import json
import signal
import subprocess
import sys
import threading
from textwrap import dedent

import pytest

from rushes.cli.door import opened, plural, table_of, with_lines_below
from rushes.errors import ProjectError


def ended(error: BaseException | None, *, as_json: bool = False, debug: bool = False) -> int:
    def act() -> None:
        with opened(as_json=as_json, debug=debug) as door:
            if error is not None:
                raise error
            door.finish({"done": True})

    with pytest.raises(SystemExit) as end:
        act()
    assert isinstance(end.value.code, int)
    return end.value.code


def test_what_a_user_can_put_right_is_one_message_and_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(ProjectError("x.toml: wrong [brackets]. Do this")) == 2
    assert capsys.readouterr().err == "rushes: x.toml: wrong [brackets]. Do this\n"


def test_in_json_mode_the_error_is_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(ProjectError("wrong"), as_json=True) == 2
    assert json.loads(capsys.readouterr().out) == {"error": "ProjectError", "message": "wrong"}


def test_a_fault_of_ours_is_called_so_and_shows_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(KeyError("oops")) == 70
    err = capsys.readouterr().err
    assert "a fault of rushes itself" in err
    assert "--debug" in err
    assert "Traceback" not in err


def test_with_debug_an_error_is_raised_as_it_is() -> None:
    with pytest.raises(ProjectError), opened(debug=True):
        raise ProjectError("wrong")


def test_a_full_disk_is_said_with_its_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(OSError(errno.ENOSPC, "No space left on device", "/p/frame.jpg")) == 2
    assert "/p/frame.jpg: No space left on device. Make room" in capsys.readouterr().err


def test_ctrl_c_says_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(KeyboardInterrupt()) == 130
    assert "run the same command again" in capsys.readouterr().err


def test_sigterm_ends_like_ctrl_c_and_is_as_before_afterwards() -> None:
    # In a process of its own: what tests of servers and films leave running in this one may be ended by the signal.
    program = """
        import os, signal, time
        from rushes.cli.door import opened
        try:
            with opened():
                os.kill(os.getpid(), signal.SIGTERM)
                time.sleep(10)
        finally:
            print(signal.getsignal(signal.SIGTERM) == signal.SIG_DFL)
    """
    ended = subprocess.run([sys.executable, "-c", dedent(program)], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 143
    assert "run the same command again" in ended.stderr
    assert ended.stdout == "True\n"


def test_sigterm_is_left_to_whoever_handles_it_and_to_the_main_thread() -> None:
    def theirs(*_: object) -> None: ...

    seen: list[object] = []

    def look() -> None:
        with opened():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    signal.signal(signal.SIGTERM, theirs)
    try:
        look()
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    assert seen == [signal.SIG_DFL, theirs]


def test_an_item_that_failed_makes_the_end_1_and_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    def act() -> None:
        with opened() as door:
            door.fail_item("a.mp4: is empty")
            door.say("one taken in")
            door.finish(None)

    with pytest.raises(SystemExit) as end:
        act()
    assert end.value.code == 1
    shown = capsys.readouterr()
    assert shown.err == "a.mp4: is empty\n1 failed; they are listed above\n"
    assert shown.out == "one taken in\n"


def test_json_mode_prints_one_value_and_no_text(capsys: pytest.CaptureFixture[str]) -> None:
    def act() -> None:
        with opened(as_json=True) as door:
            door.say("for people")
            door.show(table_of(None, ["a"], [[1]]))
            door.finish({"frames": 3})

    with pytest.raises(SystemExit):
        act()
    assert json.loads(capsys.readouterr().out) == {"frames": 3}


def test_progress_off_a_terminal_is_a_line_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    with opened() as door, door.progress("ingest") as progress:
        progress(1, 2, "a.mp4")
        progress(2, 2, "b.mp4")
    assert capsys.readouterr().err == "ingest: 2 of 2  b.mp4\n"


def test_words_agree_with_their_number() -> None:
    assert [plural(1, "frame"), plural(1200, "frame"), plural(2, "class", "classes")] == [
        "1 frame",
        "1,200 frames",
        "2 classes",
    ]


def test_a_full_disk_is_known_whatever_library_says_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(RuntimeError("Error while serializing: No space left on device (os error 28)")) == 2
    assert "the disk is full" in capsys.readouterr().err


def test_words_of_users_are_shown_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    with opened() as door:
        door.show(table_of("[red]", ["[b]"], [["[/x] shoot"]]))
    assert "[/x] shoot" in capsys.readouterr().out


def test_control_characters_from_a_sheet_are_shown_and_do_not_reach_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    name = "\x1b]0;owned\x07\x1b[2J\x9b1mname\tend"

    def say_all() -> None:
        with opened() as door:
            door.say(f"said {name}")
            door.show(table_of(None, ["name"], [[name]]))
            door.warn(f"warned {name}")
            door.fail_item(f"failed {name}")
            raise ProjectError(f"raised {name}")

    with pytest.raises(SystemExit):
        say_all()
    out, err = capsys.readouterr()
    for text, words in ((out, ["said"]), (err, ["warned", "failed", "raised"])):
        assert not [
            letter for letter in text if (ord(letter) < 32 and letter not in "\n\t") or 127 <= ord(letter) < 160
        ]
        assert all(f"{word} \\x1b]0;owned" in text for word in words)
    assert "\\x1b[2J\\x9b1mname" in err


def test_what_is_printed_keeps_its_style_on_a_terminal_and_shows_control_characters(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")

    def warn() -> None:
        with opened() as door:
            door.warn("a \x1b[2J name")
            door.finish({})

    with pytest.raises(SystemExit):
        warn()
    err = capsys.readouterr().err
    assert "\x1b[33m" in err
    assert "a \\x1b[2J name" in err


def test_lines_stand_below_the_rows_they_are_of():
    from rich.console import Console

    console = Console(width=30, file=io.StringIO())
    table = table_of(None, ["shot", "end"], [[1, "a"], [2, "b"], [3, "c"]], whole=("shot", "end"))
    said = "a remark that is too long for one line"
    console.print(with_lines_below(console, table, [said, "", "short"], indent=4))
    lines = [line.rstrip() for line in console.file.getvalue().splitlines()]
    assert lines[3:] == ["    1   a", "    a remark that is too long", "    for one line", "    2   b", "    3   c",
                         "    short", ""]  # fmt: skip
