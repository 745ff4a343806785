"""The Store port's two adapters: a SQLite file for one process, MongoDB for many."""
