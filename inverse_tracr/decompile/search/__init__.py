"""The proposer that searches for lines whose values partition positions as half-layers do."""
