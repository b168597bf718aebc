"""A camera that goes black, is covered, blurred, turned or stops is told; night, headlights, rain and cars are not."""

import copy
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from detection.decode import Image
from detection.picture_health import PictureHealth, PictureState
from detection.picture_reference import Reference
from detection.picture_watch import PictureWatch

FOOTAGE = Path(__file__).parents[3] / "shared" / "data" / "videos"
STEP_S = 2.0
WIDTH, HEIGHT = 640, 360
Change = Callable[[Image, np.random.Generator], Image]


@cache
def street() -> Image:
    """Houses with windows, a kerb, road marks, a pole: something in most parts of the picture."""
    dice = np.random.default_rng(5)
    image = np.full((HEIGHT, WIDTH), 110, np.uint8)
    for left in range(0, WIDTH, 80):
        cv2.rectangle(image, (left, 20), (left + 70, 170), int(dice.integers(70, 190)), -1)
        for x in range(left + 6, left + 60, 18):
            for y in range(30, 160, 24):
                cv2.rectangle(image, (x, y), (x + 9, y + 14), int(dice.integers(20, 240)), -1)
    cv2.line(image, (0, 200), (WIDTH, 190), 200, 4)
    for x in range(20, WIDTH, 90):
        cv2.rectangle(image, (x, 260), (x + 45, 268), 220, -1)
    cv2.rectangle(image, (300, 60), (308, 300), 30, -1)
    texture = cv2.resize(dice.normal(0, 12, (90, 160)), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return np.clip(image + texture, 0, 255).astype(np.uint8)


@cache
def grain() -> NDArray[np.float32]:
    return np.random.default_rng(6).normal(0, 1, (HEIGHT + 64, WIDTH + 64)).astype(np.float32)


def camera(change: Change | None = None, views: int = 40, seed: int = 0, noise: float = 3.0) -> Iterable[Image]:
    """Yield what the camera sends: the street with passing cars and noise, changed, coded as by a camera."""
    dice = np.random.default_rng(seed)
    for _ in range(views):
        image = street().copy()
        for _ in range(dice.integers(0, 3)):
            x, y = int(dice.integers(0, WIDTH - 90)), int(dice.integers(200, 300))
            cv2.rectangle(image, (x, y), (x + 90, y + 45), int(dice.integers(10, 240)), -1)
        if change:
            image = change(image, dice)
        left, top = dice.integers(0, 64, 2)
        noisy = np.clip(image + noise * grain()[top : top + HEIGHT, left : left + WIDTH], 0, 255).astype(np.uint8)
        coded = cv2.imdecode(cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, 70])[1], cv2.IMREAD_GRAYSCALE)
        yield small(np.asarray(coded, np.uint8))


def small(image: Image) -> Image:
    return np.asarray(cv2.resize(image, (320, 180), interpolation=cv2.INTER_AREA), np.uint8)


class Watched:
    """One camera with its clock; remembers every state it was in, and when."""

    def __init__(self, reference: Reference | None = None) -> None:
        self.health = PictureHealth(reference or Reference(0.0), 0.0)
        self.now_s = 0.0
        self.states: list[tuple[float, str]] = []

    def sees(self, pictures: Iterable[Image], step_s: float = STEP_S, *, apart: bool = False) -> list[str]:
        """Return the states that were news, in order."""
        news = []
        for grey in pictures:
            before = self.health.health.state
            state = self.health.look(grey, at=1000.0 + self.now_s, mono_s=self.now_s, apart=apart).state
            if state is not before:
                self.states.append((self.now_s, state))
                news.append(state.value)
            self.now_s += step_s
        return news


@pytest.fixture(scope="module")
def seasoned() -> Watched:
    found = Watched()
    assert found.sees(camera()) == ["good"]
    return found


@pytest.fixture
def watched(seasoned: Watched) -> Watched:
    """A camera that has looked at its street for eighty seconds."""
    return copy.deepcopy(seasoned)


def shifted(right: float, down: float, turn_deg: float = 0.0) -> Change:
    matrix = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), turn_deg, 1.0)
    matrix[:, 2] += (right * WIDTH, down * HEIGHT)
    return lambda image, _: np.asarray(
        cv2.warpAffine(image, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT), np.uint8
    )


