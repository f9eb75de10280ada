"""A server behind the page whose answers are fixed: the API's contract, each state held as long as a test likes."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import numpy as np
from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from PIL import Image

from rushes.web.guard import Access, Guard
from rushes.web.page_files import page_router
from rushes.web.replies import add_problems, json_reply, problem_reply

SCALES = ("ECS", "CS", "MS", "FS", "LS")
_SECONDS = 8.0


def bundle(name: str = "scale-b0", **changes: Any) -> dict[str, Any]:
    told = {"name": name, "id": "5e1f" * 16, "kind": "pictures", "task": "scale", "classes": list(SCALES)}
    return told | {"thresholds": {"MS": 0.5, "LS": 0.9}, "calibration": "temperature", "size": [224, 224]} | changes


SHOTS = bundle(
    "cinema", kind="shots", tasks={"scale": list(SCALES), "movement": ["static", "push", "pull"]}, thresholds=None
)


def scores_of(best: str, share: float, classes: tuple[str, ...] = SCALES) -> dict[str, float]:
    return {name: share if name == best else (1 - share) / (len(classes) - 1) for name in classes}


def _place(start: float, stop: float) -> dict[str, Any]:
    code = [f"00:00:{int(one):02}:{round(one % 1 * 25):02}" for one in (start, stop)]
    return {
        "start": round(start * 25),
        "stop": round(stop * 25),
        "start_seconds": start,
        "stop_seconds": stop,
        "start_timecode": code[0],
        "stop_timecode": code[1],
    }


SEGMENTS = ((0.0, 2.0, "LS", 0.81), (2.0, 3.2, "MS", 0.93), (3.2, 5.6, "CS", 0.58), (5.6, 8.0, "MS", 0.74))


def _model(name: str) -> dict[str, Any]:
    return {"bundle": {"name": name, "id": "5e1f" * 16}, "task": "scale"}


def picture_answer(name: str, best: str = "MS", share: float = 0.93) -> dict[str, Any]:
    scores = scores_of(best, share)
    return {
        "predicted_class": best,
        "confidence": share,
        "kind": "photo",
        "scores": scores,
        "thresholds": {"MS": 0.5, "LS": 0.9},
        "above": [one for one, least in (("MS", 0.5), ("LS", 0.9)) if scores[one] >= least],
    } | _model(name)


def video_answer(name: str) -> dict[str, Any]:
    timeline = [
        _place(start, stop)
        | {"predicted_class": best, "confidence": share, "scores": scores_of(best, share), "sampled_frames": 2}
        for start, stop, best, share in SEGMENTS
    ]
    scores = scores_of("MS", 0.61)
    return {
        "predicted_class": "MS",
        "confidence": 0.61,
        "kind": "video",
        "scores": scores,
        "duration_seconds": _SECONDS,
        "confidence_sums": {one: 8 * share for one, share in scores.items()},
        "frames_above": {"MS": 4},
        "sampled_frames": 8,
        "lost_frames": 0,
        "warnings": [],
        "timeline": timeline,
    } | _model(name)


def shots_answer() -> dict[str, Any]:
    moves = ("static", "push", "static", "pull")
    timeline = [
        {"shot": number}
        | _place(start, stop)
        | {
            "note": "",
            "answers": {
                "scale": {"class": best, "probability": share, "reason": "", "scores": scores_of(best, share)},
                "movement": {
                    "class": moves[number - 1],
                    "probability": 0.8,
                    "reason": "zoom 1.2 %/s",
                    "scores": scores_of(moves[number - 1], 0.8, ("static", "push", "pull")),
                },
            },
        }
        for number, (start, stop, best, share) in enumerate(SEGMENTS, 1)
    ]
    tasks = {"scale": ("MS", 0.61, SCALES), "movement": ("static", 0.55, ("static", "push", "pull"))}
    answers = {
        task: {"predicted_class": best, "confidence": share, "scores": scores_of(best, share, classes)}
        for task, (best, share, classes) in tasks.items()
    }
    return {
        "predicted_class": "MS",
        "confidence": 0.61,
        "kind": "shots",
        "scores": answers["scale"]["scores"],
        "tasks": answers,
        "timeline": timeline,
        "duration_seconds": _SECONDS,
        "warnings": ["the film is cut off"],
    } | _model("cinema")


def heat(width: int = 96, height: int = 64, *, whole: bool = False) -> bytes:
    """Return a PNG: heat in the middle, clear around it; over a grey picture where it is to be whole."""
    down, across = np.mgrid[0:height, 0:width]
    warm = np.exp(-(((across / width - 0.5) * 4) ** 2 + ((down / height - 0.5) * 4) ** 2))
    pixels = np.zeros((height, width, 4), np.uint8)
    pixels[..., 0], pixels[..., 1], pixels[..., 3] = 255, (200 * warm).astype(np.uint8), (230 * warm).astype(np.uint8)
    image, data = Image.fromarray(pixels), io.BytesIO()
    if whole:
        image = Image.alpha_composite(Image.new("RGBA", (width, height), (90, 90, 90, 255)), image).convert("RGB")
    image.save(data, "PNG")
    return data.getvalue()


@dataclass
class Standin:
    """The server's state, that a test sets and reads; one server, one event loop.

    Attributes:
        busy: how many of the next requests are refused, each with `Retry-After: 0.2`.
        refuses: detail of the problem that every prediction ends in; "" for none.
        answers: name of a file -> its answer, where it is not that of every picture.
        held: while True, a job stands at three of eight frames.
        deaf: while True, the events of a job break off at once.
        told: path and fields of every request that was taken.
    """

    bundles: tuple[Mapping[str, Any], ...] = (bundle(),)
    tabs: tuple[str, ...] = ("predict",)
    busy: int = 0
    refuses: str = ""
    answers: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    held: bool = False
    deaf: bool = False
    explains: bool = True
    previews: bool = True
    upload_bytes: int = 50_000_000
    told: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)

    def app(self) -> Guard:
        """Return the application: the page, behind the same guard as the real one."""
        app = FastAPI(openapi_url=None)
        add_problems(app)
        app.include_router(page_router())
        jobs: dict[str, dict[str, Any]] = {}

        @app.get("/app.json")
        async def config() -> Response:
            return json_reply(
                {
                    "schema": "app/1",
                    "version": "0.1.0",
                    "tabs": list(self.tabs),
                    "opens_on": "predict",
                    "person": "ann",
                    "bundles": list(self.bundles),
                    "reviews": [],
                    "project": "films",
                    "limits": {"upload_bytes": self.upload_bytes},
                }
            )

        async def taken(request: Request) -> tuple[str, dict[str, str]] | Response:
            form = await request.form()
            fields = {name: value for name, value in form.items() if isinstance(value, str)}
            name = str(getattr(form.get("file"), "filename", ""))
            await form.close()
            if self.busy:
                self.busy -= 1
                return problem_reply(
                    HTTPStatus(429), "too many requests of yours are being answered", headers={"Retry-After": "0.2"}
                )
            self.told.append((request.url.path, fields | {"file": name}))
            return (name, fields) if not self.refuses else problem_reply(HTTPStatus(422), self.refuses)

        @app.post("/predict")
        async def predict(request: Request) -> Response:
            found = await taken(request)
            if isinstance(found, Response):
                return found
            name, fields = found
            return json_reply(self.answers.get(name) or picture_answer(fields["bundle"]))

        @app.post("/explain")
        async def explain(request: Request) -> Response:
            found = await taken(request)
            if isinstance(found, Response):
                return found
            if not self.explains:
                return problem_reply(HTTPStatus(422), "this bundle tells no reasons. Export it with --explain")
            whole = found[1].get("overlay", "true") != "false"
            return Response(heat(whole=whole), media_type="image/png", headers={"Rushes-Class": found[1]["class"]})

        @app.post("/preview")
        async def preview(request: Request) -> Response:
            found = await taken(request)
            if isinstance(found, Response):
                return found
            if not self.previews:
                return problem_reply(HTTPStatus(422), "the file is cut off after 4 kB")
            data = io.BytesIO()
            Image.new("RGB", (96, 64), (90, 90, 140)).save(data, "JPEG")
            return Response(data.getvalue(), media_type="image/jpeg")

        @app.post("/jobs")
        async def begin(request: Request) -> Response:
            found = await taken(request)
            if isinstance(found, Response):
                return found
            name, fields = found
            if name.endswith(".txt"):
                return problem_reply(HTTPStatus(415), "the file is text. Taken are JPEG, PNG, …, and films")
            key = f"job-{len(jobs)}"
            jobs[key] = {"id": key, "state": "running", "done": 3, "total": 8, "href": f"/jobs/{key}"}
            jobs[key]["answer"] = shots_answer() if fields["bundle"] == "cinema" else video_answer(fields["bundle"])
            return json_reply(
                {one: value for one, value in jobs[key].items() if one != "answer"}, status=HTTPStatus.ACCEPTED
            )

        def state_of(key: str) -> dict[str, Any]:
            told = {one: value for one, value in jobs[key].items() if one != "answer"}
            if told["state"] == "running" and not self.held:
                told |= {"state": "done", "done": 8, "result": jobs[key]["answer"]}
            return told

        @app.get("/jobs/{key}")
        async def look(key: str) -> Response:
            return json_reply(state_of(key))

        @app.delete("/jobs/{key}")
        async def give_up(key: str) -> Response:
            jobs[key]["state"] = "cancelled"
            self.ended.append(key)
            return json_reply(state_of(key))

        @app.get("/jobs/{key}/events")
        async def events(key: str) -> Response:
            async def stream() -> AsyncIterator[str]:
                if self.deaf:
                    return
                while (told := state_of(key))["state"] == "running":
                    how_far = {one: told[one] for one in ("state", "done", "total")}
                    yield f"event: progress\ndata: {json.dumps(how_far)}\n\n"
                    await asyncio.sleep(0.02)
                if "result" in told:
                    yield f"event: result\ndata: {json.dumps(told['result'])}\n\n"

            return StreamingResponse(stream(), media_type="text/event-stream")

        return Guard(app, Access("", "rushes-standin", is_free=lambda path: True))
