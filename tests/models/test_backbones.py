from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file

from rushes.errors import RecipeError, WeightsError
from rushes.models.backbones import Backbone, create_body, find_weights, free_last_stages, input_of, load_weights

TINY = Backbone("test_efficientnet")


def write_weights(path: Path, name: str = "test_efficientnet", *, class_count: int = 7) -> Path:
    torch.manual_seed(3)
    state = timm.create_model(name, num_classes=class_count).state_dict()
    if path.suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save(state, path)
    return path


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
@pytest.mark.parametrize("class_count", [7, 1000, 0])
def test_weights_load_whatever_classes_they_were_trained_for(tmp_path: Path, suffix: str, class_count: int) -> None:
    file = write_weights(tmp_path / f"weights{suffix}", class_count=class_count)
    body, width = create_body(TINY)
    load_weights(body, TINY, file)
    torch.manual_seed(3)
    expected = timm.create_model("test_efficientnet", num_classes=class_count).eval()
    picture = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        seen = body.eval()(picture)
        torch.testing.assert_close(seen, expected.forward_head(expected.forward_features(picture), pre_logits=True))
    assert seen.shape == (1, width)


def test_weights_of_another_backbone_are_refused(tmp_path: Path) -> None:
    file = write_weights(tmp_path / "other.safetensors", "test_resnet")
    body, _ = create_body(TINY)
    with pytest.raises(WeightsError, match=r"other\.safetensors does not hold the weights of 'test_efficientnet'"):
        load_weights(body, TINY, file)


def test_weights_that_lack_a_layer_are_refused(tmp_path: Path) -> None:
    state = timm.create_model("test_efficientnet").state_dict()
    del state["conv_stem.weight"]
    save_file(state, tmp_path / "half.safetensors")
    with pytest.raises(WeightsError, match="conv_stem"):
        load_weights(create_body(TINY)[0], TINY, tmp_path / "half.safetensors")


@pytest.mark.parametrize("name", ["weights.pth", "weights.safetensors"])
@pytest.mark.parametrize("content", [b"", b"no weights at all", b"PK\x03\x04"])
def test_a_file_that_is_no_weights_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(WeightsError, match="cannot be read as weights"):
        load_weights(create_body(TINY)[0], TINY, tmp_path / name)


class _Bomb:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self.path), "w")


def test_a_file_of_weights_is_never_executed(tmp_path: Path) -> None:
    with (tmp_path / "bomb.pth").open("wb") as file:
        pickle.dump({"conv_stem.weight": _Bomb(tmp_path / "exploded")}, file)
    with pytest.raises(WeightsError, match="cannot be read as weights"):
        load_weights(create_body(TINY)[0], TINY, tmp_path / "bomb.pth")
    assert not (tmp_path / "exploded").exists()


def test_an_unknown_backbone_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(RecipeError, match="Did you mean 'resnet50'"):
        create_body(Backbone("resnet5O"))


def test_an_unknown_tag_is_answered_with_the_nearest_one() -> None:
    with pytest.raises(RecipeError, match="Did you mean 'a1_in1k'"):
        find_weights(Backbone("resnet50.a1_in1kk"), file=None)


def test_arguments_that_a_backbone_does_not_take_are_named() -> None:
    with pytest.raises(RecipeError, match=r"model\.backbone_args .*colour"):
        create_body(Backbone("test_resnet", {"colour": "red"}))


def test_a_missing_file_of_weights_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"there is no file .*gone\.pth"):
        find_weights(TINY, file=tmp_path / "gone.pth")


def test_without_a_network_the_error_says_which_file_to_put_where(tmp_path: Path) -> None:
    program = (
        "from rushes.models.backbones import Backbone, find_weights\n"
        "from rushes.errors import WeightsError\n"
        "try: find_weights(Backbone('test_resnet'), file=None)\n"
        "except WeightsError as error: print(error)\n"
    )
    environment = {**os.environ, "HF_HOME": str(tmp_path), "HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_OFFLINE": "0"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    for word in ("test_resnet", "model.safetensors", str(tmp_path), "did not answer", 'model.weights = "FILE"'):
        assert word in done.stdout


def test_a_backbone_says_what_it_was_trained_to_see() -> None:
    seen = input_of(Backbone("mobilenetv2_100"))
    assert (seen.width, seen.height) == (224, 224)
    assert seen.mean == (0.485, 0.456, 0.406)
    assert not seen.fixed
    assert input_of(Backbone("test_vit")).fixed


@pytest.mark.parametrize("name", ["test_efficientnet", "test_resnet", "test_vit", "test_convnext"])
def test_more_stages_free_more_of_the_end_and_never_the_beginning(name: str) -> None:
    freed = []
    for count in (1, 2, 100):
        body, _ = create_body(Backbone(name))
        free_last_stages(body, count)
        freed.append({key for key, parameter in body.named_parameters() if parameter.requires_grad})
    every = [key for key, _ in body.named_parameters()]
    assert freed[0] < freed[1] <= freed[2] == set(every)
    assert every[0] not in freed[1]
    assert every[-1] in freed[0]


def test_the_last_stage_of_a_mobilenet_begins_after_its_last_but_one_reduction() -> None:
    body, _ = create_body(Backbone("mobilenetv2_100"))
    free_last_stages(body, 1)
    freed = {".".join(key.split(".")[:2]) for key, p in body.named_parameters() if p.requires_grad}
    assert freed == {"blocks.5", "blocks.6", "conv_head.weight", "bn2.weight", "bn2.bias"}


def test_a_backbone_comes_back_from_its_table() -> None:
    backbone = Backbone("mobilenetv2_100", {"pad_type": "same"})
    assert Backbone.from_table(backbone.to_table()) == backbone


@pytest.mark.slow
def test_the_local_mobilenet_still_tells_its_thousand_classes_apart(media: Path) -> None:
    file = media / "weights" / "mobilenetv2_100_tf_ptq_dequant_fp16.pth"
    backbone = Backbone("mobilenetv2_100", {"pad_type": "same"})
    body, width = create_body(backbone)
    load_weights(body, backbone, find_weights(backbone, file=file))
    stored = torch.load(file, weights_only=True)
    assert width == stored["classifier.weight"].shape[1] == 1280
    torch.testing.assert_close(body.state_dict()["conv_stem.weight"], stored["conv_stem.weight"].float())
