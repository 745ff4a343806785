"""The bus and its two adapters: queues in one process, and Kafka."""
