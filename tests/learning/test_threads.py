from __future__ import annotations

import os
import subprocess
import sys

import torch

from rushes.cores import count_cores
from rushes.learning.threads import count_threads, torch_threads


def ask(program: str, **environment: str) -> str:
    given = {key: value for key, value in os.environ.items() if not key.startswith("OMP_")} | environment
    program = f"import os\nfrom rushes.learning.threads import count_threads, let_idle_threads_sleep\n{program}"
    done = subprocess.run([sys.executable, "-c", program], env=given, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_what_the_user_asks_for_wins() -> None:
    assert count_threads(3) == 3


def test_without_a_wish_the_environment_decides_and_otherwise_the_cores() -> None:
    assert ask("print(count_threads(None))", OMP_NUM_THREADS="5") == "5"
    assert ask("print(count_threads(None))") == str(count_cores())


def test_idle_threads_sleep_unless_the_user_wants_them_to_spin() -> None:
    program = "let_idle_threads_sleep()\nprint(os.environ['OMP_WAIT_POLICY'])"
    assert ask(program) == "PASSIVE"
    assert ask(program, OMP_WAIT_POLICY="ACTIVE") == "ACTIVE"


def test_torch_gets_its_threads_back() -> None:
    before = torch.get_num_threads()
    with torch_threads(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before
