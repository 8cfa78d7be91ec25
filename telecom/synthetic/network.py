"""`network_lines`: the state of every internet and mobile line on the snapshot's day."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from telecom.synthetic import calendar, incidents, measures, plans
from telecom.synthetic.columns import Customers, column, constant, instants, joined, labels, padded
from telecom.synthetic.identity import Ints, Streams, of_ids
from telecom.synthetic.measures import DSL, FIBER, MOBILE
from telecom.synthetic.places import AREAS, CITIES, city_of
from telecom.tables import contract

TABLE = "telecom_bronze.network_lines"

_TECHNOLOGIES = ("FTTH", "xDSL", "mobile")
_NODE_KINDS = ("OLT", "DSLAM", "CELL")
_THOUSANDS_PER_NODE = np.array([120, 200, 60])  # inhabitants
_LINE_ENDINGS = ("NET", "MOB1", "MOB2")
_STATES = ("active", "degraded", "down")
_MODEMS = (("ONT G1", "ONT AX3", "ONT AX6"), ("Modem V2", "Modem V5", "Modem V5 AC"))
_FIRMWARES = ("3.2.1", "3.4.0", "3.4.7", "4.0.2")
_READING_SECONDS = 6 * 3600


@dataclass(frozen=True)
class _Lines:
    """Lines in order: whose (row), which (index into `_LINE_ENDINGS`), technology, city and node number."""

    row: Ints
    ending: Ints
    technology: Ints
    city: Ints
    node: Ints


def rows(customers: Customers, snapshot_date: date, seed: int) -> pa.RecordBatch:
    """One row per line: internet if the customer has it, and one or two mobile lines.

    Args:
        customers: silver columns.
        snapshot_date: day of the readings, taken in its first six hours.
        seed: of the invented world.
    """
    streams = of_ids(column(customers, "customer_id"), seed)
    has = plans.products(customers)
    lines = _lines(streams, has)
    each = streams.at(lines.row).child(lines.ending)
    today = each.child(calendar.day_number(snapshot_date))
    node = _node_ids(lines)
    incident = incidents.of_nodes(node, snapshot_date, seed)
    seconds = today.below("reading", _READING_SECONDS).astype("timedelta64[s]")
    read_at = calendar.midnight(snapshot_date) + seconds
    condition = measures.Condition(
        technology=lines.technology,
        contracted=plans.contracted_mbps(streams, has)[lines.row],
        poor=plans.poor_line(streams, has)[lines.row] & (lines.technology != MOBILE),
        incident=incident,
        read_at=read_at,
    )
    reading = measures.read(each, today, condition)
    ids = column(customers, "customer_id").take(pa.array(lines.row))
    columns = {
        "snapshot_date": constant(snapshot_date, len(lines.row)),
        "customer_id": ids,
        "line_id": joined([ids, "-", labels(_LINE_ENDINGS, lines.ending)]),
        "service": labels(("internet", "mobile"), lines.technology == MOBILE),
        "node_id": node,
        "status": labels(_STATES, reading.state),
        "measured_at": instants(read_at),
        **_site(lines),
        **_equipment(each, lines),
        **reading.columns,
        **incident.columns(),
    }
    schema = contract(TABLE).schema
    return pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)


def _lines(streams: Streams, has: plans.Products) -> _Lines:
    row, ending = np.nonzero(np.column_stack([has.internet, has.phone, has.second_line]))
    fixed = np.where(has.fiber[row], FIBER, DSL)
    technology = np.where(ending == 0, fixed, MOBILE)
    city = city_of(streams)[row]
    nodes = np.array([c.thousands for c in CITIES])[city] // (_THOUSANDS_PER_NODE[technology] * len(AREAS)) + 1
    # A home lies in one area and its mobile lines share a cell: the draws are the customer's, not the line's.
    node = streams.at(row).child(technology).below("node", nodes) * len(AREAS)
    return _Lines(row, ending, technology, city, node + streams.below("area", len(AREAS))[row])


def _node_ids(lines: _Lines) -> pa.Array:
    code = labels([c.code for c in CITIES], lines.city)
    return joined([labels(_NODE_KINDS, lines.technology), "-", code, "-", padded(lines.node + 1, 3)])


def _site(lines: _Lines) -> dict[str, pa.Array]:
    return {
        "technology": labels(_TECHNOLOGIES, lines.technology),
        "city": labels([c.name for c in CITIES], lines.city),
        "state": labels([c.state for c in CITIES], lines.city),
        "area": labels(AREAS, lines.node % len(AREAS)),
    }


def _equipment(each: Streams, lines: _Lines) -> dict[str, pa.Array]:
    mobile = pa.array(lines.technology == MOBILE)
    models = [model for family in _MODEMS for model in family]
    model = np.where(lines.technology == FIBER, 0, len(_MODEMS[0])) + each.below("modem", len(_MODEMS[0]))
    slot = pc.cast(pa.array(1 + each.below("port/slot", 16)), pa.string())
    port = pc.cast(pa.array(1 + each.below("port/port", 64)), pa.string())
    firmware = labels(_FIRMWARES, each.pick("firmware", (0.12, 0.23, 0.45, 0.20)))
    return {
        "port": pc.if_else(mobile, None, joined([slot, "/", port])),
        "equipment_model": pc.if_else(mobile, None, labels(models, model)),
        "firmware_version": pc.if_else(mobile, None, firmware),
    }
