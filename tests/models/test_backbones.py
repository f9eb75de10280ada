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
from rushes.models.backbones import (
    Backbone,
    create_body,
    find_weights,
    free_last_stages,
    input_of,
    load_weights,
    stage_of_parameters,
)

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


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
@pytest.mark.parametrize("other", ["test_resnet", "test_vit", "test_convnext"])
def test_weights_of_another_backbone_are_refused(tmp_path: Path, suffix: str, other: str) -> None:
    file = write_weights(tmp_path / f"other{suffix}", other)
    body, _ = create_body(TINY)
    before = {key: value.clone() for key, value in body.state_dict().items()}
    with pytest.raises(
        WeightsError, match=r"other\.\w+ does not hold the weights of 'test_efficientnet': \d of \d+ tensors fit"
    ):
        load_weights(body, TINY, file)
    assert all(torch.equal(value, before[key]) for key, value in body.state_dict().items())


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_a_file_of_weights_that_is_cut_off_is_refused(tmp_path: Path, suffix: str, share: float) -> None:
    file = write_weights(tmp_path / f"cut{suffix}")
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(WeightsError, match=r"cut\.\w+ cannot be read as weights: its [\d,]+ bytes may be cut off"):
        load_weights(create_body(TINY)[0], TINY, file)


def test_weights_that_lack_a_layer_are_refused(tmp_path: Path) -> None:
    state = timm.create_model("test_efficientnet").state_dict()
    del state["conv_stem.weight"]
    save_file(state, tmp_path / "half.safetensors")
    with pytest.raises(WeightsError, match=r": (\d+) of \d+ tensors fit; conv_stem\.weight is not there\."):
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


def test_where_the_weights_are_not_at_hand_the_file_of_the_project_that_fits_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "weights"
    folder.mkdir()
    (folder / "test_efficientnet_tf.pth").write_bytes(b"1")
    (folder / "resnet50.pth").write_bytes(b"1")
    with pytest.raises(WeightsError, match=r"--set model\.weights=weights/test_efficientnet_tf\.pth"):
        find_weights(TINY, file=tmp_path / "gone.pth", folder=folder)


