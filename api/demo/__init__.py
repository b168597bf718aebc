"""The whole system on the invented county, with simulated cameras and units, and a report of how well it did."""
