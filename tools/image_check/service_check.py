"""The check of the service: the image's own command, started as Vertex AI would start it."""

import time

from tools.image_check.cell import end
from tools.image_check.image import Image, NotPassed
from tools.image_check.running import health_checked, serving

FOR_NO_REQUEST = ("google", "grpc", "scipy", "xgboost")
ROUTES = {"AIP_HEALTH_ROUTE": "/vertex/health", "AIP_PREDICT_ROUTE": "/vertex/predict"}
PORT = "AIP_HTTP_PORT"
INSTANCE = {
    "gender": "Female",
    "SeniorCitizen": 0,
    "Partner": "Yes",
    "Dependents": "No",
    "tenure": 5,
    "PhoneService": "Yes",
    "MultipleLines": "No",
    "InternetService": "Fiber optic",
    "OnlineSecurity": "No",
    "OnlineBackup": "Yes",
    "DeviceProtection": "No",
    "TechSupport": "No",
    "StreamingTV": "Yes",
    "StreamingMovies": "No",
    "Contract": "Month-to-month",
    "PaperlessBilling": "Yes",
    "PaymentMethod": "Electronic check",
    "MonthlyCharges": 84.5,
    "TotalCharges": 422.5,
}


def service(image: Image) -> str:
    """The image's command serves the model as Vertex AI would start it, stays slim, is healthy and ends when told."""
    model = image.cell.inside(image.cell.scratch / "model")
    variables = {"AIP_STORAGE_URI": model, "TELECOM_PROJECT": "example-project", **ROUTES}
    with serving(image, PORT, variables) as running:
        ready = running.wait("/healthz")
        asked = {"instances": [INSTANCE, INSTANCE]}
        answered = running.ask(ROUTES["AIP_PREDICT_ROUTE"], asked)["predictions"]
        running.ask(ROUTES["AIP_HEALTH_ROUTE"])
        if len(answered) != 2 or not 0 < answered[0]["churn_probability"] < 1 or not answered[0]["top_reasons"]:
            raise NotPassed(f"The answer is {answered}.")
        sick = health_checked(image, running, PORT)
        memory, loaded = running.resident_mb(), running.mapped(FOR_NO_REQUEST)
        stopping = time.monotonic()
        if code := end(running.process):
            raise NotPassed(f"It ended with {code} on SIGTERM.")
        if loaded:
            raise NotPassed(f"The process has loaded {', '.join(loaded)}, which no request needs.")
        return (
            f"healthy after {ready:.2f} s, churn {answered[0]['churn_probability']:.3f}, {memory:.0f} MB resident, "
            f"HEALTHCHECK 0 and {sick}, SIGTERM → 0 in {time.monotonic() - stopping:.1f} s"
        )
