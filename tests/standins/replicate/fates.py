"""How a fault of the script changes what becomes of a run."""

from tests.standins.replicate.faults import ERRORS, Fault
from tests.standins.replicate.runs import Run

FLAGGED = Fault(name="fails", error="E005")
NO_HOOK = Fault(name="fails", error="E4875")

_FOR_EVER = 1e9
_SLOW_SECONDS = 60.0


def doom(run: Run, fault: Fault) -> None:
    """Write a fault into the fate of a run."""
    run.fault = fault.name
    run.megabytes, run.said = fault.megabytes, fault.output
    if fault.name == "fails":
        run.fate, run.pays = "failed", fault.pays
        run.error = ERRORS.get(fault.error, fault.error) or ERRORS["E1000"]
    elif fault.name in ("canceled", "aborted"):
        run.fate = fault.name
    elif fault.name == "no_output":
        run.pays = fault.pays
    elif fault.name == "hangs":
        run.ends_at += _FOR_EVER
    elif fault.name == "slow_run":
        run.ends_at += _SLOW_SECONDS if fault.seconds is None else fault.seconds
