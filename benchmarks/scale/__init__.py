"""Replicas by the rule of the ScaledObjects, on real servers: see __main__."""
