"""`crm_customers`: an invented Brazilian holder for each customer; addresses lie in RFC 2606 domains."""

import unicodedata
from datetime import date

import numpy as np
import pyarrow as pa

from telecom.synthetic import cpf, names
from telecom.synthetic.calendar import Days, customer_since
from telecom.synthetic.columns import (
    Customers,
    cents,
    column,
    constant,
    days,
    flags,
    integers,
    joined,
    labels,
    padded,
    text,
)
from telecom.synthetic.identity import Bools, Ints, Streams, of_ids
from telecom.synthetic.places import CITIES, city_of
from telecom.tables import contract

TABLE = "telecom_bronze.crm_customers"

_DOMAINS = ("example.com", "example.net", "example.org")
_SEGMENTS = ("essential", "standard", "premium")
_SEGMENT_FROM = (4000, 8500)  # cents a month
_ACQUISITION = ("store", "online", "call_center", "partner")
_CONTACT = ("whatsapp", "sms", "email", "phone")
_CONTACT_WEIGHTS = ((0.62, 0.08, 0.18, 0.12), (0.38, 0.07, 0.10, 0.45))  # younger, senior
_SENIOR_FROM, _SENIOR_TO, _ADULT = 65, 90, 18


def rows(customers: Customers, snapshot_date: date, seed: int, register: cpf.Register | None = None) -> pa.RecordBatch:
    """One row per customer, in the contract's schema.

    Args:
        customers: silver columns.
        snapshot_date: day of the extract.
        seed: of the invented world.
        register: CPF numbers already given to other batches of the same set.
    """
    streams = of_ids(column(customers, "customer_id"), seed)
    female = text(customers, "gender") == "Female"
    senior = flags(customers, "senior_citizen")
    tenure = integers(customers, "tenure_months")
    since = customer_since(streams, tenure, snapshot_date)
    numbers = (register or cpf.Register()).assign(streams)
    columns = {
        "snapshot_date": constant(snapshot_date, len(streams)),
        "customer_id": column(customers, "customer_id"),
        "cpf": cpf.formatted(numbers),
        "birth_date": days(_birth_dates(streams, senior, tenure, snapshot_date)),
        "customer_since": days(since),
        "segment": labels(_SEGMENTS, np.digitize(cents(customers, "monthly_charges")[0], _SEGMENT_FROM)),
        "acquisition_channel": labels(_ACQUISITION, streams.pick("acquisition", (0.35, 0.30, 0.22, 0.13))),
        "preferred_language": pa.repeat("pt-BR", len(streams)),
        **_names_and_mail(streams, female),
        **_home_and_phone(streams),
        **_consents(streams, senior, since, snapshot_date),
    }
    schema = contract(TABLE).schema
    return pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)


def _names_and_mail(streams: Streams, female: Bools) -> dict[str, pa.Array]:
    first_names = names.FEMALE + names.MALE
    # The lists go from common to rare; squaring the draw makes the early names more frequent.
    own = streams.uniform("name/first") ** 2
    first = np.where(female, own * len(names.FEMALE), len(names.FEMALE) + own * len(names.MALE)).astype(np.int64)
    middle = (streams.uniform("name/middle") ** 2 * len(names.SURNAMES)).astype(np.int64)
    step = 1 + streams.below("name/last", len(names.SURNAMES) - 1)
    last = (middle + step) % len(names.SURNAMES)
    surnames = labels(names.SURNAMES, middle), labels(names.SURNAMES, last)
    plain = labels(_plain(first_names), first), labels(_plain(names.SURNAMES), last)
    digits = padded(streams.below("mail/number", 10_000), 4)
    domain = labels(_DOMAINS, streams.below("mail/domain", len(_DOMAINS)))
    return {
        "full_name": joined([labels(first_names, first), " ", surnames[0], " ", surnames[1]]),
        "email": joined([plain[0], ".", plain[1], digits, "@", domain]),
    }


def _plain(words: tuple[str, ...]) -> tuple[str, ...]:
    """Lower case without accents, as in an address."""
    return tuple(unicodedata.normalize("NFKD", word).encode("ascii", "ignore").decode().lower() for word in words)


def _home_and_phone(streams: Streams) -> dict[str, pa.Array]:
    city = city_of(streams)
    area_code = labels([c.area_code for c in CITIES], city)
    # Subscribers start at 91000; 901 to 909 are kept for collect calls, so that no invented phone rings.
    number = padded(streams.below("phone", 10_000_000), 7)
    return {
        "city": labels([c.name for c in CITIES], city),
        "state": labels([c.state for c in CITIES], city),
        "area_code": area_code,
        "phone": joined(["+55", area_code, "90", number]),
    }


def _birth_dates(streams: Streams, senior: Bools, tenure: Ints, snapshot: date) -> Days:
    """Seniors are 65 as the snapshot's year begins; the others 64 or less as it ends, of age on joining."""
    new_year = np.datetime64(f"{snapshot.year:04d}-01", "M")
    oldest = np.where(senior, _SENIOR_TO * 12, (_SENIOR_FROM - 1) * 12)
    youngest = np.where(senior, _SENIOR_FROM * 12, np.minimum(_ADULT * 12 + tenure, (_SENIOR_FROM - 2) * 12) + 2)
    # Seniors fill their range from the young end.
    place = streams.uniform("birth") ** np.where(senior, 2.0, 1.0)
    months = youngest + (place * (oldest - youngest)).astype(np.int64)
    first = (new_year - months).astype("datetime64[D]")
    born: Days = first + (streams.below("birth/day", 28) - np.where(senior, 28, 0))
    return born


def _consents(streams: Streams, senior: Bools, since: Days, snapshot: date) -> dict[str, pa.Array]:
    span = (np.datetime64(snapshot, "D") - since).astype(np.int64)
    contact = np.where(
        senior, streams.pick("contact", _CONTACT_WEIGHTS[1]), streams.pick("contact", _CONTACT_WEIGHTS[0])
    )
    return {
        "preferred_channel": labels(_CONTACT, contact),
        "consent_marketing": pa.array(streams.uniform("consent/marketing") < 0.68),
        "consent_data_sharing": pa.array(streams.uniform("consent/sharing") < 0.27),
        "consent_updated_on": days(since + streams.below("consent/day", span + 1)),
    }
