"""Run the planner alone."""

from services.planner import SERVICE
from shared.serve import run

if __name__ == "__main__":
    run([SERVICE])
