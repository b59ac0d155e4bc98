"""Language models as points: scoring, ledgers, zoos, maps."""
