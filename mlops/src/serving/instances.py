"""What a request asks about: instances as Telco columns (as in the CSV) or as feature columns, to rows of numbers.

What the contracts of the two tables allow is taken; anything else is refused, field by field, before a model sees it.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from mlops.src.data_prep_churn import FEATURES, RAW
from mlops.src.intake.header import file_columns
from mlops.src.modelling.encoding import FeatureSpec
from mlops.src.modelling.features import CHURN_FEATURES
from mlops.src.serving.fields import Choice, Number, Refusal
from mlops.src.serving.telco_columns import SAME, TRUE, Derived, derive
from telecom.errors import InputRefused
from telecom.tables import Column, contract

Row = tuple[float, ...]
"""A customer in the order of the model's features: flags as 0 or 1, categories as their place, numbers as they are."""
Arrange = Callable[[tuple[float, ...]], Row]
MOST_TOLD = 20
LONGEST_VALUE = 80
FORMS = "an object of Telco or of feature columns"
CHARGES = ("MonthlyCharges", "TotalCharges")


@dataclass(frozen=True)
class Fault:
    """One field of one instance that is not taken: its JSON value (cut), why (a code), and what would be."""

    instance: int
    field: str
    value: str
    reason: str
    allowed: str | Sequence[Any]

    def __str__(self) -> str:
        allowed = self.allowed if isinstance(self.allowed, str) else ", ".join(map(_word, self.allowed))
        name = f"field {self.field!r} is {self.value}" if self.field else f"it is {self.value}"
        return f"Instance {self.instance}: {name} ({self.reason}); allowed: {allowed}."


class InstancesRefused(InputRefused):
    """Instances that are not taken; `faults` are the first of all that is wrong with them.

    Args:
        faults: what was found, in the order of the instances.
        read: instances that were looked at before the faults were enough.
        count: instances in all.
    """

    def __init__(self, faults: Sequence[Fault], read: int, count: int) -> None:
        refused = len({fault.instance for fault in faults})
        of = f"the first {read} of {count}" if read < count else str(count)
        more = f" {len(faults)} faults in {refused} of {of} instances." if len(faults) > 1 else ""
        super().__init__("instances_refused", f"{faults[0]}{more}", read=read, refused=refused)
        self.faults = tuple(faults[:MOST_TOLD])


class Form:
    """One of the ways in which an instance may be written.

    Args:
        names: every field that it may have.
        choices: the fields that are read and have a few values.
        numbers: the fields that are read and are numbers.
        arrange: what was read, choices before numbers, to a row.
    """

    def __init__(
        self, names: Sequence[str], choices: Mapping[str, Choice], numbers: Mapping[str, Number], arrange: Arrange
    ) -> None:
        self._names, self._known = tuple(names), frozenset(names)
        self._fields: dict[str, Choice | Number] = {**choices, **numbers}
        self._codes = [(name, choice.codes) for name, choice in choices.items()]
        self._choices = [(name, choice.read) for name, choice in choices.items()]
        self._counted = [name for name, choice in choices.items() if choice.counted]
        self._numbers = [(name, number.read) for name, number in numbers.items()]
        self._arrange = arrange

    def is_of(self, instance: Mapping[str, Any]) -> bool:
        """Whether an instance has any field of this form."""
        return not self._known.isdisjoint(instance)

    def row(self, instance: dict[str, Any]) -> Row:
        """The row of an instance; raises Refusal at its first fault."""
        if not instance.keys() <= self._known:
            raise Refusal("unknown_field", self._names)
        coded = self._coded(instance)
        if coded is None:
            coded = [read(instance.get(name)) for name, read in self._choices]
        return self._arrange((*coded, *[read(instance.get(name)) for name, read in self._numbers]))

    def _coded(self, instance: dict[str, Any]) -> list[float] | None:
        """The codes of all choices, if each is written as one of the allowed values."""
        for name in self._counted:
            if type(instance.get(name)) is bool:
                return None
        try:
            return [codes[instance[name]] for name, codes in self._codes]
        except (KeyError, TypeError):
            return None

    def faults(self, index: int, instance: Mapping[str, Any]) -> list[Fault]:
        """All that is wrong with an instance."""
        strange = [name for name in instance if name not in self._known]
        found = [
            Fault(index, name[:LONGEST_VALUE], _shown(instance[name]), "unknown_field", self._names) for name in strange
        ]
        for name, field in self._fields.items():
            try:
                field.read(instance.get(name))
            except Refusal as refusal:
                found.append(Fault(index, name, _shown(instance.get(name)), refusal.reason, refusal.allowed))
        return found


