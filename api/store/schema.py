"""All tables of the product, gathered by importing every capability's ``tables``; migrations compare with them."""

import api.access.tables
import api.alerts.tables
import api.devices.tables
import api.drill.tables
import api.passages.tables
import api.plan.tables
import api.rules.tables
import api.store.tables  # noqa: F401
from api.store.metadata import metadata

__all__ = ["metadata"]
