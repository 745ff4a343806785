"""The API in the shape of OpenAI's Videos: for clients that speak it, under its own prefix."""
