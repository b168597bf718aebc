"""The event log: from a local outbox through the bus to the keeper; no event is lost or doubled, whatever dies."""
