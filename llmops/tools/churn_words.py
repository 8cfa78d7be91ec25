"""Why a customer may leave, in words: features of telco_churn_features and their values, in Portuguese."""

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation

from llmops.tools.words import counted, money, short

CONTRACTS: Mapping[str, str] = {
    "Month-to-month": "mensal, sem fidelidade",
    "One year": "de 12 meses",
    "Two year": "de 24 meses",
}
PAYMENTS: Mapping[str, str] = {
    "Electronic check": "boleto eletrônico",
    "Mailed check": "boleto impresso",
    "Bank transfer (automatic)": "débito automático em conta",
    "Credit card (automatic)": "cartão de crédito recorrente",
}
INTERNET: Mapping[str, str] = {"No": "não tem internet", "DSL": "internet DSL", "Fiber optic": "internet por fibra"}
EXTRAS: Mapping[str, str] = {
    "phone_service": "linha móvel",
    "multiple_lines": "linha móvel adicional",
    "online_security": "Segurança digital",
    "online_backup": "Backup em nuvem",
    "device_protection": "Proteção de aparelhos",
    "tech_support": "Suporte técnico premium",
    "streaming_tv": "Streaming TV",
    "streaming_movies": "Streaming filmes",
}
_YES = frozenset(("yes", "true", "1"))


def said(feature: str, value: str) -> str:
    """One phrase, e.g. `contrato mensal, sem fidelidade`; unknown features as they are called."""
    if feature in EXTRAS:
        return f"{'tem' if value.lower() in _YES else 'não tem'} {EXTRAS[feature]}"
    if feature in _PHRASES:
        try:
            return _PHRASES[feature](value)
        except (InvalidOperation, ValueError):
            pass
    return short(f"{feature.replace('_', ' ')}: {value}", 80)


def _yes_no(yes: str, no: str) -> Callable[[str], str]:
    return lambda value: yes if value.lower() in _YES else no


def _change(value: str) -> str:
    amount = Decimal(value)
    if not amount:
        return "mensalidade igual à média que já pagou"
    return f"mensalidade {money(abs(amount))} {'acima' if amount > 0 else 'abaixo'} da média que já pagou"


_PHRASES: Mapping[str, Callable[[str], str]] = {
    "contract": lambda v: f"contrato {CONTRACTS.get(v, v)}",
    "payment_method": lambda v: f"paga por {PAYMENTS.get(v, v)}",
    "internet_service": lambda v: INTERNET.get(v, f"internet {v}"),
    "tenure_months": lambda v: f"cliente há {counted(int(v), 'mês', 'meses')}",
    "months_to_renewal": lambda v: f"{counted(int(v), 'mês', 'meses')} até o fim do período do contrato",
    "monthly_charge_level": lambda v: f"mensalidade em torno de {money(Decimal(v))}",
    "total_charges": lambda v: f"já pagou {money(Decimal(v))} no total",
    "charge_change": _change,
    "paperless_billing": _yes_no("recebe fatura digital", "recebe fatura impressa"),
    "senior_citizen": _yes_no("tem 65 anos ou mais", "tem menos de 65 anos"),
    "partner": _yes_no("mora com companheiro(a)", "não mora com companheiro(a)"),
    "dependents": _yes_no("tem dependentes", "não tem dependentes"),
}
