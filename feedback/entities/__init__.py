"""Payment methods, games, amounts and durations that complaints name: the file they come from, and finding them."""
