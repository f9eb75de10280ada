"""The compose file of a cluster: what it promises; its commands are tried where Ray and Docker are."""

from __future__ import annotations

import ast
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.test_docker import docker, need_docker

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
    programs = [SERVICES["buckets"]["command"][0]]
    programs += [SERVICES[name]["healthcheck"]["test"][3] for name in ("head", "worker")]
    for program in programs:
        ast.parse(program)


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
    environment = os.environ | dict.fromkeys(SECRETS, "0123456789abcdef")
    words = ("compose", "-f", "compose.cluster.yaml", "--profile", "rushes", "config", "--format", "json")
    done = docker(*words, env=environment)
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)["services"]) == set(SERVICES)
