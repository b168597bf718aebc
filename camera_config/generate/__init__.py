"""An invented county from a seed: roads, town, villages, posts, devices and units, written as a county's folder."""
