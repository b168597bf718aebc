"""Train the plate finder: a picture in, a score and four corners for every cell of 8 x 8 pixels out.

``python -m training.finder --pictures FOLDER --minutes 60 --out detection/models/plate_finder.onnx``

What it shall say is in ``training.bell``; the score is trained with CenterNet's focal loss (Zhou 2019).
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
from training.bell import targets
from training.letters import check_faces
from training.loop import export, options, train
from training.scenes import Scenes

SIZE_PX: Final = 320
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
