"""Reports: one page that needs nothing else, with the same figures as JSON and CSV beside it."""
