"""Where each point of a virtual camera's frame lies in the scene, as plane homographies."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, exp, log, sin

import numpy as np
import numpy.typing as npt

from rushes.datasets.synthetic.camera_plan import CameraPlan, PatchPlan

Matrix = npt.NDArray[np.float64]


def background_view(plan: CameraPlan, frame: int) -> Matrix:
    """Return the (3, 3) matrix from a point of the picture to the background's point that is seen there.

    Both are in frame widths from the middle, x to the right and y downwards; the background is as seen at rest. It is
    a plane whose inverse distance grows by the plan's slopes (Hartley and Zisserman, Multiple View Geometry, 13.1).
    """
    normal = np.array([plan.slope_x, plan.slope_y, 1.0])
    return _moved(plan, frame, normal) @ _turned(plan, frame)


def patch_view(plan: CameraPlan, patch: PatchPlan, frame: int) -> Matrix:
    """Return the (3, 3) matrix from a point of the picture to the patch's own: in its radii, from its middle."""
    facing = np.array([0.0, 0.0, patch.nearness])
    turn, size = patch.turns[frame], patch.radius * exp(patch.grows[frame])
    x, y = patch.x + patch.moves_x[frame], patch.y + patch.moves_y[frame]
    back = np.array([[cos(turn), sin(turn), 0], [-sin(turn), cos(turn), 0], [0, 0, size]]) / size
    return back @ _shifted(-x, -y) @ _moved(plan, frame, facing) @ _turned(plan, frame)


def log_zooms(plan: CameraPlan) -> tuple[float, ...]:
    """Return per shown frame how much larger the background is in the middle than at first, as a logarithm."""
    sizes = [-log(_scale_at_middle(background_view(plan, frame))) for frame in plan.shown]
    return tuple(size - sizes[0] for size in sizes)


def shifts(plan: CameraPlan) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return per shown frame how far the view went right, and down, since the first, in frame widths."""
    seen = [background_view(plan, frame)[:, 2] for frame in plan.shown]
    right, down = [float(m[0] / m[2]) for m in seen], [float(m[1] / m[2]) for m in seen]
    return tuple(x - right[0] for x in right), tuple(y - down[0] for y in down)


def corners_seen(plan: CameraPlan) -> npt.NDArray[np.float64]:
    """Return (frames, 4, 2): the points of the background at the picture's corners, in frame widths."""
    half = plan.picture_size[1] / plan.picture_size[0] / 2
    corners = np.array([[-0.5, -half, 1], [0.5, -half, 1], [0.5, half, 1], [-0.5, half, 1]]).T
    seen = np.stack([background_view(plan, frame) @ corners for frame in sorted(set(plan.shown))])
    return np.asarray((seen[:, :2] / seen[:, 2:]).transpose(0, 2, 1))


def _turned(plan: CameraPlan, frame: int) -> Matrix:
    """What the lens and the head do: zoom about the focus, roll about the middle, pan and tilt."""
    path = plan.path
    roll, shrunk = path.roll[frame], exp(-path.log_zoom[frame])
    rolled = np.array([[cos(roll), -sin(roll), 0], [sin(roll), cos(roll), 0], [0, 0, 1]])
    to_focus, back = _shifted(plan.focus_x, plan.focus_y), _shifted(-plan.focus_x, -plan.focus_y)
    focused = to_focus @ np.diag([shrunk, shrunk, 1]) @ back
    return np.asarray(_shifted(path.pan_x[frame], path.pan_y[frame]) @ focused @ rolled)


def _moved(plan: CameraPlan, frame: int, normal: Sequence[float] | Matrix) -> Matrix:
    """What the camera's place does to a plane: n·X = 1 when the camera is at rest."""
    path = plan.path
    place = np.array([path.right[frame], path.down[frame], path.forward[frame]])
    away = np.asarray(normal) / (1 - float(np.dot(normal, place)))
    return np.eye(3) + np.outer(place, away)


def _shifted(x: float, y: float) -> Matrix:
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])


def _scale_at_middle(view: Matrix) -> float:
    """The square root of the area that a small square at the middle covers."""
    x, y, w = view[:, 2]
    slope = np.array([[view[0, 0] * w - x * view[2, 0], view[0, 1] * w - x * view[2, 1]],
                      [view[1, 0] * w - y * view[2, 0], view[1, 1] * w - y * view[2, 1]]]) / w**2  # fmt: skip
    return float(abs(np.linalg.det(slope)) ** 0.5)
