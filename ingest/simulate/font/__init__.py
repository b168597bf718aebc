"""The subset font of number plates, and how it was made."""
