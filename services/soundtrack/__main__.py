"""Run the soundtrack alone."""

from services.soundtrack import SERVICE
from shared.serve import run

if __name__ == "__main__":
    run([SERVICE])
