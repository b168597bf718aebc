"""Train the second plate reader: a plate of one row in, the probabilities of its characters along it out.

``python -m training.reader --minutes 75 --state reader.state --out detection/models/plate_second.onnx``

A small convolutional network without recurrence (like LPRNet, Zherzdev 2018) with CTC. Where each character stands is
known, since the plates are drawn: every column learns its own character beside the CTC loss, which saves the hours that
CTC needs to find out. No language is learnt: provinces, letters and digits are drawn evenly.
"""

import argparse
import random
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from detection.plate_grammar import ALPHABET, MAX_LENGTH
from detection.plate_straight import SIZE_PX as CUT_PX
from detection.plate_straight import WHOLE
from training.letters import check_faces
from training.loop import export, options, train
from training.plate_views import View, Views

SIZE_PX: Final = (144, 32)
"""Width and height of the input."""
COLUMNS: Final = SIZE_PX[0] // 4
CORE, EDGE = 0.45, 0.75
"""A column nearer to a character's middle than the one is that character, farther than the other is none; between,
nothing is learnt. In halves of a character's width."""
UNKNOWN: Final = -1
KEPT: Final = 6000
AGAIN: Final = 0.5
"""So many samples are kept, and so often one of them is learnt again: drawing costs half as much as learning."""
CTC_WEIGHT: Final = 1.0
"""0.25 for the first 2,000 steps of the weights that are shipped."""
WAY: Final = 0.1
"""Corners are given in units of this share."""
WAY_WEIGHT: Final = 10.0
HAN_WEIGHT: Final = 2.5
"""A column of a province or a mark counts so many times: there is one a plate, of 38 kinds, and they are the finest."""
CONTRAST: Final = 8.0
"""Added to a picture's own spread (grey values) before it is divided by it, so that noise is not made large."""

Sample = tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8], NDArray[np.float32]]
"""Picture (3, 32, 144), text (8) with -1 behind its end, character of each column (36); 0 is none. Then the cut-out
(3, 32, 96) and how far its plate's corners are from its own (8), NaN where there is no plate."""


