"""Run the chunker alone."""

from services.chunker import SERVICE
from shared.serve import run

if __name__ == "__main__":
    run([SERVICE])
