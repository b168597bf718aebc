"""What alerts and people ask of the workers, over the event log's server: two hashes {feed: until (unix s)}."""

from typing import Final

RAISED: Final = "kakou:raised"
"""Every keyframe of these feeds is offered, looked at early, and they are recorded: they are near an alert."""

RECORD: Final = "kakou:record"
"""These feeds are recorded whatever moves there."""
