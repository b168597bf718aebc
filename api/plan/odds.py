"""The shape of a plan's odds on the wire. Shares are rounded down, upper limits up, and nothing is ever 1."""

from pydantic import BaseModel, ConfigDict

from lockdown.risk import READY_LOW, Odds, Share


class _Out(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ShareOut(_Out):
    """A probability with its 95 % limits (Clopper–Pearson), from ``held`` of ``scenarios``."""

    p: float
    low: float
    high: float
    held: int
    scenarios: int

    @classmethod
    def of(cls, share: Share) -> "ShareOut":
        """Translate."""
        p, low, high = (permille / 1000 for permille in share.shown_permille)
        return cls(p=p, low=low, high=high, held=share.held, scenarios=share.scenarios)


class NoiseOut(_Out):
    """What was taken to be uncertain, and whether anybody has measured it."""

    model: str
    travel_cv: float
    turnout_cv: float
    assumed: bool


class OddsOut(_Out):
    """How likely the plan of the verdict holds, with ``digest`` of the readiness that it belongs to.

    ``committed``: as shown, nobody re-plans. ``hindsight``: had everybody known; null where not asked for.
    ``deadline_factor``: all deadlines times this would be kept with 95 %. ``enough``: the lower limit is ``asked``.
    """

    digest: str
    committed: ShareOut
    hindsight: ShareOut | None
    deadline_factor: float | None
    asked: float
    enough: bool
    noise: NoiseOut
    text: str

    @classmethod
    def of(cls, odds: Odds) -> "OddsOut":
        """Translate."""
        return cls(
            digest=odds.digest,
            committed=ShareOut.of(odds.committed),
            hindsight=None if odds.hindsight is None else ShareOut.of(odds.hindsight),
            deadline_factor=None if odds.deadline_permille is None else odds.deadline_permille / 1000,
            asked=READY_LOW,
            enough=odds.enough,
            noise=NoiseOut(
                model=odds.noise.model.value,
                travel_cv=odds.noise.travel_cv_permille / 1000,
                turnout_cv=odds.noise.turnout_cv_permille / 1000,
                assumed=odds.noise.assumed,
            ),
            text=odds_text(odds),
        )


def odds_text(odds: Odds) -> str:
    """Return one line for people: the share, its limits, and that the noise is assumed where it is."""
    p, low, high = (permille / 10 for permille in odds.committed.shown_permille)
    said = f"按时到位的把握 {p:.1f} %（{low:.1f}–{high:.1f}）"
    return f"{said}，时间误差为假定值" if odds.noise.assumed else said
