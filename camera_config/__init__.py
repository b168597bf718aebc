"""Facts that hold while kakou runs: the county and its devices, roads and rules, ids, clock and errors."""
