"""Who asks: API keys, their owners and roles, what each may do, and what each has done."""

from collections.abc import Mapping, Sequence

from services.gateway.keys import apikeys, audit, limits, secret
from shared.ports import Index

INDEXES: Mapping[str, Sequence[Index]] = {
    **apikeys.INDEXES,
    **audit.INDEXES,
    **limits.INDEXES,
    **secret.INDEXES,
}
