"""Boxes of one street camera go in; what its rules watch for, begun and ended, comes out. Nobody is recognised."""

from detection.rules.desk import RuleDesk
from detection.rules.held import RuleEvent, RuleState
from detection.rules.watch import RuleWatch

__all__ = ["RuleDesk", "RuleEvent", "RuleState", "RuleWatch"]
