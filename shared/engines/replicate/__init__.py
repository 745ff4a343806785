"""Work done at Replicate, for money: the client, what its answers mean, and the engine over it."""
