"""Where Django looks for models: the rooms' own, nothing more."""

from promises.desk.models import *  # noqa: F403
from promises.record.edition import Edition
from promises.record.listing import Listing
from promises.record.period import Period
from promises.record.version import Alias, Seal, Version

__all__ = ["Alias", "Edition", "Listing", "Period", "Seal", "Version"]