BAD: dict[str, tuple[str, Change]] = {
    "lens cap": ("black", lambda image, _: np.full_like(image, 17)),
    "cloth": ("covered", lambda image, _: np.full_like(image, 120)),
    "bag over four fifths": ("covered", lambda image, _: np.where(np.arange(WIDTH) < 0.8 * WIDTH, 90, image)),
    "spray": ("covered", lambda image, _: np.tile(np.linspace(80, 170, WIDTH), (HEIGHT, 1)).astype(np.uint8)),
    "slightly out of focus": ("blurred", lambda image, _: cv2.GaussianBlur(image, (0, 0), 3.0)),
    "out of focus": ("blurred", lambda image, _: cv2.GaussianBlur(image, (0, 0), 7.0)),
    "pushed by 6 %": ("moved", shifted(0.06, 0.0)),
    "turned to the right": ("moved", shifted(0.3, 0.05)),
    "tilted by 12 degrees": ("moved", shifted(0.0, 0.0, 12.0)),
    "another place": ("moved", lambda image, _: np.ascontiguousarray(image[::-1, ::-1])),
}


@pytest.mark.parametrize("name", BAD)
def test_a_picture_that_is_no_use_is_told_within_half_a_minute_and_so_is_its_return(
    watched: Watched, name: str
) -> None:
    state, change = BAD[name]
    began_s = watched.now_s
    assert watched.sees(camera(change, 16, seed=1)) == [state]
    assert watched.states[-1][0] - began_s <= 30.0
    assert watched.health.health.since == 1000.0 + began_s, "since it began, not since it was believed"
    assert watched.sees(camera(views=4, seed=2)) == ["good"]


