"""A model as Vertex AI is to serve it: our container, its routes, and where its files lie."""

from google.cloud.aiplatform_v1 import EnvVar, Model, ModelContainerSpec, Port

from telecom.adapters.gcp._vertex import labels
from telecom.errors import UsageError
from telecom.settings import Settings

PORT = 8080
PREDICT_ROUTE, HEALTH_ROUTE = "/predict", "/healthz"


def model_to_upload(settings: Settings, name: str, artifact_uri: str, description: str) -> Model:
    """The message of a new version. The image's own command serves; Vertex AI sets `AIP_…` beside our variables.

    Raises:
        UsageError: no image is set.
    """
    if not settings.image:
        raise UsageError(
            "TELECOM_IMAGE is empty, and a model on Vertex AI needs the image that serves it.",
            "Set TELECOM_IMAGE to the serving image by digest (…@sha256:…).",
        )
    variables = {
        "TELECOM_BACKEND": "gcp",
        "TELECOM_ENV": settings.env,
        "TELECOM_PROJECT": settings.project,
        "TELECOM_REGION": settings.region,
    }
    return Model(
        display_name=name,
        artifact_uri=artifact_uri,
        container_spec=ModelContainerSpec(
            image_uri=settings.image,
            predict_route=PREDICT_ROUTE,
            health_route=HEALTH_ROUTE,
            ports=[Port(container_port=PORT)],
            env=[EnvVar(name=key, value=value) for key, value in variables.items()],
        ),
        version_description=description,
        labels=labels(settings, model=name),
    )
