"""The steps by which one network learns, as large as the machine takes them.

This module needs the `train` extra; `rushes.learning.train` asks for it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch

from rushes.errors import RunError
from rushes.learning.crew import ALONE, Crew
from rushes.learning.hardware import is_out_of_memory, release_memory
from rushes.learning.loader import Batch
from rushes.learning.losses import loss_sum
from rushes.learning.recipe import Recipe
from rushes.models.network import Network

_log = logging.getLogger(__name__)


class Learner:
    """The steps of one network: forward, backward, and what the machine takes of it at a time.

    Attributes:
        piece_size: pictures that go through the network at a time, at most.
        notes: what happened to it.
    """

    def __init__(
        self,
        network: Network,
        optimiser: torch.optim.Optimizer,
        trained: Mapping[str, torch.nn.Parameter],
        weights: torch.Tensor,
        recipe: Recipe,
        crew: Crew,
        bf16: bool,
        piece_size: int,
    ) -> None:
        self.piece_size = piece_size
        self.notes: list[str] = []
        self._network = network
        self._optimiser = optimiser
        self._trained = trained
        self._weights = weights
        self._recipe = recipe
        self._crew = crew
        self._bf16 = bf16
        self._device = network.mean.device
        self.begin()

    @property
    def device(self) -> torch.device:
        return self._device

    @contextmanager
    def nothing_learnt(self) -> Iterator[None]:
        """Let the network and the optimiser be after the block as they were before it."""
        before = {name: tensor.clone() for name, tensor in self._network.state_dict().items()}
        crew, self._crew = self._crew, ALONE  # the others do not take part
        trains = self._network.training
        self._network.train()
        try:
            yield
        finally:
            self._crew = crew
            self._network.load_state_dict(before)
            self._network.train(trains)
            self._optimiser.state.clear()
            self._optimiser.zero_grad(set_to_none=True)
            self.begin()

    def begin(self) -> None:
        """Forget the losses of the epoch before."""
        self._losses = torch.zeros(2, device=self._device)

    def mean_loss(self) -> float:
        """Return the loss per weight of the samples of this epoch so far; 0 while none could be read."""
        loss, weight = self._losses.tolist()
        return loss / weight if weight else 0.0

    def learn(self, batch: Batch, rate: float) -> None:
        """Take one step; where memory runs out it is taken again in smaller pieces, with the same outcome."""
        for group in self._optimiser.param_groups:
            group["lr"] = rate * group["share"]
        if self._crew.size == 1 and not len(batch.places):
            return
        truth = batch.truth.to(self._device, non_blocking=True)
        weight = self._weights[truth].sum()
        self._crew.add_up([weight])
        while True:
            self._optimiser.zero_grad(set_to_none=True)
            try:
                loss = self._gradients_of(batch.pixels, truth, weight)
                self._share_gradients(loss)
                self._optimiser.step()
                break
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
            self._halve(len(truth))
        self._losses += torch.stack([loss, weight])

    def _share_gradients(self, loss: torch.Tensor) -> None:
        """Let every process of the crew have the gradients of the whole batch, and its loss."""
        if self._crew.size == 1:
            return
        gradients = []
        for parameter in self._trained.values():
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            gradients.append(parameter.grad)
        self._crew.add_up([loss, *gradients])

    def _gradients_of(self, shown: torch.Tensor, truth: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        """Leave the gradients of the loss per weight in the parameters; return the loss, summed."""
        pixels = shown.to(self._device, non_blocking=True)
        total = torch.zeros_like(weight)
        for start in range(0, len(truth), self.piece_size):
            piece = slice(start, start + self.piece_size)
            with torch.autocast(self._device.type, torch.bfloat16, enabled=self._bf16):
                logits = self._network(pixels[piece])
            loss = loss_sum(logits.float(), truth[piece], self._weights, self._recipe)
            (loss / weight).backward()  # type: ignore[no-untyped-call]
            total += loss.detach()
        return total

    def _halve(self, batch_size: int) -> None:
        tried = min(self.piece_size, batch_size)
        if tried == 1:
            raise RunError(
                "the memory is too small for one picture at a time. Set a smaller input.size, a smaller model.design "
                "or model.backbone, or train fewer stages"
            )
        release_memory(self._device)
        self.piece_size = tried // 2
        note = f"the memory was too small for {tried} pictures at a time; {self.piece_size} were taken from then on"
        _log.warning(note)
        self.notes = [note]
