"""Can every checkpoint be staffed in time, by whom, and if not, what is missing?"""

from lockdown.certificate import CertificateError, verify_certificate
from lockdown.fields import Fields, post_fields
from lockdown.graph import Graph, build_graph
from lockdown.leaks import Leak, find_leaks
from lockdown.readiness import Readiness, State, Verdict, assess
from lockdown.units import Trust, UnitNow, trust_of

__all__ = [
    "CertificateError",
    "Fields",
    "Graph",
    "Leak",
    "Readiness",
    "State",
    "Trust",
    "UnitNow",
    "Verdict",
    "assess",
    "build_graph",
    "find_leaks",
    "post_fields",
    "trust_of",
    "verify_certificate",
]
