"""Where in the frames of a shot an answer came from: Grad-CAM, frame by frame.

This module needs the `train` extra; callers ask `rushes.errors.require_extra` before they import it.
"""

from __future__ import annotations

from typing import Any

import torch

from rushes.models.clip import ShotNetwork
from rushes.models.heat import class_odds, grad_cam
from rushes.models.views import place_features, views_of_map


def heat_of_shot(
    network: ShotNetwork,
    task: str,
    class_index: int,
    *,
    pixels: torch.Tensor,
    subject: torch.Tensor | None = None,
    series: torch.Tensor | None = None,
    series_mask: torch.Tensor | None = None,
    aggregates: torch.Tensor | None = None,
) -> torch.Tensor | None:
    """Return how much each place of each frame spoke for a class, (frames, rows, columns) from 0 to 1.

    The features of the body's last map are weighed by how much more of each would raise the class's log odds, on
    average over the frame: `rushes.models.heat` says why not its logit. The warmest place of the shot is 1, so that
    frames can be held against each other. The gradient begins at that map: a frozen body needs none.

    Args:
        network: in evaluation mode.
        pixels: (frames, height, width, channels) uint8, of one shot, prepared.
        subject: (frames, rows, columns) from 0 to 1.
        series, series_mask, aggregates: as `ShotNetwork.answer` takes them, of this one shot.

    Returns:
        None where the answer does not rest on frames, where the body's features have no place in the picture, or where
        no place spoke for the class.
    """
    if network.body is None or not network.head(task).design.sees_frames:
        return None
    body: Any = network.body
    if not hasattr(body, "forward_features") or not hasattr(body, "forward_head"):
        return None
    with torch.no_grad():
        pictures = pixels.permute(0, 3, 1, 2).to(torch.float32) / 255
        last = body.forward_features((pictures - network.mean) / network.std)
    if not isinstance(last, torch.Tensor) or place_features(network.body, last) is None:
        return None
    with torch.enable_grad():
        last = last.detach().requires_grad_()
        features = views_of_map(network.body, last, subject, network.views).float().unsqueeze(0)
        mask = torch.ones(1, len(pixels), dtype=torch.bool, device=last.device)
        logits = network.answer(features, mask, series, series_mask, aggregates)[task]
        (gradient,) = torch.autograd.grad(class_odds(logits, [class_index]), last)
    placed, slopes = place_features(network.body, last.detach()), place_features(network.body, gradient)
    assert placed is not None
    assert slopes is not None
    heat = grad_cam(placed, slopes)
    most = heat.max()
    return heat / most if float(most) > 0 else None
