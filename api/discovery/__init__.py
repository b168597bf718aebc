"""Which cameras answer on the network, and what they send: ONVIF, asked by us, bounded in time and size."""
