"""The Docker images: what their recipes promise, and, where there is an engine, what they do."""

from __future__ import annotations

import http.server
import importlib
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from deploy.dockerfiles import Stage, last, line_of, parse_dockerfile

ROOT = Path(__file__).parents[2]
RECIPE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
ARGUMENTS, STAGES = parse_dockerfile(RECIPE)
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
TARGETS = ("serve", "full", "node")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def pins(name: str) -> dict[str, set[str]]:
    """Return package -> versions in a lock file, of which every one bears a hash."""
    found: dict[str, set[str]] = {}
    for block in re.split(r"\n(?=\S)", (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")):
        if mark := re.match(r"([a-z0-9-]+)==(\S+)", block):
            assert "--hash=sha256:" in block, f"{name}.txt: {mark[1]} has no hash"
            found.setdefault(mark[1], set()).add(mark[2])
    return found


def ignored(path: str) -> bool:
    """Return whether .dockerignore keeps a path out of the build; the last line that fits decides."""
    out = False
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        plain = pattern.lstrip("!").replace("**/", "*")
        if fnmatch(path, plain) or fnmatch(path, f"{plain}/*"):
            out = not pattern.startswith("!")
    return out


def shape(target: str) -> list[Stage]:
    found = line_of(STAGES, target)
    assert found, f"there is no stage {target}"
    return found


# The recipe.


def test_what_is_built_without_a_target_is_the_small_image() -> None:
    assert (STAGES[-1].image, STAGES[-1].instructions) == ("serve", [])


def test_every_base_is_an_earlier_stage_or_an_image_of_an_exact_version() -> None:
    known: set[str] = set()
    for stage in STAGES:
        assert stage.image in known or re.fullmatch(r"[a-z0-9./-]+:\d+\.\d+\.\d+-[a-z-]+(@sha256:.{64})?", stage.image)
        known.add(stage.name)


def test_the_interpreter_is_one_that_rushes_takes_and_is_tested_with() -> None:
    version = re.search(r":(\d+\.\d+)\.", ARGUMENTS["PYTHON_IMAGE"])
    assert version is not None
    assert f"Programming Language :: Python :: {version[1]}" in PROJECT["classifiers"]


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_runs_as_a_numbered_user_without_rights(target: str) -> None:
    user = last(shape(target), "USER")
    assert user is not None
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user.rest)
    number = user.rest.partition(":")[0]
    assert any(number in one.words for stage in shape(target) for one in stage.all("RUN"))


@pytest.mark.parametrize("target", TARGETS)
def test_nothing_in_an_image_that_runs_comes_from_a_shell_or_an_installer(target: str) -> None:
    for stage in shape(target):
        for word in ("RUN", "CMD", "ENTRYPOINT"):
            assert all(one.is_exec and one.words for one in stage.all(word))
        assert not any("pip" in one.words or "apt-get" in one.words for one in stage.all("RUN"))


def test_no_instruction_fetches_by_address() -> None:
    for stage in STAGES:
        assert not stage.all("ADD")
        assert not any(re.search(r"https?://|git@", one.rest) for one in stage.instructions if one.word != "LABEL")


def test_every_installed_file_is_checked_against_a_lock_or_was_built_here() -> None:
    installs = [one for stage in STAGES for one in stage.all("RUN") if {"pip", "install"} <= set(one.words)]
    assert len(installs) == 5
    for one in installs:
        assert "--no-deps" in one.words
        if "--no-index" in one.words:
            assert one.words[one.words.index("--find-links") + 1] == "dist"
        else:
            assert "--require-hashes" in one.words
            assert one.words[one.words.index("--only-binary") + 1] == ":all:"
            lock = one.words[one.words.index("-r") + 1]
            assert pins(Path(lock).stem)


def test_what_is_copied_is_there_and_let_in() -> None:
    kept = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.splitlines()
    earlier: set[str] = set()
    for stage in STAGES:
        for one in stage.all("COPY"):
            if "from" in one.options:
                assert one.options["from"] in earlier
                continue
            for source in one.words[:-1]:
                assert (ROOT / source).exists(), f"line {one.line}: there is no {source}"
                assert not ignored(source), f"line {one.line}: .dockerignore keeps {source} out"
                if kept:
                    assert any(path == source or path.startswith(f"{source}/") for path in kept)
        earlier.add(stage.name)


@pytest.mark.parametrize("path", [".git/config", ".env", "tests/conftest.py", "demo/rushes.toml", "rushes-token.txt",
                                  "bundles/a/model.onnx", "src/rushes/cli/__pycache__/main.pyc"])  # fmt: skip
def test_what_is_none_of_an_images_business_stays_out(path: str) -> None:
    assert ignored(path)


def test_everything_is_compiled_before_the_root_is_read_only() -> None:
    for name in ("wheel", "serve-packages", "full-packages"):
        (stage,) = [one for one in STAGES if one.name == name]
        assert "compileall" in stage.all("RUN")[-1].words


def test_no_secret_is_built_in() -> None:
    said = " ".join(one.rest for stage in STAGES for one in stage.instructions if one.word in ("ENV", "ARG", "LABEL"))
    assert not re.search(r"(?i)token|secret|password|key=", said)


def test_the_labels_say_what_pyproject_says() -> None:
    (label,) = [one for stage in shape("serve") for one in stage.all("LABEL")]
    said = dict(word.split("=", 1) for word in label.words)
    assert said["org.opencontainers.image.version"] == PROJECT["version"]
    assert said["org.opencontainers.image.licenses"] == PROJECT["license"]
    assert said["org.opencontainers.image.title"] == PROJECT["name"]


# What is locked.


def named(requirements: list[str]) -> set[str]:
    return {re.split(r"[<>=\[ ;]", one)[0] for one in requirements}


def test_the_small_image_has_what_serving_needs_and_no_torch() -> None:
    packages = pins("serve")
    assert named(PROJECT["dependencies"] + PROJECT["optional-dependencies"]["app"]) <= set(packages)
    assert {"torch", "timm", "triton", "scikit-learn"}.isdisjoint(packages)
    assert not any(name.startswith(("nvidia-", "cuda-")) for name in packages)


def test_the_full_image_trains_too_and_has_no_tools_of_development() -> None:
    packages, extras = pins("full"), PROJECT["optional-dependencies"]
    wanted = PROJECT["dependencies"] + [
        one for extra in ("app", "train", "cloud", "sheets", "postgres") for one in extras[extra]
    ]
    assert named(wanted) <= set(packages)
    assert {"pytest", "mypy", "ruff", "playwright", "moto"}.isdisjoint(packages)


def test_a_node_of_a_cluster_has_ray_and_no_tools_of_development() -> None:
    packages, extras = pins("node"), PROJECT["optional-dependencies"]
    wanted = PROJECT["dependencies"] + [one for extra in ("train", "cloud", "ray", "postgres") for one in extras[extra]]
    assert named(wanted) <= set(packages)
    assert {"grpcio", "pandas", "tensorboardx"} <= set(packages), "of ray[client], ray[train] and ray[tune]"
    assert {"pytest", "mypy", "ruff", "playwright", "moto"}.isdisjoint(packages)


@pytest.mark.parametrize("name", ["serve", "full", "node", "wheel"])
def test_an_image_has_the_versions_that_are_tested(name: str) -> None:
    tested = pins("all")
    assert {package: found for package, found in pins(name).items() if not found <= tested.get(package, set())} == {}


# Health.


def test_the_small_image_is_looked_after_as_compose_says() -> None:
    check = last(shape("serve"), "HEALTHCHECK")
    assert check is not None
    kind, _, program = check.rest.partition(" ")
    assert kind == "CMD"
    assert ["CMD", *json.loads(program)] == COMPOSE["services"]["serve"]["healthcheck"]["test"]
    for option in ("interval", "timeout", "retries", "start-period"):
        assert str(COMPOSE["services"]["serve"]["healthcheck"][option.replace("-", "_")]) == check.options[option]


@pytest.mark.parametrize(("service", "status", "is_well"), [("serve", 200, True), ("serve", 503, False),
                         ("serve", None, False), ("review", 401, True), ("review", 500, False)])  # fmt: skip
def test_the_check_tells_a_server_that_is_well(service: str, status: int | None, is_well: bool) -> None:
    class Answering(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert status is not None
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Answering)
    port = server.server_port
    thread = threading.Thread(target=server.serve_forever)
    if status is None:
        server.server_close()
    else:
        thread.start()
    _, python, flag, program = COMPOSE["services"][service]["healthcheck"]["test"]
    assert (python, flag) == ("python", "-c")
    mine = re.sub(r"\b800[01]\b", str(port), program)
    done = subprocess.run([sys.executable, "-I", "-c", mine], capture_output=True, timeout=60)
    if status is not None:
        server.shutdown()
        thread.join()
        server.server_close()
    assert (done.returncode == 0) is is_well


# Compose.


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_a_service_of_compose_is_walled_in(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert not {"privileged", "cap_add", "devices", "pid", "ipc"} & set(service)
    assert service["mem_limit"] == service["memswap_limit"]
    assert service["pids_limit"] > 0
    assert any(one.startswith("/tmp:") and "size=" in one for one in service["tmpfs"])
    assert service["healthcheck"]["test"]
    assert service["build"]["target"] in TARGETS
    for port in service.get("ports", []):
        assert port.startswith("127.0.0.1:")
    for volume in service["volumes"]:
        if volume["type"] == "bind":
            assert volume["bind"] == {"create_host_path": False}
        else:
            assert volume["source"] in COMPOSE["volumes"]


def test_the_bundle_is_read_only_and_the_token_comes_from_outside() -> None:
    service = COMPOSE["services"]["serve"]
    (bundle,) = [one for one in service["volumes"] if one["type"] == "bind"]
    assert bundle["read_only"] is True
    assert re.fullmatch(r"\$\{RUSHES_TOKEN-?\}", service["environment"]["RUSHES_TOKEN"])
    assert "network_mode" not in service


def test_the_full_image_is_started_only_where_it_is_asked_for() -> None:
    assert [name for name, one in COMPOSE["services"].items() if "profiles" not in one] == ["serve"]
    assert COMPOSE["services"]["review"]["build"]["target"] == "full"


def commands() -> Iterator[list[str]]:
    for service in COMPOSE["services"].values():
        yield service["command"]
    started = last(shape("serve"), "CMD")
    assert started is not None
    yield started.words


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_what_a_container_is_started_with_can_be_typed(words: list[str]) -> None:
    import typer

    from rushes.cli.main import VERBS

    verb, *rest = words
    assert verb in VERBS
    module = importlib.import_module(f"rushes.cli.{verb}")
    command: Any = typer.main.get_command(module.app)
    if hasattr(command, "commands"):
        command = command.commands[module.FIRST]
    given = command.make_context(verb, rest).params
    assert given["port"] in (8000, 8001)


def test_a_recipe_that_is_wrong_would_be_found() -> None:
    with pytest.raises(ValueError, match="no instruction RNU"):
        parse_dockerfile("FROM a:1.2.3-slim\nRNU x\n")
    with pytest.raises(ValueError, match="twice"):
        parse_dockerfile("FROM a AS b\nFROM a AS b\n")
    with pytest.raises(ValueError, match="before the first FROM"):
        parse_dockerfile("RUN x\n")
    _, (one, two) = parse_dockerfile('FROM a AS b\nRUN x \\\n  # why\n  y\nFROM b\nCOPY --from=b /x /y\nCMD ["z"]\n')
    assert [found.rest for found in one.all("RUN")] == ["x y"]
    assert (two.image, two.all("COPY")[0].options, two.all("CMD")[0].words) == ("b", {"from": "b"}, ["z"])


# With Docker's own client, and with an engine.


def docker(*words: str, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *words], cwd=ROOT, capture_output=True, text=True, **more)


def need_docker(*asked: str) -> None:
    """Skip aloud where Docker, or a part of it, is not there."""
    if shutil.which("docker") is None:
        pytest.skip("no docker on this machine")
    if (done := docker(*asked)).returncode != 0:
        pytest.skip(f"docker {' '.join(asked)}: {done.stderr.strip()[:120]}")


def test_docker_compose_reads_the_file() -> None:
    need_docker("compose", "version")
    environment = os.environ | {"RUSHES_TOKEN": "0123456789abcdef"}
    done = docker("compose", "--profile", "review", "config", "--format", "json", env=environment)
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)["services"]) == set(COMPOSE["services"])


