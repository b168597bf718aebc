"""Train the plate finder: a picture in, a score and four corners for every cell of 8 x 8 pixels out.

``python -m training.finder --pictures FOLDER --minutes 60 --out detection/models/plate_finder.onnx``

The form is CenterNet's (Zhou 2019): a peak of the score is a plate, and the corners stand in that cell. The score is
trained with its focal loss on a bell laid in the plate's own coordinates, so that a long plate has a long bell.
"""

import argparse
from collections.abc import Callable
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from training.backgrounds import backgrounds
from training.letters import check_faces
from training.loop import export, options, train
from training.scenes import Scenes

STRIDE: Final = 8
CORNER_PX: Final = 32.0
"""Corners are given in units of this, from the middle of their cell."""
SIZE_PX: Final = 320
BELL: Final = 0.16
"""Standard deviation of the bell, in plate widths and heights; at least ``BELL_CELLS`` cells."""
BELL_CELLS: Final = 0.45
NEAR: Final = 0.45
"""Cells where the bell is higher than this learn the corners."""
CORNER_WEIGHT: Final = 2.0


Sample = tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
"""Picture (3, height, width), bell, corners and their weights."""


def _block(inside: int, outside: int, kernel: int = 3, stride: int = 1, groups: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inside, outside, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outside),
        nn.ReLU(inplace=True),
    )


class Inverted(nn.Module):
    """MobileNetV2's block (Sandler 2018): widen, filter each channel, narrow."""

    def __init__(self, inside: int, outside: int, stride: int = 1, widen: int = 3) -> None:
        super().__init__()
        middle = inside * widen
        self.body = nn.Sequential(
            _block(inside, middle, 1),
            _block(middle, middle, 3, stride, middle),
            nn.Conv2d(middle, outside, 1, bias=False),
            nn.BatchNorm2d(outside),
        )
        self.around = stride == 1 and inside == outside

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (batch, outside, height / stride, width / stride)."""
        y: torch.Tensor = self.body(x)
        return x + y if self.around else y


class Finder(nn.Module):
    """(batch, 3, height, width) BGR, 0 to 255, in; (batch, 9, height / 8, width / 8) out: score logit, 8 corners."""

    def __init__(self) -> None:
        super().__init__()
        self.at4 = nn.Sequential(_block(3, 12, 3, 2), _block(12, 16, 3, 2), _block(16, 16))
        self.at8 = nn.Sequential(Inverted(16, 28, 2), Inverted(28, 28), Inverted(28, 28))
        self.at16 = nn.Sequential(Inverted(28, 52, 2), *(Inverted(52, 52) for _ in range(3)))
        self.at32 = nn.Sequential(Inverted(52, 80, 2), *(Inverted(80, 80) for _ in range(3)))
        self.from32, self.from16, self.from8 = _block(80, 52, 1), _block(52, 52, 1), _block(28, 40, 1)
        self.mix16, self.to8 = Inverted(52, 52), _block(52, 40, 1)
        self.head = nn.Sequential(Inverted(40, 40), Inverted(40, 40), _block(40, 44))
        self.out = nn.Conv2d(44, 9, 1)
        nn.init.zeros_(self.out.bias)
        self.out.bias.data[0] = -4.5

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return score and corners."""
        fine = self.at8(self.at4((x - 127.5) / 64))
        middle = self.at16(fine)
        coarse = functional.interpolate(self.from32(self.at32(middle)), scale_factor=2.0)
        middle = self.to8(self.mix16(self.from16(middle) + coarse))
        y: torch.Tensor = self.out(self.head(self.from8(fine) + functional.interpolate(middle, scale_factor=2.0)))
        return y


def targets(
    quads: NDArray[np.float32], size: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return the bell (cells, cells), corners (8, cells, cells), and the corners' weights (cells, cells)."""
    cells = size // STRIDE
    bell = np.zeros((cells, cells), np.float32)
    corners = np.zeros((8, cells, cells), np.float32)
    weight = np.zeros((cells, cells), np.float32)
    y, x = (np.mgrid[:cells, :cells] + 0.5) * STRIDE
    for quad in sorted(quads, key=lambda one: -float(np.ptp(one[:, 0]))):
        centre = quad.mean(axis=0)
        across, down = (quad[1] + quad[2] - quad[0] - quad[3]) / 2, (quad[2] + quad[3] - quad[0] - quad[1]) / 2
        wide, high = float(np.linalg.norm(across)), float(np.linalg.norm(down))
        axes = np.stack([across, down], axis=1)
        if abs(np.linalg.det(axes)) < 1.0:
            continue
        u, v = np.linalg.solve(axes, np.stack([x - centre[0], y - centre[1]]).reshape(2, -1)).reshape(2, cells, cells)
        spread = max(BELL, BELL_CELLS * STRIDE / wide), max(BELL, BELL_CELLS * STRIDE / high)
        mine = np.exp(-((u / spread[0]) ** 2 + (v / spread[1]) ** 2) / 2)
        row, column = (int(np.clip(value // STRIDE, 0, cells - 1)) for value in (centre[1], centre[0]))
        mine[row, column] = 1.0
        bell = np.maximum(bell, mine).astype(np.float32)
        near = mine > NEAR
        for place, (corner_x, corner_y) in enumerate(quad):
            corners[2 * place][near] = (corner_x - x[near]) / CORNER_PX
            corners[2 * place + 1][near] = (corner_y - y[near]) / CORNER_PX
        weight[near] = mine[near] * CORNER_PX / max(high, 10.0)
    return bell, corners, weight


def losses(net: nn.Module, batch: list[torch.Tensor]) -> torch.Tensor:
    """Return the focal loss of the score and the smooth L1 loss of the corners, (2,)."""
    image, bell, corners, weight = batch
    out = net(image.float())
    score = torch.sigmoid(out[:, 0]).clamp(1e-5, 1 - 1e-5)
    peak = (bell >= 0.999).float()
    focal = peak * (1 - score) ** 2 * torch.log(score)
    focal = focal + (1 - peak) * (1 - bell) ** 4 * score**2 * torch.log(1 - score)
    apart = functional.smooth_l1_loss(out[:, 1:], corners, reduction="none", beta=0.05).sum(dim=1)
    placed = (apart * weight).sum() / (weight > 0).float().sum().clamp(min=1.0)
    return torch.stack([-focal.sum() / peak.sum().clamp(min=1.0), CORNER_WEIGHT * placed])


def main() -> None:
    """Train and export."""
    asked = options(__doc__.splitlines()[0], "finder.state", 16).parse_args()
    check_faces()
    net, steps = train(Finder(), asked, lambda: _samples(asked), losses)
    print(f"{steps} steps of {asked.batch} pictures of {SIZE_PX} pixels", flush=True)
    if asked.out:
        free = {0: "batch", 2: "height", 3: "width"}
        export(net, torch.zeros(1, 3, SIZE_PX, SIZE_PX), asked.out, free, free)


def _samples(asked: argparse.Namespace) -> Callable[[], Sample]:
    scenes = Scenes(backgrounds(asked.pictures), SIZE_PX)

    def draw() -> Sample:
        image, quads = scenes.make()
        return np.ascontiguousarray(image.transpose(2, 0, 1)), *targets(quads, SIZE_PX)

    return draw


if __name__ == "__main__":
    main()
