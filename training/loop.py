"""One way to train for a number of minutes: warm-up, cosine, an average of the weights, a state to go on from."""

import argparse
import math
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

WARM_UP: Final = 200
"""Steps until the full rate of learning."""
LAST_RATE: Final = 0.02
"""At the end it learns at this share of it."""
AVERAGE: Final = 0.999
"""The weights kept are the exponential mean of about the last thousand steps."""
SAVE_EVERY: Final = 400
SAY_EVERY: Final = 100


def options(words: str, state: str, batch: int, *, pictures: bool = True) -> argparse.ArgumentParser:
    """Return the options every training has; ``pictures`` to paste plates on only some."""
    parser = argparse.ArgumentParser(description=words)
    parser.add_argument("--minutes", type=float, default=60.0, help="in all, earlier runs of --state included")
    if pictures:
        parser.add_argument(
            "--pictures", type=Path, required=True, nargs="+", help="folders of pictures without plates"
        )
    parser.add_argument("--state", type=Path, default=Path(state), help="file to go on from and to write")
    parser.add_argument("--out", type=Path, help="write the model here as ONNX at the end")
    parser.add_argument("--batch", type=int, default=batch)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1, help="processes that draw")
    return parser


class Drawn(IterableDataset[Any]):
    """Endless samples of ``make(seed)``'s generator; each worker has a seed of its own."""

    def __init__(self, make: Callable[[], Callable[[], Any]], seed: int) -> None:
        self._make, self._seed = make, seed

    def __iter__(self) -> Iterator[Any]:
        """Yield samples for ever."""
        worker = get_worker_info()
        seed = self._seed * 1000 + (worker.id if worker else 0)
        random.seed(seed)
        np.random.seed(seed % 2**32)
        cv2.setRNGSeed(seed % 2**31)
        cv2.setNumThreads(1)
        draw = self._make()
        while True:
            yield draw()


def train(
    net: nn.Module,
    asked: argparse.Namespace,
    make: Callable[[], Callable[[], Any]],
    losses: Callable[[nn.Module, list[torch.Tensor]], torch.Tensor],
) -> tuple[nn.Module, int]:
    """Train until ``asked.minutes`` are used up, and return the net with its averaged weights, and the steps made.

    Args:
        net: changed in place.
        asked: of ``options``.
        make: called in each worker; gives a function that draws one sample, a tuple of arrays.
        losses: of a batch, (terms,); their sum is made small.
    """
    torch.set_num_threads(asked.threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    net.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(net.parameters(), lr=asked.rate, weight_decay=1e-4)
    mean = {name: value.clone() for name, value in net.state_dict().items()}
    spent_s, step = 0.0, 0
    if asked.state.exists():
        kept = torch.load(asked.state, weights_only=True, map_location=device)
        net.load_state_dict(kept["net"])
        optimizer.load_state_dict(kept["optimizer"])
        mean, spent_s, step = kept["mean"], kept["spent_s"], kept["step"]
        print(f"going on from step {step}, {spent_s / 60:.1f} min", flush=True)
    loader = DataLoader(
        Drawn(make, asked.seed + step),
        batch_size=asked.batch,
        num_workers=asked.workers,
        prefetch_factor=4,
    )
    begun_s, since, sums = time.monotonic() - spent_s, 0, torch.zeros(())
    for batch in loader:
        spent_s = time.monotonic() - begun_s
        share = spent_s / (asked.minutes * 60)
        if share >= 1:
            break
        rate = asked.rate * min(1.0, (step + 1) / WARM_UP)
        for group in optimizer.param_groups:
            group["lr"] = rate * (LAST_RATE + (1 - LAST_RATE) * 0.5 * (1 + math.cos(math.pi * share)))
        terms = losses(net, [_laid_out(part.to(device)) for part in batch])
        terms.sum().backward()
        nn.utils.clip_grad_norm_(net.parameters(), 10.0)
        optimizer.step()
        optimizer.zero_grad()
        step += 1
        _average(mean, net, min(AVERAGE, (1 + step) / (10 + step)))
        sums, since = sums + terms.detach().cpu(), since + 1
        if step % SAY_EVERY == 0:
            said = " ".join(f"{value / since:.4f}" for value in sums.tolist())
            print(f"step {step}  {spent_s / 60:.1f} min  {said}", flush=True)
            sums, since = torch.zeros(()), 0
        if step % SAVE_EVERY == 0:
            _save(asked.state, net, optimizer, mean, spent_s, step)
    _save(asked.state, net, optimizer, mean, spent_s, step)
    net.load_state_dict(mean)
    return net.eval().cpu(), step


def _laid_out(part: torch.Tensor) -> torch.Tensor:
    """Return pictures with their channels last: a third faster on a CPU."""
    return part.contiguous(memory_format=torch.channels_last) if part.dim() == 4 and part.shape[1] == 3 else part


@torch.no_grad()
def _average(mean: dict[str, torch.Tensor], net: nn.Module, keep: float) -> None:
    for name, value in net.state_dict().items():
        if value.dtype.is_floating_point:
            mean[name].mul_(keep).add_(value, alpha=1 - keep)
        else:
            mean[name].copy_(value)


def _save(
    place: Path,
    net: nn.Module,
    optimizer: torch.optim.Optimizer,
    mean: dict[str, torch.Tensor],
    spent_s: float,
    step: int,
) -> None:
    part = place.with_name(place.name + ".part")
    kept = {
        "net": net.state_dict(),
        "optimizer": optimizer.state_dict(),
        "mean": mean,
        "spent_s": spent_s,
        "step": step,
    }
    torch.save(kept, part)
    part.replace(place)


def export(net: nn.Module, sample: torch.Tensor, out: Path, inputs: dict[int, str], outputs: dict[int, str]) -> None:
    """Write ``net`` as ONNX with input ``x`` and output ``y``; ``inputs`` and ``outputs`` name their free axes."""
    torch.onnx.export(
        net,
        (sample,),
        str(out),
        input_names=["x"],
        output_names=["y"],
        dynamic_axes={"x": inputs, "y": outputs},
        opset_version=17,
        dynamo=False,
    )
    print(f"{out}: {out.stat().st_size} bytes", flush=True)
