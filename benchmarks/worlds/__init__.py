"""Small drawn counties in which everything is known exactly, what a planner is told of them, and what is true."""