def _block(
    inside: int, outside: int, stride: tuple[int, int] = (1, 1), kernel: tuple[int, int] = (3, 3)
) -> nn.Sequential:
    around = (kernel[0] // 2, kernel[1] // 2)
    return nn.Sequential(
        nn.Conv2d(inside, outside, kernel, stride, around, bias=False), nn.BatchNorm2d(outside), nn.ReLU(inplace=True)
    )


def _even(x: torch.Tensor) -> torch.Tensor:
    """Return pictures of one brightness and contrast."""
    x = x - x.mean(dim=(1, 2, 3), keepdim=True)
    return x / ((x * x).mean(dim=(1, 2, 3), keepdim=True).sqrt() + CONTRAST)


class Twice(nn.Module):
    """Two 3 x 3 filters and a way around them (He 2015)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _block(channels, channels), nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the same shape."""
        return functional.relu(x + self.body(x))


class Reader(nn.Module):
    """(batch, 3, 32, 144) BGR, 0 to 255, in; (batch, 36, 73) logits out: none, then ``ALPHABET``."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _block(3, 16, (2, 2), (5, 5)),
            _block(16, 40, (2, 2)),
            Twice(40),
            _block(40, 64, (2, 1)),
            Twice(64),
            _block(64, 112, (2, 1)),
        )
        self.column = _block(112, 144, (2, 1), (2, 1))
        self.along = _block(144, 144, (1, 1), (1, 5))
        self.whole = nn.Linear(112, 144)
        self.out = nn.Conv1d(144, 1 + len(ALPHABET), 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits."""
        x = self.body(_even(x))
        columns = self.column(x)[:, :, :1]
        columns = columns + self.whole(x.mean(dim=(2, 3)))[:, :, None, None]
        y: torch.Tensor = self.out(self.along(columns)[:, :, 0])
        return y.transpose(1, 2)


class Straightener(nn.Module):
    """(batch, 3, 32, 96) BGR, 0 to 255, in; (batch, 8) out: how far the corners are from the cut-out's, shares."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _block(3, 16, (2, 2)), _block(16, 32, (2, 2)), _block(32, 48, (2, 2)), _block(48, 64, (2, 2))
        )
        self.out = nn.Sequential(nn.Flatten(), nn.Linear(64 * 12, 64), nn.ReLU(), nn.Linear(64, 8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the corners' way."""
        y: torch.Tensor = self.out(self.body(_even(x)).contiguous())
        return y * WAY


class Pair(nn.Module):
    """The straightener and the reader behind it, which learn side by side, each from the truth."""

    def __init__(self) -> None:
        super().__init__()
        self.reader, self.straightener = Reader(), Straightener()


class Probable(nn.Module):
    """A reader with probabilities instead of logits: what is exported."""

    def __init__(self, reader: nn.Module) -> None:
        super().__init__()
        self.reader = reader

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (batch, 36, 73), each column's sum is 1."""
        return torch.softmax(self.reader(x), dim=2)


def sample(view: View) -> Sample:
    """Return a view as it is learnt."""
    method = cv2.INTER_AREA if view.image.shape[0] > SIZE_PX[1] else cv2.INTER_LINEAR
    image = np.asarray(cv2.resize(view.image, SIZE_PX, interpolation=method), np.uint8)
    text = np.full(MAX_LENGTH, UNKNOWN, np.int64)
    columns = np.zeros(COLUMNS, np.int64)
    at = (np.arange(COLUMNS) + 0.5) / COLUMNS
    signs = [1 + ALPHABET.index(sign) for sign in view.text]
    text[: len(signs)] = signs
    for sign, (middle, half) in zip(signs, view.middles, strict=True):
        apart = np.abs(at - middle) / max(half, 1e-6)
        columns[(apart < EDGE) & (columns == 0)] = UNKNOWN
        columns[apart < CORE] = sign
        columns[int(np.clip(middle * COLUMNS, 0, COLUMNS - 1))] = sign
    cut = np.asarray(cv2.resize(view.cut, CUT_PX, interpolation=cv2.INTER_LINEAR), np.uint8)
    way = np.full(8, np.nan, np.float32) if view.quad is None else (view.quad - WHOLE).reshape(8)
    return _channels_first(image), text, columns, _channels_first(cut), way.astype(np.float32)


def _channels_first(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(image.transpose(2, 0, 1))


def losses(net: Pair, batch: list[torch.Tensor]) -> torch.Tensor:
    """Return the CTC loss, the columns' loss and the corners' loss, (3,)."""
    image, text, columns, cut, way = batch
    logits = net.reader(image.float())
    lengths = (text != UNKNOWN).sum(dim=1)
    steps = functional.log_softmax(logits, dim=2).transpose(0, 1)
    whole = torch.full_like(lengths, COLUMNS)
    read = functional.ctc_loss(steps, text.clamp(min=0), whole, lengths, reduction="none", zero_infinity=True)
    weights = torch.tensor([1.0, *(HAN_WEIGHT if sign >= "一" else 1.0 for sign in ALPHABET)], device=logits.device)
    placed = functional.cross_entropy(logits.transpose(1, 2), columns, weights, ignore_index=UNKNOWN)
    known = ~way.isnan().any(dim=1)
    apart = functional.smooth_l1_loss(net.straightener(cut.float())[known], way[known], beta=0.01)
    return torch.stack([CTC_WEIGHT * read.mean() / 7, placed, WAY_WEIGHT * apart])


@torch.no_grad()
def scores(net: nn.Module, seed: int, count: int = 3000) -> None:
    """Print how many drawn plates of each kind are read right, by the best path alone, and what is mistaken."""
    random.seed(seed)
    np.random.seed(seed)
    cv2.setRNGSeed(seed)
    drawn = Views(count)
    right: dict[str, list[bool]] = defaultdict(list)
    mistaken: Counter[str] = Counter()
    for _ in range(count):
        view = drawn.make()
        image = torch.from_numpy(sample(view)[0])[None].float()
        read = spelled(net(image)[0].argmax(dim=1).tolist())
        right[view.kind].append(read == view.text)
        if len(read) == len(view.text):
            mistaken.update(f"{there}>{said}" for there, said in zip(view.text, read, strict=True) if there != said)
    for kind, each in sorted(right.items()):
        print(f"{kind}: {sum(each)} of {len(each)}")
    print("all:", sum(map(sum, right.values())) / count, " mistaken:", dict(mistaken.most_common(30)))


def spelled(path: list[int]) -> str:
    """Return the text of a path of columns: repeats are one character, 0 is none."""
    kept = [column for column, before in zip(path, [0, *path[:-1]], strict=True) if column and column != before]
    return "".join(ALPHABET[column - 1] for column in kept)


def main() -> None:
    """Train, export, and say how good it is on plates not seen before."""
    asked = options(__doc__.splitlines()[0], "reader.state", 24, pictures=False).parse_args()
    check_faces()
    net, steps = train(Pair(), asked, lambda: _samples(asked), losses)
    print(f"{steps} steps of {asked.batch} plates", flush=True)
    scores(net.reader, asked.seed + 1_000_000)
    if asked.out:
        write(net, asked.out)


def write(net: Pair, out: Path) -> None:
    """Write the reader to ``out`` and the straightener beside it, as ONNX."""
    free = {0: "batch"}
    export(Probable(net.reader).eval(), torch.zeros(1, 3, *SIZE_PX[::-1]), out, free, free)
    straight = out.with_name(out.name.replace("second", "straight"))
    export(net.straightener.eval(), torch.zeros(1, 3, *CUT_PX[::-1]), straight, free, free)


def _samples(_: argparse.Namespace) -> Callable[[], Sample]:
    views = Views()
    kept: list[Sample] = []

    def draw() -> Sample:
        if len(kept) == KEPT and random.random() < AGAIN:
            return random.choice(kept)
        new = sample(views.make())
        if len(kept) < KEPT:
            kept.append(new)
        else:
            kept[random.randrange(KEPT)] = new
        return new

    return draw


if __name__ == "__main__":
    main()
