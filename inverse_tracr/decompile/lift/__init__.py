"""The proposer that reads programs off weights whose residual dimensions each hold one thing."""
