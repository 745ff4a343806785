"""Run the storyboard alone."""

from services.storyboard import SERVICE
from shared.serve import run

if __name__ == "__main__":
    run([SERVICE])
