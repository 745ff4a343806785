"""What all six services share: events, the shell, the job ledger, ports and their adapters."""