@cache
def halo() -> NDArray[np.float32]:
    lamp = np.zeros((HEIGHT, WIDTH), np.float32)
    cv2.circle(lamp, (WIDTH // 2, HEIGHT // 2), 16, 255, -1)
    return np.asarray(cv2.GaussianBlur(lamp, (0, 0), 14) * 1.6, np.float32)


def headlights(image: Image, dice: np.random.Generator) -> Image:
    dark = image * 0.3
    for _ in range(int(dice.integers(1, 6))):
        dark = dark + np.roll(halo(), (int(dice.integers(0, 170)), int(dice.integers(-300, 300))), (0, 1))
    return np.clip(dark, 0, 255).astype(np.uint8)


def rain(image: Image, dice: np.random.Generator) -> Image:
    wet = image.copy()
    for x, y in dice.integers(0, (WIDTH, HEIGHT), (200, 2)):
        cv2.line(wet, (int(x), int(y)), (int(x) + 2, int(y) + 16), 190, 1)
    return wet


def sway(image: Image, dice: np.random.Generator) -> Image:
    return shifted(*dice.uniform(-0.008, 0.008, 2))(image, dice)


def dimmed(share: float) -> Change:
    return lambda image, _: (16 + image * share).astype(np.uint8)


HARMLESS: dict[str, tuple[Change, float]] = {
    "cloud": (dimmed(0.6), 3.0),
    "dusk": (dimmed(0.3), 6.0),
    "night": (dimmed(0.12), 7.0),
    "glare": (lambda image, _: np.minimum(image * 1.7, 255).astype(np.uint8), 3.0),
    "haze": (lambda image, _: (image * 0.4 + 110).astype(np.uint8), 3.0),
    "headlights": (headlights, 5.0),
    "rain": (rain, 3.0),
    "wind": (sway, 3.0),
    "grain": (lambda image, _: image, 20.0),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_weather_night_and_traffic_are_no_fault_of_the_camera(watched: Watched, name: str) -> None:
    change, noise = HARMLESS[name]
    assert watched.sees(camera(change, 30, seed=3, noise=noise)) == []


def test_a_lorry_that_stops_before_the_camera_for_a_moment_covers_nothing(watched: Watched) -> None:
    lorry: Change = lambda image, _: np.where(np.arange(WIDTH) < 0.9 * WIDTH, 100, image).astype(np.uint8)  # noqa: E731
    assert watched.sees(camera(lorry, 4, seed=4)) == []
    assert watched.sees(camera(views=4, seed=5)) == []


@pytest.mark.parametrize(("step_s", "limit_s"), [(0.5, 22.0), (2.0, 24.0), (10.0, 30.0)])
def test_a_frozen_picture_is_told_within_half_a_minute(step_s: float, limit_s: float) -> None:
    """Also where a quiet camera's keyframes come every 10 s only, as its gate lets them through."""
    found = Watched()
    pictures = list(camera(views=20))
    found.sees(pictures, step_s)
    began_s = found.now_s - step_s
    assert found.sees([pictures[-1]] * 60, step_s) == ["frozen"]
    assert found.states[-1][0] - began_s <= limit_s
    assert found.health.health.since == 1000.0 + began_s
    assert found.sees(camera(views=4, seed=6), step_s) == ["good"]


def test_a_frozen_picture_with_a_running_clock_is_frozen(watched: Watched) -> None:
    last = next(iter(camera(views=1, seed=7)))

    def again(second: int) -> Image:
        image = last.copy()
        cv2.putText(image, f"12:00:{second:02}", (4, 14), cv2.FONT_HERSHEY_PLAIN, 1.0, 255)
        return image

    assert watched.sees(again(2 * number) for number in range(16)) == ["frozen"]


def test_footage_that_repeats_between_two_looks_is_not_frozen(watched: Watched) -> None:
    """The same picture five times, and others in between that nobody had time for; then it does look frozen."""
    last = next(iter(camera(views=1, seed=7)))
    assert watched.sees([last] * 5, 10.0, apart=True) == []
    assert watched.sees([last] * 2, 10.0, apart=True) == ["frozen"]


def test_a_camera_turned_while_we_were_down_is_told_from_the_kept_reference(watched: Watched, tmp_path: Path) -> None:
    watched.health.reference.save(tmp_path / "c.npz")
    kept = Reference.load(tmp_path / "c.npz")
    assert kept is not None
    assert Watched(kept).sees(camera(views=8, seed=8)) == ["good"]
    assert Watched(kept).sees(camera(shifted(0.3, 0.05), 16, seed=9)) == ["moved"]


@pytest.mark.parametrize("damage", [b"", b"no archive", None])
def test_a_reference_that_cannot_be_read_is_learnt_anew(tmp_path: Path, damage: bytes | None) -> None:
    file = tmp_path / "c.npz"
    Reference(1.0).save(file)
    file.write_bytes(file.read_bytes()[:3000] if damage is None else damage)
    assert Reference.load(file) is None


def test_a_camera_turned_on_purpose_is_good_again_and_remembered_so(tmp_path: Path) -> None:
    def look(watch: PictureWatch, pictures: Sequence[Image], begin_s: float) -> list[str]:
        told = [watch.look("c-1", one, at=begin_s + 2 * n, mono_s=begin_s + 2 * n) for n, one in enumerate(pictures)]
        return [str(data["picture"]) for data in told if data]

    watch = PictureWatch(tmp_path)
    turned = list(camera(shifted(0.3, 0.05), 30, seed=10))
    assert look(watch, list(camera()), 0.0) == ["good"]
    assert look(watch, turned, 100.0) == ["moved"]
    watch.renew({"c-1": 200.0})
    assert look(watch, turned, 210.0) == ["good"]
    watch.renew({"c-1": 200.0})
    watch.close()
    again = PictureWatch(tmp_path)
    again.renew({"c-1": 200.0})
    assert look(again, turned[:10], 300.0) == ["good"]
    assert look(again, list(camera(views=16)), 400.0) == ["moved"]
    assert again.seen()["c-1"]["picture"] is PictureState.MOVED
    assert again.seen() == {}


@cache
def footage(name: str) -> list[Image]:
    """Return two pictures a second."""
    with av.open(str(FOOTAGE / name)) as film:
        every = round(float(film.streams.video[0].average_rate or 10) / 2)
        frames = [frame for number, frame in enumerate(film.decode(video=0)) if number % every == 0]
    return [small(np.asarray(frame.to_ndarray(format="gray"), np.uint8)) for frame in frames]


@pytest.mark.parametrize("name", ["vtest.avi", "intel_car-detection.mp4"])
@pytest.mark.parametrize("step", [1, 4])
def test_real_footage_raises_no_false_alarm(name: str, step: int) -> None:
    if not FOOTAGE.is_dir():
        pytest.skip("the footage kept beside the repository is not there")
    assert Watched().sees(footage(name)[::step], 0.5 * step) == ["good"]
