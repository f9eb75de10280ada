"""The compose file of a cluster: what it promises; its commands are tried where Ray and Docker are."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from benchmarks.loopback_s3 import Store, environment, s3_here

from deploy.test_docker import docker, need_docker
from rushes.storage.aws import s3_settings

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "compose.cluster.yaml").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SECRETS = ("RUSHES_DB_PASSWORD", "RUSHES_S3_KEY", "RUSHES_S3_SECRET")


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_walled_in_and_publishes_no_port(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert not {"privileged", "devices", "pid", "ipc", "network_mode", "ports"} & set(service)
    assert service["mem_limit"] == service["memswap_limit"]
    assert any(one.startswith("/tmp:") and "size=" in one for one in service["tmpfs"])


def test_images_are_of_an_exact_version_or_built_from_this_tree() -> None:
    for service in SERVICES.values():
        if "build" in service:
            assert (service["image"], service["build"]["target"]) == ("rushes:node", "node")
        else:
            assert re.fullmatch(r"[a-z/]+:\d+\.\d+(\.\d+)?(-[a-z]+)?", service["image"])


@pytest.mark.parametrize("name", SERVICES)
def test_a_read_only_service_is_given_no_config_as_content(name: str) -> None:
    # compose copies such a content into the container, which Docker refuses where its file system is read-only.
    service = SERVICES[name]
    for kind in ("configs", "secrets"):
        for one in service.get(kind, []) if service.get("read_only") else []:
            source = COMPOSE[kind][one if isinstance(one, str) else one["source"]]
            assert not {"content", "environment"} & set(source), one


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_is_told_is_text(name: str) -> None:
    # compose takes no booleans there.
    assert all(isinstance(value, str) for value in SERVICES[name].get("environment", {}).values())


def filled(words: str) -> str:
    """Return words as compose hands them on, every variable of this file being `open sesame`."""
    return re.sub(r"\$\{\w+[^}]*\}|\$\$", lambda found: "$" if found[0] == "$$" else "open sesame", words)


@pytest.mark.parametrize("name", ["head", "worker", "rushes", "buckets", "fill"])
def test_rushes_reaches_the_store_with_what_a_node_is_told(name: str, tmp_path: Path) -> None:
    told = SERVICES[name]["environment"]
    assert COMPOSE["x-keys"].items() <= told.items()
    settings = s3_settings({key: filled(value) for key, value in COMPOSE["x-keys"].items()}, home=tmp_path)
    assert (settings.endpoint, settings.allow_http, settings.asks) == ("http://s3:8333", True, False)
    assert (settings.access_key_id, settings.secret_access_key) == ("open sesame", "open sesame")


@pytest.mark.parametrize("secret", ["0123456789abcdef", "a\"b\\c%s$HOME'`x` \\n"])
def test_the_store_writes_itself_the_keys_and_nobody_else_reads_them(secret: str, tmp_path: Path) -> None:
    service = SERVICES["s3"]
    place, entry = tmp_path / "s3.json", tmp_path / "entrypoint.sh"
    entry.write_text('#!/bin/sh\nfor word; do echo "$word"; done\n')
    entry.chmod(0o755)
    (script,) = service["command"]
    assert "${" not in script
    script = filled(script).replace("/entrypoint.sh", shlex.quote(str(entry))).replace("/tmp/s3.json", str(place))
    told = {"PATH": os.environ["PATH"], "RUSHES_S3_KEY": "rushes", "RUSHES_S3_SECRET": secret}
    assert set(service["environment"]) == {"RUSHES_S3_KEY", "RUSHES_S3_SECRET"}
    done = subprocess.run([*service["entrypoint"], script], env=told, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    (identity,) = json.loads(place.read_text())["identities"]
    assert identity["credentials"] == [{"accessKey": "rushes", "secretKey": secret}]
    assert "Admin" in identity["actions"]
    assert place.stat().st_mode & 0o077 == 0
    words = done.stdout.split()
    assert words[0] == "server"
    assert f"-s3.config={place}" in words


def test_no_secret_has_a_default() -> None:
    for name in SECRETS:
        uses = re.findall(rf"\$\{{{name}([^}}]*)\}}", TEXT)
        assert uses, name
        assert all(use == "" or use.startswith(":?") for use in uses), name
        assert any(use.startswith(":?") for use in uses), name


def test_what_a_service_waits_for_tells_how_it_is() -> None:
    for service in SERVICES.values():
        for other, condition in service.get("depends_on", {}).items():
            if condition["condition"] == "service_healthy":
                assert SERVICES[other]["healthcheck"]["test"][0] == "CMD"
            else:
                assert SERVICES[other]["restart"] == "no"


def test_programs_in_the_file_can_be_parsed() -> None:
    programs = [SERVICES[name]["command"][0] for name in ("buckets", "fill")]
    programs += [SERVICES[name]["healthcheck"]["test"][3] for name in ("head", "worker")]
    for program in programs:
        ast.parse(program)


def test_footage_is_put_into_its_bucket_under_the_names_of_its_folders(tmp_path: Path) -> None:
    pytest.importorskip("boto3")
    (tmp_path / "S01").mkdir()
    (tmp_path / "S01" / "a.mp4").write_bytes(b"film")
    store = Store({"project": {}})
    with s3_here(store) as endpoint:
        for name in ("buckets", "buckets", "fill"):
            program = SERVICES[name]["command"][0].replace("'/films'", repr(str(tmp_path)))
            told = os.environ | environment(endpoint) | {"AWS_EC2_METADATA_DISABLED": "true"}
            subprocess.run([sys.executable, "-c", program], env=told, check=True)
    assert {name: sorted(objects) for name, objects in store.buckets.items()} == {
        "footage": ["S01/a.mp4"],
        "project": [],
    }


def test_what_a_node_keeps_in_memory_leaves_room_for_its_workers() -> None:
    for name in ("head", "worker", "rushes"):
        service = SERVICES[name]
        (temporary,) = (one for one in service["tmpfs"] if one.startswith("/tmp:"))
        memory, shared, kept = (
            int(re.search(r"(\d+)g", str(one))[1])  # type: ignore[index]
            for one in (service["mem_limit"], service["shm_size"], temporary)
        )
        assert 0.3 * memory < shared  # what Ray takes by itself; in less it would put it into /tmp
        assert 0.3 * memory + kept < memory / 1.5


@pytest.mark.parametrize("name", ["head", "worker"])
def test_ray_understands_how_it_is_started(name: str) -> None:
    pytest.importorskip("ray")
    from ray.scripts.scripts import start

    ray, verb, *words = SERVICES[name]["entrypoint"]
    assert (ray, verb) == ("ray", "start")
    given = start.make_context("start", list(words)).params
    assert given["block"]
    assert given["disable_usage_stats"]
    if name == "head":
        assert (given["head"], given["include_dashboard"], given["port"]) == (True, False, 6379)
        assert given["ray_client_server_port"] == 10001
    else:
        assert given["address"] == "head:6379"


def test_docker_compose_reads_the_file() -> None:
    need_docker("compose", "version")
    told = os.environ | dict.fromkeys(SECRETS, "0123456789abcdef") | {"RUSHES_PROJECT": str(ROOT)}
    words = ("compose", "-f", "compose.cluster.yaml", "--profile", "rushes", "config", "--format", "json")
    done = docker(*words, env=told)
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)["services"]) == set(SERVICES)
