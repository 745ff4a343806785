"""Run the stitcher alone."""

from services.stitcher import SERVICE
from shared.serve import run

if __name__ == "__main__":
    run([SERVICE])
