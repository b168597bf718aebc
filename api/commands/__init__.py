"""The commands of `kakou`, one module each."""
