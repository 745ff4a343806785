"""`make attack`: everything that outsiders may send, while videos are being made."""