@pytest.mark.longer
def test_without_a_network_the_error_says_which_file_to_put_where(tmp_path: Path) -> None:
    program = (
        "from rushes.models.backbones import Backbone, find_weights\n"
        "from rushes.errors import WeightsError\n"
        "try: find_weights(Backbone('test_resnet'), file=None)\n"
        "except WeightsError as error: print(error)\n"
    )
    environment = {**os.environ, "HF_HOME": str(tmp_path), "HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_OFFLINE": "0"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    place = "weights/test_resnet.safetensors"
    for word in ("test_resnet", "model.safetensors", str(tmp_path), "did not answer", f'model.weights = "{place}"'):
        assert word in done.stdout
    there = tmp_path / place
    there.parent.mkdir()
    there.write_bytes(b"1")
    program = program.replace("file=None", f"file=None, folder=Path({str(there.parent)!r})")
    program = f"from pathlib import Path\n{program}"
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert f"{place} is there: --set model.weights={place}" in done.stdout


def test_a_backbone_says_what_it_was_trained_to_see() -> None:
    seen = input_of(Backbone("mobilenetv2_100"))
    assert (seen.width, seen.height) == (224, 224)
    assert seen.mean == (0.485, 0.456, 0.406)
    assert not seen.fixed
    assert input_of(Backbone("test_vit")).fixed


@pytest.mark.parametrize("name", ["test_efficientnet", "test_resnet", "test_vit", "test_convnext"])
def test_more_stages_free_more_of_the_end_and_never_the_beginning(name: str) -> None:
    freed = []
    body, _ = create_body(Backbone(name))
    most = max(stage_of_parameters(body).values()) + 1
    for count in (1, 2, most):
        body, _ = create_body(Backbone(name))
        free_last_stages(body, count)
        freed.append({key for key, parameter in body.named_parameters() if parameter.requires_grad})
    every = [key for key, _ in body.named_parameters()]
    assert freed[0] < freed[1] <= freed[2] == set(every)
    assert every[0] not in freed[1]
    assert every[-1] in freed[0]
    with pytest.raises(RecipeError, match=rf"model\.stages is 99, but this backbone has {most} stages"):
        free_last_stages(body, 99)


def test_the_last_stage_of_a_mobilenet_begins_after_its_last_but_one_reduction() -> None:
    body, _ = create_body(Backbone("mobilenetv2_100"))
    free_last_stages(body, 1)
    freed = {".".join(key.split(".")[:2]) for key, p in body.named_parameters() if p.requires_grad}
    assert freed == {"blocks.5", "blocks.6", "conv_head.weight", "bn2.weight", "bn2.bias"}


# Of each, what the last stage and the first begin and end with; a ViT's stages are its blocks.
STAGES = {
    "vgg16": (6, "features.0.weight", "pre_logits.fc2.bias"),
    "resnet50": (5, "conv1.weight", "layer4.2.bn3.bias"),
    "tf_efficientnetv2_s": (5, "conv_stem.weight", "bn2.bias"),
    "mobilenetv3_large_100": (5, "conv_stem.weight", "conv_head.bias"),
    "mobilenetv4_conv_small": (5, "conv_stem.weight", "norm_head.bias"),
    "convnext_tiny": (4, "stem.0.weight", "head.norm.bias"),
    "vit_small_patch16_224": (12, "cls_token", "norm.bias"),
    "vit_small_patch14_dinov2": (12, "cls_token", "norm.bias"),
    "vit_base_patch16_siglip_224": (12, "pos_embed", "attn_pool.mlp.fc2.bias"),
    "swin_tiny_patch4_window7_224": (4, "patch_embed.proj.weight", "norm.bias"),
}


@pytest.mark.parametrize("name", STAGES)
def test_every_parameter_of_a_backbone_belongs_to_a_stage(name: str) -> None:
    count, first, last = STAGES[name]
    with torch.device("meta"):
        body, _ = create_body(Backbone(name))
    stages = stage_of_parameters(body)
    assert list(stages) == [key for key, _ in body.named_parameters()]
    assert set(stages.values()) == set(range(count))
    assert stages[first] == count - 1
    assert stages[last] == 0
    for freed in (0, 1, count - 1, count):
        free_last_stages(body, freed)
        trained = {key for key, parameter in body.named_parameters() if parameter.requires_grad}
        assert trained == {key for key, stage in stages.items() if stage < freed}


def test_the_blocks_are_the_stages_of_a_backbone_that_lists_none() -> None:
    body, _ = create_body(Backbone("test_vit"))
    listed = stage_of_parameters(body)
    del body.feature_info
    assert stage_of_parameters(body) == listed


def test_a_backbone_without_stages_says_so() -> None:
    with pytest.raises(RecipeError, match=r"timm does not say where the stages .* model\.trained = 'all'"):
        stage_of_parameters(torch.nn.Sequential(torch.nn.Linear(2, 2)))


def test_vgg_sees_with_its_convolutions_and_then_with_its_dense_layers(tmp_path: Path) -> None:
    backbone = Backbone("vgg16", {"mlp_ratio": 1 / 256})  # its dense layers alone would be half a gigabyte
    torch.manual_seed(0)
    known = timm.create_model("vgg16", num_classes=5, mlp_ratio=1 / 256).eval()
    save_file(known.state_dict(), tmp_path / "vgg.safetensors")
    body, width = create_body(backbone)
    load_weights(body, backbone, tmp_path / "vgg.safetensors")
    picture = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        seen = body.eval()(picture)
        torch.testing.assert_close(known.head.fc(seen), known(picture))
    assert seen.shape == (1, width) == (1, 4096)


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