def test_docker_finds_nothing_to_say_about_the_recipe() -> None:
    need_docker("buildx", "version")
    done = docker("buildx", "build", "--check", ".")
    if "Cannot connect" in done.stderr or "no builder" in done.stderr:
        pytest.skip(f"docker buildx build --check: {done.stderr.strip()[:120]}")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def image() -> Iterator[str]:
    """The small image, built here."""
    need_docker("info")
    base = ARGUMENTS["PYTHON_IMAGE"]
    if docker("image", "inspect", base).returncode != 0 and (had := docker("pull", base)).returncode != 0:
        pytest.skip(f"{base} is not at hand and cannot be fetched: {had.stderr.strip()[:120]}")
    name = f"rushes-trial:{secrets.token_hex(4)}"
    done = docker("build", "--target", "serve", "-t", name, ".")
    assert done.returncode == 0, done.stderr[-3000:]
    yield name
    docker("image", "rm", "--force", name)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A bundle that answers the colour of a picture, readable by any user."""
    pytest.importorskip("torch")
    from bundles.tiny import tiny_bundle

    folder = tiny_bundle(tmp_path / "colours").folder
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


@pytest.mark.longer
def test_the_small_image_serves_a_bundle_on_a_read_only_root(image: str, bundle: Path) -> None:
    import httpx

    from rushes.footage.picture import encode_picture

    token = secrets.token_hex(16)
    walls = ["--read-only", "--tmpfs", "/tmp:mode=1777", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
    around = ["--publish", "127.0.0.1::8000", "--volume", f"{bundle}:/bundle:ro", "--env", f"RUSHES_TOKEN={token}"]
    started = docker("run", "--detach", *walls, "--memory", "2g", "--health-interval", "2s", *around, image)
    assert started.returncode == 0, started.stderr
    container = started.stdout.strip()
    try:
        for _ in range(60):
            health = docker("inspect", "--format", "{{.State.Health.Status}}", container).stdout.strip()
            if health == "healthy":
                break
            time.sleep(1)
        assert health == "healthy", docker("logs", container).stderr
        address = f"http://{docker('port', container, '8000/tcp').stdout.split()[0]}"
        assert httpx.get(f"{address}/ping").json() == "Hello World"
        picture = encode_picture(np.full((40, 40, 3), (200, 20, 20), np.uint8), "png", 90)
        assert httpx.post(f"{address}/predict", files={"file": picture}).status_code == 401
        bearing = {"Authorization": f"Bearer {token}"}
        reply = httpx.post(f"{address}/predict", files={"file": picture}, headers=bearing, timeout=60)
        assert reply.json()["predicted_class"] == "red", reply.text
        assert docker("exec", container, "python", "-c", "import os; print(os.getuid())").stdout.strip() == "10001"
        assert docker("exec", container, "python", "-c", "open('/opt/rushes/x', 'w')").returncode != 0
        assert docker("stop", "-t", "30", container).returncode == 0
        assert docker("inspect", "--format", "{{.State.ExitCode}}", container).stdout.strip() in ("0", "143")
    finally:
        docker("rm", "--force", container)
