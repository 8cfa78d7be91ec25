"""What a customer has at home: products, speed sold, a poor line or a good one. Shared by all tables."""

from dataclasses import dataclass

import numpy as np

from telecom.synthetic.columns import Customers, flags, text
from telecom.synthetic.identity import Bools, Floats, Ints, Streams

FIBER_SPEEDS = (300, 500, 700)
DSL_SPEEDS = (10, 15, 25)
SERVICE_COLUMNS = (
    "online_security",
    "online_backup",
    "device_protection",
    "tech_support",
    "streaming_tv",
    "streaming_movies",
)
_POOR_FIBER, _POOR_DSL, _POOR_UNSUPPORTED = 0.05, 0.09, 0.07


@dataclass(frozen=True)
class Products:
    """What n customers have, as booleans; `services` is (n, 6) in the order of `SERVICE_COLUMNS`."""

    fiber: Bools
    dsl: Bools
    phone: Bools
    second_line: Bools
    services: Bools

    @property
    def internet(self) -> Bools:
        """Has internet of either kind."""
        return self.fiber | self.dsl

    @property
    def supported(self) -> Bools:
        """Has technical support."""
        column: Bools = self.services[:, SERVICE_COLUMNS.index("tech_support")]
        return column


def products(customers: Customers) -> Products:
    """Reads the product columns of a silver table."""
    internet = text(customers, "internet_service")
    phone = flags(customers, "phone_service")
    return Products(
        fiber=internet == "Fiber optic",
        dsl=internet == "DSL",
        phone=phone,
        second_line=phone & flags(customers, "multiple_lines"),
        services=np.column_stack([flags(customers, name) for name in SERVICE_COLUMNS]),
    )


def speed_sold(streams: Streams) -> tuple[Ints, Ints]:
    """Indices into `FIBER_SPEEDS` and `DSL_SPEEDS`, for whichever the customer has."""
    return streams.pick("speed/fiber", (0.3, 0.5, 0.2)), streams.pick("speed/dsl", (0.3, 0.45, 0.25))


def contracted_mbps(streams: Streams, has: Products) -> Floats:
    """Speed sold in Mbit/s; 0 without internet."""
    fiber, dsl = speed_sold(streams)
    return np.where(has.fiber, np.array(FIBER_SPEEDS)[fiber], np.where(has.dsl, np.array(DSL_SPEEDS)[dsl], 0)) * 1.0


def poor_line(streams: Streams, has: Products) -> Bools:
    """Lasting trouble on the internet line: the network shows it, and the customer complains of it."""
    chance = np.where(has.fiber, _POOR_FIBER, _POOR_DSL) + _POOR_UNSUPPORTED * (has.fiber & ~has.supported)
    poor: Bools = has.internet & (streams.uniform("line/poor") < chance)
    return poor
