"""Webhooks: telling servers that users name how their videos go."""
