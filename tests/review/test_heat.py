from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from bundles.tiny import tiny_bundle
from review.shoots import make_project, opened, served, take_in
from rushes.review import gather
from rushes.review.heat import HeatDesk
from rushes.review.picture_cache import PictureCache
from rushes.review.pictures import PictureDesk
from rushes.review.renditions import Renditions


def test_heat_is_painted_over_the_photograph_in_its_shape_and_kept(tmp_path: Path) -> None:
    bundle = tiny_bundle(tmp_path / "bundle")
    project = make_project(tmp_path / "project", names=1)
    with opened(project) as catalog:
        take_in(catalog, project, project.root / "shoot")
        review = gather.review_of_task(catalog, project.task("select"), project=project)
        item = review.items[0]
        cache = PictureCache(tmp_path / "cache")
        desk = PictureDesk(review.items, renditions=Renditions(project.root), cache=cache, works_ahead=False)
        heat = HeatDesk(bundle.folder, bundle.id, bundle.classes[0], pictures=desk)
        with served(review, catalog, project, heat=heat) as page:
            assert page.get(f"/api/items/{item.id}").json["heat"] is True
            answer = page.get(f"/pictures/{item.id}/heat")
            painted = np.asarray(Image.open(io.BytesIO(answer.body)))
            assert (answer.status, painted.shape) == (200, (683, 1024, 3))
            assert page.get(f"/pictures/{item.id}/heat").body == answer.body
        desk.close()


def test_another_bundle_or_none_paints_nothing_and_says_why(tmp_path: Path) -> None:
    bundle = tiny_bundle(tmp_path / "bundle")
    project = make_project(tmp_path / "project", names=1)
    with opened(project) as catalog:
        take_in(catalog, project, project.root / "shoot")
        review = gather.review_of_task(catalog, project.task("select"), project=project)
        frame = review.items[0].id
        desk = PictureDesk(
            review.items, renditions=Renditions(project.root), cache=PictureCache(tmp_path / "c"), works_ahead=False
        )
        for folder, identity, class_name, said in (
            (tmp_path / "gone", bundle.id, bundle.classes[0], "no longer there"),
            (bundle.folder, "another", bundle.classes[0], "is another one now"),
            (bundle.folder, bundle.id, "select", "has no class 'select'"),
        ):
            heat = HeatDesk(folder, identity, class_name, pictures=desk)
            with served(review, catalog, project, heat=heat) as page:
                answer = page.get(f"/pictures/{frame}/heat")
                assert answer.status == 404
                assert said in answer.json["detail"]
                assert page.get(f"/api/items/{frame}").json["heat"] is False
        desk.close()
