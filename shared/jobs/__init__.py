"""The ledger of work and of money: the only code that touches `jobs`, `money`, `rates` and `outbox`."""
