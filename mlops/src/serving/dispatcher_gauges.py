"""What the dispatcher counts and times."""

from prometheus_client import CollectorRegistry, Counter, Histogram


class Gauges:
    """What /metrics shows."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.messages = Counter(
            "telecom_dispatcher_messages", "Deliveries, by outcome.", ["pipeline", "outcome"], registry=self.registry
        )
        self.seconds = Histogram(
            "telecom_dispatcher_message_seconds", "From request to answer.", registry=self.registry
        )
        self.runs = Counter(
            "telecom_dispatcher_runs", "Pipelines started here, by state.", ["state"], registry=self.registry
        )