class Instances:
    """Reads instances for a model with these inputs, whatever their order."""

    def __init__(self, features: tuple[FeatureSpec, ...] = CHURN_FEATURES) -> None:
        self._telco, self._table = telco_form(features), feature_form(features)

    def rows(self, instances: Sequence[Any]) -> list[Row]:
        """One row per instance.

        Raises:
            InstancesRefused: any of them is not taken; then none is.
        """
        rows: list[Row] = []
        for index, instance in enumerate(instances):
            try:
                rows.append(self._form_of(instance).row(instance))
            except Refusal:
                raise self._refused(instances, index) from None
        return rows

    def _refused(self, instances: Sequence[Any], first: int) -> InstancesRefused:
        """What is wrong from the first faulty instance on, until there is enough to tell."""
        faults: list[Fault] = []
        read = first
        while read < len(instances) and len(faults) < MOST_TOLD:
            faults += self._faults(read, instances[read])
            read += 1
        return InstancesRefused(faults, read, len(instances))

    def _form_of(self, instance: Any) -> Form:
        if not isinstance(instance, dict):
            raise Refusal("not_an_object", FORMS)
        return self._telco if self._telco.is_of(instance) else self._table

    def _faults(self, index: int, instance: Any) -> list[Fault]:
        """All that is wrong with an instance; nothing, if it is taken."""
        try:
            return self._form_of(instance).faults(index, instance)
        except Refusal as refusal:
            return [Fault(index, "", _shown(instance), refusal.reason, refusal.allowed)]


def telco_form(features: tuple[FeatureSpec, ...]) -> Form:
    """The columns of the CSV. A blank TotalCharges is worked out, as preparation does; what the model does not read
    (customerID, gender, Churn) may be there and is not looked at.
    """
    columns = {column.name: column for column in file_columns(contract(RAW))}
    direct = {spec.name: spec for spec in features if spec.name in SAME}
    choices = {SAME[n]: _telco_choice(columns[SAME[n]], spec) for n, spec in direct.items() if spec.kind != "number"}
    numbers = {SAME[n]: Number(columns[SAME[n]], whole=True) for n, spec in direct.items() if spec.kind == "number"}
    read = [*choices, *numbers]
    tenure, commitment = read.index(SAME["tenure_months"]), read.index(SAME["contract"])
    names = direct["contract"].categories
    of = {column: name for name, column in SAME.items()}
    known = [*[of[column] for column in read], *Derived._fields]
    in_order: Callable[[tuple[float, ...]], Row] = itemgetter(*[known.index(spec.name) for spec in features])

    def arrange(values: tuple[float, ...]) -> Row:
        *plain, monthly, stated = values
        total = None if math.isnan(stated) else stated
        return in_order((*plain, *derive(int(plain[tenure]), monthly, total, names[int(plain[commitment])])))

    return Form(tuple(columns), choices, numbers | {name: Number(columns[name]) for name in CHARGES}, arrange)


def feature_form(features: tuple[FeatureSpec, ...]) -> Form:
    """The columns of the feature table. Where its contract says NULLABLE, a missing value is NaN to the model."""
    table = contract(FEATURES)
    choices = {s.name: _feature_choice(table.column(s.name), s) for s in features if s.kind != "number"}
    numbers = {s.name: _feature_number(table.column(s.name)) for s in features if s.kind == "number"}
    read = [*choices, *numbers]
    in_order: Arrange = itemgetter(*[read.index(spec.name) for spec in features])
    return Form(table.schema.names, choices, numbers, in_order)


def _telco_choice(column: Column, spec: FeatureSpec) -> Choice:
    if spec.kind == "category":
        return Choice(column, {text: spec.categories.index(text) for text in column.values}, column.values)
    codes: dict[Any, float] = {text: int(text in TRUE) for text in column.values}
    return Choice(column, codes | {int(text): codes[text] for text in codes if text.isdigit()}, column.values)


def _feature_choice(column: Column, spec: FeatureSpec) -> Choice:
    if spec.kind == "category":
        return Choice(column, {text: code for code, text in enumerate(spec.categories)}, spec.categories)
    # As a warehouse exports them, flags may also come as text.
    return Choice(column, {True: 1, False: 0, "true": 1, "false": 0}, (True, False))


def _feature_number(column: Column) -> Number:
    return Number(column, whole=column.type == "INT64", scientific=True)


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _shown(value: Any) -> str:
    """Its JSON as far as it is shown; what lies deeper is not looked at, however deep it goes."""
    text = ""
    for piece in json.JSONEncoder().iterencode(value):
        text += piece
        if len(text) > LONGEST_VALUE:
            return text[: LONGEST_VALUE - 1] + "…"
    return text
