"""Run the gateway alone."""

from services.gateway import SERVICE
from services.gateway.wiring import front
from shared.serve import run

if __name__ == "__main__":
    run([SERVICE], front=front)
