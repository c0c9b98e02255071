"""The only writer of landing/: evidence as the sources gave it, append-only, one atomic rename a load.

``catalogue`` names what can land, ``loads`` writes it, ``raw`` shows it in DuckDB. What a record
means is not decided here.
"""

from orchestration.landing.catalogue import objects
from orchestration.landing.loads import Input, Landing, LandingError, Load, Refusal
from orchestration.landing.raw import build_raw

__all__ = ["Input", "Landing", "LandingError", "Load", "Refusal", "build_raw", "objects"]
