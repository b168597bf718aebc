"""Plans and races as paper and maps."""
