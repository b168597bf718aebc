"""The county as a person or a map needs it: the county's values go in, JSON, GeoJSON and commands' answers come out."""
