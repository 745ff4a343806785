"""The ledger of work and of money: only this touches `jobs`, `money`, `rates` and `outbox`."""
