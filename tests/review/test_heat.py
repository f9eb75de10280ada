from __future__ import annotations

import io
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bundles.tiny import CLASSES, PREPROCESSING, tiny_bundle
from review.shoots import TOKEN, Page, make_project, opened, served, take_in, wait_for
from rushes.datasets.measured_input import Prepared
from rushes.datasets.preprocessing import prepare
from rushes.footage.picture import parse_size
from rushes.review import gather
from rushes.review.heat import HeatDesk
from rushes.review.picture_cache import PictureCache
from rushes.review.pictures import PictureDesk
from rushes.review.renditions import Renditions
from rushes.review.session import Review


class Colours:
    """Answers which colour a picture has most of, and waits where it is told to."""

    identity, classes, preprocessing, working_size = "culled", CLASSES, PREPROCESSING, parse_size("64")

    def __init__(self) -> None:
        self.asked, self.goes_on = threading.Event(), threading.Event()
        self.goes_on.set()
        self.answers = 0

    def prepared(self, pixels: np.ndarray) -> Prepared:
        return Prepared(prepare(pixels, self.preprocessing))

    def probabilities(self, prepared: Sequence[Prepared]) -> np.ndarray:
        self.asked.set()
        self.goes_on.wait(20)
        self.answers += 1
        found = np.array([one.pixels.mean((0, 1)) for one in prepared], np.float32)
        return found / found.sum(1, keepdims=True)


@contextmanager
def heated(
    folder: Path,
    model: Colours | None = None,
    *,
    bundle: Path | None = None,
    identity: str = "culled",
    class_name: str = CLASSES[0],
) -> Iterator[tuple[Page, Review, HeatDesk]]:
    """Serve two photographs with the heat of a model, or of a bundle."""
    project = make_project(folder / "project", names=2)
    with opened(project) as catalog:
        take_in(catalog, project, project.root / "shoot")
        review = gather.review_of_task(catalog, project.task("select"), project=project)
        cache = PictureCache(folder / "cache")
        desk = PictureDesk(review.items, renditions=Renditions(project.root), cache=cache, works_ahead=False)
        open_model: Callable[[Path], Colours] | None = None if model is None else lambda _: model
        heat = HeatDesk(bundle or folder, identity, class_name, pictures=desk, open_model=open_model)
        try:
            with served(review, catalog, project, heat=heat) as page:
                yield page, review, heat
        finally:
            heat.close()
            desk.close()


def test_heat_is_painted_over_the_photograph_in_its_shape_and_kept(tmp_path: Path) -> None:
    bundle = tiny_bundle(tmp_path / "bundle")
    with heated(tmp_path, bundle=bundle.folder, identity=bundle.id) as (page, review, _):
        frame = review.items[0].id
        assert page.get(f"items/{frame}").json["heat"] is True
        answer = page.get(f"pictures/{frame}/heat")
        painted = np.asarray(Image.open(io.BytesIO(answer.body)))
        assert (answer.status, painted.shape) == (200, (683, 1024, 3))
        assert page.get(f"pictures/{frame}/heat").body == answer.body


@pytest.mark.parametrize(
    ("bundle", "identity", "class_name", "said"),
    [
        ("gone", "culled", CLASSES[0], "no longer there"),
        (".", "another", CLASSES[0], "is another one now"),
        (".", "culled", "select", "has no class 'select'"),
    ],
)
def test_another_bundle_or_none_paints_nothing_and_says_why(
    tmp_path: Path, bundle: str, identity: str, class_name: str, said: str
) -> None:
    asked = {"bundle": tmp_path / bundle, "identity": identity, "class_name": class_name}
    with heated(tmp_path, Colours(), **asked) as (page, review, _):
        answer = page.get(f"pictures/{review.items[0].id}/heat")
        assert answer.status == 404
        assert said in answer.json["detail"]
        assert page.get(f"items/{review.items[0].id}").json["heat"] is False


def test_heat_that_nobody_waits_for_is_given_up_and_holds_up_no_other_request(tmp_path: Path) -> None:
    model = Colours()
    model.goes_on.clear()
    with heated(tmp_path, model) as (page, review, heat):
        first, second = (item.id for item in review.items)

        def ask_and_stay(frame: str) -> socket.socket:
            connection = socket.create_connection(("127.0.0.1", page.port))
            path = f"/reviews/{page.slug}/pictures/{frame}/heat?token={TOKEN}"
            head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\n\r\n"
            connection.sendall(head.encode())
            return connection

        waiting = [ask_and_stay(first), *(ask_and_stay(second) for _ in range(60))]
        assert model.asked.wait(20)
        assert page.get("session").status == 200, "waiting for heat takes no thread of the others"
        assert page.get(f"pictures/{second}/fit").status == 200
        for connection in waiting:
            connection.close()
        wait_for(lambda: heat.wanted == 0)
        model.goes_on.set()
        assert page.get(f"pictures/{second}/heat").status == 200
        whole = model.answers - 1
        assert page.get(f"pictures/{first}/heat").status == 200
        assert model.answers - 1 == 2 * whole, "of the first one answer was given before it was dropped"
